//! The Worker's log as people read it along: one line for each request.

use serde_json::Value;

/// `line` in columns: time, request, status, outcome, why, and how long it took. What is no report stays as it is.
pub fn readable(line: &str) -> String {
    let Some(report) =
        serde_json::from_str::<Value>(line).ok().filter(|report| report["outcome"].is_string())
    else {
        return line.to_owned();
    };
    let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
    let time = text("at").split_once('T').map(|(_, time)| time.chars().take(8).collect::<String>());
    let request = format!("{} {}", text("method"), text("path"));
    let status = report["status"].as_u64().map_or("-".to_owned(), |status| status.to_string());
    let attempts = report["attempts"].as_array().map_or(0, Vec::len);
    let mut why: Vec<String> = Vec::new();
    why.extend(report["error"].as_str().map(str::to_owned));
    why.extend((attempts > 1).then(|| format!("{attempts} attempts")));
    why.extend(report["opened_by"].as_str().map(|_| "nothing sent: the breaker is open".to_owned()));
    why.extend(report["stale_age_s"].as_u64().map(|age| format!("{age} s old")));
    let columns = format!(
        "  {}  {request:<28} {status:>3}  {:<22} {:>5} ms  {}",
        time.unwrap_or_default(),
        text("outcome"),
        report["total_ms"].as_u64().unwrap_or_default(),
        why.join(", ")
    );
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
