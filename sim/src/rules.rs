//! The rules of caching, written a second time. May this answer be stored, be served fresh, or be served stale? Derived from
//! what the origins really said, not from the code under test.

use crate::ledger::Asked;
use crate::page::{Page, Rules};
use crate::plan::{Ask, Plan};
use crate::record::{Record, text_of, visitor_of};
use crate::settings::HOST;
use crate::world::World;

/// The unknown fields that visitors send.
pub const UNFAMILIAR: [&str; 2] = ["x-flag", "idempotency-key"];

/// Whether an answer may be shown to others than who asked for it (RFC 9111 §3, §3.5, and what the contract adds).
pub fn storable(plan: &Plan, record: &Record) -> Result<(), &'static str> {
    let Record { rules, seen, vary, .. } = record;
    let is_shared = is_shared(rules);
    // `no-cache` permits storing: nobody gets the copy without validation (RFC 9111 §5.2.2.4).
    let says_so = rules.public || rules.no_cache || stated(rules).is_some_and(|span| span > 0);
    let trusts_vary = match plan.settings.trust_vary {
        "always" => true,
        "never" => false,
        _ => says_so,
    };
    let knows = |name: &'static str| seen.contains_key(name) && !vary.contains(&name);
    if rules.no_store {
        Err("no-store")
    } else if rules.private {
        Err("private")
    } else if rules.set_cookie && (!is_shared || visitor_of(seen).is_some()) {
        Err("Set-Cookie")
    } else if rules.vary_star {
        Err("Vary: *")
    } else if text_of(seen, "cache-control").is_some_and(|asked| asked.contains("no-store")) {
        Err("no-store in the request")
    } else if seen.contains_key("authorization") && !is_shared && !rules.must_revalidate {
        Err("Authorization")
    } else if seen.contains_key("cookie") && !is_shared && !states(rules.max_age) {
        Err("a cookie that could identify somebody")
    } else if UNFAMILIAR.iter().any(|name| knows(name)) && !trusts_vary {
        Err("a field of the client's choice")
    } else if knows("origin") && record.allows.is_none() && is_foreign(text_of(seen, "origin").as_deref()) {
        Err("a script of another site that may not read it")
    } else {
        Ok(())
    }
}

/// Whether an answer of this status may be stored. A state that may pass needs a lifetime, or a stored page that it ends,
/// and then a plain request.
pub fn fits_status(record: &Record, status: u16, has_copy: bool) -> bool {
    let is_stated = stated(&record.rules).is_some_and(|span| span > 0);
    match status {
        200 | 301 => true,
        302 | 303 | 307 | 308 | 404 | 410 => is_stated || has_copy && is_plain(record),
        _ => false,
    }
}

/// Whether nothing in the request that the origin got makes its answer specific to a visitor.
pub fn is_plain(record: &Record) -> bool {
    let seen = &record.seen;
    let accepted = text_of(seen, "accept");
    visitor_of(seen).is_none()
        && !UNFAMILIAR.iter().any(|name| seen.contains_key(*name))
        && !is_foreign(text_of(seen, "origin").as_deref())
        && accepted.is_none_or(|accepted| accepted.contains("text/html"))
}

/// Whether `Origin` names another site.
pub fn is_foreign(origin: Option<&str>) -> bool {
    origin.is_some_and(|origin| origin.strip_prefix("https://") != Some(HOST))
}

fn is_shared(rules: &Rules) -> bool {
    rules.public || states(rules.s_maxage)
}

fn states(span: Option<u64>) -> bool {
    span.is_some_and(|span| span > 0)
}

