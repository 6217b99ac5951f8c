//! The Worker's log as people read it along: one line for each request.

use serde_json::Value;

/// `line` in columns: time, request, status, outcome, why, and how long it took. What is no report stays as it is.
pub fn readable(line: &str) -> String {
    let report: Value = serde_json::from_str(line).unwrap_or_default();
    let text = |key: &str| report.get(key).and_then(Value::as_str);
    let number = |key: &str| report.get(key).and_then(Value::as_u64);
    let Some(outcome) = text("outcome") else { return line.to_owned() };
    let time = text("at").and_then(|at| at.get(11..19)).unwrap_or_default();
    let request = [text("method"), text("path")].map(Option::unwrap_or_default).join(" ");
    let status = number("status").map_or("-".to_owned(), |status| status.to_string());
    let attempts = report.get("attempts").and_then(Value::as_array).map_or(0, Vec::len);
    let why = [
        text("error").map(str::to_owned),
        (attempts > 1).then(|| format!("{attempts} attempts")),
        text("opened_by").map(|_| "nothing sent: the breaker is open".to_owned()),
        number("stale_age_s").map(|age| format!("{age} s old")),
    ];
    let why: Vec<_> = why.into_iter().flatten().collect();
    let took = number("total_ms").unwrap_or_default();
    let columns =
        format!("  {time}  {request:<28} {status:>3}  {outcome:<22} {took:>5} ms  {}", why.join(", "));
    columns.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_readable_line() {
        let report = r#"{"v":2,"at":"2026-01-02T03:04:05.078Z","id":"1","method":"GET","host":"a","path":"/breads",
            "outcome":"stale","status":200,"error":"connection_terminated","attempts":[{},{},{}],"stale_age_s":9,"total_ms":320}"#;
        assert_eq!(
            readable(report),
            "  03:04:05  GET /breads                  200  stale                    320 ms  connection_terminated, 3 \
             attempts, 9 s old"
        );
        let hit = r#"{"at":"2026-01-02T03:04:05.078Z","method":"GET","path":"/","outcome":"hit","status":200,"total_ms":0}"#;
        assert_eq!(
            readable(hit),
            "  03:04:05  GET /                        200  hit                        0 ms"
        );
    }

    #[test]
    fn what_is_no_report_stays_as_it_is() {
        for line in ["not JSON", "{\"a\":1}", ""] {
            assert_eq!(readable(line), line);
        }
    }
}
