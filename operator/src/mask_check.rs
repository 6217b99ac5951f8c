//! Do a deployed site's error pages arrive as they left the Worker?
//!
//! Whether they do depends on what stands between the Worker and its visitors: plan, rules and settings of
//! Cloudflare, another CDN. So the site is asked for a 502 and a 504, forced by a fire drill, as a browser and
//! as a program would ask, and what comes is compared with what the Worker sends.

mod findings;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use holdfast::origin::drill::DRILL;
use holdfast::request::Target;
use holdfast::time::Timestamp;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, SERVER, VIA};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::drill;
pub use findings::{Asker, Check, Finding, Findings, Masker, NotFollowed};

/// How long one answer may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// More bytes than any page of ours has, and enough of another to tell whose it is.
pub const MOST_BYTES: u32 = 1024 * 1024;

/// The failures that are forced: a row for each status that comes at once, without another attempt.
const FORCED: [(&str, StatusCode); 2] =
    [("edge_tls_handshake", StatusCode::BAD_GATEWAY), ("edge_connect_timeout", StatusCode::GATEWAY_TIMEOUT)];

/// A GET request. Redirects are not followed.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its URL, `http` or `https`.
    pub url: String,
    /// Its header fields, apart from those that each request has.
    pub fields: Vec<(&'static str, String)>,
}

/// An answer, whoever gave it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body. Bytes that are no text are replaced.
    pub body: String,
}

