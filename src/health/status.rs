//! The dashboard: one page for operators.
//!
//! It shows what visitors get now, what is wrong and what to check; then what was counted over time, who is touched, and the
//! incidents. Everything in it is escaped, names of origins included.

mod chart;
mod moment;
mod span;
mod touched;

use askama::Template;
use serde::Serialize;

use super::assets::Assets;
use super::bindings::Bindings;
use super::evidence::{GOOD_FOR, State};
use super::runbook;
use super::summary::{Circuit, Incident, KindSpan, OriginState, Summary, Version, Visitors};
use super::verdict::{Verdict, said};
use super::words::{length, share, thousands};
use crate::response::template::rendered;
use crate::time::Timestamp;
use moment::Moment;
use span::SpanView;
use touched::Sample;

/// How often the page refreshes itself, in seconds: where all is well, and in trouble.
const EVERY_S: (u32, u32) = (30, 5);

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
    every_s: u32,
    at: Moment,
    since: Option<Moment>,
    mix: Vec<MixPart>,
    origins: Vec<Origin<'a>>,
    spans: Vec<SpanView>,
    sample: Option<Sample<'a>>,
    circuits: Vec<(Moment, &'a Circuit)>,
    versions: Vec<VersionRow<'a>>,
    incidents: Vec<IncidentRow<'a>>,
    bindings: [(&'static str, bool, &'static str); 5],
}

/// A part of what visitors got just now, of a bar that is 1000 wide.
struct MixPart {
    label: &'static str,
    class: &'static str,
    share: String,
    from: u64,
    width: u64,
}

struct VersionRow<'a> {
    version: &'a Version,
    first: Moment,
    last: Moment,
}

struct Origin<'a> {
    name: &'a str,
    tone: &'static str,
    state: &'static str,
    kinds: Vec<Kind<'a>>,
    /// Incidents that may be over.
    past: Vec<Past<'a>>,
    since: Option<Moment>,
    since_words: &'static str,
    /// When it was last asked, if that is long ago.
    not_asked_since: Option<Moment>,
    last_ok: Option<Moment>,
    last_probe: Option<(Moment, &'a str)>,
}

/// What happened, where it is over and may begin again.
struct Past<'a> {
    /// The page or section; empty for the whole origin.
    place: &'a str,
    from: Moment,
    until: Moment,
    lasted: String,
    what: &'a str,
    touched: String,
    stale: String,
    errors: String,
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

struct IncidentRow<'a> {
    began: Moment,
    ended: Option<Moment>,
    /// Whether it is open, and answered since its last failure.
    is_answered: bool,
    lasted: String,
    origin: &'a str,
    place: &'a str,
    /// The kinds that it had, each with its beginning and its number, if there were several.
    history: Vec<(Moment, &'a str, String)>,
    tone: &'static str,
    status: u16,
    what: &'a str,
    kind: &'a str,
    attempts: String,
    touched: String,
    stale: String,
    errors: String,
}

impl<'a> Page<'a> {
    fn of(summary: &'a Summary, bound: &Bindings) -> Self {
        // What is wrong stands first.
        let mut origins = Vec::with_capacity(summary.origins.len());
        for is_first in [true, false] {
            let is_wrong = |origin: &Origin<'_>| matches!(origin.tone, "bad" | "late");
            let all = summary.origins.iter().map(|origin| Origin::of(origin, summary));
            origins.extend(all.filter(|origin| is_wrong(origin) == is_first));
        }
        let verdict = Verdict::of(summary);
        let is_well = matches!(verdict.state, State::Up | State::Unknown);
        let moment = |at| Moment::of(at, summary.at);
        let chosen = if is_well { "hour" } else { "quarter" };
        Self {
            assets: Assets::get(),
            tone: match verdict.state {
                State::Down => "bad",
                State::Failing | State::Recovering => "late",
                State::Up => "ok",
                State::Unknown => "idle",
            },
            every_s: if is_well { EVERY_S.0 } else { EVERY_S.1 },
            at: moment(summary.at),
            since: verdict.since.map(moment),
            mix: mix(&summary.visitors),
            verdict,
            spans: summary.spans.iter().map(|span| SpanView::of(span, summary, chosen)).collect(),
            sample: Sample::of(summary),
            circuits: summary.circuits.iter().map(|circuit| (moment(circuit.at), circuit)).collect(),
            versions: summary
                .versions
                .iter()
                .map(|version| VersionRow {
                    version,
                    first: moment(version.first_at),
                    last: moment(version.last_at),
                })
                .collect(),
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
        let past = open().filter(|incident| is_over(incident)).map(|incident| Past::of(incident, summary.at));
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

/// What visitors got just now, by parts; nothing if all of it was good.
fn mix(visitors: &Visitors) -> Vec<MixPart> {
    let Visitors { answers, stale, errors, .. } = *visitors;
    if stale == 0 && errors == 0 {
        return Vec::new();
    }
    let good = answers.saturating_sub(stale.saturating_add(errors));
    let mut from = 0;
    let parts =
        [("error", "c-error", errors), ("stale copy", "c-stale", stale), ("answered well", "c-good", good)];
    let parts = parts.into_iter().filter(|(_, _, n)| *n > 0).map(|(label, class, n)| {
        let width = u64::try_from(u128::from(n) * 1000 / u128::from(answers.max(1))).unwrap_or(1000).max(8);
        let part = MixPart { label, class, share: share(n, answers), from, width };
        from += width;
        part
    });
    parts.collect()
}

impl<'a> Past<'a> {
    fn of(incident: &'a Incident, now: Timestamp) -> Self {
        let until = incident.answered_at.unwrap_or(now);
        Self {
            place: &incident.place,
            from: Moment::of(incident.began_at, now),
            until: Moment::of(until, now),
            lasted: length(until.since(incident.began_at)),
            what: incident.what,
            touched: thousands(incident.touched),
            stale: thousands(incident.stale),
            errors: thousands(incident.errors),
        }
    }
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
                let kind =
                    |kind: &'a KindSpan| (Moment::of(kind.first_at, now), &*kind.kind, thousands(kind.n));
                incident.kinds.iter().map(kind).collect()
            } else {
                Vec::new()
            },
            tone: tone_of(incident.class.status()),
            status: incident.class.status(),
            what: incident.what,
            kind: &incident.kind,
            attempts: thousands(incident.attempts),
            touched: thousands(incident.touched),
            stale: thousands(incident.stale),
            errors: thousands(incident.errors),
        }
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
