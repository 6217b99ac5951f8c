//! What is recent: touched requests, open circuits, and versions of the Worker. Each is one row of text, so that it costs one
//! row to write, however much is in it.

use std::time::Duration;

use super::observation::{Observation, Seen};
use super::sample;
use super::sql::{self, Param, Sql};
use super::summary::{Circuit, Touched, Version};
use crate::time::Timestamp;

/// How many touched requests are kept, and for how long.
const MOST_TOUCHED: usize = 100;
const TOUCHED_FOR: Duration = Duration::from_secs(60 * 60);

/// How many circuits are kept, and how long after they were last seen open.
const MOST_CIRCUITS: usize = 32;
const CIRCUITS_FOR: Duration = Duration::from_secs(60);

/// How many versions are kept, and how long after they last answered.
const MOST_VERSIONS: usize = 16;
const VERSIONS_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How exactly it is known when a version last answered: a row each minute is enough.
const VERSION_STEP: Duration = Duration::from_secs(60);

/// The longest id or tag of a version, in bytes.
const LONGEST: usize = 64;

/// Takes in what an isolate has told.
pub(super) fn take(sql: &impl Sql, text: &str, observations: &[Observation<'_>], now: Timestamp) {
    take_touched(sql, text, now);
    take_circuits(sql, observations, now);
    take_version(sql, text, now);
}

/// The touched requests of the last hour, the newest first.
pub(super) fn touched(sql: &impl Sql, now: Timestamp) -> Vec<Touched> {
    let touched = load(sql, "touched");
    let requests = touched.lines().filter_map(|line| sample::read_line(line, now));
    requests.filter(|one| now.since(one.at) <= TOUCHED_FOR).collect()
}

/// The circuits that were seen open in the last minute.
pub(super) fn circuits(sql: &impl Sql, now: Timestamp) -> Vec<Circuit> {
    let read = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let at = now.min(Timestamp::from_millis(words.next()?.parse().ok()?));
        let [origin, kind, place] = [words.next()?, words.next()?, words.next()?].map(str::to_owned);
        Some(Circuit { origin, place, kind, at })
    };
    let circuits = load(sql, "circuits");
    circuits.lines().filter_map(read).filter(|circuit| now.since(circuit.at) <= CIRCUITS_FOR).collect()
}

/// The versions that answered in the last week, the newest first.
pub(super) fn versions(sql: &impl Sql, now: Timestamp) -> Vec<Version> {
    let read = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let mut at = || Some(now.min(Timestamp::from_millis(words.next()?.parse().ok()?)));
        let (first_at, last_at) = (at()?, at()?);
        let [id, tag] = [words.next()?, words.next()?].map(str::to_owned);
        Some(Version { id, tag, first_at, last_at })
    };
    let versions = load(sql, "versions");
    versions.lines().filter_map(read).filter(|version| now.since(version.last_at) <= VERSIONS_FOR).collect()
}

/// The line in which an isolate tells its version.
pub fn version_line(id: &str, tag: &str, now: Timestamp) -> String {
    format!("version {} {id} {tag}\n", now.as_millis())
}

fn take_touched(sql: &impl Sql, text: &str, now: Timestamp) {
    let news = sample::read(text, now);
    if news.is_empty() {
        return;
    }
    let mut all = touched(sql, now);
    all.extend(news);
    all.sort_unstable_by_key(|one| std::cmp::Reverse(one.at));
    all.truncate(MOST_TOUCHED);
    save(sql, "touched", &all.iter().map(sample::line).collect::<String>());
}

fn take_circuits(sql: &impl Sql, observations: &[Observation<'_>], now: Timestamp) {
    let open = observations.iter().filter_map(|observation| match observation.what {
        Seen::Open { kind, at, .. } => Some(Circuit {
            origin: observation.origin.to_owned(),
            place: observation.place.to_owned(),
            kind: kind.word().to_owned(),
            at,
        }),
        Seen::Answered { .. } | Seen::Failed { .. } | Seen::Visitors { .. } | Seen::Served { .. } => None,
    });
    let mut news: Vec<_> = open.collect();
    if news.is_empty() {
        return;
    }
    for known in circuits(sql, now) {
        let is_new = news.iter().any(|new| (&new.origin, &new.place) == (&known.origin, &known.place));
        if !is_new && news.len() < MOST_CIRCUITS {
            news.push(known);
        }
    }
    let line = |Circuit { origin, place, kind, at }: &Circuit| {
        format!("{} {origin} {kind} {place}\n", at.as_millis())
    };
    save(sql, "circuits", &news.iter().map(line).collect::<String>());
}

fn take_version(sql: &impl Sql, text: &str, now: Timestamp) {
    let mut told = text.lines().filter_map(|line| line.strip_prefix("version ")).peekable();
    if told.peek().is_none() {
        return;
    }
    let mut all = versions(sql, now);
    let mut is_news = false;
    for line in told {
        let mut words = line.splitn(3, ' ');
        let at = words.next().and_then(|at| at.parse().ok()).map(Timestamp::from_millis);
        let (Some(at), Some(id), Some(tag)) = (at, words.next(), words.next()) else { continue };
        let is_fit = |text: &str| text.len() <= LONGEST && !text.chars().any(char::is_control);
        if id.is_empty() || !is_fit(id) || !is_fit(tag) {
            continue;
        }
        let at = now.min(at);
        match all.iter_mut().find(|known| known.id == id) {
            Some(known) => {
                is_news |= at.since(known.last_at) >= VERSION_STEP;
                known.last_at = known.last_at.max(at);
            }
            None => {
                is_news = true;
                all.push(Version { id: id.to_owned(), tag: tag.to_owned(), first_at: at, last_at: at });
            }
        }
    }
    if !is_news {
        return;
    }
    all.sort_unstable_by_key(|version| std::cmp::Reverse(version.first_at));
    all.truncate(MOST_VERSIONS);
    let line = |Version { id, tag, first_at, last_at }: &Version| {
        format!("{} {} {id} {tag}\n", first_at.as_millis(), last_at.as_millis())
    };
    save(sql, "versions", &all.iter().map(line).collect::<String>());
}

fn load(sql: &impl Sql, name: &str) -> String {
    const LOAD: &str = "SELECT text FROM recent WHERE name = ?";
    sql::row(sql, LOAD, &[Param::Text(name)]).map(|mut row| row.text()).unwrap_or_default()
}

fn save(sql: &impl Sql, name: &str, text: &str) {
    const SAVE: &str = "INSERT OR REPLACE INTO recent (name, text) VALUES (?, ?)";
    sql.exec(SAVE, &[Param::Text(name), Param::Text(text)]);
}
