//! The verdict: what is the matter, in a few sentences?
//!
//! First what visitors get now, in numbers, which no state can gloss over; then the cause.

use serde::Serialize;

use super::evidence::State;
use super::runbook;
use super::summary::{Incident, OriginState, Summary, Touched, Version, Visitors, rfc3339_or_none};
use super::words::{ago, clock, length, share, thousands};
use crate::time::Timestamp;

/// The share of errors from which on the site is not well, whatever is known of its origins: one in so many.
const NOT_WELL: u64 = 100;

/// How long before a failure a version was first seen that may have to do with it, in seconds.
const SHORTLY_BEFORE: u64 = 15 * 60;

/// How long ago a failure is that may be over, because nobody asked since, in seconds.
const LONG_AGO: u64 = 60;

/// What is the matter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The worst state of an origin.
    pub state: State,
    /// What is the matter, without numbers.
    pub headline: String,
    /// What visitors got just now.
    pub visitors: String,
    /// Since when, if something is the matter.
    #[serde(serialize_with = "rfc3339_or_none")]
    pub since: Option<Timestamp>,
    /// The version of the Worker that was first seen shortly before, if one was, and how long before.
    pub deployed: Option<String>,
    /// Who is touched most, if anybody is.
    pub who: Option<String>,
    /// What fails, in the words of the latest failure.
    pub cause: Option<String>,
}

/// A part of what was touched: its name, and its number of requests.
pub type Group = (String, u64);

impl Verdict {
    /// The verdict on `summary`.
    pub fn of(summary: &Summary) -> Self {
        let (state, headline) = headline(summary);
        let worst = worst(summary);
        let began = open(summary).map(|incident| incident.began_at).min();
        let since = worst.and_then(|origin| origin.since).or(began);
        // Where it recovers, `since` is when it did.
        let failing_since = if state == State::Recovering { began } else { since };
        Self {
            state,
            headline,
            visitors: visitors(&summary.visitors),
            since,
            deployed: failing_since.and_then(|since| deployed(&summary.versions, since)),
            who: began.or(since).and_then(|began| who(&summary.touched, began)),
            cause: cause(summary, worst),
        }
    }

    /// What began at `since`.
    pub(super) fn since_words(&self) -> &'static str {
        match self.state {
            State::Recovering => "Answered again since",
            State::Down | State::Failing | State::Up | State::Unknown => "Since",
        }
    }

    /// The verdict in at most six lines, for a terminal.
    pub fn text(&self, now: Timestamp) -> String {
        let deployed = self.deployed.as_ref().map_or_else(String::new, |words| format!(", {words}"));
        let since = self
            .since
            .map(|at| format!("{} {} UTC ({}){deployed}.", self.since_words(), clock(at, now), ago(at, now)));
        let lines = [
            Some(format!("{}: {}.", self.state.word(), self.headline)),
            Some(self.visitors.clone()),
            since,
            self.cause.clone(),
            self.who.clone(),
            Some(format!("As of {} UTC.", clock(now, now))),
        ];
        // Names come from outside, and a terminal obeys control characters.
        let tame = |line: String| line.replace(|c: char| c.is_control(), "\u{fffd}") + "\n";
        lines.into_iter().flatten().map(tame).collect()
    }
}

/// The touched requests by `name`, the most frequent first. Nameless ones are left out.
pub fn groups(touched: &[Touched], name: &dyn Fn(&Touched) -> String) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for one in touched {
        let name = name(one);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            _ if name.is_empty() => {}
            Some((_, sum)) => *sum = sum.saturating_add(one.weight),
            None => groups.push((name, one.weight)),
        }
    }
    groups.sort_unstable_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
    groups
}

/// The group of pages that a request belongs to: `host/section/*`, or `host/` for what has no section.
pub fn section(touched: &Touched) -> String {
    let mut parts = touched.path.splitn(3, '/');
    let (host, first, rest) = (&touched.host, parts.nth(1).unwrap_or_default(), parts.next());
    if rest.is_some() { format!("{host}/{first}/*") } else { format!("{host}/") }
}

fn open(summary: &Summary) -> impl Iterator<Item = &Incident> {
    summary.incidents.iter().filter(|incident| incident.ended_at.is_none())
}

/// The origin that is worst off, if one is not well.
fn worst(summary: &Summary) -> Option<&OriginState> {
    let badness = |origin: &&OriginState| origin.state.badness();
    summary.origins.iter().filter(|origin| badness(origin) > 0).max_by_key(badness)
}

