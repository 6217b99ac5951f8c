//! The text of an alert, in three forms: our own, Slack's, and PagerDuty's (Events API v2). docs/alerts.md has them.

use serde_json::{Value, json};

use super::class::Class;
use crate::config::{Alert, AlertForm};
use crate::time::Timestamp;

/// The content of an alert.
pub(super) struct Told<'a> {
    pub moment: Moment,
    pub incident: String,
    pub origin: String,
    pub class: Class,
    pub kind: String,
    pub what: &'static str,
    pub check: &'static str,
    pub began_at: Timestamp,
    pub last_at: Timestamp,
    pub attempts: u64,
    pub touched: u64,
    pub stale: u64,
    /// Empty if it is not known.
    pub dashboard: &'a str,
}

/// The moment of an incident that an alert is about.
#[derive(Clone, Copy)]
pub(super) enum Moment {
    Begin,
    End(Timestamp),
}

impl Told<'_> {
    /// The alert with this id, as JSON in the configured form.
    pub fn write(&self, id: &str, alert: &Alert) -> String {
        let message = match alert.form {
            AlertForm::Json => self.own(id),
            AlertForm::Slack => self.slack(),
            AlertForm::PagerDuty => self.pagerduty(alert.key.as_ref().map_or("", |key| key.as_str())),
        };
        message.to_string()
    }

    /// One sentence: `502, bad or no answer, at a.example since 2026-01-02T03:04:05Z: refused the connection (521)`.
    fn headline(&self) -> String {
        let Self { class, origin, what, began_at, .. } = self;
        let (words, began) = (class.words(), began_at.to_rfc3339());
        match self.moment {
            Moment::Begin => format!("{words}, at {origin} since {began}: {what}"),
            Moment::End(ended) => {
                format!("Over: {words}, at {origin} from {began} to {}: {what}", ended.to_rfc3339())
            }
        }
    }

    fn own(&self, id: &str) -> Value {
        let (event, ended_at) = match self.moment {
            Moment::Begin => ("begin", None),
            Moment::End(ended) => ("end", Some(ended.to_rfc3339())),
        };
        json!({
            "v": 1,
            "id": id,
            "event": event,
            "text": self.headline(),
            "incident": self.incident,
            "origin": self.origin,
            "class": self.class.word(),
            "status": self.class.status(),
            "kind": self.kind,
            "what": self.what,
            "check": self.check,
            "began_at": self.began_at.to_rfc3339(),
            "last_at": self.last_at.to_rfc3339(),
            "ended_at": ended_at,
            "attempts": self.attempts,
            "touched": self.touched,
            "stale": self.stale,
            "dashboard": self.link(),
        })
    }

    /// Slack reads `&`, `<` and `>` as control characters everywhere in a text.
    fn slack(&self) -> Value {
        let headline = escaped(&self.headline());
        let field =
            |name: &str, value: &str| json!({ "type": "mrkdwn", "text": format!("*{name}*\n{value}") });
        let mut blocks = vec![
            json!({ "type": "section", "text": { "type": "mrkdwn", "text": format!("*{headline}*") } }),
            json!({ "type": "section", "fields": [
                field("Class", &format!("{} ({})", self.class.status(), self.class.word())),
                field("Kind", &format!("`{}`", escaped(&self.kind))),
                field("Failed attempts", &self.attempts.to_string()),
                field("Requests touched", &format!("{}, of them {} served stale", self.touched, self.stale)),
            ] }),
        ];
        if matches!(self.moment, Moment::Begin) {
            let check = format!("*Check first:* {}", escaped(self.check));
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

    /// The end resolves what the beginning triggered, because both have the incident's key.
    fn pagerduty(&self, routing_key: &str) -> Value {
        let action = match self.moment {
            Moment::Begin => "trigger",
            Moment::End(_) => "resolve",
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
                    "status": self.class.status(),
                    "kind": self.kind,
                    "what": self.what,
                    "check": self.check,
                    "began_at": self.began_at.to_rfc3339(),
                    "last_at": self.last_at.to_rfc3339(),
                    "attempts": self.attempts,
                    "touched": self.touched,
                    "stale": self.stale,
                },
            },
        })
    }

    /// PagerDuty accepts at most 255 characters. The key contains the origin, so that two deployments with one routing key
    /// do not resolve each other's incidents.
    fn dedup_key(&self) -> String {
        const LONGEST: usize = 255;
        let key = format!("holdfast/{}/{}/{}", self.incident, self.class.word(), self.origin);
        key.chars().take(LONGEST).collect()
    }

    fn link(&self) -> Option<&str> {
        Some(self.dashboard).filter(|url| !url.is_empty())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
