//! The dashboard: one page for operators.
//!
//! It shows what is wrong now and what to check, then the last hour, day and week, then the incidents. Everything in it is
//! escaped, names of origins included.

mod chart;

use askama::Template;
use serde::Serialize;

use super::assets::Assets;
use super::bindings::Bindings;
use super::class::Class;
use super::evidence::{GOOD_FOR, State};
use super::runbook;
use super::summary::{Incident, KindSpan, OriginState, Span, Summary};
use super::verdict::{Verdict, said};
use super::words::{ago, clock, length, meaning, share, thousands};
use crate::response::template::rendered;
use crate::time::Timestamp;
use chart::Chart;

/// The dashboard. `bound` are the Worker's bindings.
pub fn html(summary: &Summary, bound: &Bindings) -> String {
    rendered(&Page::of(summary, bound))
}

/// The same for programs: the verdict, the [`Summary`] and the bindings.
pub fn json(summary: &Summary, bound: &Bindings) -> String {
    #[derive(Serialize)]
    struct Status<'a> {
        verdict: Verdict,
        #[serde(flatten)]
        summary: &'a Summary,
        bindings: &'a Bindings,
    }
    serde_json::to_string(&Status { verdict: Verdict::of(summary), summary, bindings: bound })
        .unwrap_or_default()
}

/// The content of templates/status.html.
#[derive(Template)]
#[template(path = "status.html")]
struct Page<'a> {
    assets: &'static Assets,
    verdict: Verdict,
    tone: &'static str,
    at: Moment,
    origins: Vec<Origin<'a>>,
    spans: Vec<SpanView>,
    incidents: Vec<IncidentRow<'a>>,
    bindings: [(&'static str, bool, &'static str); 5],
}

/// A point in time for people.
struct Moment {
    iso: String,
    /// To the second, with the day if it is not today.
    clock: String,
    ago: String,
}

struct Origin<'a> {
    name: &'a str,
    tone: &'static str,
    state: &'static str,
    kinds: Vec<Kind<'a>>,
    /// Incidents that may be over.
    past: Vec<String>,
    since: Option<Moment>,
    since_words: &'static str,
    /// When it was last asked, if that is long ago.
    not_asked_since: Option<Moment>,
    last_ok: Option<Moment>,
    last_probe: Option<(Moment, &'a str)>,
}

/// A kind of failure that the operator has now.
struct Kind<'a> {
    end: &'a str,
    /// The page or section; empty for the whole origin.
    place: &'a str,
    tone: &'static str,
    sentence: String,
    status: Option<u16>,
    causes: Vec<CauseView>,
}

struct CauseView {
    what: &'static str,
    check: &'static str,
    command: String,
}

struct SpanView {
    name: &'static str,
    step: String,
    figures: Vec<Figure>,
    charts: [Chart; 2],
    axis: Vec<String>,
    outcomes: Vec<OutcomeRow>,
}

struct Figure {
    label: &'static str,
    value: String,
    detail: String,
    tone: &'static str,
}

struct OutcomeRow {
    word: String,
    n: String,
    share: String,
    meaning: &'static str,
}

struct IncidentRow<'a> {
    began: Moment,
    ended: Option<Moment>,
    /// Whether it is open, and answered since its last failure.
    is_answered: bool,
    lasted: String,
    origin: &'a str,
    place: &'a str,
    /// The kinds that it had before, if there were several.
    history: Vec<String>,
    tone: &'static str,
    status: u16,
    what: &'a str,
    kind: &'a str,
    attempts: String,
    touched: String,
    stale: String,
}

