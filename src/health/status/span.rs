//! A span of time: figures, charts, and what they count.

use super::chart::{self, Chart, Mark, Tick, label};
use super::moment::Moment;
use crate::health::latency::Latency;
use crate::health::summary::{Bar, Span, Summary};
use crate::health::words::{length, meaning, millis, share, thousands};
use crate::time::Timestamp;

/// How many incidents are marked in charts.
const MOST_MARKS: usize = 12;

pub(super) struct SpanView {
    pub name: &'static str,
    /// As in "the last …".
    pub label: &'static str,
    pub is_chosen: bool,
    pub step: String,
    pub figures: Vec<Figure>,
    pub marks: Vec<Event>,
    pub charts: [Chart; 3],
    pub axis: Vec<Tick>,
    pub latency: Vec<LatencyRow>,
    pub outcomes: Vec<OutcomeRow>,
}

pub(super) struct Figure {
    pub label: &'static str,
    pub value: String,
    pub detail: String,
    pub tone: &'static str,
}

/// What the charts mark.
pub(super) struct Event {
    pub mark: Mark,
    pub words: String,
    pub at: Moment,
}

/// How long answers took.
pub(super) struct LatencyRow {
    /// The origin; empty for what visitors waited.
    pub origin: String,
    pub answers: String,
    pub median: String,
    pub p95: String,
}

pub(super) struct OutcomeRow {
    pub word: String,
    pub n: String,
    pub share: String,
    pub meaning: &'static str,
}

impl SpanView {
    /// The view of `span`, which is one of `summary`. `chosen` is the name of the one that is shown first.
    pub(super) fn of(span: &Span, summary: &Summary, chosen: &str) -> Self {
        let answers: u64 = span.answers.iter().map(|(_, n)| n).sum();
        let outcomes = span.answers.iter().filter(|(_, n)| *n > 0).map(|(word, n)| OutcomeRow {
            word: word.clone(),
            n: thousands(*n),
            share: share(*n, answers),
            meaning: meaning(word),
        });
        let latency = span.latency.iter().filter(|(_, latency)| latency.count() > 0);
        let step = std::time::Duration::from_secs(span.step_s);
        Self {
            name: span.name,
            label: label(span.name),
            is_chosen: span.name == chosen,
            step: length(step),
            figures: figures(span, answers),
            marks: events(span, summary),
            charts: [chart::answers(span), chart::failures(span), chart::latency(span)],
            axis: chart::axis(span),
            latency: latency.map(|(origin, latency)| LatencyRow::of(origin, latency)).collect(),
            outcomes: outcomes.collect(),
        }
    }
}

impl LatencyRow {
    fn of(origin: &str, latency: &Latency) -> Self {
        let time = |per_cent| latency.percentile(per_cent).map_or_else(String::new, millis);
        Self {
            origin: origin.to_owned(),
            answers: thousands(latency.count()),
            median: time(50),
            p95: time(95),
        }
    }
}

/// The versions that were first seen in `span`, and the incidents that began in it.
fn events(span: &Span, summary: &Summary) -> Vec<Event> {
    let event = |at: Timestamp, class, words| {
        let mark = Mark { x: chart::place(span, at)?, class };
        Some(Event { mark, words, at: Moment::of(at, summary.at) })
    };
    let versions = summary
        .versions
        .iter()
        .filter_map(|version| event(version.first_at, "m-version", format!("version {}", version.name())));
    let incidents = summary.incidents.iter().take(MOST_MARKS).filter_map(|incident| {
        let place = if incident.place.is_empty() { &incident.origin } else { &incident.place };
        event(incident.began_at, "m-incident", format!("incident at {place}"))
    });
    versions.chain(incidents).collect()
}

fn figures(span: &Span, answers: u64) -> Vec<Figure> {
    let sum = |of: fn(&Bar) -> u64| span.bars.iter().map(of).sum::<u64>();
    let (s500, s502) = (sum(|bar| bar.s500), sum(|bar| bar.s502));
    let (s503, s504) = (sum(|bar| bar.s503), sum(|bar| bar.s504));
    let errors = s500 + s502 + s503 + s504;
    let kept: u64 = span.answers.iter().filter(|(word, _)| word == "last_good").map(|(_, n)| n).sum();
    let tried = span.retried + span.not_saved_by_retry;
    let hidden = span.retried + span.stale + kept;
    let tone = |n: u64, tone| if n > 0 { tone } else { "" };
    let waited = span.latency.iter().find(|(origin, _)| origin.is_empty()).map(|(_, latency)| latency);
    let percentile = |per_cent| waited?.percentile(per_cent).map(millis);
    let dash = || "–".to_owned();
    vec![
        Figure {
            label: "Answers",
            value: thousands(answers),
            detail: format!("{} attempts at origins", thousands(span.attempts)),
            tone: "",
        },
        Figure {
            label: "Errors visitors got",
            value: share(errors, answers),
            detail: format!(
                "502: {} · 504: {} · 503: {} · 500: {}",
                thousands(s502),
                thousands(s504),
                thousands(s503),
                thousands(s500)
            ),
            tone: tone(errors, "bad"),
        },
        Figure {
            label: "Stale share",
            value: share(span.stale, answers),
            detail: format!("{} answers were stale copies", thousands(span.stale)),
            tone: tone(span.stale, "stale"),
        },
        Figure {
            label: "Failed attempts",
            value: thousands(span.failed_attempts),
            detail: format!(
                "{} of all; noticed by visitors in {} requests, hidden in {}",
                share(span.failed_attempts, span.attempts),
                thousands(span.not_saved_by_retry),
                thousands(hidden)
            ),
            tone: tone(span.failed_attempts, "late"),
        },
        Figure {
            label: "Retry success",
            value: share(span.retried, tried),
            detail: format!(
                "{} requests saved, {} not",
                thousands(span.retried),
                thousands(span.not_saved_by_retry)
            ),
            tone: tone(span.retried, "saved"),
        },
        Figure {
            label: "Time to first byte",
            value: percentile(50).unwrap_or_else(dash),
            detail: format!(
                "about, in the median; 95 % within about {}",
                percentile(95).unwrap_or_else(dash)
            ),
            tone: "",
        },
    ]
}