fn headline(summary: &Summary) -> (State, String) {
    let all = summary.origins.as_slice();
    let count = |state| all.iter().filter(|origin| origin.state == state).count();
    let (down, again, failing) = (count(State::Down), count(State::Recovering), count(State::Failing));
    let places: Vec<_> = open(summary).filter(|incident| !incident.place.is_empty()).collect();
    let Visitors { answers, errors, errors_lately, .. } = summary.visitors;
    let is_ill = errors_lately > 0 && errors * NOT_WELL > answers;
    let one = |origin: &str| if all.len() == 1 { "The origin".to_owned() } else { origin.to_owned() };
    if down > 0 {
        let answers = |origin: &OriginState| origin.is_reached;
        let headline = match all {
            [origin] if answers(origin) => "The origin answers with errors only".to_owned(),
            [_] => "The origin is down".to_owned(),
            all if down == all.len() => "All origins are down".to_owned(),
            all => {
                format!("{down} of {} origins {}", all.len(), if down == 1 { "is down" } else { "are down" })
            }
        };
        return (State::Down, headline);
    }
    if failing > 0 {
        let name = all.iter().find(|origin| origin.state == State::Failing).map_or("", |it| &it.name);
        return (State::Failing, format!("{} fails in part", one(name)));
    }
    if let [first, others @ ..] = places.as_slice() {
        let (names, is, s) = match others.len() {
            0 => (first.place.clone(), "is", "s"),
            more => (format!("{} and {more} more", first.place), "are", ""),
        };
        let heard = first.last_at.max(first.answered_at.unwrap_or(first.last_at));
        let headline = match first.answered_at {
            Some(_) => format!("{names} {is} answered again"),
            None if summary.at.since(heard).as_secs() > LONG_AGO => {
                format!("{names} failed when last asked, {}", ago(heard, summary.at))
            }
            None => format!("{names} fail{s}; the rest is answered"),
        };
        let is_over = places.iter().all(|incident| incident.answered_at.is_some());
        return (if is_over { State::Recovering } else { State::Failing }, headline);
    }
    if again > 0 {
        let headline = if all.len() == 1 {
            "The origin answers again"
        } else {
            "All origins that were down answer again"
        };
        return (State::Recovering, headline.to_owned());
    }
    if is_ill {
        return (State::Failing, "Some visitors get errors".to_owned());
    }
    if all.is_empty() {
        return (State::Unknown, "Nothing is known yet".to_owned());
    }
    if count(State::Unknown) == all.len() {
        let asked = all.iter().filter_map(|origin| origin.asked_at).max();
        let since = |at| format!("Nothing was asked since {} UTC", clock(at, summary.at));
        return (State::Unknown, asked.map_or_else(|| "Nothing is known yet".to_owned(), since));
    }
    let headline = match all {
        [_] => "The origin answers",
        _ if count(State::Unknown) > 0 => "All origins that were asked answer",
        _ => "All origins answer",
    };
    (State::Up, headline.to_owned())
}

fn visitors(now: &Visitors) -> String {
    let Visitors { span_s, answers, stale, errors, .. } = *now;
    if answers == 0 {
        return "No answer is known of the last minute.".to_owned();
    }
    let span = if span_s == 60 { "minute".to_owned() } else { format!("{span_s} s") };
    let requests =
        if answers == 1 { "1 request".to_owned() } else { format!("{} requests", thousands(answers)) };
    if stale == 0 && errors == 0 {
        return format!("{requests} in the last {span}, none with an error.");
    }
    let part = |n| format!("{} ({})", thousands(n), share(n, answers));
    format!("{requests} in the last {span}: {} got an error, {} a stale copy.", part(errors), part(stale))
}

/// The version that was first seen shortly before `since`: `75 s after version v1.4.0 was first seen`.
fn deployed(versions: &[Version], since: Timestamp) -> Option<String> {
    let before = versions.iter().filter(|version| version.first_at <= since);
    let newest = before.max_by_key(|version| version.first_at)?;
    let later = since.since(newest.first_at);
    (later.as_secs() <= SHORTLY_BEFORE)
        .then(|| format!("{} after version {} was first seen", length(later), newest.name()))
}

/// Where most of the latest requests are that were touched since `began`, and from where they came.
fn who(touched: &[Touched], began: Timestamp) -> Option<String> {
    // They stand from the newest to the oldest.
    let touched = touched.split_at(touched.partition_point(|one| one.at >= began)).0;
    let sum: u64 = touched.iter().map(|one| one.weight).sum();
    let first = |groups: Vec<Group>| groups.into_iter().next();
    let (place, n) = first(groups(touched, &section))?;
    let mut words = format!("Most touched: {place} ({} of the latest {})", share(n, sum), thousands(sum));
    if let Some((country, n)) = first(groups(touched, &|one| one.country.clone())) {
        words += &format!("; from {country} ({})", share(n, sum));
    }
    Some(words + ".")
}

fn cause(summary: &Summary, worst: Option<&OriginState>) -> Option<String> {
    if let Some((origin, end)) = worst.and_then(|origin| Some((origin, origin.end.as_deref()?))) {
        let name = if summary.origins.len() == 1 { "The origin" } else { &origin.name };
        let now = format!("{} ({end}).", said(name, runbook::what(end).unwrap_or("failed")));
        let is_its = |incident: &&Incident| incident.origin == origin.name && incident.place.is_empty();
        return Some(
            now + &open(summary).find(is_its).map_or_else(String::new, |incident| before(incident, end)),
        );
    }
    let incident = open(summary).next()?;
    let Incident { what, kind, answered_at, began_at, .. } = incident;
    let Some(until) = answered_at else { return Some(format!("{} ({kind}).", said("The origin", what))) };
    let (from, to) = (clock(*began_at, summary.at), clock(*until, summary.at));
    let lasted = length(until.since(*began_at));
    let what = said("the origin", what);
    Some(format!("It failed from {from} to {to} UTC ({lasted}): {what} ({kind}).") + &before(incident, kind))
}

/// The kinds that an incident had before `now`, if it had others.
fn before(incident: &Incident, now: &str) -> String {
    let others = incident.kinds.iter().filter(|kind| kind.kind != now);
    let others: Vec<_> = others.map(|kind| format!("{} ({})", kind.kind, thousands(kind.n))).collect();
    if others.is_empty() { String::new() } else { format!(" Before that: {}.", others.join(", ")) }
}

/// What happened as a sentence about `name`, unless it is one about something else.
pub(super) fn said(name: &str, what: &str) -> String {
    let is_sentence = ["the ", "this "].iter().any(|start| what.starts_with(start));
    if !is_sentence {
        return format!("{name} {what}");
    }
    let mut characters = what.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}
