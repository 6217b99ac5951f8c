//! What many isolates told, as one report. What do their texts come to?
//!
//! [Count lines](super::count_lines) that are equal but for their counts are added up, whatever they count;
//! [observations](super::observation) of one sort at one part are one, and so is how long answers took ([`latency`]) in
//! one minute. So the sum of what is merged is the sum of what was told, in whatever order it came, and what was merged can
//! be merged again. Lines of other sorts, such as a [sample](super::sample) of requests, are handed on: the latest of them,
//! and of those that differ in their time alone only the latest.
//!
//! There are several shards where one object would be too busy. A shard merges what its isolates tell, keeps it for a
//! second, and tells the object: see `src/edge/js/object.js`.

use std::collections::BTreeMap;

use super::count_lines::{FORM, MOST_MINUTES_LATE, minute_of};
use super::flush_reply;
use super::latency::{self, Latency, Took};
use super::observation::{self, Observation, Seen};
pub use super::state::flush_s;
use crate::time::Timestamp;

/// The longest text that comes of merging, in bytes. The object keeps up to 32 KiB for later, and reads 64 KiB at a time.
pub const LONGEST_TEXT: usize = 24 * 1024;

/// The sorts of lines that are handed on, and how many of each.
const SORTS: [&str; 2] = ["request", "version"];
const MOST_OTHERS: usize = 64;

/// How the first line of a report begins, whatever its form.
const FORMS: &str = "holdfast ";

/// What `told` comes to at `now`: any number of reports, one behind the other. It is one text, or several if it would be
/// longer than [`LONGEST_TEXT`]; none if there is nothing in it.
///
/// Lines stand in the order in which each was last told: of what happened at the same time, the object takes the last for
/// the latest. Count lines in another form, or too late for the object, are left out.
pub fn merged(told: &str, now: Timestamp) -> Vec<String> {
    let mut counts = BTreeMap::<&str, (usize, u64)>::new();
    let mut is_known = false;
    for (at, line) in told.lines().enumerate() {
        if line.starts_with(FORMS) {
            is_known = line == FORM;
        } else if let Some((what, n)) = counted(line, now).filter(|_| is_known) {
            let (last, known) = counts.entry(what).or_default();
            (*last, *known) = (at, known.saturating_add(n));
        }
    }
    let mut parts = BTreeMap::<(&str, &str), Vec<(usize, Seen)>>::new();
    for (at, Observation { origin, place, what }) in observation::all(told, now).enumerate() {
        let seen = parts.entry((origin, place)).or_default();
        match seen.iter_mut().find_map(|(last, seen)| seen.merge(what).then_some(last)) {
            Some(last) => *last = at,
            None => seen.push((at, what)),
        }
    }
    let mut times = BTreeMap::<(u64, &str), Latency>::new();
    for Took { minute, origin, latency } in latency::all(told, now) {
        times.entry((minute, origin)).or_default().merge(&latency);
    }
    let counts = counts.into_iter().map(|(what, (at, n))| (at, format!("{what} {n}\n")));
    let seen = parts.into_iter().flat_map(|((origin, place), seen)| {
        seen.into_iter().map(move |(at, what)| (at, format!("{}\n", Observation { origin, place, what })))
    });
    let mut texts = Texts::default();
    texts.add(counts.collect());
    texts.add(seen.collect());
    let times = times.into_iter().map(|((minute, origin), latency)| Took { minute, origin, latency });
    texts.add(times.map(|took| (0, format!("{took}\n"))).collect());
    texts.add(others(told));
    texts.0
}