impl<'a> Page<'a> {
    fn of(summary: &'a Summary, bound: &Bindings) -> Self {
        let origins: Vec<_> = summary.origins.iter().map(|origin| Origin::of(origin, summary)).collect();
        let verdict = Verdict::of(summary);
        Self {
            assets: Assets::get(),
            tone: match verdict.state {
                State::Down => "bad",
                State::Failing | State::Recovering => "late",
                State::Up => "ok",
                State::Unknown => "idle",
            },
            verdict,
            at: Moment::of(summary.at, summary.at),
            spans: summary.spans.iter().map(SpanView::of).collect(),
            incidents: summary
                .incidents
                .iter()
                .map(|incident| IncidentRow::of(incident, summary.at))
                .collect(),
            bindings: bound.all(),
            origins,
        }
    }
}

impl<'a> Origin<'a> {
    fn of(origin: &'a OriginState, summary: &'a Summary) -> Self {
        let of_this = |incident: &&Incident| incident.origin == origin.name;
        let is_over = |incident: &Incident| incident.answered_at.is_some();
        let open = || summary.incidents.iter().filter(of_this).filter(|incident| incident.ended_at.is_none());
        // The latest failure first, then those of pages and sections.
        let mut kinds: Vec<(&str, &str)> = origin.end.as_deref().map(|end| (end, "")).into_iter().collect();
        for incident in open().filter(|incident| !is_over(incident)) {
            let is_known = kinds.iter().any(|known| *known == (&*incident.kind, &*incident.place));
            if !(is_known || incident.place.is_empty() && origin.is_down) {
                kinds.push((&incident.kind, &incident.place));
            }
        }
        let past = open().filter(|incident| is_over(incident)).map(|incident| past(incident, summary.at));
        let (tone, state, since_words) = match origin.state {
            State::Down => ("bad", "Down", "Down since"),
            State::Failing => ("late", "Up, with failures", "Failing since"),
            State::Recovering => ("late", "Recovering", "Answers since"),
            State::Up if !kinds.is_empty() => ("late", "Up, with failures", "Up since"),
            State::Up => ("ok", "Up", "Up since"),
            State::Unknown if origin.asked_at.is_some() => ("idle", "Not asked lately", "Since"),
            State::Unknown => ("idle", "Not known yet", "Since"),
        };
        let moment = |at| Moment::of(at, summary.at);
        let is_old = |at: &Timestamp| summary.at.since(*at) > GOOD_FOR;
        Self {
            name: &origin.name,
            tone,
            state,
            kinds: kinds.iter().map(|(end, place)| Kind::of(end, place, origin, summary)).collect(),
            past: past.collect(),
            since: origin.since.map(moment),
            since_words,
            not_asked_since: origin.asked_at.filter(is_old).map(moment),
            last_ok: origin.last_ok.map(moment),
            last_probe: origin.last_probe.as_ref().map(|(at, end)| (moment(*at), end.as_str())),
        }
    }
}

/// What happened, where it is over and may begin again: `It was down from 12:00:05 to 12:04:09 (4 min): …`.
fn past(incident: &Incident, now: Timestamp) -> String {
    let Incident { began_at, answered_at, what, place, touched, stale, errors, .. } = incident;
    let until = answered_at.unwrap_or(now);
    let part = if place.is_empty() { "It" } else { place };
    format!(
        "{part} failed from {} to {} ({}). The origin {what}. {} requests touched: {} got a stale copy, {} an error.",
        Moment::of(*began_at, now).clock,
        Moment::of(until, now).clock,
        length(until.since(*began_at)),
        thousands(*touched),
        thousands(*stale),
        thousands(*errors)
    )
}

impl<'a> Kind<'a> {
    fn of(end: &'a str, place: &'a str, origin: &OriginState, summary: &Summary) -> Self {
        let what = runbook::what(end).unwrap_or("failed");
        let status = runbook::status(end);
        let entry = runbook::entry(end);
        let causes = entry.into_iter().flat_map(|entry| entry.causes).map(|cause| CauseView {
            what: cause.what,
            check: cause.check,
            command: runbook::command_for(cause.command, origin.url.as_deref(), summary.service.as_deref()),
        });
        Self {
            end,
            place,
            tone: tone_of(status.unwrap_or_default()),
            sentence: said("The origin", what),
            status,
            causes: causes.collect(),
        }
    }
}

