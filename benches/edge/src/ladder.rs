//! What each thing costs that a worker like this cannot do without, whoever writes it: the floor under Holdfast's figures.
//!
//! The rungs are small workers in JavaScript that decide nothing. Each does what the one below it does and one thing
//! more.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::{Context, Result};

use crate::load::Ask;
use crate::measure::{Reading, Stage, Worker};
use crate::scene::{self, PAGE, Scene};
use crate::table;

/// A worker that does a part of what has to be done.
pub struct Rung {
    /// Its file among the workers.
    pub file: &'static str,
    /// What it finds in `RUNG`.
    pub height: u8,
    does: &'static str,
}

/// From the bottom to the top, ladder by ladder.
pub const RUNGS: [Rung; 11] = [
    passing(0, "passes the request through (bare)"),
    passing(1, "… with fields of its own, and follows no redirect"),
    passing(2, "… past the platform's cache, bodies as they came"),
    passing(3, "… with a limit of time"),
    passing(4, "… and a body that is whole before it is handed on"),
    passing(5, "… having read the fields of both heads"),
    passing(6, "… and says what it did"),
    answering(1, "answers 1 KB from a constant, with two fields of its own"),
    answering(2, "… having read the request's fields"),
    answering(3, "… and writes a line to the log"),
    answering(4, "… with an error page of 12 KB"),
];

const fn passing(height: u8, does: &'static str) -> Rung {
    Rung { file: "passing.js", height, does }
}

const fn answering(height: u8, does: &'static str) -> Rung {
    Rung { file: "answering.js", height, does }
}

/// The scenes of Holdfast's that stand beside the rungs.
const SCENES: [&str; 4] =
    ["pass-through, 1 KB", "fresh hit", "stale, breaker open", "error page, breaker open"];

/// One line of the table.
struct Step {
    worker: Worker,
    does: String,
    scene: Scene,
}

fn steps() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for (number, rung) in RUNGS.iter().enumerate() {
        let ask = match rung {
            Rung { file: "answering.js", height: 4, .. } => Ask { status: 503, length: None, ..PAGE },
            _ => PAGE,
        };
        let scene = Scene { ask: ask.clone(), bare: ask, ..scene::plain() };
        steps.push(Step { worker: Worker::Rung(number), does: rung.does.to_owned(), scene });
    }
    for name in SCENES {
        let scene = scene::all().into_iter().find(|scene| scene.name == name).context("no such scene")?;
        steps.push(Step { worker: Worker::Holdfast, does: format!("Holdfast: {name}"), scene });
    }
    Ok(steps)
}

/// Measures all of it side by side, and prints the table.
pub fn climb(stage: &mut Stage<'_>) -> Result<()> {
    let steps = steps()?;
    let mut workers = HashMap::new();
    for Step { worker, scene, .. } in &steps {
        if let Entry::Vacant(place) = workers.entry((*worker, scene.setting)) {
            place.insert(stage.start(*worker, scene.setting)?);
        }
    }
    stage.bring_down(&workers)?;
    let mut readings: Vec<Vec<Reading>> = steps.iter().map(|_| Vec::new()).collect();
    for round in 0..=stage.cli.rounds {
        for turn in 0..steps.len() {
            let at = (turn + round * 5) % steps.len();
            let Step { worker, scene, .. } = &steps[at];
            let running = &workers[&(*worker, scene.setting)];
            readings[at].extend(stage.play(round, *worker, scene, running)?);
        }
        eprint!("\r  round {round} of {}", stage.cli.rounds);
    }
    eprintln!();
    let lines: Vec<_> = steps.iter().map(|step| step.does.as_str()).zip(readings).collect();
    print!("{}", table::ladder(&lines));
    Ok(())
}
