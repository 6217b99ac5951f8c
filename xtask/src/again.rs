//! Tests that keep real time, on a machine that is busy with others.
//!
//! The tests in workerd and in a browser have limits of a second or two, as an origin has that fails. On a busy machine
//! something sometimes takes longer, and then a test fails that found nothing. So what fails there runs once more, alone.
//! Only what fails twice has failed, and both are told.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::step::{cargo, written};

/// The targets whose tests keep real time, as cargo names them.
const REAL_TIME: [&str; 2] = ["-p holdfast --test edge", "-p holdfast --test browser"];

/// The most tests that a busy machine can explain.
const MOST: usize = 8;

/// Runs the tests, and those that keep real time once more if they failed.
pub fn tests(command: &mut Command) -> Result<()> {
    let (outcome, stall) = stalls(|| heard(command));
    let heard = outcome?;
    if heard.is_success {
        return Ok(());
    }
    let Failed { targets, tests } = Failed::of(&heard.lines);
    let names = tests.join(", ");
    eprintln!(
        "    failed: {names}; the longest time for which the machine stood still: {} ms",
        stall.as_millis()
    );
    let keep_time = !targets.is_empty() && targets.iter().all(|target| REAL_TIME.contains(&target.as_str()));
    if !keep_time || tests.is_empty() || tests.len() > MOST {
        bail!("{} failed", written(command));
    }
    let mut passed = 0;
    for target in targets {
        let mut alone = cargo();
        // In the same workerd.
        alone.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        alone.arg("test").args(target.split(' ')).args(["--", "--test-threads=1", "--exact"]).args(&tests);
        let heard = self::heard(&mut alone)?;
        ensure!(heard.is_success, "{} failed, for the second time", written(&alone));
        passed += passed_in(&heard.lines);
    }
    ensure!(passed == tests.len(), "{passed} tests ran again in place of {}", tests.len());
    eprintln!("    failed among others and passed alone: {names}");
    Ok(())
}

struct Heard {
    is_success: bool,
    lines: Vec<String>,
}

/// Runs `command`, shows what it prints as it comes, and keeps it.
fn heard(command: &mut Command) -> Result<Heard> {
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = started.with_context(|| format!("could not start {}", written(command)))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let lines = thread::scope(|scope| {
        let out = scope.spawn(|| passed_on(out, io::stdout()));
        let err = scope.spawn(|| passed_on(err, io::stderr()));
        [out, err].map(|reader| reader.join().unwrap_or_default()).concat()
    });
    Ok(Heard { is_success: child.wait()?.success(), lines })
}

fn passed_on(from: Option<impl Read>, mut to: impl Write) -> Vec<String> {
    let lines = from.into_iter().flat_map(|from| BufReader::new(from).split(b'\n')).map_while(Result::ok);
    lines
        .map(|line| {
            let line = String::from_utf8_lossy(&line).into_owned();
            // Whoever listens may have left; the tests go on.
            let _ = writeln!(to, "{line}");
            line
        })
        .collect()
}

/// What failed in a run of all tests.
#[derive(Debug, PartialEq)]
struct Failed {
    /// As cargo names them, such as `-p holdfast --test edge`.
    targets: Vec<String>,
    tests: Vec<String>,
}

impl Failed {
    fn of(lines: &[String]) -> Failed {
        let targets = lines.iter().filter_map(|line| line.strip_prefix("    `")?.strip_suffix('`'));
        let tests = lines.iter().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
        Failed { targets: targets.map(str::to_owned).collect(), tests: tests.map(str::to_owned).collect() }
    }
}

/// How many tests the runner says have passed.
fn passed_in(lines: &[String]) -> usize {
    let results = lines.iter().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum()
}

/// Does `work`, and tells the longest time for which a thread that wanted to run every 50 ms could not.
fn stalls<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    const EVERY: Duration = Duration::from_millis(50);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_done.load(Ordering::Relaxed) {
                let began = Instant::now();
                thread::sleep(EVERY);
                longest = longest.max(began.elapsed().saturating_sub(EVERY));
            }
            longest
        });
        let done = work();
        is_done.store(true, Ordering::Relaxed);
        (done, watch.join().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_failed_is_read_from_what_cargo_prints() {
        let printed = "test bodies::one ... ok\ntest bodies::two ... FAILED\ntest result: FAILED. 1 passed; 1 failed\n\
                       error: 1 target failed:\n    `-p holdfast --test edge`";
        let failed = Failed { targets: vec![REAL_TIME[0].to_owned()], tests: vec!["bodies::two".to_owned()] };
        assert_eq!(Failed::of(&lines(printed)), failed);
    }

    #[test]
    fn only_tests_that_ran_and_passed_are_counted() {
        let printed =
            "test result: ok. 2 passed; 0 failed; 0 ignored\ntest result: FAILED. 7 passed; 1 failed";
        assert_eq!(passed_in(&lines(printed)), 2);
    }

    #[test]
    fn a_command_is_heard_to_its_end_and_judged_by_how_it_ends() {
        let heard = |script: &str| heard(Command::new("sh").args(["-c", script])).expect("a shell");
        let failing = heard("echo out; echo err >&2; exit 3");
        assert!(!failing.is_success);
        assert_eq!(failing.lines, ["out", "err"]);
        assert!(heard("true").is_success);
    }
}
