//! What monitoring/ has for tools that people have already: it names what there is.

use std::collections::BTreeSet;

use serde_json::Value;

/// A scrape as the endpoint answers it: see `operators.rs`.
const SCRAPE: &str = include_str!("operators/metrics.txt");

const DASHBOARD: &str = include_str!("../../monitoring/grafana.json");
const RULES: &str = include_str!("../../monitoring/prometheus-rules.yml");

/// The queries of the dashboard and of the alerting rules.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let shown = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let rules = RULES.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    shown.map(|target| target["expr"].as_str().unwrap().to_owned()).chain(rules.map(str::to_owned)).collect()
}

/// The words of `text` that may name something.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn names(text: &str) -> BTreeSet<&str> {
    words(text).filter(|word| word.starts_with("holdfast_")).collect()
}

/// The labels of the metric `name` in the scrape.
fn labels(name: &str) -> BTreeSet<&'static str> {
    let samples =
        SCRAPE.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.split_once('}'));
    samples
        .flat_map(|(labels, _)| labels.split(',').filter_map(|pair| Some(pair.split_once('=')?.0)))
        .collect()
}

/// The labels that a query selects or groups by.
fn used_labels(query: &str) -> BTreeSet<&str> {
    let within = |open: &'static str, close: &'static str| {
        query.split(open).skip(1).filter_map(move |rest: &str| Some(rest.split_once(close)?.0))
    };
    let selected = within("{", "}")
        .flat_map(|inside| inside.split(','))
        .map(|pair| pair.split(['=', '!', '~']).next().unwrap_or_default().trim());
    let grouped = within("by (", ")").flat_map(|inside| inside.split(", "));
    selected.chain(grouped).collect()
}

#[test]
fn the_dashboard_and_the_rules_name_metrics_and_labels_that_there_are() {
    let (queries, exist) = (queries(), names(SCRAPE));
    assert!(queries.len() >= 10, "{queries:?}");
    for query in &queries {
        let named = names(query);
        assert!(!named.is_empty() && named.is_subset(&exist), "{query}");
        let known: BTreeSet<_> = named.iter().flat_map(|name| labels(name)).collect();
        assert!(used_labels(query).is_subset(&known), "{query}: {known:?}");
        for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
            assert_eq!(query.matches(open).count(), query.matches(close).count(), "{query}");
        }
    }
}

#[test]
fn every_metric_is_on_the_dashboard_or_in_a_rule_or_counts_what_one_shows() {
    // Incidents that began are counted by those that are open; probes have their times beside their ends.
    let elsewhere = ["holdfast_incidents_total", "holdfast_origin_last_probe_timestamp_seconds"];
    // A histogram is shown by its buckets.
    let of_histogram = |name: &str| {
        let family = name.strip_suffix("_bucket").unwrap_or(name);
        family.strip_suffix("_sum").or(family.strip_suffix("_count")).unwrap_or(family).to_owned()
    };
    let queries = queries().join("\n");
    let shown: BTreeSet<_> = names(&queries).into_iter().chain(elsewhere).map(of_histogram).collect();
    assert_eq!(names(SCRAPE).into_iter().map(of_histogram).collect::<BTreeSet<_>>(), shown);
}

#[test]
fn a_query_for_what_there_is_not_would_be_found() {
    assert!(!names("rate(holdfast_answer_total[5m])").is_subset(&names(SCRAPE)));
    assert_eq!(used_labels("sum by (a, b) (x{c=\"1\",d!~\"2\"})"), BTreeSet::from(["a", "b", "c", "d"]));
    assert!(labels("holdfast_answers_total").contains("outcome"));
}

#[test]
fn outcomes_that_a_query_selects_are_those_of_the_log() {
    let log: Value = serde_json::from_str(include_str!("../../docs/log.schema.json")).unwrap();
    let known = log["properties"]["outcome"]["enum"].as_array().unwrap();
    for query in queries() {
        for selected in query.split("outcome=").skip(1) {
            let text = selected.trim_start_matches('~').split('"').nth(1).unwrap();
            for outcome in text.split('|') {
                assert!(known.iter().any(|word| word == outcome), "{query}: {outcome}");
            }
        }
    }
}