/// The latest lines of other sorts, by their places.
fn others(told: &str) -> Vec<(usize, String)> {
    let mut latest = BTreeMap::<(&str, &str), (usize, &str)>::new();
    for (at, line) in told.lines().enumerate() {
        let mut words = line.splitn(3, ' ');
        let (Some(sort), Some(number), Some(rest)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let is_other = SORTS.contains(&sort) && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_other {
            latest.insert((sort, rest), (at, line));
        }
    }
    let mut lines: Vec<_> =
        latest.into_iter().map(|((sort, _), (at, line))| (at, sort, format!("{line}\n"))).collect();
    lines.sort_unstable_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let mut kept = BTreeMap::<&str, usize>::new();
    lines.retain(|(_, sort, _)| {
        let kept = kept.entry(sort).or_default();
        *kept += 1;
        *kept <= MOST_OTHERS
    });
    lines.into_iter().map(|(at, _, line)| (at, line)).collect()
}

/// What a count line counts, and its count.
fn counted(line: &str, now: Timestamp) -> Option<(&str, u64)> {
    let (minute, _) = line.split_once(' ')?;
    let (what, n) = line.rsplit_once(' ')?;
    let minute: u64 = minute.parse().ok()?;
    let is_late = minute < minute_of(now).saturating_sub(MOST_MINUTES_LATE);
    Some((what, n.parse().ok().filter(|n| *n > 0 && !is_late)?))
}

/// A shard's reply to an isolate: the object's last one, but with how long the shard's own isolates gather, in seconds.
pub fn reply(of_object: &str, flush_s: u64) -> String {
    let others = of_object.lines().filter(|line| !line.starts_with(flush_reply::FLUSH));
    let mut text = flush_reply::flush(flush_s);
    for line in others {
        text += line;
        text.push('\n');
    }
    text
}

#[derive(Default)]
struct Texts(Vec<String>);

impl Texts {
    /// Adds lines in the order of their numbers.
    fn add(&mut self, mut lines: Vec<(usize, String)>) {
        lines.sort_unstable_by_key(|(at, _)| *at);
        for (_, line) in lines {
            match self.0.last_mut() {
                Some(text) if text.len() + line.len() <= LONGEST_TEXT => text.push_str(&line),
                _ => self.0.push([FORM, "\n", &line].concat()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::count_lines;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    const MINUTE: u64 = 29_000_000;
    const NOW: Timestamp = Timestamp::from_millis(MINUTE * 60_000 + 30_000);

    #[test]
    fn equal_lines_are_added_up_and_observations_of_one_sort_are_one() {
        let told = "holdfast 1\n29000000 try a ok 2\n29000000 took a 5 1\nok a ok 2 0 0 1 5 \n\
                    holdfast 1\n29000000 try a ok 3\n28999999 try a ok 1\nok a ok 3 0 0 4 9 \nok a ok 1 0 0 7 7 www/x\n\
                    holdfast 1\n29000000 took a 5 4\nfailed a own_503 1 1 0 8 8 \nwhat\n29000000 try a ok x\n";
        assert_eq!(
            merged(told, NOW),
            ["holdfast 1\n29000000 try a ok 5\n28999999 try a ok 1\n29000000 took a 5 5\n\
              ok a ok 5 0 0 1 9 \nok a ok 1 0 0 7 7 www/x\nfailed a own_503 1 1 0 8 8 \n"]
        );
        for nothing in ["", "holdfast 1\n", "holdfast 2\n29000000 try a ok 1\n", "29000000 try a ok 1\n"] {
            assert_eq!(merged(nothing, NOW), Vec::<String>::new());
        }
    }

    #[test]
    fn times_are_added_up_and_a_sample_and_versions_are_handed_on() {
        let request =
            |number: u64| format!("request {number} 2 502 a own_503 error_page GET - id{number} www /\n");
        let mut told = format!("{FORM}\n");
        for (ms, number) in [(1000, 0_u64), (2500, 1)] {
            let mut latency = Latency::default();
            latency.add_one(std::time::Duration::from_millis(ms));
            told += &format!("{}\n", Took { minute: MINUTE, origin: "a", latency });
            told += &request(number);
            told += &format!("version {number} v1 tag\n");
        }
        let text = merged(&told, NOW).concat();
        let took: Vec<_> = latency::read(&text, NOW);
        assert_eq!(
            took.iter().map(|took| (took.latency.count(), took.latency.sum_ms)).collect::<Vec<_>>(),
            [(2, 3500)]
        );
        assert!(text.ends_with(&[&request(0), &request(1), "version 1 v1 tag\n"].concat()), "{text}");
        let many: String = (0..1000).map(request).collect();
        assert_eq!(merged(&many, NOW).concat().lines().count(), 1 + MOST_OTHERS);
    }

    #[test]
    fn what_is_too_late_for_the_object_is_left_out() {
        let told = "holdfast 1\n28999940 try a ok 1\n28999939 try a ok 1\n";
        assert_eq!(merged(told, NOW), ["holdfast 1\n28999940 try a ok 1\n"]);
    }

    #[test]
    fn a_reply_has_the_shard_s_own_interval() {
        assert_eq!(reply("flush 10\ndown a own_503 5\n", 25), "flush 25\ndown a own_503 5\n");
        assert_eq!(reply("", 10), "flush 10\n");
    }

    #[test]
    fn much_is_several_texts_of_which_the_object_reads_each_whole() {
        let lines: String = (0..5000).map(|number| format!("{MINUTE} try origin-{number} ok 1\n")).collect();
        let texts = merged(&format!("{FORM}\n{lines}"), NOW);
        assert!(texts.len() > 1);
        assert!(texts.iter().all(|text| text.len() <= LONGEST_TEXT + FORM.len() + 1));
        let read: usize = texts.iter().map(|text| count_lines::read(text, NOW).len()).sum();
        assert_eq!(read, 5000);
    }

    fn line() -> impl Strategy<Value = String> {
        let (words, places) = (select(vec!["own_503", "edge_refused"]), select(vec!["", "www/a/*"]));
        (
            select(vec!["try", "ok", "failed", "open", "visitors", "answer", "served"]),
            words,
            places,
            1..50_u64,
            0..50_u64,
            0..50_u64,
        )
            .prop_map(|(sort, kind, place, n, first, last)| match sort {
                "try" => format!("{} try a {kind} {n}\n", MINUTE - first % 3),
                "served" => format!("served  ok {n} {first} {last} 1 {last} \n"),
                "answer" => format!("{MINUTE} answer hit 0 {n}\n"),
                "ok" => format!("ok a ok {n} 0 0 {first} {last} {place}\n"),
                "open" => format!("open a {kind} {n} 0 0 {first} {last} {place}\n"),
                sort => format!("{sort} a {kind} {n} {first} {last} 7 {last} {place}\n"),
            })
    }

    /// The sum of the numbers of each sort of line.
    fn sums(text: &str) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for line in count_lines::read(text, NOW) {
            *sums.entry(format!("{} {} {}", line.minute, line.origin, line.what)).or_default() += line.n;
        }
        for Observation { place, what, .. } in observation::read(text, NOW) {
            let (sort, numbers) = match what {
                Seen::Answered { n, .. } => ("ok".to_owned(), vec![n]),
                Seen::Failed { kind, n, lost, .. } => (format!("failed {}", kind.word()), vec![n, lost]),
                Seen::Visitors { kind, touched, refused, stale, errors, .. } => {
                    (format!("visitors {}", kind.word()), vec![touched, refused, stale, errors])
                }
                Seen::Served { n, stale, errors, .. } => ("served".to_owned(), vec![n, stale, errors]),
                Seen::Open { n, .. } => ("open".to_owned(), vec![n]),
            };
            for (at, n) in numbers.into_iter().enumerate() {
                *sums.entry(format!("{sort} {place} {at}")).or_default() += n;
            }
        }
        sums
    }

    proptest! {
        #[test]
        fn the_sum_of_what_is_merged_is_the_sum_of_what_was_told(
            lines in prop::collection::vec(line(), 1..40),
            swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 40),
            cut in any::<Index>(),
        ) {
            let told = format!("{FORM}\n{}", lines.concat());
            let sorted = |text: String| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
            let once = merged(&told, NOW).concat();
            prop_assert_eq!(sums(&once), sums(&told));
            let once = sorted(once);
            // In whatever order it comes.
            let mut others = lines;
            for (one, other) in swaps {
                let (one, other) = (one.index(others.len()), other.index(others.len()));
                others.swap(one, other);
            }
            let merged = |lines: &[String]| merged(&format!("{FORM}\n{}", lines.concat()), NOW).concat();
            prop_assert_eq!(&sorted(merged(&others)), &once);
            // And by however many shards.
            let (these, those) = others.split_at(cut.index(others.len()));
            prop_assert_eq!(sorted(merged(&[merged(these), merged(those)])), once);
        }

        #[test]
        fn no_text_breaks_it(told in "(holdfast 1\n)?([0-9]{1,22} try [a-c ]{0,5} [0-9-]{1,22}\n|.{0,30}\n){0,9}") {
            let once = merged(&told, NOW).concat();
            prop_assert_eq!(&merged(&once, NOW).concat(), &once);
        }
    }
}
