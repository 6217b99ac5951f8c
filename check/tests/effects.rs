//! Configurations that are valid and wrong, and what is said of each. docs/configuration.md has the same table.

use check::check_text;

/// A file of wrangler's in TOML, and a part of the one warning for it.
const WRONG: [(&str, &str); 50] = [
    // Names.
    ("vars.HOLDFSAT.origins = [\"https://a.example\"]", "HOLDFSAT is not read; the settings are HOLDFAST"),
    ("vars.holdfast = {}", "holdfast is not read; the settings are HOLDFAST"),
    (
        "vars.origins = [\"https://a.example\"]",
        "origins is not read here; it belongs in vars.HOLDFAST.origins",
    ),
    ("vars.timeouts.total = \"5s\"", "timeouts is not read here; it belongs in vars.HOLDFAST.timeouts"),
    ("vars.HOLDFAST_TOKEN = \"0123456789abcdef\"", "run npx wrangler secret put HOLDFAST_TOKEN"),
    ("vars.HOLDFAST_TOKEN = \"open sesame\"", "at least 16 characters"),
    ("vars.HOLDFAST_TOKNE = \"0123456789abcdef\"", "HOLDFAST_TOKNE is not read; write HOLDFAST_TOKEN"),
    ("vars.HOLDFAST_KEEP = \"0123\"", "it has to be bound in kv_namespaces"),
    (
        "kv_namespaces = [{ binding = \"HOLDFAST_KEPT\", id = \"0123456789abcdef0123456789abcdef\" }]",
        "HOLDFAST_KEPT is not looked for; write HOLDFAST_KEEP",
    ),
    (
        "r2_buckets = [{ binding = \"HOLDFAST_KEEP\", bucket_name = \"copies\" }]",
        "HOLDFAST_KEEP is looked for in kv_namespaces",
    ),
    (
        "kv_namespaces = [{ binding = \"HOLDFAST_HEALTH\", id = \"0123456789abcdef0123456789abcdef\" }]",
        "HOLDFAST_HEALTH is looked for in durable_objects",
    ),
    (
        "durable_objects.bindings = [{ name = \"HOLDFAST_HEALHT\", class_name = \"OriginHealth\" }]",
        "HOLDFAST_HEALHT is not looked for; write HOLDFAST_HEALTH",
    ),
    (
        "durable_objects.bindings = [{ name = \"HOLDFAST_HEALTH\", class_name = \"Health\" }]",
        "\"Health\" is not the class that gathers the counts, which is OriginHealth",
    ),
    (
        "analytics_engine_datasets = [{ binding = \"HOLDFAST_ANALYTIC\" }]",
        "HOLDFAST_ANALYTIC is not looked for; write HOLDFAST_ANALYTICS",
    ),
    ("version_metadata.binding = \"HOLDFAST_VERSIONS\"", "write HOLDFAST_VERSION"),
    // Bindings that are not whole.
    ("kv_namespaces = [{ binding = \"HOLDFAST_KEEP\" }]", "HOLDFAST_KEEP has no id of a namespace"),
    (
        "kv_namespaces = [{ binding = \"HOLDFAST_KEEP\", id = \"…\" }]",
        "HOLDFAST_KEEP has no id of a namespace",
    ),
    (
        "durable_objects.bindings = [{ name = \"HOLDFAST_HEALTH\", class_name = \"OriginHealth\" }]",
        "HOLDFAST_HEALTH needs a migration",
    ),
    (
        "durable_objects.bindings = [{ name = \"HOLDFAST_HEALTH\", class_name = \"OriginHealth\" }]\nmigrations = [{ tag = \"v1\", new_classes = [\"OriginHealth\"] }]",
        "keeps its counts in SQLite, which new_classes does not give it",
    ),
    // What needs something else.
    (
        "vars.HOLDFAST.alert.webhook = \"https://hooks.example/a\"",
        "alert has no effect without the object HOLDFAST_HEALTH",
    ),
    ("vars.HOLDFAST.incident.minimum = 9", "incident has no effect without the object HOLDFAST_HEALTH"),
    (
        "vars.HOLDFAST.last_good.paths = [\"/\"]",
        "last_good has no effect without the namespace HOLDFAST_KEEP",
    ),
    (
        "vars.HOLDFAST.probe = { path = \"/healthz\", host = \"www.example.com\" }",
        "probe never runs without a cron trigger",
    ),
    ("triggers.crons = [\"* * * * *\"]", "crons does nothing without probe.path"),
    (
        "triggers.crons = [\"* * * * *\"]\nvars.HOLDFAST.probe.path = \"/healthz\"",
        "probe requests nothing without probe.host: in route mode",
    ),
    ("vars.HOLDFAST.probe.host = \"www.example.com\"", "probe.host has no effect without probe.path"),
    ("vars.HOLDFAST.log.sample = 0.1", "log.sample has no effect: nothing keeps the log"),
    (
        "vars.HOLDFAST.cache.heuristic_max = \"2d\"",
        "cache.heuristic_max has no effect without cache.heuristic",
    ),
    (
        "vars.HOLDFAST.cache = { ignore_query = [], ignore_query_always = true }",
        "cache.ignore_query_always has no effect without cache.ignore_query",
    ),
    (
        "vars.HOLDFAST.cache = { enabled = false, default_ttl = \"1m\", max_body = \"1MiB\" }",
        "cache.default_ttl and what stands beside it have no effect with cache.enabled = false",
    ),
    (
        "vars.HOLDFAST.breaker = { enabled = false, window = \"5s\" }",
        "breaker.window has no effect with breaker.enabled = false",
    ),
    (
        "vars.HOLDFAST.retry = { attempts = 1, backoff = \"1s\" }",
        "retry.backoff has no effect with retry.attempts = 1",
    ),
    (
        "vars.HOLDFAST.maintenance = { enabled = false, from = \"2026-11-21T01:00:00Z\" }",
        "maintenance.from has no effect with maintenance.enabled = false",
    ),
    // Where it goes, and where it is.
    (
        "vars.HOLDFAST.origins = [\"https://origin.example.com\"]",
        "origins[0] is origin.example.com, a name for examples",
    ),
    (
        "routes = [\"www.shop.test/*\"]\nvars.HOLDFAST.origins = [\"https://www.shop.test\"]",
        "requests for it go to the zone's own origin",
    ),
    (
        "route = \"www.shop.test\"",
        "is a route for one URL alone, without the pages below; write \"www.shop.test/*\"",
    ),
    (
        "route = \"https://www.shop.test\"",
        "is a route for one URL alone, without the pages below; write \"www.shop.test/*\"",
    ),
    (
        "route = \"http://www.shop.test/*\"",
        "leaves out the requests that come by https; write \"www.shop.test/*\"",
    ),
    (
        "routes = [{ pattern = \"www.shop.test/*\", custom_domain = true }]\nvars.HOLDFAST.origins = [\"https://a.test\"]",
        "is not accepted as a custom domain, which is a host alone; write \"www.shop.test\"",
    ),
    (
        "routes = [{ pattern = \"https://www.shop.test\", custom_domain = true }]\nvars.HOLDFAST.origins = [\"https://a.test\"]",
        "is not accepted as a custom domain, which is a host alone; write \"www.shop.test\"",
    ),
    (
        "workers_dev = true\nvars.HOLDFAST.origins = [\"http://localhost:3000\"]",
        "origins[0] is localhost, which Cloudflare cannot reach",
    ),
    (
        "route = \"www.shop.test/*\"\nvars.HOLDFAST.origins = [\"http://192.168.1.5\"]",
        "origins[0] is 192.168.1.5, which Cloudflare cannot reach",
    ),
    ("name = \"My Shop\"", "is refused by wrangler"),
    ("name = \"-\"", "is refused by wrangler"),
    ("main = \"src/index.js\"", "there is no compatibility_date, which wrangler asks for"),
    (
        "main = \"node_modules/holdfast/index.js\"\ncompatibility_date = \"2026-11-17\"",
        "write \"node_modules/holdfast/worker/index.js\" for the worker itself",
    ),
    ("workers_dev = false", "nothing reaches this worker"),
    ("assets.directory = \"public\"", "files of this directory are answered before this worker is asked"),
    ("compatibility_date = \"2024-01-01\"", "is older than what this worker is tested with"),
    (
        "main = \"node_modules/holdfast/worker/index.js\"\ncompatibility_date = \"2026-11-17\"\nbuild.command = \"npm run build\"",
        "what is in the npm package is built already",
    ),
];

