//! The text of an alert, in several forms: our own, and those of Slack, PagerDuty (Events API v2), Discord and Teams.
//! docs/operations.md has them.

use serde_json::{Value, json};

use super::class::Class;
use super::words::length;
use crate::config::{Alert, AlertForm};
use crate::markdown;
use crate::time::Timestamp;

/// The name of the fact that is a word of the log.
const KIND: &str = "Kind";

/// The content of an alert.
pub(super) struct Told<'a> {
    pub moment: Moment,
    pub incident: String,
    pub origin: String,
    /// Empty for the whole origin.
    pub place: String,
    pub class: Class,
    pub kind: String,
    pub what: &'static str,
    pub check: &'static str,
    pub began_at: Timestamp,
    pub last_at: Timestamp,
    pub attempts: u64,
    pub touched: u64,
    pub stale: u64,
    pub errors: u64,
    /// Empty if it is not known.
    pub dashboard: &'a str,
}

/// The moment of an incident that an alert is about.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    Begin,
    /// An incident of a page or a section is one of the whole origin.
    Wider,
    /// It is over. Whether there was a good answer is known, unless it was given up or became part of another.
    End {
        ended_at: Timestamp,
        is_known: bool,
    },
}

impl Told<'_> {
    /// The alert with this id, as JSON in the configured form.
    pub fn write(&self, id: &str, alert: &Alert) -> String {
        let message = match alert.form {
            AlertForm::Json => self.own(id),
            AlertForm::Slack => self.slack(),
            AlertForm::Discord => self.discord(),
            AlertForm::Teams => self.teams(),
            AlertForm::PagerDuty => self.pagerduty(alert.key.as_ref().map_or("", |key| key.as_str())),
        };
        message.to_string()
    }

    /// What is the case, and what visitors get: `502, bad or no answer, at a.example since 2026-01-02T03:04:05Z: refused the
    /// connection (521). 12 requests touched: 4 got a stale copy, 8 an error`. At the end it says how long that was.
    fn headline(&self) -> String {
        let Self { class, what, began_at, .. } = self;
        let (words, began, visitors) = (class.words(), began_at.to_rfc3339(), self.visitors());
        let part = self.part();
        match self.moment {
            Moment::Begin => format!("{words}, at {part} since {began}: {what}{visitors}"),
            Moment::Wider => format!("Now all of it: {words}, at {part} since {began}: {what}{visitors}"),
            Moment::End { ended_at, is_known } => {
                let ended = ended_at.to_rfc3339();
                let lasted = length(ended_at.since(*began_at));
                let over = if is_known { "Over" } else { "Closed, not seen to recover" };
                format!("{over} after {lasted}: {words}, at {part} from {began} to {ended}: {what}{visitors}")
            }
        }
    }

    /// The origin, or the page or section at it.
    fn part(&self) -> String {
        let Self { origin, place, .. } = self;
        if place.is_empty() { origin.clone() } else { format!("{origin}, only {place},") }
    }

    /// What visitors got so far.
    fn visitors(&self) -> String {
        let Self { touched, stale, errors, .. } = self;
        let requests = if *touched == 1 { "request" } else { "requests" };
        match touched {
            0 => String::new(),
            _ => format!(". {touched} {requests} touched: {stale} got a stale copy, {errors} an error"),
        }
    }

    fn own(&self, id: &str) -> Value {
        let (event, ended_at) = match self.moment {
            Moment::Begin => ("begin", None),
            Moment::Wider => ("wider", None),
            Moment::End { ended_at, .. } => ("end", Some(ended_at)),
        };
        json!({
            "v": 1,
            "id": id,
            "event": event,
            "text": self.headline(),
            "incident": self.incident,
            "origin": self.origin,
            "place": Some(&self.place).filter(|place| !place.is_empty()),
            "class": self.class.word(),
            "status": self.class.status(),
            "kind": self.kind,
            "what": self.what,
            "check": self.check,
            "began_at": self.began_at.to_rfc3339(),
            "last_at": self.last_at.to_rfc3339(),
            "ended_at": ended_at.map(Timestamp::to_rfc3339),
            "lasted_s": ended_at.map(|ended_at| ended_at.since(self.began_at).as_secs()),
            "attempts": Some(self.attempts).filter(|attempts| *attempts > 0),
            "touched": self.known(self.touched),
            "stale": self.known(self.stale),
            "errors": self.known(self.errors),
            "dashboard": self.link(),
        })
    }

    /// Slack reads `&`, `<` and `>` as control characters everywhere in a text.
    fn slack(&self) -> Value {
        let headline = escaped(&self.headline());
        let field = |(name, value): (&str, String)| {
            let value = escaped(&value);
            let value = if name == KIND { format!("`{value}`") } else { value };
            json!({ "type": "mrkdwn", "text": format!("*{name}*\n{value}") })
        };
        let mut blocks = vec![
            json!({ "type": "section", "text": { "type": "mrkdwn", "text": format!("*{headline}*") } }),
            json!({ "type": "section", "fields": self.facts().map(field) }),
        ];
        if let Some((name, check)) = self.check_first() {
            let check = format!("*{name}:* {}", escaped(&check));
            blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": check } }));
        }
        if let Some(link) = self.link() {
            // A bar would end the URL.
            let link = format!("<{}|Dashboard>", escaped(link).replace('|', "%7C"));
            let text = json!({ "type": "mrkdwn", "text": link });
            blocks.push(json!({ "type": "context", "elements": [text] }));
        }
        json!({ "text": headline, "blocks": blocks })
    }

    /// A number of requests, unless it is not known yet: at the beginning, what visitors got may still be on its way.
    fn known(&self, n: u64) -> Option<u64> {
        let is_on_its_way = matches!(self.moment, Moment::Begin) && self.touched == 0;
        (!is_on_its_way).then_some(n)
    }

    /// The facts beside the headline, by their names.
    fn facts(&self) -> [(&'static str, String); 4] {
        let Self { class, kind, attempts, touched, stale, errors, .. } = self;
        [
            ("Class", format!("{} ({})", class.status(), class.word())),
            (KIND, kind.clone()),
            ("Failed attempts", attempts.to_string()),
            (
                "Requests touched",
                match self.known(*touched) {
                    Some(_) => format!("{touched}: {stale} got a stale copy, {errors} an error"),
                    None => "not counted yet".to_owned(),
                },
            ),
        ]
    }

    /// What to check first, with its name; at the end there is nothing to check.
    fn check_first(&self) -> Option<(&'static str, String)> {
        (!matches!(self.moment, Moment::End { .. })).then(|| ("Check first", self.check.to_owned()))
    }

    /// Discord reads Markdown, and mentions in it unless it is told not to.
    fn discord(&self) -> Value {
        const RED: u32 = 0x00c4_313c;
        const GREEN: u32 = 0x0018_794e;
        let fields: Vec<_> = self
            .facts()
            .into_iter()
            .chain(self.check_first())
            .map(|(name, value)| json!({ "name": name, "value": markdown::escaped(&value), "inline": false }))
            .collect();
        let mut embed = json!({
            "description": markdown::escaped(&self.headline()),
            "color": if matches!(self.moment, Moment::End { .. }) { GREEN } else { RED },
            "fields": fields,
        });
        if let (Some(link), Some(embed)) = (self.link(), embed.as_object_mut()) {
            embed.insert("title".to_owned(), "Dashboard".into());
            embed.insert("url".to_owned(), link.into());
        }
        json!({ "username": "Holdfast", "allowed_mentions": { "parse": [] }, "embeds": [embed] })
    }

    /// Text runs and facts of a card are no Markdown.
    fn teams(&self) -> Value {
        let facts: Vec<_> = self
            .facts()
            .into_iter()
            .chain(self.check_first())
            .map(|(title, value)| json!({ "title": title, "value": value }))
            .collect();
        let headline = json!({ "type": "TextRun", "text": self.headline(), "weight": "Bolder" });
        let open =
            self.link().map(|url| json!({ "type": "Action.OpenUrl", "title": "Dashboard", "url": url }));
        let card = json!({
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{ "type": "RichTextBlock", "inlines": [headline] }, { "type": "FactSet", "facts": facts }],
            "actions": open.into_iter().collect::<Vec<_>>(),
        });
        json!({
            "type": "message",
            "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "content": card }],
        })
    }

    /// The end resolves what the beginning triggered, because both have the incident's key.
    fn pagerduty(&self, routing_key: &str) -> Value {
        let action = match self.moment {
            Moment::Begin | Moment::Wider => "trigger",
            Moment::End { .. } => "resolve",
        };
        let severity = if self.class.is_down() { "critical" } else { "error" };
        let links: Vec<_> =
            self.link().map(|href| json!({ "href": href, "text": "Dashboard" })).into_iter().collect();
        json!({
            "routing_key": routing_key,
            "event_action": action,
            "dedup_key": self.dedup_key(),
            "client": "Holdfast",
            "client_url": self.link(),
            "links": links,
            "payload": {
                "summary": self.headline(),
                "source": self.origin,
                "severity": severity,
                "timestamp": self.began_at.to_rfc3339(),
                "class": self.class.word(),
                "custom_details": {
                    "incident": self.incident,
                    "place": self.place,
                    "status": self.class.status(),
                    "kind": self.kind,
                    "what": self.what,
                    "check": self.check,
                    "began_at": self.began_at.to_rfc3339(),
                    "last_at": self.last_at.to_rfc3339(),
                    "attempts": Some(self.attempts).filter(|attempts| *attempts > 0),
                    "touched": self.known(self.touched),
                    "stale": self.known(self.stale),
                    "errors": self.known(self.errors),
                },
            },
        })
    }

    /// PagerDuty accepts at most 255 characters. The key contains the origin, so that two deployments with one routing key
    /// do not resolve each other's incidents. What may change while the incident is open is not in it.
    fn dedup_key(&self) -> String {
        const LONGEST: usize = 255;
        let key = format!("holdfast/{}/{}", self.incident, self.origin);
        key.chars().take(LONGEST).collect()
    }

    fn link(&self) -> Option<&str> {
        Some(self.dashboard).filter(|url| !url.is_empty())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