/// Whether the origin would have selected the same for this request (RFC 9111 §4.1).
pub fn is_selected(plan: &Plan, ask: &Ask, record: &Record) -> bool {
    let visitor = plan.visitors.get(ask.visitor).filter(|_| !ask.is_probe);
    // Without a body, the coding says nothing: a 304 or the answer to HEAD may be about another coding.
    let has_body = record.status == 200 && record.method == "GET";
    let mut names =
        record.vary.iter().filter(|name| has_body || !record.coded || **name != "accept-encoding");
    names.all(|name| {
        let sent = visitor.and_then(|visitor| match *name {
            "accept-language" => visitor.language.map(compact),
            "accept-encoding" => visitor.coding.map(compact),
            "x-flag" => visitor.flag.map(str::to_owned),
            "cookie" => visitor.cookie.then(|| format!("sid={}", visitor.name)),
            "origin" => visitor.origin.map(str::to_owned),
            _ => visitor.authorization.then(|| format!("Bearer {}", visitor.name)),
        });
        let seen = text_of(&record.seen, name);
        // The site's own scripts may read what is for everybody.
        let (sent, seen) = if *name == "origin" {
            (sent.filter(|sent| is_foreign(Some(sent))), seen.filter(|seen| is_foreign(Some(seen))))
        } else {
            (sent, seen)
        };
        let seen = if name.starts_with("accept") { seen.as_deref().map(compact) } else { seen };
        sent == seen
    })
}

/// A list with weights, normalised for comparison.
pub fn compact(value: &str) -> String {
    value.to_ascii_lowercase().replace(' ', "")
}

/// The least age of an answer at a wall-clock time, in milliseconds (RFC 9111 §4.2.3).
fn age(record: &Record, at: u64) -> u64 {
    let delay = record.received_at.saturating_sub(record.requested_at);
    record.rules.age.unwrap_or_default() * 1000 + delay + at.saturating_sub(record.received_at)
}

/// The lifetime that it states, in milliseconds (RFC 9111 §4.2.1, RFC 9213 §2.2).
pub fn stated(rules: &Rules) -> Option<u64> {
    let expires = rules.expires.filter(|_| !rules.targeted);
    rules.s_maxage.or(rules.max_age).or(expires).map(|span| span * 1000)
}

fn lifetime(plan: &Plan, record: &Record) -> u64 {
    // An answer that a page is gone does not say for how long.
    let default = if matches!(record.status, 200 | 301 | 304) { plan.settings.default_ttl } else { 0 };
    stated(&record.rules).unwrap_or(default)
}

/// Whether it was certainly stale at a wall-clock time.
pub fn is_stale(plan: &Plan, record: &Record, at: u64) -> bool {
    at > record.received_at && age(record, at) >= lifetime(plan, record)
}

/// The directive that forbids stale use (RFC 9111 §4.2.4), whatever window is next to it.
fn word(rules: &Rules) -> Option<&'static str> {
    if rules.no_cache {
        Some("no-cache")
    } else if rules.must_revalidate {
        Some("must-revalidate")
    } else if rules.proxy_revalidate {
        Some("proxy-revalidate")
    } else if rules.s_maxage.is_some() {
        Some("s-maxage")
    } else {
        None
    }
}

/// How long past its freshness it may be served when the origin fails, in milliseconds (RFC 5861): the longer of its own
/// windows, where `stale-while-revalidate` does not count next to `no-cache`; else as configured, unless a directive forbids.
pub fn window_on_error(plan: &Plan, rules: &Rules) -> Result<u64, &'static str> {
    if rules.sie == Some(0) {
        return Err("stale-if-error=0");
    }
    let behind = rules.swr.filter(|_| !rules.no_cache).unwrap_or_default() * 1000;
    match (word(rules), rules.sie) {
        (_, Some(span)) => Ok(behind.max(span * 1000)),
        (Some(word), None) if behind == 0 => Err(word),
        (Some(_), None) => Ok(behind),
        (None, None) => Ok(behind.max(plan.settings.stale_if_error)),
    }
}

