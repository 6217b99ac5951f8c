//! Data points for Analytics Engine: which counts are written, and in which columns?
//!
//! `docs/operations.md` has the columns. One invocation may write 25 points.

use super::count_lines::FORM;

/// The most points that one invocation may write.
const MOST: usize = 25;

/// A data point, by the platform's names of its columns.
#[derive(Debug, PartialEq, Eq)]
pub struct Point<'a> {
    /// What the platform samples by: the origin, or the site as a whole.
    pub index: &'a str,
    /// Kind, origin, result of the attempt, outcome.
    pub blobs: [&'a str; 4],
    /// How many, and the status of an answer if it is 500 or more.
    pub doubles: [u32; 2],
}

/// The points for `counts` in their written form, at most 25: what went wrong first. Unreadable lines give none.
pub fn of(counts: &str) -> Vec<Point<'_>> {
    let lines = counts.lines().skip_while(|line| *line == FORM);
    let (well, mut points): (Vec<_>, Vec<_>) = lines.filter_map(point).partition(Point::is_well);
    points.extend(well);
    points.truncate(MOST);
    points
}

fn point(line: &str) -> Option<Point<'_>> {
    let (minute, rest) = line.split_once(' ')?;
    // Other lines say what was seen of the origins: see `observation`.
    minute.parse::<u64>().ok()?;
    let (words, count) = rest.rsplit_once(' ')?;
    let count = count.parse().ok()?;
    match words.split(' ').collect::<Vec<_>>()[..] {
        [kind @ "answer", outcome, status] => Some(Point {
            index: "site",
            blobs: [kind, "", "", outcome],
            doubles: [count, status.parse().ok()?],
        }),
        [kind, origin, result] => {
            Some(Point { index: origin, blobs: [kind, origin, result, ""], doubles: [count, 0] })
        }
        [kind, origin, result, outcome] => {
            Some(Point { index: origin, blobs: [kind, origin, result, outcome], doubles: [count, 0] })
        }
        _ => None,
    }
}

impl Point<'_> {
    /// Whether it only says that something went well.
    fn is_well(&self) -> bool {
        let [kind, _, result, _] = self.blobs;
        let [_, status] = self.doubles;
        if kind == "answer" { status == 0 } else { result == "ok" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_the_columns_of_the_documentation() {
        for (line, index, blobs, doubles) in [
            ("2 answer page 502 7", "site", ["answer", "", "", "page"], [7, 502]),
            ("2 try a.example ok 3", "a.example", ["try", "a.example", "ok", ""], [3, 0]),
            (
                "2 touched a.example body_silent stale 1",
                "a.example",
                ["touched", "a.example", "body_silent", "stale"],
                [1, 0],
            ),
        ] {
            let counts = format!("{FORM}\n{line}\n");
            assert_eq!(of(&counts), [Point { index, blobs, doubles }]);
        }
        assert!(of(&format!("{FORM}\n\nx\n1 answer page x 1\n1 try a ok x\n")).is_empty());
    }

    #[test]
    fn what_went_wrong_is_written_first() {
        let well = "2 answer origin 0 1\n2 try a.example ok 1\n2 probe a.example ok 1\n".repeat(20);
        let counts = format!("{FORM}\n{well}2 answer page 502 1\n2 opened a.example edge_refused 1\n");
        let points = of(&counts);
        assert_eq!(points.len(), MOST);
        let first: Vec<_> = points.iter().take(3).map(|point| point.blobs[0]).collect();
        assert_eq!(first, ["answer", "opened", "answer"]);
        assert_eq!(points[0].doubles, [1, 502]);
    }
}
