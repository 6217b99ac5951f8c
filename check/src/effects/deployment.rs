//! Where the worker is reached, and what answers before it.

use holdfast::config::Config;

use super::found::Effects;
use crate::compatibility::COMPATIBILITY_DATE;

pub(super) fn judge(effects: &mut Effects<'_, '_>, config: &Config) {
    for route in effects.scope.routes() {
        let (host, path) = route.pattern.split_once('/').unwrap_or((route.pattern, ""));
        if !route.is_custom_domain && path.is_empty() && !route.pattern.ends_with('*') {
            let text = format!(
                "\"{}\" is a route for one URL alone, without the pages below; write \"{host}/*\"",
                route.pattern
            );
            effects.warn(route.at, "", text);
        }
        let host = host.rsplit_once("://").map_or(host, |(_, host)| host);
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
    if let Some(command) = effects.scope.inherited("main")
        && command.text().is_some_and(|main| main.contains("node_modules/holdfast"))
        && let Some(build) = effects.scope.inherited("build")
    {
        let text = "what is in the npm package is built already; take [build] out unless other code needs it";
        effects.warn(build.at, "build", text.to_owned());
    }
}
