//! Where the worker is reached, and what answers before it.

use std::net::{Ipv4Addr, Ipv6Addr};

use holdfast::config::Config;

use super::found::Effects;
use crate::compatibility::COMPATIBILITY_DATE;
use crate::document::Node;

pub(super) fn judge(effects: &mut Effects<'_, '_>, config: &Config) {
    name(effects);
    origins(effects, config);
    for route in effects.scope.routes() {
        let (scheme, pattern) = route.pattern.split_once("://").unwrap_or(("", route.pattern));
        let (host, path) = pattern.split_once('/').unwrap_or((pattern, ""));
        if route.is_custom_domain {
            if route.pattern.contains(['/', '*']) {
                let text = format!(
                    "\"{}\" is not accepted as a custom domain, which is a host alone; write \"{}\"",
                    route.pattern,
                    host.trim_start_matches("*.")
                );
                effects.warn(route.at, "", text);
            }
        } else if path.is_empty() && !pattern.ends_with('*') {
            let text = format!(
                "\"{}\" is a route for one URL alone, without the pages below; write \"{host}/*\"",
                route.pattern
            );
            effects.warn(route.at, "", text);
        } else if scheme.eq_ignore_ascii_case("http") {
            let text = format!(
                "\"{}\" leaves out the requests that come by https; write \"{pattern}\", which is for both",
                route.pattern
            );
            effects.warn(route.at, "", text);
        }
        let own = config.origins.iter().find(|origin| origin.url.host().eq_ignore_ascii_case(host));
        if let Some(origin) = own.filter(|_| !route.is_custom_domain) {
            let text = format!(
                "\"{}\" is a route of this worker, and its origin is {} too: requests for it go to the zone's own origin. Leave origins out (route mode), so that they pass the worker by if it fails, or name the server's own host",
                route.pattern,
                origin.url.as_str()
            );
            effects.warn(route.at, "", text);
        }
    }
    if let Some(workers_dev) = effects.scope.inherited("workers_dev")
        && workers_dev.switch() == Some(false)
        && effects.scope.routes().is_empty()
    {
        let text = "workers_dev = false, and there is neither a route nor a custom domain: nothing reaches this worker";
        effects.warn(workers_dev.at, "", text.to_owned());
    }
    if let Some(assets) = effects.scope.inherited("assets")
        && assets.get("directory").is_some()
        && assets.get("run_worker_first").is_none_or(|first| first.switch() == Some(false))
    {
        let text = "files of this directory are answered before this worker is asked, without its cache and headers; set run_worker_first = true if that is not meant";
        effects.warn(assets.at, "assets", text.to_owned());
    }
    if let Some(date) = effects.scope.inherited("compatibility_date")
        && let Some(text) = date.text().filter(|text| *text < COMPATIBILITY_DATE)
    {
        let text = format!(
            "compatibility_date = \"{text}\" is older than what this worker is tested with; write \"{COMPATIBILITY_DATE}\""
        );
        effects.warn(date.at, "", text);
    }
    if let Some(main) = effects.scope.inherited("main")
        && effects.scope.inherited("compatibility_date").is_none()
    {
        let text = format!(
            "there is no compatibility_date, which wrangler asks for; write \"{COMPATIBILITY_DATE}\", with which this worker is tested"
        );
        effects.warn(main.at, "", text);
    }
    if let Some(main) = effects.scope.inherited("main")
        && let Some(text) = main.text()
        && ["node_modules/holdfast", "node_modules/holdfast/index.js"]
            .into_iter()
            .any(|end| text.trim_end_matches('/').ends_with(end))
    {
        let text = format!(
            "main = \"{text}\" is what other code imports, to put this worker before it; write \"node_modules/holdfast/worker/index.js\" for the worker itself"
        );
        effects.warn(main.at, "", text);
    }
    if let Some(command) = effects.scope.inherited("main")
        && command.text().is_some_and(|main| main.contains("node_modules/holdfast"))
        && let Some(build) = effects.scope.inherited("build")
    {
        let text = "what is in the npm package is built already; take [build] out unless other code needs it";
        effects.warn(build.at, "build", text.to_owned());
    }
}

/// A name that wrangler refuses.
fn name(effects: &mut Effects<'_, '_>) {
    let Some(name) = effects.scope.table.get("name") else { return };
    let Some(text) = name.text() else { return };
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if text.chars().all(is_inner) && !text.starts_with('-') {
        return;
    }
    let lower = text.to_ascii_lowercase();
    let words: Vec<_> = lower.split(|c: char| !is_inner(c)).filter(|word| !word.is_empty()).collect();
    let mut said = format!(
        "name = \"{text}\" is refused by wrangler: lower-case letters, digits, \"-\" and \"_\" are accepted"
    );
    let meant = words.join("-");
    let meant = meant.trim_start_matches('-');
    if !meant.is_empty() {
        said += &format!("; write e.g. \"{meant}\"");
    }
    effects.warn(name.at, "", said);
}

/// Origins that are reached from this machine or its network alone, where the file says that Cloudflare runs the worker.
/// Without, it may be for a machine of the operator's own.
fn origins(effects: &mut Effects<'_, '_>, config: &Config) {
    let is_on_workers_dev = effects.scope.inherited("workers_dev").and_then(Node::switch) == Some(true);
    if !is_on_workers_dev && effects.scope.routes().is_empty() {
        return;
    }
    for (index, origin) in config.origins.iter().enumerate() {
        let host = origin.url.host();
        if is_private(host) {
            let text = format!(
                "is {host}, which Cloudflare cannot reach; write a public host, or use a tunnel (cloudflared)"
            );
            effects.warn_setting(&format!("origins[{index}]"), &text);
        }
    }
}

/// Whether no public network leads to `host`.
fn is_private(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok_and(|address| {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        });
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.is_loopback()
            || address.is_private()
            || address.is_link_local()
            || address.is_unspecified();
    }
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn addresses_that_no_public_network_leads_to_are_known() {
        for host in [
            "localhost",
            "shop.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.0.1",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[fc00::1]",
            "[fdff::1]",
            "[fe80::1]",
        ] {
            assert!(is_private(host), "{host}");
        }
        for host in [
            "shop.test",
            "localhost.shop.test",
            "10.shop.test",
            "128.0.0.1",
            "11.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "[2001:db8::1]",
            "[fe00::1]",
        ] {
            assert!(!is_private(host), "{host}");
        }
    }
}
