//! The public page: how the site is, for its visitors.
//!
//! It is made of the same incidents as the [dashboard](super::status), and says nothing that an outsider should not know: no
//! names of origins, kinds of failures, places, numbers of requests or ids. Incidents that overlap are one, so that nobody
//! can count origins. All its words are in this file and in templates/public.html.

use std::time::Duration;

use askama::Template;
use serde::Serialize;

use super::evidence::State;
use super::summary::{Incident, OriginState, Summary, rfc3339, rfc3339_or_none};
use super::words::length;
use crate::response::template::rendered;
use crate::time::Timestamp;

/// How far back incidents are shown.
const SHOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Between the page and the JSON: neither contains it.
pub const BETWEEN: char = '\0';

/// What everybody may know. As JSON it is what programs get.
#[derive(Clone, Debug, PartialEq, Serialize, Template)]
#[template(path = "public.html")]
pub struct Public {
    /// How the site is.
    pub state: Now,
    /// The same as a sentence.
    pub sentence: String,
    /// When this was so.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// Since when, if something is the matter.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub since: Option<Timestamp>,
    /// The incidents of the last seven days, the newest first.
    pub incidents: Vec<Trouble>,
}

/// How the site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Now {
    /// Visitors get what they should.
    Well,
    /// Some visitors get errors.
    Partial,
    /// No page can be had from an origin.
    Down,
    /// It is closed for maintenance.
    Maintenance,
    /// Nobody asked lately.
    Unknown,
}

/// A time in which visitors got errors or stale copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// When it began.
    #[serde(serialize_with = "rfc3339")]
    pub began_at: Timestamp,
    /// When it ended, if it has.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub ended_at: Option<Timestamp>,
    /// How long it lasted, in seconds; so far, if it has not ended.
    pub lasted_s: u64,
}

/// The page's content and the JSON, with [`BETWEEN`] between them. `is_closed` is whether the site is closed for maintenance.
pub fn both(summary: &Summary, is_closed: bool) -> String {
    let public = Public::of(summary, is_closed);
    let json = serde_json::to_string(&public).unwrap_or_default();
    rendered(&public) + "\0" + &json
}

impl Public {
    /// What of `summary` everybody may know.
    pub fn of(summary: &Summary, is_closed: bool) -> Self {
        let incidents = troubles(summary);
        let is_open = |incident: &&Incident| incident.answered_at.is_none() && incident.ended_at.is_none();
        let open = summary.incidents.iter().filter(is_open);
        let down = summary.origins.iter().filter(|origin| origin.state == State::Down);
        let began = open.clone().map(|incident| incident.began_at);
        let since = began.chain(down.filter_map(|origin| origin.since)).min();
        let state = if is_closed { Now::Maintenance } else { Now::of(summary, open.count() > 0) };
        let since = since.filter(|_| matches!(state, Now::Partial | Now::Down));
        let at = since.map_or_else(String::new, |at| format!(", since {} UTC", shown(&at)));
        let sentence = format!("{}{at}.", state.words());
        Self { state, sentence, at: summary.at, since, incidents }
    }

    fn tone(&self) -> &'static str {
        match self.state {
            Now::Well => "ok",
            Now::Partial | Now::Maintenance => "late",
            Now::Down => "bad",
            Now::Unknown => "idle",
        }
    }
}

impl Now {
    /// The same as a sentence, without its end.
    const fn words(self) -> &'static str {
        match self {
            Self::Well => "All is well",
            Self::Partial => "Some pages cannot be shown at the moment",
            Self::Down => "The site cannot be reached at the moment",
            Self::Maintenance => "The site is closed for maintenance at the moment",
            Self::Unknown => "Nobody has visited lately, so it is not known how the site is",
        }
    }

    /// What visitors get decides, as far as it is known; then the origins.
    fn of(summary: &Summary, fails: bool) -> Self {
        let is = |state| move |origin: &OriginState| origin.state == state;
        let (answers, errors) = (summary.visitors.answers_lately, summary.visitors.errors_lately);
        let asked = || summary.origins.iter().filter(|origin| origin.state != State::Unknown);
        if asked().next().is_some() && asked().all(is(State::Down)) {
            // Copies may stand in for the pages.
            return match (answers, errors) {
                (1.., 0) => Self::Well,
                (1.., _) if errors * 2 < answers => Self::Partial,
                _ => Self::Down,
            };
        }
        let is_in_trouble = fails || asked().any(is(State::Failing)) || asked().any(is(State::Down));
        match (is_in_trouble, errors) {
            (true, 1..) => Self::Partial,
            (true, 0) if answers == 0 => Self::Partial,
            // Retries or another origin answer in place of what fails.
            (true, 0) => Self::Well,
            (false, errors) if errors * 100 > answers => Self::Partial,
            (false, _) if asked().next().is_none() => Self::Unknown,
            (false, _) => Self::Well,
        }
    }
}

/// The incidents that visitors noticed, those that overlap as one.
fn troubles(summary: &Summary) -> Vec<Trouble> {
    let from = summary.at.minus(SHOWN);
    let is_open = |incident: &Incident| incident.answered_at.is_none() && incident.ended_at.is_none();
    let was_noticed = |incident: &&Incident| incident.errors > 0 || incident.stale > 0 || is_open(incident);
    // One that is answered may begin again, but visitors get what they want.
    let until = |incident: &Incident| incident.ended_at.or(incident.answered_at);
    let noticed = summary.incidents.iter().filter(was_noticed);
    let spans = noticed
        .map(|incident| (incident.began_at, until(incident)))
        .filter(|(_, until)| until.is_none_or(|until| until >= from));
    // The newest first, and apart from each other.
    let mut merged: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
    for mut one in spans {
        merged.retain(|other| {
            let overlap =
                other.1.is_none_or(|until| one.0 <= until) && one.1.is_none_or(|until| other.0 <= until);
            if overlap {
                one = (one.0.min(other.0), one.1.zip(other.1).map(|(one, other)| one.max(other)));
            }
            !overlap
        });
        let place = merged.iter().position(|other| other.0 < one.0).unwrap_or(merged.len());
        merged.insert(place, one);
    }
    let trouble = |(began_at, ended_at): (Timestamp, Option<Timestamp>)| Trouble {
        began_at,
        ended_at,
        lasted_s: ended_at.unwrap_or(summary.at).since(began_at).as_secs(),
    };
    merged.into_iter().map(trouble).collect()
}

impl Trouble {
    /// The end `at`, with its day if it is another one than that of the beginning.
    fn until(&self, at: &Timestamp) -> String {
        let (from, to) = (shown(&self.began_at), shown(at));
        match (from.split_once(", "), to.split_once(", ")) {
            (Some((day, _)), Some((other, time))) if day == other => time.to_owned(),
            _ => to,
        }
    }

    fn lasted(&self) -> String {
        length(Duration::from_secs(self.lasted_s))
    }
}

/// Day and time to the minute: `2 January, 03:04`.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "a template passes references")]
fn shown(at: &Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let iso = at.to_rfc3339();
    let number = |range: std::ops::Range<usize>| iso.get(range).and_then(|digits| digits.parse().ok());
    let month = number(5..7).and_then(|month: usize| MONTHS.get(month.checked_sub(1)?));
    let (day, time) = (number(8..10).unwrap_or_default(), iso.get(11..16).unwrap_or_default());
    format!("{day} {}, {time}", month.unwrap_or(&""))
}