impl SpanView {
    fn of(span: &Span) -> Self {
        let answers: u64 = span.answers.iter().map(|(_, n)| n).sum();
        let mut outcomes: Vec<_> = span.answers.iter().filter(|(_, n)| *n > 0).collect();
        outcomes.sort_unstable_by_key(|(_, n)| std::cmp::Reverse(*n));
        let outcomes = outcomes.into_iter().map(|(word, n)| OutcomeRow {
            word: word.clone(),
            n: thousands(*n),
            share: share(*n, answers),
            meaning: meaning(word),
        });
        let step = std::time::Duration::from_secs(span.step_s);
        Self {
            name: span.name,
            step: length(step),
            figures: figures(span, answers),
            charts: [chart::failures(span), chart::answers(span)],
            axis: chart::axis(span),
            outcomes: outcomes.collect(),
        }
    }
}

fn figures(span: &Span, answers: u64) -> Vec<Figure> {
    let sum = |of: fn(&super::summary::Bar) -> u64| span.bars.iter().map(of).sum::<u64>();
    let (s500, s502) = (sum(|bar| bar.s500), sum(|bar| bar.s502));
    let (s503, s504) = (sum(|bar| bar.s503), sum(|bar| bar.s504));
    let errors = s500 + s502 + s503 + s504;
    let kept: u64 = span.answers.iter().filter(|(word, _)| word == "last_good").map(|(_, n)| n).sum();
    let tried = span.retried + span.not_saved_by_retry;
    let hidden = span.retried + span.stale + kept;
    let tone = |n: u64, tone| if n > 0 { tone } else { "" };
    vec![
        Figure {
            label: "Answers",
            value: thousands(answers),
            detail: format!("{} attempts at origins", thousands(span.attempts)),
            tone: "",
        },
        Figure {
            label: "Stale share",
            value: share(span.stale, answers),
            detail: format!("{} answers were stale copies", thousands(span.stale)),
            tone: tone(span.stale, "stale"),
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
    ]
}

impl<'a> IncidentRow<'a> {
    fn of(incident: &'a Incident, now: Timestamp) -> Self {
        let until = incident.ended_at.unwrap_or(now);
        let lasted = length(until.since(incident.began_at));
        Self {
            began: Moment::of(incident.began_at, now),
            ended: incident.ended_at.map(|at| Moment::of(at, now)),
            is_answered: incident.ended_at.is_none() && incident.answered_at.is_some(),
            lasted: if incident.ended_at.is_some() { lasted } else { format!("for {lasted}") },
            origin: &incident.origin,
            place: &incident.place,
            history: if incident.kinds.len() > 1 {
                incident.kinds.iter().map(|kind| history(kind, now)).collect()
            } else {
                Vec::new()
            },
            tone: match incident.class {
                Class::BadGateway => "bad",
                Class::GatewayTimeout => "late",
                Class::Unavailable => "away",
                Class::Error | Class::Internal => "own",
            },
            status: incident.class.status(),
            what: incident.what,
            kind: &incident.kind,
            attempts: thousands(incident.attempts),
            touched: thousands(incident.touched),
            stale: thousands(incident.stale),
        }
    }
}

/// A kind with its time and number: `12:00:05 edge_refused (301)`.
fn history(kind: &KindSpan, now: Timestamp) -> String {
    format!("{} {} ({})", Moment::of(kind.first_at, now).clock, kind.kind, thousands(kind.n))
}

impl Moment {
    fn of(at: Timestamp, now: Timestamp) -> Self {
        Self { clock: clock(at, now), ago: ago(at, now), iso: at.to_rfc3339() }
    }
}

fn tone_of(status: u16) -> &'static str {
    match status {
        502 => "bad",
        503 => "away",
        504 => "late",
        _ => "own",
    }
}