#[test]
fn settings_beside_vars_would_deploy_the_defaults_and_are_refused() {
    for (key, table) in [("HOLDFAST", ""), ("holdfast", ""), ("env.live.HOLDFAST", "[env.live] ")] {
        let name = key.trim_start_matches("env.live.");
        let expected = format!("{table}{name} is no key of wrangler's, and the worker would run on defaults");
        let text = format!("name = \"shop\"\n{key}.origins = [\"https://a.test\"]");
        let said = check_text("wrangler.toml", &text).unwrap_err().to_string();
        assert!(said.starts_with(&format!("wrangler.toml:2: {expected}")), "{said}");
        let table: toml::Table = text.parse().unwrap();
        let json = serde_json::to_string(&table).unwrap();
        let said = check_text("wrangler.json", &json).unwrap_err().to_string();
        assert!(said.starts_with(&format!("wrangler.json:1: {expected}")), "{said}");
    }
}

#[test]
fn a_key_that_stands_twice_in_json_is_refused_at_its_line() {
    for (text, expected) in [
        (
            "{ \"vars\": {\n\"HOLDFAST\": { \"origins\": [\"https://a.test\"] },\n\"HOLDFAST\": {} } }",
            "3: [vars] HOLDFAST stands in line 2 too",
        ),
        ("{ \"vars\": { \"LEVEL\": 1,\n\"LEVEL\": 2 } }", "2: [vars] LEVEL stands in line 1 too"),
        ("{ \"vars\": {},\n\"vars\": {} }", "2: vars stands in line 1 too"),
        ("{ \"env\": {},\n\"env\": {} }", "2: env stands in line 1 too"),
        (
            "{ \"vars\": { \"HOLDFAST\": { \"routes\": [{ \"path\": \"/a\",\n\"path\": \"/b\" }] } } }",
            "2: [vars.HOLDFAST.routes[0]] path stands in line 1 too",
        ),
        (
            "{ \"env\": { \"live\": { \"vars\": { \"A\": 1,\n\"A\": 1 } } } }",
            "2: [env.live.vars] A stands in line 1 too",
        ),
    ] {
        let problems = check_text("wrangler.jsonc", text).expect_err(text);
        assert_eq!(problems.problems.len(), 1, "{problems}");
        assert!(problems.to_string().starts_with(&format!("wrangler.jsonc:{expected}")), "{problems}");
    }
}

