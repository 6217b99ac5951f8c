//! What gathering reports costs, by the number of isolates: `cargo bench --bench gathering` prints the table of
//! docs/operations.md. Times are of one machine, natively.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is measured is known to be right")]

#[path = "../tests/it/gathering/model.rs"]
mod model;

use model::{Figures, Scene};

fn main() {
    println!(
        "| isolates | shards | | calls a second at each shard | µs each | calls a second at the object | µs each | rows written a second |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (isolates, shards) in [(1, 1), (1000, 1), (1000, 4), (100_000, 1), (100_000, 64), (100_000, 256)] {
        for (phase, figures) in model::run(Scene { isolates, shards }) {
            let Figures { at_shard, at_object, rows, shard_ns, object_ns } = figures;
            let [shard, shard_us] = if shards == 1 {
                ["–".to_owned(), "–".to_owned()]
            } else {
                [at_shard.to_string(), micros(shard_ns)]
            };
            println!(
                "| {isolates} | {shards} | {phase} | {shard} | {shard_us} | {at_object} | {} | {rows} |",
                micros(object_ns)
            );
        }
    }
}

fn micros(ns: u64) -> String {
    format!("{}.{}", ns / 1000, ns % 1000 / 100)
}
