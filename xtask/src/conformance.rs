//! The public suite of tests for HTTP caches (cache-tests.fyi), asked of the built Worker in workerd.
//!
//! The suite's origin, client and judgement run in Node.js: see `conformance.mjs`. What is counted here is what its
//! site shows: a test that builds upon one that failed has not passed.
//!
//! Of what the package depends on, its client uses `node-fetch` alone. In `package.json` that takes the place of the rest,
//! above all of npm itself, which would come with hundreds of files and as another `npm` on the path.

use std::fmt::{self, Write as _};
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::node::node;
use crate::serve::{self, Worker};
use crate::{root, setup};

/// The settings of the second run, beside the defaults: what the suite tests and an operator has to ask for.
pub const SETTINGS: [(&str, &str); 4] = [
    // An answer that states no lifetime is fresh for a tenth of its age: the share that RFC 9111 §4.2.2 names.
    ("cache.heuristic", "0.1"),
    // It names its tests in fields of the request.
    ("cache.trust_vary", "always"),
    // Errors that state a lifetime are stored.
    ("cache.error_statuses", "[400, 404, 405, 410, 414, 499, 500, 501, 502, 503, 504, 599]"),
    // The suite gives up where its origin is asked twice for one request.
    ("retry.attempts", "1"),
];

/// How many tests are under way at once. Most of their time is sleep: three seconds for each pause.
const TOGETHER: usize = 100;

/// How long a run may take; it takes half a minute.
const LIMIT: Duration = Duration::from_secs(240);

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The suite: a checkout of its repository, in place of npm's package.
    pub suite: Option<PathBuf>,
    /// Only these tests; all of them if there are none.
    pub ids: Vec<String>,
    /// Whether the suite prints each request and answer to standard error.
    pub dump: bool,
    /// Another workerd than Miniflare's own.
    pub workerd: Option<PathBuf>,
}

/// What kind of test it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The suite holds that a specification asks for it.
    Required,
    /// A cache may do without, and is the better for it.
    Optional,
    /// How the cache behaves, either of which is right.
    Behaviour,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Required, Self::Optional, Self::Behaviour];

    /// The suite's word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optimal",
            Self::Behaviour => "check",
        }
    }
}

/// One test, and how it ended.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name in the suite, such as `freshness-max-age`.
    pub id: String,
    /// What it is about, a sentence.
    pub name: String,
    /// Of what kind it is.
    pub kind: Kind,
    /// The suite's word: `pass`, `fail`, `optional_fail`, `yes`, `no`, `setup_fail`, `harness_fail`, `dependency_fail`,
    /// `retry` or `untested`.
    pub verdict: String,
    /// What was wrong, by the suite; empty if nothing was, or if a test failed upon which this one depends.
    pub reason: String,
}

impl Case {
    /// Whether it passed; a test of behaviour does with a yes.
    pub fn has_passed(&self) -> bool {
        self.verdict == "pass" || self.verdict == "yes"
    }
}

/// How many passed, of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that passed.
    pub passed: u64,
    /// All.
    pub all: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.passed, self.all)
    }
}

/// A cache's score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "see Kind")]
pub struct Score {
    pub required: Tally,
    pub optional: Tally,
    pub behaviour: Tally,
}

impl Score {
    /// Required and optional tests together: those that one can pass or fail.
    pub fn judged(&self) -> Tally {
        let Self { required, optional, .. } = self;
        Tally { passed: required.passed + optional.passed, all: required.all + optional.all }
    }

    /// As the cells of a row.
    fn row(&self) -> String {
        format!("{} | {} | {} | {}", self.judged(), self.required, self.optional, self.behaviour)
    }
}

/// The score of another cache, as the suite's authors measured it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The cache and its version.
    pub name: String,
    /// Counted as ours is.
    pub score: Score,
}

impl Published {
    /// The row of the table.
    pub fn row(&self) -> String {
        format!("| {} | {} |", self.name, self.score.row())
    }
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// All tests, in the suite's order.
    pub cases: Vec<Case>,
    /// The score.
    pub score: Score,
    /// Those of other caches that come with the suite.
    pub published: Vec<Published>,
    /// How long it took.
    pub took: Duration,
    /// What the Worker logged, a message each.
    pub logs: Vec<String>,
}

/// Runs the suite against the built Worker with `set` laid over the default settings.
pub fn run(set: &[(&str, &str)], options: &Options) -> Result<Outcome> {
    setup::packages()?;
    let suite = options.suite.clone().unwrap_or_else(|| root().join("node_modules/http-cache-tests"));
    let mut node = Node::start(&json!({
        "suite": std::path::absolute(suite)?,
        "ids": options.ids,
        "dump": options.dump,
        "together": TOGETHER,
    }))?;
    let origin = node.answer(serve::START_LIMIT)?;
    let origin = origin.get("origin").and_then(Value::as_str).context("the suite has no origin")?;
    let worker = Worker::start(&serve::Options {
        origins: vec![origin.to_owned()],
        set: set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        holdfast: Some(json!({})),
        workerd: options.workerd.clone(),
        ..serve::Options::default()
    })?;
    let began = Instant::now();
    node.tell(&json!({ "base": worker.url() }))?;
    let outcome = node.answer(LIMIT)?;
    read(&outcome, began.elapsed(), worker.logs()).context("the suite's results are not as expected")
}