/// What is said of a file, without its name.
#[expect(clippy::expect_used, reason = "only tests call it")]
fn warnings(text: &str) -> Vec<String> {
    let summary = check_text("wrangler.toml", text).expect(text);
    summary.warnings().collect()
}

#[test]
fn what_is_valid_and_without_effect_is_warned_of_once_and_at_its_line() {
    for (text, part) in WRONG {
        let said = warnings(text);
        assert_eq!(said.len(), 1, "{text}\n{said:#?}");
        assert!(said[0].contains(part), "{text}\n{}", said[0]);
        let lines = text.lines().count();
        let named = (1..=lines).any(|line| said[0].starts_with(&format!("wrangler.toml:{line}: warning: ")));
        assert!(named, "{}", said[0]);
    }
}

#[test]
fn what_has_its_effect_is_not_warned_of() {
    let whole = r#"
main = "node_modules/holdfast/worker/index.js"
compatibility_date = "2026-11-17"
compatibility_flags = ["no_nodejs_compat", "no_nodejs_compat_v2"]
workers_dev = false
routes = ["www.shop.test/*", { pattern = "shop.test", custom_domain = true }]
kv_namespaces = [{ binding = "HOLDFAST_KEEP", id = "0123456789abcdef0123456789abcdef" }, { binding = "SESSIONS" }]
durable_objects.bindings = [{ name = "HOLDFAST_HEALTH", class_name = "OriginHealth" }, { name = "ROOM", class_name = "Room" }]
migrations = [{ tag = "v1", new_sqlite_classes = ["OriginHealth"] }]
analytics_engine_datasets = [{ binding = "HOLDFAST_ANALYTICS" }]
version_metadata.binding = "HOLDFAST_VERSION"
triggers.crons = ["* * * * *"]
observability.enabled = true
assets = { directory = "public", run_worker_first = true }
[vars]
LEVEL = "info"
name = "shop"
log = { level = "info" }
[vars.HOLDFAST]
origins = ["https://origin.shop.test"]
last_good.paths = ["/"]
probe = { path = "/healthz", host = "shop.test" }
alert.form = "slack"
incident.minimum = 9
log.sample = 0.1
cache = { enabled = false, default_ttl = "1m" }
routes = [{ path = "/static/*", cache = { enabled = true } }]
"#;
    assert_eq!(warnings(whole), [""; 0]);
}

