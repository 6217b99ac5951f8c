//! The figures as Markdown tables.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::reading::{Compiled, Reading, Readings, Start, Worker};
use crate::scenario::Scenario;

/// The median of some figures, the least and the most.
#[derive(Clone, Copy, Debug)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = match figures.len() % 2 {
            0 => f64::midpoint(*figures.get(middle - 1)?, *figures.get(middle)?),
            _ => *figures.get(middle)?,
        };
        Some(Self { median, least, most })
    }

    fn written(self) -> String {
        format!("{:.2} ({:.2}–{:.2})", self.median, self.least, self.most)
    }
}

/// Throughput as ratios and CPU time, a line for each scenario. `others` are the names of [`Worker::Other`].
pub fn speed(scenarios: &[Scenario], readings: &[Readings], others: &[&str]) -> String {
    let mut text = String::from(
        "| scenario | bare, req/s | handwritten ÷ bare | Holdfast ÷ bare | Holdfast ÷ handwritten | target | CPU µs: bare | handwritten | Holdfast |",
    );
    for name in others {
        let _ = write!(text, " {name} ÷ bare | Holdfast ÷ {name} | {name}, CPU µs |");
    }
    text.push_str("\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    text.push_str(&" --- | --- | --- |".repeat(others.len()));
    text.push('\n');
    for (scenario, readings) in scenarios.iter().zip(readings) {
        let ratio = |one: Worker, other: Worker| {
            let (one, other) = (readings.get(&one)?, readings.get(&other)?);
            Spread::of(one.iter().zip(other).map(|(one, other)| one.per_second / other.per_second))
        };
        let ratio_text = |one, other| ratio(one, other).map_or_else(String::new, Spread::written);
        let median = |worker: Worker, figure: fn(&Reading) -> f64| {
            let readings = readings.get(&worker)?;
            Spread::of(readings.iter().map(figure)).map(|spread| format!("{:.0}", spread.median))
        };
        let cpu = |worker| median(worker, |reading| reading.cpu_micros).unwrap_or_default();
        let target = |target: Option<f64>, other: Worker, name: &str| {
            let (target, reached) = (target?, ratio(Worker::Holdfast, other)?);
            let mark = if reached.median >= target { "✓" } else { "✗" };
            Some(format!("{mark} {target:.2} of {name}"))
        };
        let targets = [
            target(scenario.targets.0, Worker::Bare, "bare"),
            target(scenario.targets.1, Worker::Handwritten, "handwritten"),
        ];
        let targets = targets.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let _ = write!(
            text,
            "| {} | {} | {} | {} | {} | {targets} | {} | {} | {} |",
            scenario.name,
            median(Worker::Bare, |reading| reading.per_second).unwrap_or_default(),
            ratio_text(Worker::Handwritten, Worker::Bare),
            ratio_text(Worker::Holdfast, Worker::Bare),
            ratio_text(Worker::Holdfast, Worker::Handwritten),
            cpu(Worker::Bare),
            cpu(Worker::Handwritten),
            cpu(Worker::Holdfast),
        );
        for other in (0..others.len()).map(Worker::Other) {
            let (to_bare, to_other) = (ratio_text(other, Worker::Bare), ratio_text(Worker::Holdfast, other));
            let _ = write!(text, " {to_bare} | {to_other} | {} |", cpu(other));
        }
        text.push('\n');
    }
    text
}

/// The floor: what each worker does, and its cost beside the first one's.
pub fn floor(lines: &[(&str, Vec<Reading>)]) -> String {
    let mut text = String::from(
        "| a worker that … | ÷ bare, req/s | CPU µs | ÷ bare, CPU |\n| --- | --- | --- | --- |\n",
    );
    let Some((_, bare)) = lines.first() else { return text };
    for (does, readings) in lines {
        let rounds = || readings.iter().zip(bare);
        let speed = Spread::of(rounds().map(|(one, bare)| one.per_second / bare.per_second));
        let cpu = Spread::of(rounds().map(|(one, bare)| one.cpu_micros / bare.cpu_micros));
        let micros = Spread::of(readings.iter().map(|reading| reading.cpu_micros));
        let (Some(speed), Some(cpu), Some(micros)) = (speed, cpu, micros) else { continue };
        let _ = writeln!(text, "| {does} | {} | {:.0} | {:.2} |", speed.written(), micros.median, cpu.median);
    }
    text
}

/// The files of the build `name` in `folder`, and their sizes.
pub fn sizes(name: &str, folder: &Path) -> Result<String> {
    let mut text = format!("| file of {name} | bytes | gzip | brotli |\n| --- | --- | --- | --- |\n");
    let mut names: Vec<_> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    let mut sums = [0; 3];
    for name in names {
        let bytes = fs::read(folder.join(&name))?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&bytes)?;
        let mut brotli = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
        brotli.write_all(&bytes)?;
        let sizes = [bytes.len(), gzip.finish()?.len(), brotli.into_inner().len()];
        let _ = writeln!(text, "| {name} | {} | {} | {} |", sizes[0], sizes[1], sizes[2]);
        for (sum, size) in sums.iter_mut().zip(sizes) {
            *sum += size;
        }
    }
    let _ = writeln!(text, "| all | {} | {} | {} |", sums[0], sums[1], sums[2]);
    Ok(text)
}

/// How long the workers take to start, and an instance of the module to be made, in milliseconds.
pub fn starts(
    workers: &[Worker],
    others: &[&str],
    starts: &HashMap<Worker, Vec<Start>>,
    instances: &[f64],
) -> String {
    let mut text = String::from(
        "| milliseconds | until workerd listens | then to the first answer | then to the second |\n| --- | --- | --- | --- |\n",
    );
    for worker in workers {
        let name = match worker {
            Worker::Other(number) => (*others.get(*number).unwrap_or(&"another")).to_owned(),
            Worker::Bare | Worker::Handwritten | Worker::Holdfast | Worker::Baseline(_) => {
                format!("{worker:?}")
            }
        };
        let of = |figure: fn(&Start) -> f64| {
            let figures = starts.get(worker).into_iter().flatten().map(figure);
            Spread::of(figures).map_or_else(String::new, Spread::written)
        };
        let (ready, first, second) = (of(|it| it.ready), of(|it| it.first), of(|it| it.second));
        let _ = writeln!(text, "| {name} | {ready} | {first} | {second} |");
    }
    if let Some(spread) = Spread::of(instances.iter().copied()) {
        let _ = writeln!(text, "\nAn instance of the compiled module: {} ms", spread.written());
    }
    text
}

/// The WebAssembly that V8 compiles while Holdfast starts, and for its first answer.
pub fn compiled([start, first]: [Compiled; 2]) -> String {
    let mut text = String::from(
        "| WebAssembly that V8 compiles | functions | KB of machine code |\n| --- | --- | --- |\n",
    );
    for (when, Compiled { functions, bytes }) in [("while it starts", start), ("for the first answer", first)]
    {
        let _ = writeln!(text, "| {when} | {functions} | {} |", bytes / 1000);
    }
    text
}

/// Resident memory of workerd.
pub fn memory(first: u64, last: u64, lines: &[(Worker, u64, u64)]) -> String {
    let mut text = format!("| memory, MiB | after {first} requests | after {last} |\n| --- | --- | --- |\n");
    for (worker, before, after) in lines {
        let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
        let _ = writeln!(text, "| {worker:?} | {:.1} | {:.1} |", mib(*before), mib(*after));
    }
    text
}