fn read(outcome: &Value, took: Duration, logs: Vec<String>) -> Option<Outcome> {
    let cases = outcome.get("cases")?.as_array()?.iter().map(read_case).collect::<Option<_>>()?;
    let published = outcome.get("published")?.as_array()?.iter().map(|cache| {
        let text = |key: &str| cache.get(key).and_then(Value::as_str);
        let name = format!("{} {}", text("name")?, text("version")?);
        Some(Published { name, score: read_score(cache.get("score")?)? })
    });
    let (published, score) = (published.collect::<Option<_>>()?, read_score(outcome.get("score")?)?);
    Some(Outcome { cases, score, published, took, logs })
}

fn read_case(case: &Value) -> Option<Case> {
    let text = |key: &str| case.get(key).and_then(Value::as_str).map(str::to_owned);
    let word = text("kind")?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word)?;
    let (verdict, reason) = (text("verdict")?, text("reason")?);
    Some(Case { id: text("id")?, name: text("name")?, kind, verdict, reason })
}

fn read_score(score: &Value) -> Option<Score> {
    let tally = |kind: Kind| {
        let counts = score.get(kind.word())?;
        Some(Tally { passed: counts.get(0)?.as_u64()?, all: counts.get(1)?.as_u64()? })
    };
    Some(Score {
        required: tally(Kind::Required)?,
        optional: tally(Kind::Optional)?,
        behaviour: tally(Kind::Behaviour)?,
    })
}

/// The suite in Node.js. Dropping it ends it.
struct Node {
    child: Child,
    answers: Receiver<Value>,
}

impl Node {
    fn start(job: &Value) -> Result<Self> {
        let mut node = node()?;
        // The client of npm's package is of an age at which Node.js warns of what it uses.
        node.arg("--no-warnings").arg(root().join("xtask/conformance.mjs")).current_dir(root());
        node.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = node.spawn().context("could not start Node.js")?;
        let output = child.stdout.take().context("node has no standard output")?;
        let (has_said, answers) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            for answer in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if has_said.send(answer).is_err() {
                    return;
                }
            }
        });
        let mut node = Self { child, answers };
        node.tell(job)?;
        Ok(node)
    }

    fn tell(&mut self, message: &Value) -> Result<()> {
        let input = self.child.stdin.as_mut().context("node has no standard input")?;
        writeln!(input, "{message}").context("the suite has ended; its messages are above")
    }

    fn answer(&self, limit: Duration) -> Result<Value> {
        self.answers.recv_timeout(limit).context("the suite did not answer; its messages are above")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the suite with the default settings and with [`SETTINGS`], and tells what came of it: the scores beside those
/// of other caches, and what failed, as Markdown. With settings or tests of somebody's choice it runs once.
pub fn conformance(set: &[(String, String)], options: &Options) -> Result<String> {
    let set: Vec<_> = set.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let runs: &[(&str, &[(&str, &str)])] = if !set.is_empty() {
        &[("these settings", &set)]
    } else if !options.ids.is_empty() {
        &[("default settings", &[])]
    } else {
        &[("default settings", &[]), ("conformance settings", &SETTINGS)]
    };
    let outcomes =
        runs.iter().map(|(what, set)| Ok((*what, run(set, options)?))).collect::<Result<Vec<_>>>()?;
    if !options.ids.is_empty() {
        let cases = outcomes.iter().flat_map(|(_, outcome)| &outcome.cases);
        return Ok(cases.filter(|case| options.ids.contains(&case.id)).map(result).collect());
    }
    let mut text = table(&outcomes)?;
    for (what, outcome) in &outcomes {
        text.push_str(&failures(what, outcome)?);
    }
    Ok(text)
}

fn result(Case { id, name, kind, verdict, reason }: &Case) -> String {
    format!("{id} ({}): {name}\n  {verdict} {reason}\n", kind.word())
}

fn table(outcomes: &[(&str, Outcome)]) -> Result<String> {
    let mut text = String::from(
        "| cache | required and optional | required | optional | behaviour |\n| --- | --- | --- | --- | --- |\n",
    );
    for (what, outcome) in outcomes {
        writeln!(text, "| Holdfast, {what} | {} |", outcome.score.row())?;
    }
    let mut published: Vec<_> = outcomes.first().map_or(&[][..], |(_, outcome)| &outcome.published).to_vec();
    published.sort_by_key(|cache| std::cmp::Reverse(cache.score.judged().passed));
    for cache in published {
        writeln!(text, "{}", cache.row())?;
    }
    Ok(text)
}

fn failures(what: &str, outcome: &Outcome) -> Result<String> {
    let mut text = format!("\nHoldfast, {what}, in {:.0} s:\n\n", outcome.took.as_secs_f64());
    text.push_str("| test | kind | result | reason |\n| --- | --- | --- | --- |\n");
    for kind in Kind::ALL {
        let of_kind = outcome.cases.iter().filter(|case| case.kind == kind && case.verdict != "untested");
        for Case { id, verdict, reason, .. } in of_kind.filter(|case| !case.has_passed()) {
            let reason = reason.replace('|', "\\|");
            writeln!(text, "| `{id}` | {} | {verdict} | {reason} |", kind.word())?;
        }
    }
    Ok(text)
}