#[test]
fn an_environment_has_the_routes_and_triggers_of_the_top_level_and_not_its_bindings() {
    let text = r#"
triggers.crons = ["* * * * *"]
durable_objects.bindings = [{ name = "HOLDFAST_HEALTH", class_name = "OriginHealth" }]
migrations = [{ tag = "v1", new_sqlite_classes = ["OriginHealth"] }]
vars.HOLDFAST = { origins = ["https://a.test"], probe.path = "/a", alert.form = "slack" }
[env.staging.vars.HOLDFAST]
origins = ["https://a.test"]
probe.path = "/a"
alert.form = "slack"
"#;
    let said = warnings(text);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(
        said[0].starts_with("wrangler.toml:9: warning: [env.staging.vars.HOLDFAST] alert has no effect"),
        "{said:#?}"
    );
}

#[test]
fn an_address_of_this_machine_is_an_origin_where_cloudflare_does_not_run_the_worker() {
    assert_eq!(warnings("vars.HOLDFAST.origins = [\"http://127.0.0.1:8080\"]"), [""; 0]);
}

#[test]
fn a_file_of_json_gets_the_same_warnings() {
    for (text, part) in WRONG {
        let table: toml::Table = text.parse().unwrap();
        let json = serde_json::to_string(&table).unwrap();
        let said: Vec<_> = check_text("wrangler.jsonc", &json).unwrap().warnings().collect();
        assert_eq!(said.len(), 1, "{json}\n{said:#?}");
        assert!(said[0].contains(part), "{json}\n{}", said[0]);
    }
}

#[test]
fn the_advice_for_a_file_of_json_is_in_json() {
    let text = r#"{ "durable_objects": { "bindings": [{ "name": "HOLDFAST_HEALTH", "class_name": "OriginHealth" }] },
        "vars": { "HOLDFAST": { "probe": { "path": "/a", "host": "a.test" } } } }"#;
    let said: Vec<_> = check_text("wrangler.json", text).unwrap().warnings().collect();
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(
        said[0].ends_with(r#""migrations": [{ "tag": "v1", "new_sqlite_classes": ["OriginHealth"] }]"#),
        "{said:#?}"
    );
    assert!(said[1].ends_with(r#"add "triggers": { "crons": ["* * * * *"] }"#), "{said:#?}");
}

#[test]
fn the_documentation_has_every_warning() {
    let document = include_str!("../../docs/configuration.md");
    let mut expected = String::from("| in the file | what the check says |\n| --- | --- |\n");
    for (text, _) in WRONG {
        let code: Vec<_> = text.lines().map(|line| format!("`{line}`")).collect();
        let said = warnings(text).concat();
        let (_, said) = said.split_once("warning: ").unwrap();
        let said = said.split_once("] ").filter(|_| said.starts_with('[')).map_or(said, |(_, said)| said);
        let said = said.replace('*', "\\*").replace('|', "\\|");
        expected += &format!("| {} | {said} |\n", code.join("<br>").replace('|', "\\|"));
    }
    let after = document.split_once("<!-- warnings: begin -->\n").map_or("", |(_, after)| after);
    let there = after.split_once("<!-- warnings: end -->").map_or("", |(there, _)| there);
    assert!(there == expected, "docs/configuration.md should have between the two marks:\n{expected}");
}