impl Answer {
    fn field(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Asks the site at `url`, an `http` or `https` URL, for each forced failure. The token itself is not sent, only
/// what it signs.
///
/// `ask` has [`LIMIT`] for an answer, and fails if its body is longer than [`MOST_BYTES`].
pub async fn mask_check(
    url: &str,
    token: &str,
    now: Timestamp,
    ask: impl AsyncFn(Question) -> Result<Answer>,
) -> Result<Findings> {
    let target = Target::parse(url).with_context(|| format!("{url} is no http or https URL"))?;
    ensure!(!target.authority().contains('@'), "{url}: a user and password are not accepted here");
    let site = Site { target, ask };
    let mut checks = Vec::new();
    for (word, status) in FORCED {
        let order = drill::order(token, word, site.target.as_str(), Duration::from_secs(300), now)?;
        for asker in Asker::ALL {
            let answer = site.answer(site.target.as_str(), asker, Some(&order)).await?;
            let finding = match finding(word, status, asker, &answer) {
                Some(finding) => finding,
                None => site.why_not_followed(asker, &answer).await?,
            };
            checks.push(Check { status, asker, finding });
        }
    }
    Ok(Findings(checks))
}

struct Site<A> {
    target: Target,
    ask: A,
}

impl<A: AsyncFn(Question) -> Result<Answer>> Site<A> {
    async fn answer(&self, url: &str, asker: Asker, order: Option<&str>) -> Result<Answer> {
        let mut fields = vec![
            ("Accept", asker.accept().to_owned()),
            // A copy would stand in for the failure; the Worker looks for none where the request says so.
            ("Cache-Control", "no-store".to_owned()),
            ("User-Agent", "holdfast-mask-check".to_owned()),
        ];
        fields.extend(order.map(|order| ("Holdfast-Drill", order.to_owned())));
        let question = Question { url: url.to_owned(), fields };
        (self.ask)(question).await.with_context(|| format!("{url} gives no answer"))
    }

    /// Tells a drill that was not followed from a page that was replaced without a trace.
    async fn why_not_followed(&self, asker: Asker, answer: &Answer) -> Result<Finding> {
        let calm = self.answer(self.target.as_str(), asker, None).await?;
        if calm.status != answer.status && answer.status.as_u16() >= 400 {
            return Ok(Finding::Replaced(answer.status, masker(answer)));
        }
        // It says of itself whether it is there, without being shown the token.
        let endpoint =
            format!("{}://{}/.well-known/holdfast/purge", self.target.scheme(), self.target.authority());
        let probe = self.answer(&endpoint, Asker::Program, None).await?;
        let is_holdfast = probe.body.contains("urn:holdfast:problem:");
        Ok(Finding::NotFollowed(match probe.status {
            StatusCode::UNAUTHORIZED if is_holdfast => NotFollowed::Token,
            StatusCode::NOT_FOUND if is_holdfast => NotFollowed::NoToken,
            _ if calm.status.is_server_error() => NotFollowed::Failing(calm.status),
            _ => NotFollowed::NoWorker,
        }))
    }
}

/// What became of a forced failure; `None` if it does not look like one.
fn finding(word: &str, status: StatusCode, asker: Asker, answer: &Answer) -> Option<Finding> {
    let is_marked = answer.field(DRILL) == word;
    if is_ours(asker, status, answer) {
        if answer.status != status {
            return Some(Finding::StatusChanged(answer.status));
        }
        let changed = changed_fields(word, answer);
        return Some(if changed.is_empty() { Finding::Ours } else { Finding::FieldsChanged(changed) });
    }
    let masker = match (is_marked, masker(answer)) {
        (true, Masker::Cloudflare | Masker::Rule) => Masker::Rule,
        (_, masker) => masker,
    };
    let is_replaced = is_marked || answer.status == status || is_made_by_cloudflare(answer);
    is_replaced.then_some(Finding::Replaced(answer.status, masker))
}

/// Whether the body is the one that the Worker sends for a forced `status`.
fn is_ours(asker: Asker, status: StatusCode, answer: &Answer) -> bool {
    match asker {
        Asker::Program => {
            let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let is_problem = |kind: &str| kind.starts_with("urn:holdfast:problem:");
            problem.get("type").and_then(Value::as_str).is_some_and(is_problem)
                && problem.get("status").and_then(Value::as_u64) == Some(status.as_u16().into())
        }
        Asker::Browser => {
            let named = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
            has_both_hashes(answer) && answer.body.contains(&named)
        }
    }
}

/// Whether the page's style and script are those that its policy allows: then nothing in them was changed on the
/// way.
fn has_both_hashes(answer: &Answer) -> bool {
    ["style", "script"].into_iter().all(|kind| {
        let inside = answer.body.split_once(&format!("<{kind}>")).map(|(_, rest)| rest);
        let inside = inside.and_then(|rest| rest.split_once(&format!("</{kind}>"))).map(|(inside, _)| inside);
        let Some(inside) = inside else { return false };
        let hash = STANDARD.encode(Sha256::digest(inside));
        let policy = answer.field(CONTENT_SECURITY_POLICY);
        // A page whose policy was taken off is ours all the same, which its fields are judged by.
        policy.is_empty() && answer.body.contains("id=\"return\"")
            || policy.contains(&format!("{kind}-src 'sha256-{hash}'"))
    })
}

/// Which fields of our answer did not arrive as they left.
fn changed_fields(word: &str, answer: &Answer) -> Vec<&'static str> {
    let kind = answer.field(CONTENT_TYPE);
    let is_html = kind.starts_with("text/html");
    let arrived = [
        ("Holdfast-Drill", answer.field(DRILL) == word),
        ("Content-Type", is_html || kind.starts_with("application/problem+json")),
        ("Cache-Control", answer.field(CACHE_CONTROL).contains("no-store")),
        ("Retry-After", !answer.field("retry-after").is_empty()),
        ("Proxy-Status", !answer.field("proxy-status").is_empty()),
        ("X-Robots-Tag", answer.field("x-robots-tag").contains("noindex")),
        ("Content-Security-Policy", !is_html || !answer.field(CONTENT_SECURITY_POLICY).is_empty()),
    ];
    arrived.into_iter().filter(|(_, arrived)| !arrived).map(|(name, _)| name).collect()
}

/// Whether Cloudflare made the error itself: its own fields, its page, or its plain line.
fn is_made_by_cloudflare(answer: &Answer) -> bool {
    let has_field = answer.headers.keys().any(|name| name.as_str().starts_with("cf-error-"));
    let marks = ["cf-error-details", "cf-error-code", "id=\"cf-wrapper\"", "\"cloudflare_error\":"];
    has_field
        || marks.iter().any(|mark| answer.body.contains(mark))
        || answer.body.trim_start().starts_with("error code: ")
}

fn masker(answer: &Answer) -> Masker {
    // What others say of themselves; the Worker's own answers have none of it.
    const OTHERS: [&str; 8] = [
        "x-amz-cf-id",
        "x-served-by",
        "x-akamai-request-id",
        "x-azure-ref",
        "x-cdn",
        "x-iinfo",
        "x-sucuri-id",
        "x-varnish",
    ];
    let server = answer.field(SERVER);
    if is_made_by_cloudflare(answer) {
        return Masker::Cloudflare;
    }
    let named = OTHERS.into_iter().filter(|name| answer.headers.contains_key(*name));
    let mut traces: Vec<String> = named.map(str::to_owned).collect();
    if !server.is_empty() && !server.eq_ignore_ascii_case("cloudflare") {
        traces.push(format!("Server: {server}"));
    }
    let via = answer.field(VIA);
    if !via.is_empty() {
        traces.push(format!("Via: {via}"));
    }
    if traces.is_empty() && server.eq_ignore_ascii_case("cloudflare") {
        return Masker::Cloudflare;
    }
    Masker::Other(traces.join(", "))
}
