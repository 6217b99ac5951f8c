//! Stacked bars and lines, as paths of SVG and as rows of a table.

use std::fmt::Write;
use std::time::Duration;

use super::moment::time;
use crate::health::summary::{Bar, Span};
use crate::health::words::{length, millis, thousands};
use crate::time::Timestamp;

/// Bars stand 10 apart; 100 is the height of the tallest.
const WIDTH: usize = 10;
const HEIGHT: u64 = 100;

/// What is there is seen, if only just.
const LEAST: u64 = 2;

/// One chart. Its bars may exceed [`HEIGHT`] by what [`LEAST`] adds, at most 12.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: &'static str,
    pub width: usize,
    /// The number that the tallest bar or the highest point stands for.
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
    /// Empty where values cannot be added up.
    pub total: String,
    pub path: String,
    /// The path of its sign in the legend, 10 by 10.
    pub sign: &'static str,
}

/// A point in time in a chart: how far from its left, and what it looks like.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub x: u64,
    pub class: &'static str,
}

/// A point in time below a chart.
pub(super) struct Tick {
    iso: String,
    clock: String,
}

/// What is said of the bar that begins at `x`.
pub(super) struct Hover {
    pub x: usize,
    pub words: String,
}

pub(super) struct Row {
    pub from: Tick,
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

/// What visitors got. Good answers are at the bottom, so that one sees when visitors stay away.
pub(super) fn answers(span: &Span) -> Chart {
    const PARTS: [Part; 7] = [
        ("Answered well", "c-good", |bar| {
            let others = bar.retried + bar.stale + bar.s500 + bar.s502 + bar.s503 + bar.s504;
            bar.answers.saturating_sub(others)
        }),
        ("Saved by a retry", "c-saved", |bar| bar.retried),
        ("Stale copy", "c-stale", |bar| bar.stale),
        ("502", "c-bad", |bar| bar.s502),
        ("504", "c-hatched", |bar| bar.s504),
        ("503", "c-away", |bar| bar.s503),
        ("500", "c-own", |bar| bar.s500),
    ];
    chart(span, "answers", "What visitors got", "answers", &PARTS)
}

/// How long visitors waited for the first byte.
pub(super) fn latency(span: &Span) -> Chart {
    const LINES: [(&str, &str, u64); 2] = [("Median", "l-median", 50), ("95 % within", "l-p95", 95)];
    let title = "Time to first byte";
    let of = |bar: &Bar, per_cent| bar.latency.percentile(per_cent);
    let peak = span.bars.iter().filter_map(|bar| of(bar, 95)).max();
    let series = LINES.map(|(label, class, per_cent)| {
        let mut path = String::new();
        let mut is_drawing = false;
        for (at, bar) in span.bars.iter().enumerate() {
            let Some(ms) = of(bar, per_cent) else {
                is_drawing = false;
                continue;
            };
            let y = HEIGHT - (ms.saturating_mul(HEIGHT) / peak.unwrap_or(1).max(1)).min(HEIGHT);
            // Writing to a string does not fail.
            let _ = if is_drawing {
                write!(path, "V{y}h{WIDTH}")
            } else {
                write!(path, "M{} {y}h{WIDTH}", at * WIDTH)
            };
            is_drawing = true;
        }
        Series { label, class, total: String::new(), path, sign: "M0 5h10" }
    });
    let known = span.bars.iter().enumerate().filter(|(_, bar)| bar.latency.count() > 0);
    let times = |bar: &Bar| LINES.map(|(_, _, per_cent)| of(bar, per_cent).map_or_else(String::new, millis));
    let (mut hovers, mut rows) = (Vec::new(), Vec::new());
    for (at, bar) in known {
        let tick = Tick::of(span, at);
        let [median, most] = times(bar);
        let words = format!("{} UTC\nmedian {median}\n95 % within {most}", tick.clock);
        hovers.push(Hover { x: at * WIDTH, words });
        rows.push(Row { from: tick, counts: vec![median, most] });
    }
    let worst = span.bars.iter().enumerate().rev().max_by_key(|(_, bar)| of(bar, 95));
    let summary = match (worst, peak) {
        (Some((at, bar)), Some(peak)) => format!(
            "{title} in the last {}, by {}. Longest from {}: median {}, 95 % within {}.",
            label(span.name),
            step(span),
            Tick::of(span, at).clock,
            of(bar, 50).map_or_else(String::new, millis),
            millis(peak)
        ),
        _ => format!("{title}: not known for the last {}.", label(span.name)),
    };
    Chart {
        id: "latency",
        title,
        width: span.bars.len().max(1) * WIDTH,
        peak: peak.map_or_else(String::new, millis),
        summary,
        series: series.into(),
        hovers,
        rows,
    }
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
            Series { label, class, total: thousands(total), path, sign: "M0 0h10v10H0z" }
        })
        .collect();
    let busy: Vec<_> = span.bars.iter().enumerate().filter(|(_, bar)| height(bar) > 0).collect();
    let hovers = busy.iter().map(|(at, bar)| {
        let counts = parts.iter().filter(|(_, _, count)| count(bar) > 0);
        let counts: Vec<_> = counts.map(|(label, _, count)| format!("{label}: {}", count(bar))).collect();
        Hover { x: at * WIDTH, words: format!("{} UTC\n{}", Tick::of(span, *at).clock, counts.join("\n")) }
    });
    let rows = busy.iter().map(|(at, bar)| Row {
        from: Tick::of(span, *at),
        counts: parts.iter().map(|(_, _, count)| thousands(count(bar))).collect(),
    });
    let totals: Vec<_> = series.iter().map(|series| format!("{} {}", series.label, series.total)).collect();
    let summary = match busy.iter().rev().max_by_key(|(_, bar)| height(bar)) {
        None => format!("{title}: none in the last {}.", label(span.name)),
        Some((at, _)) => format!(
            "{title} in the last {}, by {}: {}. Most from {}: {peak}.",
            label(span.name),
            step(span),
            totals.join(", "),
            Tick::of(span, *at).clock
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

/// What people call the span `name`, as in "the last …".
pub(super) fn label(name: &'static str) -> &'static str {
    if name == "quarter" { "15 minutes" } else { name }
}

impl Tick {
    /// The time as markup.
    pub(super) fn time(&self) -> String {
        time(&self.iso, &self.clock)
    }

    /// When the bar with this number begins, with the day where the chart may have several.
    fn of(span: &Span, bar: usize) -> Self {
        let bars = u32::try_from(bar).unwrap_or(0);
        let iso = span.began_at.plus(Duration::from_secs(span.step_s).saturating_mul(bars)).to_rfc3339();
        let (day, time) = (iso.get(5..10).unwrap_or_default(), iso.get(11..16).unwrap_or_default());
        let clock = if span.step_s <= 60 { time.to_owned() } else { format!("{day} {time}") };
        Self { iso, clock }
    }
}

/// The ticks below: beginning, middle and end.
pub(super) fn axis(span: &Span) -> Vec<Tick> {
    [0, span.bars.len() / 2, span.bars.len()].map(|bar| Tick::of(span, bar)).into()
}

/// How far from the left `at` is in the charts of `span`; `None` if it is before or behind them.
pub(super) fn place(span: &Span, at: Timestamp) -> Option<u64> {
    let step_ms = span.step_s.max(1).saturating_mul(1000);
    let since = at.as_millis().checked_sub(span.began_at.as_millis())?;
    let place = since.saturating_mul(WIDTH as u64) / step_ms;
    (place <= (span.bars.len() * WIDTH) as u64).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::latency::Latency;

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
            assert_eq!(chart.summary, "What visitors got: none in the last hour.");
            assert!(chart.rows.is_empty() && chart.series.iter().all(|series| series.path.is_empty()));
        }
    }

    #[test]
    fn good_answers_are_at_the_bottom_and_what_is_not_good_on_top() {
        let bars = vec![
            Bar { answers: 100, stale: 20, s502: 30, ..Bar::default() },
            Bar { answers: 10, ..Bar::default() },
        ];
        let chart = answers(&span(bars));
        let path =
            |label: &str| chart.series.iter().find(|series| series.label == label).unwrap().path.as_str();
        assert_eq!(path("Answered well"), "M1 50h8v50h-8zM11 90h8v10h-8z");
        assert_eq!((path("Stale copy"), path("502")), ("M1 30h8v20h-8z", "M1 0h8v30h-8z"));
        assert_eq!(chart.peak, "100 answers in 1 min");
    }

    #[test]
    fn latency_is_a_line_with_gaps_where_nobody_was_answered() {
        let of = |bucket| {
            let mut latency = Latency::default();
            latency.add(bucket, 100);
            Bar { latency, ..Bar::default() }
        };
        let chart = latency(&span(vec![of(7), of(4), Bar::default(), of(0)]));
        let paths: Vec<_> = chart.series.iter().map(|series| series.path.as_str()).collect();
        assert_eq!(paths, ["M0 24h10V93h10M30 100h10", "M0 0h10V91h10M30 100h10"]);
        assert_eq!(chart.peak, "975 ms");
        assert_eq!(chart.rows.len(), 3);
        assert!(
            chart.summary.ends_with("Longest from 03:04: median 750 ms, 95 % within 975 ms."),
            "{}",
            chart.summary
        );
        let nothing = latency(&span(vec![Bar::default(); 3]));
        assert_eq!(nothing.summary, "Time to first byte: not known for the last hour.");
        assert!(nothing.rows.is_empty());
    }

    #[test]
    fn what_happened_is_marked_where_it_happened() {
        let span = span(vec![Bar::default(); 60]);
        let after = |seconds| span.began_at.plus(Duration::from_secs(seconds));
        assert_eq!(place(&span, after(0)), Some(0));
        assert_eq!(place(&span, after(90)), Some(15));
        assert_eq!(place(&span, after(3600)), Some(600));
        assert_eq!(place(&span, after(3700)), None);
        assert_eq!(place(&span, span.began_at.minus(Duration::from_secs(1))), None);
    }

    #[test]
    fn no_number_is_too_large_to_draw() {
        let bars = vec![Bar { bad_gateway: u64::MAX, ..Bar::default() }];
        assert_eq!(failures(&span(bars)).series[0].path, "M1 0h8v100h-8z");
    }
}
