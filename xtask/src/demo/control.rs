//! The control page: buttons that make the origin fail, and the attempts that arrive there.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use faulty_origin::{Origin, Script, Seen, scripts};
use serde_json::{Value, json};

use super::failure_mode::{CurrentMode, MODES, attempt};

const PAGE: &str = include_str!("control/page.html");

/// The most attempts that are shown.
const SHOWN: usize = 40;

/// Serves the page at `addr`. `site` is the visitors' URL, `token` the operators' secret, `origin` the one that fails.
pub fn start(
    addr: SocketAddr,
    site: String,
    token: &'static str,
    origin: Arc<Origin>,
    current: Arc<CurrentMode>,
) -> io::Result<Origin> {
    Origin::start(addr, move |seen| match (seen.method.as_str(), seen.path()) {
        ("GET", "/") => html(&PAGE.replace("{{site}}", &site).replace("{{token}}", token)),
        ("GET", "/state") => json_answer(&state(&origin, &current)),
        ("POST", _) => change(seen, &origin, &current),
        _ => scripts::answer("404 Not Found", &[], ""),
    })
}

/// Changes to the mode that the path names.
///
/// A page of another site cannot do this: it could not set the header field.
fn change(seen: &Seen, origin: &Origin, current: &CurrentMode) -> Script {
    if seen.header("X-Demo").is_none() || !current.change(seen.path().trim_start_matches('/')) {
        return scripts::answer("400 Bad Request", &[], "");
    }
    if current.get().refuses() {
        origin.refuse();
    } else if let Err(error) = origin.listen() {
        return scripts::answer("500 Internal Server Error", &[], error.to_string());
    }
    json_answer(&state(origin, current))
}

fn state(origin: &Origin, current: &CurrentMode) -> Value {
    let seen = origin.seen();
    let attempts: Vec<_> = seen.iter().rev().take(SHOWN).map(attempt_shown).collect();
    let modes: Vec<_> = MODES
        .iter()
        .map(|mode| {
            json!({ "word": mode.word, "title": mode.title, "does": mode.does, "expect": mode.expect })
        })
        .collect();
    json!({ "mode": current.get().word, "modes": modes, "attempts": attempts, "total": seen.len() })
}

fn attempt_shown(seen: &Seen) -> Value {
    json!({
        "seconds_ago": seen.at.elapsed().as_secs(),
        "method": seen.method,
        "target": seen.target,
        "attempt": attempt(seen),
        "abandoned": seen.gone_at.is_some(),
    })
}

fn html(page: &str) -> Script {
    scripts::with_headers(
        &[("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")],
        page,
    )
}

fn json_answer(value: &Value) -> Script {
    let headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")];
    scripts::with_headers(&headers, value.to_string())
}