/// The seconds of a request directive, in milliseconds; the longest span if it has none.
fn asks_for(ask: &Ask, word: &str) -> Option<u64> {
    let said = ask.directives?.strip_prefix(word)?;
    match said.strip_prefix('=') {
        Some(seconds) => seconds.parse::<u64>().ok().map(|seconds| seconds * 1000),
        None => said.is_empty().then_some(u64::MAX),
    }
}

/// Whether a stored answer may be served while nothing has failed (RFC 9111 §4, §5.2.1, RFC 5861 §3).
pub fn may_answer(world: &World, ask: &Ask, asked: &Asked, record: &Record, at: u64) -> Result<(), String> {
    let plan = &world.plan;
    if record.rules.no_cache {
        return Err("no-cache".to_owned());
    }
    if asks_for(ask, "no-cache").is_some() {
        return Err("no-cache in the request".to_owned());
    }
    // It was fetched or validated after the request came, so it is as good for this request as for any other.
    let is_own = record.requested_at >= asked.wall_at && stated(&record.rules).is_some();
    let at = at.max(record.received_at);
    let (age, lifetime) = (age(record, at), lifetime(plan, record));
    if is_own && asks_for(ask, "min-fresh").is_none() {
        return Ok(());
    }
    if age < lifetime {
        let is_too_old = asks_for(ask, "max-age").is_some_and(|most| age > most);
        let is_too_short = asks_for(ask, "min-fresh").is_some_and(|least| lifetime - age < least);
        return if is_too_old || is_too_short {
            Err("the request wants it fresher".to_owned())
        } else {
            Ok(())
        };
    }
    let staleness = age - lifetime;
    let word = word(&record.rules);
    let by_default = if word.is_none() { plan.settings.stale_while_revalidate } else { 0 };
    let window = record.rules.swr.map_or(by_default, |span| span * 1000);
    let wants_fresh = asks_for(ask, "max-age").or(asks_for(ask, "min-fresh")).is_some();
    let is_revalidated_behind = window > 0 && staleness <= window && !wants_fresh;
    let is_accepted = word.is_none() && asks_for(ask, "max-stale").is_some_and(|most| staleness <= most);
    if is_revalidated_behind || is_accepted {
        return Ok(());
    }
    Err(format!("{staleness} ms stale, {word:?}"))
}

/// Whether a stored or last good copy may be served when the origin failed (RFC 9111 §4.2.4, RFC 5861 §4).
pub fn may_stand_in(world: &World, ask: &Ask, record: &Record, at: u64) -> Result<(), String> {
    let plan = &world.plan;
    by_its_window(plan, ask, record, at).or_else(|why| {
        let page: &Page = &plan.pages[record.page];
        let is_kept =
            page.kept && plan.keeps && at.saturating_sub(record.received_at) <= plan.settings.keep_max_age;
        let is_within = window_on_error(plan, &record.rules).is_ok_and(|window| {
            let staleness = age(record, at.max(record.received_at))
                .saturating_sub(stated(&record.rules).unwrap_or_default());
            word(&record.rules).is_none() || staleness <= window
        });
        let is_refused = asks_for(ask, "stale-if-error") == Some(0);
        if is_kept && is_within && !is_refused { Ok(()) } else { Err(why) }
    })
}

pub fn by_its_window(plan: &Plan, ask: &Ask, record: &Record, at: u64) -> Result<(), String> {
    let at = at.max(record.received_at);
    let (age, lifetime, rules) = (age(record, at), lifetime(plan, record), &record.rules);
    let window = window_on_error(plan, rules);
    if age < lifetime {
        return if rules.no_cache { window.map(|_| ()).map_err(str::to_owned) } else { Ok(()) };
    }
    let staleness = age - lifetime;
    let window = window.map_err(|word| format!("{staleness} ms stale, {word}"))?;
    let window = asks_for(ask, "stale-if-error").map_or(window, |asked| window.min(asked));
    if window > 0 && staleness <= window {
        Ok(())
    } else {
        Err(format!("{staleness} ms stale, window {window} ms"))
    }
}
