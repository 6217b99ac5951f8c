//! Stacked bars, as paths of SVG and as rows of a table.

use std::fmt::Write;
use std::time::Duration;

use super::super::words::{length, thousands};
use crate::health::summary::{Bar, Span};
use crate::time::Timestamp;

/// Bars stand 10 apart; 100 is the height of the tallest.
const WIDTH: usize = 10;
const HEIGHT: u64 = 100;

/// What is there is seen, if only just.
const LEAST: u64 = 2;

/// One chart. Its bars may exceed [`HEIGHT`] by what [`LEAST`] adds, at most 10.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: &'static str,
    pub width: usize,
    /// The number that the tallest bar stands for.
    pub peak: String,
    /// The chart in a sentence.
    pub summary: String,
    pub series: Vec<Series>,
    pub hovers: Vec<Hover>,
    pub rows: Vec<Row>,
}

pub(super) struct Series {
    pub label: &'static str,
    pub class: &'static str,
    pub total: String,
    pub path: String,
}

/// What is said of the bar that begins at `x`.
pub(super) struct Hover {
    pub x: usize,
    pub words: String,
}

pub(super) struct Row {
    pub from: String,
    pub counts: Vec<String>,
}

type Part = (&'static str, &'static str, fn(&Bar) -> u64);

/// Attempts that failed, by class, whether visitors noticed or not.
pub(super) fn failures(span: &Span) -> Chart {
    const PARTS: [Part; 3] = [
        ("502: bad answer or none", "c-bad", |bar| bar.bad_gateway),
        ("504: not in time", "c-hatched", |bar| bar.gateway_timeout),
        ("503: out of service", "c-away", |bar| bar.unavailable),
    ];
    chart(span, "failures", "Failed attempts at origins", "failed attempts", &PARTS)
}

/// What visitors got where the origin's first answer was not it.
pub(super) fn answers(span: &Span) -> Chart {
    const PARTS: [Part; 6] = [
        ("Saved by a retry", "c-saved", |bar| bar.retried),
        ("Stale copy", "c-stale", |bar| bar.stale),
        ("502", "c-bad", |bar| bar.s502),
        ("504", "c-hatched", |bar| bar.s504),
        ("503", "c-away", |bar| bar.s503),
        ("500", "c-own", |bar| bar.s500),
    ];
    chart(span, "answers", "What visitors got instead", "answers", &PARTS)
}

fn chart(span: &Span, id: &'static str, title: &'static str, things: &'static str, parts: &[Part]) -> Chart {
    let height = |bar: &Bar| parts.iter().map(|(_, _, count)| count(bar)).sum::<u64>();
    let peak = span.bars.iter().map(height).max().unwrap_or_default();
    let mut tops = vec![HEIGHT.cast_signed(); span.bars.len()];
    let series: Vec<_> = parts
        .iter()
        .map(|(label, class, count)| {
            let mut path = String::new();
            for (at, (bar, top)) in span.bars.iter().zip(&mut tops).enumerate() {
                let n = count(bar);
                if n == 0 {
                    continue;
                }
                let tall = (u128::from(n) * u128::from(HEIGHT) / u128::from(peak.max(1))).try_into();
                let tall = tall.unwrap_or(HEIGHT).max(LEAST).cast_signed();
                *top -= tall;
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {top}h8v{tall}h-8z", at * WIDTH + 1);
            }
            let total = span.bars.iter().map(count).sum();
            Series { label, class, total: thousands(total), path }
        })
        .collect();
    let busy: Vec<_> = span.bars.iter().enumerate().filter(|(_, bar)| height(bar) > 0).collect();
    let hovers = busy.iter().map(|(at, bar)| {
        let counts = parts.iter().filter(|(_, _, count)| count(bar) > 0);
        let counts: Vec<_> = counts.map(|(label, _, count)| format!("{label}: {}", count(bar))).collect();
        Hover { x: at * WIDTH, words: format!("{}\n{}", clock(span, *at), counts.join("\n")) }
    });
    let rows = busy.iter().map(|(at, bar)| Row {
        from: clock(span, *at),
        counts: parts.iter().map(|(_, _, count)| thousands(count(bar))).collect(),
    });
    let totals: Vec<_> = series.iter().map(|series| format!("{} {}", series.label, series.total)).collect();
    let summary = match busy.iter().rev().max_by_key(|(_, bar)| height(bar)) {
        None => format!("{title}: none in the last {}.", span.name),
        Some((at, _)) => format!(
            "{title} in the last {}, by {}: {}. Most from {}: {peak}.",
            span.name,
            step(span),
            totals.join(", "),
            clock(span, *at)
        ),
    };
    Chart {
        id,
        title,
        width: span.bars.len().max(1) * WIDTH,
        peak: if peak == 0 {
            String::new()
        } else {
            format!("{} {things} in {}", thousands(peak), step(span))
        },
        summary,
        hovers: hovers.collect(),
        rows: rows.collect(),
        series,
    }
}

fn step(span: &Span) -> String {
    length(Duration::from_secs(span.step_s))
}

/// When a bar begins, with the day where the chart has several.
fn clock(span: &Span, at: usize) -> String {
    let from =
        span.began_at.plus(Duration::from_secs(span.step_s).saturating_mul(u32::try_from(at).unwrap_or(0)));
    words_of(span, from)
}

fn words_of(span: &Span, at: Timestamp) -> String {
    let iso = at.to_rfc3339();
    let (day, time) = (iso.get(5..10).unwrap_or_default(), iso.get(11..16).unwrap_or_default());
    if span.name == "hour" { time.to_owned() } else { format!("{day} {time}") }
}

/// The marks below: beginning, middle and end.
pub(super) fn axis(span: &Span) -> Vec<String> {
    [0, span.bars.len() / 2, span.bars.len()].map(|at| clock(span, at)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(bars: Vec<Bar>) -> Span {
        Span {
            name: "hour",
            step_s: 60,
            began_at: Timestamp::from_millis(1_767_323_040_000),
            bars,
            ..Span::default()
        }
    }

    #[test]
    fn what_is_rare_is_seen_beside_what_is_not() {
        let bars = vec![
            Bar { bad_gateway: 1_000_000, gateway_timeout: 1, ..Bar::default() },
            Bar::default(),
            Bar { unavailable: 500_000, ..Bar::default() },
        ];
        let chart = failures(&span(bars));
        let paths: Vec<_> = chart.series.iter().map(|series| series.path.as_str()).collect();
        assert_eq!(paths, ["M1 1h8v99h-8z", "M1 -1h8v2h-8z", "M21 51h8v49h-8z"]);
        assert_eq!(chart.rows.len(), 2);
        assert_eq!(chart.rows[1].counts, ["0", "0", "500\u{202f}000"]);
        assert!(chart.summary.ends_with("Most from 03:04: 1000001."), "{}", chart.summary);
    }

    #[test]
    fn a_chart_of_nothing_says_so() {
        for bars in [vec![], vec![Bar::default(); 60]] {
            let chart = answers(&span(bars));
            assert_eq!(chart.summary, "What visitors got instead: none in the last hour.");
            assert!(chart.rows.is_empty() && chart.series.iter().all(|series| series.path.is_empty()));
        }
    }

    #[test]
    fn no_number_is_too_large_to_draw() {
        let bars = vec![Bar { bad_gateway: u64::MAX, ..Bar::default() }];
        assert_eq!(failures(&span(bars)).series[0].path, "M1 0h8v100h-8z");
    }
}
