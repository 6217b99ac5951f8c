//! Is what stands in wrangler's file fit to be deployed, and will it do what it says?
//!
//! Every `vars` is read by the library itself, so that what passes here is what the worker accepts. Settings of the
//! platform that would undo the worker are refused as well; settings that are valid and have no effect are warned of. Nothing
//! here reads a file: `cargo xtask check` uses this natively, and the command line of the npm package as WebAssembly.

mod compatibility;
mod document;
mod effects;
mod findings;
mod nearly;
mod overlay;
pub mod pages;
mod read_by;
mod scope;
mod variables;

use holdfast::config::{Config, ConfigError, OldName, Page, old_names};
use serde_json::Value;

pub use compatibility::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS};
use document::{Node, Syntax, line_of};
use findings::VARIABLE;
pub use findings::{Environment, Problem, Problems, Summary, Warning};
pub use overlay::{Overlay, key_and_value, settings_in};
pub use read_by::{NAMES, REDIRECT, left_aside, read_by_wrangler};
use scope::Scope;

/// Checks `text` as the contents of `file`, whose name says whether it is TOML or JSON; finds every problem in one pass.
pub fn check_text(file: &str, text: &str) -> Result<Summary, Problems> {
    let syntax = Syntax::of(file);
    let file = file.to_owned();
    let document = match document::read(syntax, text) {
        Ok(document) => document,
        Err((offset, why)) => {
            let line = offset.map(|offset| line_of(text, offset));
            return Err(Problems { file, problems: vec![Problem { line, table: String::new(), text: why }] });
        }
    };
    let top = Scope { name: None, table: &document, line: 1, document: &document, text, syntax };
    let mut scopes = vec![top];
    for field in document.get("env").map(Node::fields).unwrap_or_default() {
        if field.value.is_table() {
            let line = line_of(text, field.value.at);
            scopes.push(Scope { name: Some(&field.key), table: &field.value, line, ..top });
        }
    }
    let mut problems = Vec::new();
    let environments = scopes.iter().filter_map(|scope| scope.check(&mut problems)).collect();
    if problems.is_empty() { Ok(Summary { file, environments }) } else { Err(Problems { file, problems }) }
}

/// What is wrong with `settings`, a whole `HOLDFAST` from elsewhere than a file, a line each.
pub fn check_settings(settings: &Value) -> Vec<String> {
    let errors = Config::from_value(settings).err().unwrap_or_default();
    errors.iter().map(|error| said_of(settings, error)).collect()
}

/// `error`, with the right form of a value that is nearly right.
fn said_of(settings: &Value, error: &ConfigError) -> String {
    match nearly::meant(settings, error) {
        Some(meant) => format!("{error}; did you mean {meant}?"),
        None => match nearly::limit(settings, error) {
            Some((meant, limit)) => format!("{error}; {meant} is not accepted either: {limit}"),
            None => error.to_string(),
        },
    }
}

/// What `HOLDFAST` says; the default is what holds without it.
#[derive(Default)]
struct Variable {
    config: Config,
    written: Value,
    bytes: Option<usize>,
    warnings: Vec<Warning>,
}

