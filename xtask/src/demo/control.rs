//! The page on which the origin is made to fail, and which shows the attempts that arrive there.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use faulty_origin::{Origin, Script, Seen, scripts};
use serde_json::{Value, json};

use super::mood::{MOODS, Moods, attempt};

const PAGE: &str = include_str!("control/page.html");

/// How many attempts are shown.
const SHOWN: usize = 40;

/// Listens at `addr`; `site` is where visitors go, `origin` what is made to fail.
pub fn start(addr: SocketAddr, site: String, origin: Arc<Origin>, moods: Arc<Moods>) -> io::Result<Origin> {
    Origin::start(addr, move |seen| match (seen.method.as_str(), seen.path()) {
        ("GET", "/") => html(&PAGE.replace("{{site}}", &site)),
        ("GET", "/state") => json_answer(&state(&origin, &moods)),
        ("POST", _) => change(seen, &origin, &moods),
        _ => scripts::answer("404 Not Found", &[], ""),
    })
}

/// Changes to the mood that the path names. A page of another site cannot: it could not set the header.
fn change(seen: &Seen, origin: &Origin, moods: &Moods) -> Script {
    if seen.header("X-Demo").is_none() || !moods.change(seen.path().trim_start_matches('/')) {
        return scripts::answer("400 Bad Request", &[], "");
    }
    if moods.current().refuses() {
        origin.refuse();
    } else if let Err(error) = origin.listen() {
        return scripts::answer("500 Internal Server Error", &[], error.to_string());
    }
    json_answer(&state(origin, moods))
}

fn state(origin: &Origin, moods: &Moods) -> Value {
    let seen = origin.seen();
    let attempts: Vec<_> = seen.iter().rev().take(SHOWN).map(attempt_shown).collect();
    let moods_shown: Vec<_> = MOODS
        .iter()
        .map(|mood| {
            json!({ "word": mood.word, "title": mood.title, "does": mood.does, "expect": mood.expect })
        })
        .collect();
    json!({ "mood": moods.current().word, "moods": moods_shown, "attempts": attempts, "total": seen.len() })
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
