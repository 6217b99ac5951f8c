//! The example of a workflow: its steps are run as they are written, before a deployment on this machine in place of one at
//! Cloudflare.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use faulty_origin::{Origin, scripts};
use serde_yaml_ng::Value;

use crate::self_hosted::{TOKEN, started};
use crate::{Home, free_port, said};

const WORKFLOW: &str = include_str!("../../deploy/github-actions.yml");

const OLD: &str = "11111111-2222-4333-8444-555555555555";

/// In place of `npx`: wrangler is asked for nothing, and says what it would of a version that is uploaded.
const NPX: &str = r#"#!/bin/bash
if [ "$1" != wrangler ]; then exec "$NPX" "$@"; fi
shift
echo "$@" >> "$COMMANDS"
case "$*" in
  "deployments status --json") echo '{"versions":[{"version_id":"other","percentage":5},{"version_id":"'"$BEFORE"'","percentage":95}]}' ;;
  "versions upload "*) echo '{"type":"wrangler-session"}
{"type":"version-upload","version_id":"'"$UPLOADED"'"}' > "$WRANGLER_OUTPUT_FILE_PATH" ;;
esac
"#;

struct Step {
    name: String,
    run: String,
    condition: Option<String>,
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

/// The steps that are commands, and the variables of the workflow.
fn workflow() -> (Vec<Step>, BTreeMap<String, String>) {
    let workflow: Value = serde_yaml_ng::from_str(WORKFLOW).unwrap();
    let variables = workflow["env"].as_mapping().unwrap().iter();
    let variables = variables.map(|(name, value)| (text(name).unwrap(), text(value).unwrap())).collect();
    let steps = workflow["jobs"]["deploy"]["steps"].as_sequence().unwrap().iter();
    let steps = steps.filter_map(|step| {
        Some(Step { name: text(&step["name"])?, run: text(&step["run"])?, condition: text(&step["if"]) })
    });
    (steps.collect(), variables)
}

/// A run of the workflow: what its steps were, until one failed, and what wrangler was asked for.
fn run(home: &Home, changes: &[(&str, &str)]) -> (Vec<(String, bool)>, Vec<String>) {
    let bin = home.folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for (name, script) in [("npx", NPX), ("sleep", "#!/bin/sh\nexec /bin/sleep 1\n")] {
        fs::write(bin.join(name), script).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let npx = home.output_of(&["sh", "-c", "command -v npx"]);
    let [commands, output, environment] =
        ["commands", "wrangler.ndjson", "environment"].map(|name| home.folder.join(name));
    for file in [&commands, &environment] {
        fs::write(file, "").unwrap();
    }
    let (steps, variables) = workflow();
    let mut ran = Vec::new();
    for step in steps {
        let has_failed = ran.iter().any(|(_, is_ok)| !is_ok);
        assert!(matches!(step.condition.as_deref(), None | Some("failure() && env.OLD != ''")));
        if has_failed != step.condition.is_some() {
            continue;
        }
        // As GitHub's runner starts a step.
        let mut command =
            home.command(&["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", &step.run]);
        command
            .envs(&variables)
            .env("PATH", format!("{}:{}", bin.display(), home.path))
            .env("NPX", npx.trim());
        command.env("npm_config_audit", "false").env("npm_config_prefer_offline", "true");
        command.env("WRANGLER_OUTPUT_FILE_PATH", &output).env("COMMANDS", &commands);
        command
            .env("GITHUB_ENV", &environment)
            .env("GITHUB_SHA", "0123456789abcdef")
            .env("GITHUB_REF_NAME", "main");
        command.envs(changes.iter().copied());
        let set = fs::read_to_string(&environment).unwrap();
        command.envs(set.lines().filter_map(|line| line.split_once('=')));
        let output = command.output().unwrap();
        println!("{}: {}", step.name, said(&output));
        ran.push((step.name, output.status.success()));
    }
    (ran, fs::read_to_string(commands).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn the_workflow_tries_a_version_before_it_gets_traffic_and_rolls_back_one_that_fails() {
    let origin = Origin::start(([127, 0, 0, 1], 0).into(), |_| scripts::ok("hello")).unwrap();
    let home = Home::with_package("workflow");
    home.output_of(&["npx", "holdfast", "init", "--yes", "--name", "shop", "--origin", &origin.url()]);
    home.output_of(&["npx", "holdfast", "self-host"]);
    let capnp = fs::read_to_string(home.folder.join("self-hosted/holdfast.capnp")).unwrap();
    let new =
        capnp.split_once(r#""HOLDFAST_VERSION", json = "{\"id\":\""#).unwrap().1.split('\\').next().unwrap();
    let port = free_port();
    let _running = started(&home, &["self-hosted/holdfast", "--experimental"], port);
    let site = format!("http://127.0.0.1:{port}/");
    let deployed = [("SITE", site.as_str()), ("BEFORE", OLD), ("UPLOADED", new), ("HOLDFAST_TOKEN", TOKEN)];

    let (ran, commands) = run(&home, &deployed);
    assert!(ran.len() == 6 && ran.iter().all(|(_, is_ok)| *is_ok), "{ran:?}");
    let upload = "versions upload --tag 0123456 --message main".to_owned();
    let status = "deployments status --json".to_owned();
    let untried = format!("versions deploy {OLD}@100% {new}@0% --yes");
    let expected = [
        status.clone(),
        upload.clone(),
        untried.clone(),
        format!("versions deploy {OLD}@90% {new}@10% --yes"),
        format!("versions deploy {new}@100% --yes"),
        "triggers deploy".to_owned(),
    ];
    assert_eq!(commands, expected);

    // A version that does not follow drills: it has another secret.
    let wrong = [&deployed[..3], &[("HOLDFAST_TOKEN", "the-secret-of-somebody")]].concat();
    let (ran, commands) = run(&home, &wrong);
    assert_eq!(
        ran.iter().map(|(_, is_ok)| *is_ok).collect::<Vec<_>>(),
        [true, true, true, false, true],
        "{ran:?}"
    );
    let back = format!("rollback {OLD} --message 0123456789abcdef did not pass --yes");
    assert_eq!(commands, [status, upload, untried, back]);
}

#[test]
fn wrangler_has_each_command_and_option_of_the_workflow() {
    let home = Home::with_package("workflow-options");
    let (steps, _) = workflow();
    let lines: Vec<_> = steps.iter().flat_map(|step| step.run.lines()).collect();
    let mut seen = 0;
    for line in lines {
        let Some((_, command)) = line.split_once("npx wrangler ") else { continue };
        let command = command.split(" | ").next().unwrap();
        let words: Vec<_> = command.split(' ').collect();
        let names: Vec<_> =
            words.iter().copied().take_while(|word| word.bytes().all(|b| b.is_ascii_lowercase())).collect();
        let help = home.output_of(&[&["npx", "wrangler"], &names[..], &["--help"]].concat());
        assert!(help.contains(&format!("wrangler {}", names.join(" "))), "{names:?}: {help}");
        for option in words.iter().filter(|word| word.starts_with("--")) {
            let is_there = help.split_whitespace().any(|word| word.trim_end_matches(',') == *option);
            assert!(is_there, "wrangler {}: no {option} in {help}", names.join(" "));
            seen += 1;
        }
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}