impl Scope<'_> {
    /// What this environment would run with; `None` if its configuration is not accepted.
    fn check(&self, problems: &mut Vec<Problem>) -> Option<Environment> {
        self.check_workers_cache(problems);
        self.check_variables(problems);
        let before = problems.len();
        let Variable { config, written, bytes, mut warnings } =
            self.read_variable(problems).unwrap_or_default();
        if problems.len() > before {
            return None;
        }
        self.check_custom_domains(&config, problems);
        self.check_pages(&config, problems);
        warnings.extend(effects::of(self, &config, &written));
        warnings.sort_by_key(|Warning(problem)| problem.line);
        Some(Environment { name: self.name.map(str::to_owned), config, bytes, warnings })
    }

    /// Reads `HOLDFAST`, a table or a text of JSON; `None` if it is absent or not accepted.
    fn read_variable(&self, problems: &mut Vec<Problem>) -> Option<Variable> {
        let Some(setting) = self.variable() else {
            if self.document.at_path(&["vars", VARIABLE]).is_some() {
                let name = self.name.unwrap_or_default();
                let instead = match self.syntax {
                    Syntax::Toml => format!(
                        "write [env.{name}.vars.{VARIABLE}], or {VARIABLE} = {{}} under [env.{name}.vars] if that is meant"
                    ),
                    Syntax::Json => format!(
                        "write \"vars\": {{ \"{VARIABLE}\": {{ … }} }} in it, or \"{VARIABLE}\": {{}} if that is meant"
                    ),
                };
                problems.push(self.problem(
                    Some(self.line),
                    "",
                    format!(
                        "has no {VARIABLE}: wrangler does not inherit vars, so this environment would run on defaults and send requests to the zone's own origin; {instead}"
                    ),
                ));
            }
            return None;
        };
        let value = setting.value();
        let (read, bytes) = match value.as_str() {
            Some(text) => (Config::from_json(text), text.len()),
            None => (Config::from_value(&value), value.to_string().len()),
        };
        let written = value.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(value);
        let problem = |key: &str, text: String| {
            let offset = setting.offset_of(key).unwrap_or(setting.at);
            self.problem(Some(line_of(self.text, offset)), "vars.HOLDFAST", text)
        };
        match read {
            Ok(config) => {
                let warning = |name: OldName| Warning(problem(&name.key, name.to_string()));
                let warnings = old_names(&written).into_iter().map(warning).collect();
                Some(Variable { config, written, bytes: Some(bytes), warnings })
            }
            Err(errors) => {
                problems.extend(errors.iter().map(|error| problem(&error.key, said_of(&written, error))));
                None
            }
        }
    }

    /// Workers Cache answers before the worker runs: its key has no host, and it knows nothing of what may
    /// be stale. It can be switched on for all entry points or for one.
    fn check_workers_cache(&self, problems: &mut Vec<Problem>) {
        let mut caches = vec![("cache".to_owned(), self.table.get("cache"))];
        for export in self.table.get("exports").map(Node::fields).unwrap_or_default() {
            caches.push((format!("exports.{}.cache", export.key), export.value.get("cache")));
        }
        for (table, cache) in caches {
            let enabled = cache.and_then(|cache| cache.get("enabled"));
            if let Some(enabled) = enabled.filter(|enabled| enabled.switch() == Some(true)) {
                let line = line_of(self.text, enabled.at);
                let text = "enabled = true: Workers Cache would answer in front of this worker; its key leaves out the host, so that one site's pages could be served for another's, and it serves stale copies without limit. Take it out: this worker has a cache of its own";
                problems.push(self.problem(Some(line), &table, text.to_owned()));
            }
        }
    }

    /// A page with the operator's logo and texts has to arrive in one round trip all the same.
    fn check_pages(&self, config: &Config, problems: &mut Vec<Problem>) {
        let routes = config.routes.iter().enumerate();
        let routes = routes.map(|(index, route)| (format!("routes[{index}].page"), &route.settings.page));
        // What comes with the project fits.
        let project = Page::default();
        let mut checked = vec![&project];
        for (key, page) in [("page".to_owned(), &config.defaults.page)].into_iter().chain(routes) {
            if checked.contains(&page) {
                continue;
            }
            checked.push(page);
            let mistake = pages::too_large(page).unwrap_or_else(|error| Some(error.to_string()));
            problems.extend(mistake.map(|text| {
                self.problem(Some(self.line_of_setting(&key)), "vars.HOLDFAST", format!("{key}: {text}"))
            }));
        }
    }

    /// A request from the worker to its own custom domain comes back to the worker, not to an origin.
    fn check_custom_domains(&self, config: &Config, problems: &mut Vec<Problem>) {
        for route in self.routes().into_iter().filter(|route| route.is_custom_domain) {
            let domain = route.pattern;
            let own = config.origins.iter().find(|origin| origin.url.host().eq_ignore_ascii_case(domain));
            let what = match own {
                Some(origin) => {
                    format!("is the custom domain of this worker and its origin {} too", origin.url.as_str())
                }
                None if config.origins.is_empty() => {
                    "is a custom domain, which has no origin behind it, and no origins are named".to_owned()
                }
                None => continue,
            };
            let text = format!(
                "{domain} {what}, so requests would come back here; name the origin's own host in origins, or make this a route: pattern = \"{domain}/*\", zone_name = …"
            );
            problems.push(self.problem(Some(line_of(self.text, route.at)), "", text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast::config::Settings;

    fn problems(text: &str) -> String {
        check_text("wrangler.toml", text).unwrap_err().to_string()
    }

    fn summary(text: &str) -> String {
        check_text("wrangler.toml", text).unwrap().to_string()
    }

    #[test]
    fn a_page_that_would_not_arrive_at_once_is_refused() {
        let text = |logo: usize| {
            format!(
                "[vars.HOLDFAST]\norigins = [\"https://a.example\"]\npage.languages = [\"el\"]\npage.logo = \"data:image/png;base64,{}\"\n",
                "A".repeat(logo)
            )
        };
        assert!(check_text("wrangler.toml", &text(500)).is_ok());
        // What escaping and repetition make of it counts, not what is written.
        let texts = "[vars.HOLDFAST.page.texts.el]\n".to_owned()
            + &["way", "more-help", "returning", "connection-fine"]
                .map(|id| format!("{id} = \"{}\"\n", "&".repeat(290)))
                .concat();
        let problems = check_text("wrangler.toml", &(text(1500) + &texts)).unwrap_err().problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        let said = problems[0].to_string();
        assert!(
            said.contains("[vars.HOLDFAST] page: the page ") && said.contains("14336 are accepted"),
            "{said}"
        );
        let route = "[vars.HOLDFAST]\n[[vars.HOLDFAST.routes]]\npath = \"/a\"\n[[vars.HOLDFAST.routes]]\npath = \"/b\"\n";
        let page = "page.languages = [\"el\"]\n".to_owned()
            + &texts.replace("HOLDFAST.page", "HOLDFAST.routes.page");
        let said = self::problems(&(route.to_owned() + &page));
        assert!(said.starts_with("wrangler.toml:6: [vars.HOLDFAST] routes[1].page: the page "), "{said}");
    }

    #[test]
    fn a_page_without_anything_of_the_operator_s_arrives_at_once() {
        assert_eq!(pages::too_large(&Page::default()).unwrap(), None);
    }

    #[test]
    fn a_file_of_json_with_comments_is_read_as_one_of_toml() {
        let text = r#"{
  // The name.
  "$schema": "node_modules/holdfast/wrangler.schema.json",
  "vars": { "HOLDFAST": {
    "origins": ["https://a.example",],
    "retry": { "attempts": 0 }, /* too few */
  } },
  "env": { "staging": { "vars": {} } }
}"#;
        let expected = r#"
wrangler.jsonc:6: [vars.HOLDFAST] retry.attempts = 0: a whole number from 1 to 10 is accepted, without quotes
wrangler.jsonc:8: [env.staging] has no HOLDFAST: wrangler does not inherit vars, so this environment would run on defaults and send requests to the zone's own origin; write "vars": { "HOLDFAST": { … } } in it, or "HOLDFAST": {} if that is meant"#;
        for name in ["wrangler.jsonc", "wrangler.json"] {
            let said = check_text(name, text).unwrap_err().to_string();
            assert_eq!(said, expected.trim_start().replace("wrangler.jsonc", name));
        }
        let json = text.replace(": 0", ": 2").replace("\"staging\": { \"vars\": {} }", "");
        let read = &check_text("wrangler.jsonc", &json).unwrap().environments[0];
        let toml = "vars.HOLDFAST.origins = ['https://a.example']\nvars.HOLDFAST.retry.attempts = 2";
        let also = &check_text("wrangler.toml", toml).unwrap().environments[0];
        assert_eq!((&read.config, read.bytes), (&also.config, also.bytes));
    }

    #[test]
    fn what_wrangler_does_not_read_as_json_is_refused_at_its_line() {
        for (text, line) in [("{\n  name: 'a'\n}", 2), ("{\n\n\"a\": [1 2]}", 3), ("{ \"a\": 1", 1)] {
            let said = check_text("wrangler.json", text).unwrap_err().to_string();
            assert!(said.starts_with(&format!("wrangler.json:{line}: ")), "{said}");
        }
        assert!(check_text("wrangler.json", "[]").unwrap_err().to_string().contains("an object is accepted"));
        assert!(check_text("wrangler.json", "").is_err());
        assert!(check_text("wrangler.json", "\u{feff}{}").is_ok(), "a mark of the byte order");
    }

    #[test]
    fn the_file_that_comes_with_the_project_is_in_order_and_states_the_defaults() {
        let summary = check_text("wrangler.toml", include_str!("../../wrangler.toml")).unwrap();
        let [top] = &summary.environments[..] else { panic!("{summary}") };
        assert_eq!(top.config.defaults, Settings { page: Page::default(), ..Settings::default() });
        assert!(top.config.routes.is_empty() && top.config.name.is_none());
        assert_eq!(top.config.origins.len(), 1);
        let warnings: Vec<_> = summary.warnings().collect();
        assert_eq!(warnings.len(), 1, "only the origin has to be replaced: {warnings:#?}");
        assert!(warnings[0].contains("origins[0] is origin.example.com"));
    }

    #[test]
    fn every_environment_is_checked_and_every_mistake_has_its_line() {
        let text = r#"
name = "holdfast"
[vars.HOLDFAST]
origins = [
  "https://a.example",
  "b.example",
]
[vars.HOLDFAST.timeouts]
first_byte = "10"
[[vars.HOLDFAST.routes]]
path = "/a"
cache = { max_bodi = "1MiB" }
[env.staging.vars.HOLDFAST]
body = { buffer = "1GiB" }
[env.live.vars]
HOLDFAST = '{"retry":{"attempts":0}}'
"#;
        let expected = r#"
wrangler.toml:6: [vars.HOLDFAST] origins[1] = "b.example": an http or https URL with nothing after host and port is accepted; write e.g. "https://origin.example.com"; did you mean "https://b.example"?
wrangler.toml:9: [vars.HOLDFAST] timeouts.first_byte = "10": a duration needs a unit; write e.g. "250ms", "10s", "5m", "1h" or "1d"
wrangler.toml:12: [vars.HOLDFAST] routes[0].cache.max_bodi = "1MiB": unknown key; did you mean max_body? routes[0].cache has enabled, default_ttl, heuristic, heuristic_max, stale_if_error, stale_while_revalidate, harmless_cookies, trust_vary, remove_invalidated, max_body, max_variants, memory_ttl, client_directives, stale_statuses, error_statuses, shrink, must_contain, ignore_query and ignore_query_always
wrangler.toml:14: [env.staging.vars.HOLDFAST] body.buffer = "1GiB": a size needs a unit in powers of 1024; write e.g. "512B", "64KiB" or "25MiB"; "1024MiB" is not accepted either: "0B" to "16MiB" is accepted
wrangler.toml:16: [env.live.vars.HOLDFAST] retry.attempts = 0: a whole number from 1 to 10 is accepted, without quotes"#;
        assert_eq!(problems(text), expected.trim_start());
    }

    #[test]
    fn the_documentation_shows_what_the_check_says() {
        let document = include_str!("../../docs/configuration.md");
        let blocks: Vec<&str> = document.split("```").collect();
        let said = blocks.windows(3).find_map(|three| match three {
            [file, _, said] if said.contains("wrangler.toml:") => Some((file.strip_prefix("toml\n")?, *said)),
            _ => None,
        });
        let (file, said) = said.unwrap();
        assert_eq!(problems(file), said.trim_start_matches("text").trim());
    }

    #[test]
    fn a_table_and_a_text_of_json_are_read_alike() {
        let table = check_text("a", "vars.HOLDFAST.retry.attempts = 0b10").unwrap();
        let text = check_text("a", r#"vars.HOLDFAST = '{ "retry": { "attempts": 2 } }'"#).unwrap();
        assert_eq!(table.environments[0].config, text.environments[0].config);
        assert_eq!(table.environments[0].config.defaults.retry.attempts, 2);
    }

    #[test]
    fn what_the_file_says_can_be_read_off_the_summary() {
        let text = r#"
[vars.HOLDFAST]
origins = ["https://a.example", "https://b.example"]
routes = [{ path = "/a" }]
[env.staging.vars]
HOLDFAST = {}
"#;
        let expected = "wrangler.toml: [vars.HOLDFAST] is in order (78 of 5120 bytes), to https://a.example/, then https://b.example/, with 1 route
wrangler.toml: [env.staging.vars.HOLDFAST] is in order (2 of 5120 bytes), to the zone's own origin";
        assert_eq!(summary(text), expected);
        let absent = "wrangler.toml: [vars.HOLDFAST] is absent, defaults hold, to the zone's own origin";
        assert_eq!(summary("name = 'holdfast'"), absent);
    }

    #[test]
    fn an_old_name_is_accepted_with_a_warning_that_has_its_line_and_the_new_name() {
        let text = r#"
[vars.HOLDFAST]
origins = ["https://a.example"]
body.hold = "1MiB"
[[vars.HOLDFAST.routes]]
path = "/a"
keep = { paths = ["/a"] }
[env.staging.vars]
HOLDFAST = '{"page":{"look":"bold"}}'
"#;
        let expected = r#"
wrangler.toml: [vars.HOLDFAST] is valid, with 2 warnings (105 of 5120 bytes), to https://a.example/, with 1 route
wrangler.toml:4: warning: [vars.HOLDFAST] body.hold is an old name, which the next release does not read; write buffer
wrangler.toml:7: warning: [vars.HOLDFAST] routes[0].keep is an old name, which the next release does not read; write last_good
wrangler.toml: [env.staging.vars.HOLDFAST] is valid, with 1 warning (24 of 5120 bytes), to the zone's own origin
wrangler.toml:9: warning: [env.staging.vars.HOLDFAST] page.look is an old name, which the next release does not read; write theme"#;
        assert_eq!(summary(text), expected.trim_start());
    }

    #[test]
    fn an_environment_that_forgets_what_is_not_inherited_is_refused() {
        let forgets = "[vars.HOLDFAST]\n[env.staging]\nname = 'x'\n";
        let expected = "wrangler.toml:2: [env.staging] has no HOLDFAST: wrangler does not inherit vars";
        assert!(problems(forgets).starts_with(expected), "{}", problems(forgets));
        assert!(check_text("", "[env.staging]\nname = 'x'\n").is_ok());
        assert!(check_text("", "[env.staging.vars.HOLDFAST]\n").is_ok());
    }

    #[test]
    fn a_cache_in_front_of_the_worker_is_refused() {
        let top = problems("name = 'x'\n[cache]\nenabled = true\n");
        assert!(top.starts_with("wrangler.toml:3: [cache] enabled = true: Workers Cache"), "{top}");
        let inner = problems("[env.live]\ncache = { enabled = true }\n");
        assert!(inner.starts_with("wrangler.toml:2: [env.live.cache] enabled = true"), "{inner}");
        let export = problems("[exports.default.cache]\nenabled = true\n");
        assert!(export.starts_with("wrangler.toml:2: [exports.default.cache] enabled = true"), "{export}");
        assert!(check_text("", "[cache]\nenabled = false\n").is_ok());
    }

    #[test]
    fn a_custom_domain_that_is_its_own_origin_is_refused() {
        let routes = "routes = [\n{ pattern = 'www.example.com', custom_domain = true }]\n";
        for (settings, refused) in [
            ("", true),
            ("vars.HOLDFAST.origins = ['https://www.example.com:8443']", true),
            ("vars.HOLDFAST.origins = ['https://origin.example.com']", false),
            ("vars.HOLDFAST.origins = ['https://origin.example.com']\nenv.a.vars.HOLDFAST = {}", true),
            (
                "vars.HOLDFAST.origins = ['https://a.example']\n[env.a]\nvars.HOLDFAST = {}\nroute = 'a/*'",
                false,
            ),
        ] {
            let read = check_text("wrangler.toml", &format!("{routes}{settings}"));
            assert_eq!(read.is_err(), refused, "{settings}");
            if let Err(problems) = read {
                let text = problems.to_string();
                assert!(text.starts_with("wrangler.toml:2: "), "{text}");
            }
        }
        assert!(check_text("", "routes = ['www.example.com/*']").is_ok());
    }

    #[test]
    fn what_does_not_fit_in_a_variable_is_refused() {
        let cookies = format!("vars.HOLDFAST.cache.harmless_cookies = ['{}']", "a".repeat(5200));
        assert!(problems(&cookies).contains("at most 5120 bytes of JSON fit in a variable"));
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_at_its_line() {
        assert!(problems("a = 1\nb = \n").starts_with("wrangler.toml:2: "), "{}", problems("a = 1\nb = \n"));
    }

    #[test]
    fn values_that_json_lacks_are_answered_like_any_other_mistake() {
        let text = "vars.HOLDFAST.name = 2026-01-01\nvars.HOLDFAST.retry.attempts = inf\nvars.HOLDFAST.body.buffer = 1.5";
        assert_eq!(check_text("", text).unwrap_err().problems.len(), 2);
    }
}
