//! The summary in Prometheus' text format, version 0.0.4.
//!
//! Counters end in `_total`. Times are seconds since the Unix epoch.

use std::collections::BTreeMap;

use super::class::Class;
use super::latency::{BOUNDS, Latency};
use super::summary::Summary;
use super::times;
use crate::time::Timestamp;

/// One metric with all its samples. Prometheus refuses a page that has a sample twice.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    samples: BTreeMap<Vec<String>, Number>,
}

/// The value of a sample.
#[derive(Clone, Copy)]
enum Number {
    Count(u64),
    Seconds(Timestamp),
}

impl Family {
    fn new(
        name: &'static str,
        kind: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self { name, kind, help, labels, samples: BTreeMap::new() }
    }

    /// Adds to the sample with these label values. Ignored if their number is not that of the labels.
    fn count(&mut self, values: &[&str], n: u64) {
        if values.len() != self.labels.len() {
            return;
        }
        let key = values.iter().map(|value| (*value).to_owned()).collect();
        match self.samples.entry(key).or_insert(Number::Count(0)) {
            Number::Count(sum) => *sum = sum.saturating_add(n),
            Number::Seconds(_) => {}
        }
    }

    fn write(&self, out: &mut String) {
        let Self { name, kind, help, .. } = self;
        *out += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (values, number) in &self.samples {
            let pairs = self.labels.iter().zip(values);
            let pairs: Vec<_> =
                pairs.map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let value = match number {
                Number::Count(n) => n.to_string(),
                Number::Seconds(at) => format!("{}.{:03}", at.as_millis() / 1000, at.as_millis() % 1000),
            };
            *out += &format!("{name}{{{}}} {value}\n", pairs.join(","));
        }
    }
}

/// `summary` in Prometheus' text format.
pub fn prometheus(summary: &Summary) -> String {
    let mut out = String::new();
    for family in counters(summary).iter().chain(&gauges(summary)) {
        family.write(&mut out);
    }
    write_latency(summary, &mut out);
    out
}

/// Histograms of how long answers took. Buckets are cumulative.
fn write_latency(summary: &Summary, out: &mut String) {
    let mut by_origin: BTreeMap<&str, Latency> = BTreeMap::new();
    for total in &summary.totals {
        let mut latency = Latency::default();
        if times::add_total(&mut latency, &total.what, total.n) {
            by_origin.entry(&total.origin).or_default().merge(&latency);
        }
    }
    for (name, help, is_of_origin) in [
        ("holdfast_answer_seconds", "How long visitors waited for the head of an answer.", false),
        (
            "holdfast_attempt_seconds",
            "How long attempts at an origin took that were answered, to the head.",
            true,
        ),
    ] {
        *out += &format!("# HELP {name} {help}\n# TYPE {name} histogram\n");
        for (origin, latency) in by_origin.iter().filter(|(origin, _)| origin.is_empty() != is_of_origin) {
            let label = if is_of_origin { format!("origin=\"{}\",", escaped(origin)) } else { String::new() };
            let mut sum = 0_u64;
            for (n, bound) in latency.buckets.iter().zip(BOUNDS) {
                sum = sum.saturating_add(*n);
                *out += &format!("{name}_bucket{{{label}le=\"{}\"}} {sum}\n", seconds(bound));
            }
            let (count, label) = (latency.count(), label.trim_end_matches(','));
            let separator = if label.is_empty() { "" } else { "," };
            *out += &format!("{name}_bucket{{{label}{separator}le=\"+Inf\"}} {count}\n");
            let labels = if label.is_empty() { String::new() } else { format!("{{{label}}}") };
            *out +=
                &format!("{name}_sum{labels} {}\n{name}_count{labels} {count}\n", seconds(latency.sum_ms));
        }
    }
}

/// Milliseconds in seconds, without zeros at the end.
fn seconds(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1000, ms % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The counters. A total that belongs to no family is left out.
fn counters(summary: &Summary) -> [Family; 5] {
    let family = |name, help, labels| Family::new(name, "counter", help, labels);
    let mut answers = family(
        "holdfast_answers_total",
        "Answers to visitors; status is that of an error from 500 on, otherwise 0.",
        &["outcome", "status"],
    );
    let mut attempts = family(
        "holdfast_attempts_total",
        "Attempts at an origin by how they ended: ok, a failure, or own_ and the origin's own error status.",
        &["origin", "end"],
    );
    let mut touched = family(
        "holdfast_touched_total",
        "Requests that a failure touched, whether visitors noticed or not, by what they got.",
        &["origin", "end", "outcome"],
    );
    let mut probes = family("holdfast_probes_total", "Probes by how they ended.", &["origin", "end"]);
    let mut incidents = family("holdfast_incidents_total", "Incidents that began.", &["origin", "class"]);
    for total in &summary.totals {
        let mut words = total.what.split(' ');
        let (kind, words) = (words.next(), words.collect::<Vec<_>>());
        let of_origin = [&[total.origin.as_str()], words.as_slice()].concat();
        match kind {
            Some("answer") => answers.count(&words, total.n),
            Some("try") => attempts.count(&of_origin, total.n),
            Some("touched") => touched.count(&of_origin, total.n),
            Some("probe") => probes.count(&of_origin, total.n),
            Some("incident") => incidents.count(&of_origin, total.n),
            Some(_) | None => {}
        }
    }
    [answers, attempts, touched, probes, incidents]
}

/// The gauges.
fn gauges(summary: &Summary) -> [Family; 4] {
    let family = |name, help, labels| Family::new(name, "gauge", help, labels);
    let mut up = family(
        "holdfast_origin_up",
        "1 unless the origin is down, or answers with errors only.",
        &["origin"],
    );
    let mut open = family(
        "holdfast_incident_open",
        "Open incidents by the class of failure: bad_gateway is 502, gateway_timeout 504, unavailable 503.",
        &["origin", "class"],
    );
    let mut ok = family("holdfast_origin_last_ok_timestamp_seconds", "The last good answer.", &["origin"]);
    let mut probe = family("holdfast_origin_last_probe_timestamp_seconds", "The last probe.", &["origin"]);
    for origin in &summary.origins {
        let name = origin.name.as_str();
        up.count(&[name], u64::from(!origin.is_down));
        // All classes, so that an alert rule need not tell a missing sample from zero.
        for class in Class::ALL {
            open.count(&[name, class.word()], 0);
        }
        let times =
            [(&mut ok, origin.last_ok), (&mut probe, origin.last_probe.as_ref().map(|probe| probe.0))];
        for (family, at) in times {
            family.samples.extend(at.map(|at| (vec![name.to_owned()], Number::Seconds(at))));
        }
    }
    for incident in summary.incidents.iter().filter(|incident| incident.ended_at.is_none()) {
        open.count(&[&incident.origin, incident.class.word()], 1);
    }
    [up, open, ok, probe]
}

/// A label's value, escaped for quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
