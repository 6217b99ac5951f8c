//! How often the object and its shards are called, and how much is written, by the number of isolates.

mod model;

use model::{Figures, Scene};

#[test]
fn calls_and_rows_by_the_number_of_isolates() {
    let counted: Vec<_> = [(1, 1), (1000, 1), (1000, 4)]
        .into_iter()
        .flat_map(|(isolates, shards)| {
            let phases = model::run(Scene { isolates, shards });
            phases.map(|(_, Figures { at_shard, at_object, rows, .. })| {
                (isolates, shards, at_shard, at_object, rows)
            })
        })
        .collect();
    // Isolates, shards; calls a second at each shard and at the object, and rows written a second: all is well, an outage
    // begins, an outage lasts.
    assert_eq!(
        counted,
        [
            (1, 1, 0, 1, 1),
            (1, 1, 0, 1, 10),
            (1, 1, 0, 1, 2),
            (1000, 1, 0, 50, 3),
            (1000, 1, 0, 1000, 82),
            (1000, 1, 0, 200, 17),
            (1000, 4, 13, 2, 3),
            (1000, 4, 250, 4, 9),
            (1000, 4, 50, 1, 2),
        ]
    );
}
