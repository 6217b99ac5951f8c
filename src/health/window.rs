//! The last minute by the second: good answers, failures, requests that were refused, and what visitors got.
//!
//! It slides, so that it does not matter when in a minute of the clock an outage begins.

/// How long a second counts.
const SECONDS: u64 = 60;

/// The seconds of the last minute in which there was anything, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Window(Vec<Second>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Second {
    /// Since the Unix epoch.
    at: u64,
    good: u64,
    failed: u64,
    refused: u64,
    /// The first and the last failure in it, in milliseconds since the Unix epoch; 0 for none.
    first_failure: u64,
    last_failure: u64,
    visitors: Touched,
}

/// Requests of visitors that a failure touched, or all of them where everything is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub all: u64,
    /// Those that got a stale copy.
    pub stale: u64,
    /// Those that got an error.
    pub errors: u64,
}

impl Touched {
    /// Adds them up.
    pub fn add(&mut self, other: Self) {
        self.all += other.all;
        self.stale += other.stale;
        self.errors += other.errors;
    }
}

impl Window {
    /// Takes in `n` good answers at `ms`.
    pub fn answered(&mut self, ms: u64, n: u64) {
        self.with(ms, |second| second.good += n);
    }

    /// Takes in `n` failures from `first` to `last`.
    pub fn failed(&mut self, first: u64, last: u64, n: u64) {
        self.with(first, |second| second.fail_at(first));
        self.with(last, |second| {
            second.failed += n;
            second.fail_at(last);
        });
    }

    /// Takes in `n` requests that were refused at `ms`.
    pub fn refused(&mut self, ms: u64, n: u64) {
        self.with(ms, |second| second.refused += n);
    }

    /// Takes in what visitors got from `first` to `last`, spread evenly.
    pub fn visitors(&mut self, first: u64, last: u64, touched: Touched) {
        let (from, to) = (first.min(last) / 1000, last / 1000);
        let seconds = (to - from).min(SECONDS - 1) + 1;
        for number in 0..seconds {
            // What is left over by a division goes to the later seconds.
            let part = |n: u64| n * (number + 1) / seconds - n * number / seconds;
            let Touched { all, stale, errors } = touched;
            let part = Touched { all: part(all), stale: part(stale), errors: part(errors) };
            self.with((to + 1 - seconds + number) * 1000, |second| second.visitors.add(part));
        }
    }

    /// What visitors got since `ms`.
    pub fn touched_since(&self, ms: u64) -> Touched {
        let mut sum = Touched::default();
        for second in self.0.iter().filter(|second| second.at >= ms / 1000) {
            sum.add(second.visitors);
        }
        sum
    }

    /// The newest second in which there was anything, in milliseconds; 0 for none.
    pub fn newest(&self) -> u64 {
        self.0.last().map_or(0, |second| second.at * 1000)
    }

    /// How many attempts failed since `ms`.
    pub fn failed_since(&self, ms: u64) -> u64 {
        self.0.iter().filter(|second| second.at >= ms / 1000).map(|second| second.failed).sum()
    }

    /// The first failure at or after `ms`; 0 for none. Of a second, the first and the last failure are known.
    pub fn first_failure_from(&self, ms: u64) -> u64 {
        let failures = self.0.iter().flat_map(|second| [second.first_failure, second.last_failure]);
        failures.filter(|at| *at > 0 && *at >= ms).min().unwrap_or(0)
    }

    /// How many good answers there were in the minute before `now`.
    pub fn good(&self, now: u64) -> u64 {
        self.good_lately(now, SECONDS)
    }

    /// How many there were in the last `seconds`.
    pub fn good_lately(&self, now: u64, seconds: u64) -> u64 {
        self.last(now, seconds).map(|second| second.good).sum()
    }

    /// How many failures and refusals there were.
    pub fn bad(&self, now: u64) -> u64 {
        self.last(now, SECONDS).map(|second| second.failed + second.refused).sum()
    }

    /// Whether at least half of the last `seconds` failed. So it is if there was nothing.
    pub fn mostly_fails(&self, now: u64, seconds: u64) -> bool {
        let bad: u64 = self.last(now, seconds).map(|second| second.failed + second.refused).sum();
        bad >= self.good_lately(now, seconds)
    }

    /// Whether an attempt failed in the last `seconds` after a good answer that was given after `began`.
    pub fn is_mixed(&self, began: u64, now: u64, seconds: u64) -> bool {
        let good = |second: &&Second| second.good > 0 && second.at > began / 1000;
        let Some(first_good) = self.0.iter().find(good).map(|second| second.at) else { return false };
        self.last(now, seconds).any(|second| second.first_failure > 0 && second.at > first_good)
    }

    /// Forgets the failures: they belong to an incident of another part.
    pub fn forgive(&mut self) {
        for second in &mut self.0 {
            (second.failed, second.refused, second.visitors) = (0, 0, Touched::default());
        }
    }

    /// As the database has it: the time of the first second, then for each its distance to the one before, good answers,
    /// failures, refusals, the milliseconds of the first and the last failure plus one, and what visitors got.
    pub fn written(&self) -> String {
        let mut before = self.0.first().map_or(0, |first| first.at);
        let mut text = before.to_string();
        for Second { at, good, failed, refused, first_failure, last_failure, visitors } in &self.0 {
            let [first, last] =
                [first_failure, last_failure].map(|ms| if *ms == 0 { 0 } else { ms % 1000 + 1 });
            text += &format!(" {},{good},{failed},{refused},{first},{last}", at - before);
            if *visitors != Touched::default() {
                let Touched { all, stale, errors } = visitors;
                text += &format!(",{all},{stale},{errors}");
            }
            before = *at;
        }
        text
    }

    /// What was [`written`](Self::written). Another text is an empty window.
    pub fn read(text: &str) -> Self {
        let mut words = text.split(' ');
        let Some(mut at) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
            return Self::default();
        };
        let mut seconds = Vec::new();
        for word in words {
            let numbers: Vec<u64> = word.split(',').filter_map(|number| number.parse().ok()).collect();
            let (numbers, visitors) = numbers.split_at(numbers.len().min(6));
            let visitors = match *visitors {
                [] => Touched::default(),
                [all, stale, errors] => Touched { all, stale, errors },
                _ => return Self::default(),
            };
            let [distance, good, failed, refused, first, last] = *numbers else { return Self::default() };
            at = at.saturating_add(distance).min(1 << 40);
            let [first_failure, last_failure] =
                [first, last].map(|ms| if ms == 0 { 0 } else { at * 1000 + (ms - 1).min(999) });
            seconds.push(Second { at, good, failed, refused, first_failure, last_failure, visitors });
        }
        Self(seconds)
    }

    fn last(&self, now: u64, seconds: u64) -> impl Iterator<Item = &Second> {
        let from = (now / 1000).saturating_sub(seconds);
        self.0.iter().filter(move |second| second.at > from)
    }

    /// Changes the second of `ms`, unless it is too old to count.
    fn with(&mut self, ms: u64, change: impl FnOnce(&mut Second)) {
        let at = ms / 1000;
        let newest = self.0.last().map_or(at, |last| last.at.max(at));
        if at + SECONDS <= newest {
            return;
        }
        self.0.retain(|second| second.at + SECONDS > newest);
        let place = self.0.partition_point(|second| second.at < at);
        if self.0.get(place).is_none_or(|second| second.at != at) {
            self.0.insert(place, Second { at, ..Second::default() });
        }
        if let Some(second) = self.0.get_mut(place) {
            change(second);
        }
    }
}

impl Second {
    fn fail_at(&mut self, ms: u64) {
        self.first_failure = if self.first_failure == 0 { ms } else { self.first_failure.min(ms) };
        self.last_failure = self.last_failure.max(ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_767_323_070_500;

    #[test]
    fn a_second_counts_for_a_minute() {
        let mut window = Window::default();
        window.answered(NOW, 3);
        window.failed(NOW - 10, NOW, 2);
        window.refused(NOW + 59_000, 1);
        assert_eq!((window.good(NOW + 59_000), window.bad(NOW + 59_000)), (3, 3));
        assert_eq!((window.good(NOW + 60_000), window.bad(NOW + 60_000)), (0, 1));
        window.answered(NOW - 1000, 1);
        assert_eq!(window.good(NOW), 3, "what is older than a minute has passed");
    }

    #[test]
    fn what_visitors_got_is_spread_over_the_seconds_in_which_they_got_it() {
        let mut window = Window::default();
        window.visitors(NOW - 9000, NOW, Touched { all: 25, stale: 3, errors: 1 });
        assert_eq!(window.touched_since(0), Touched { all: 25, stale: 3, errors: 1 });
        assert_eq!(window.touched_since(NOW - 4000).all, 13);
        window.visitors(NOW + 1000, NOW, Touched { all: 1, ..Touched::default() });
        window.visitors(0, NOW, Touched { all: 60, ..Touched::default() });
        assert_eq!(window.touched_since(0).all, 86);
        assert_eq!(Window::read(&window.written()), window);
    }

    #[test]
    fn what_the_database_has_is_at_most_four_kilobytes() {
        let mut window = Window::default();
        for second in 0..1000 {
            window.answered(NOW + second * 1000, 99_999);
            window.failed(NOW + second * 1000, NOW + second * 1000 + 400, 99_999);
            window.refused(NOW + second * 1000, 99_999);
            let touched = Touched { all: 99_999, stale: 9999, errors: 9999 };
            window.visitors(NOW + second * 1000, NOW + second * 1000, touched);
        }
        assert!(window.written().len() < 4096, "{}", window.written().len());
        for text in ["", "x", "1 2", "1 1,2,3,4,5", "1 1,2,3,4,5,x", "1 1,2,3,4,5,6,7"] {
            assert_eq!(Window::read(text), Window::default(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(events in proptest::collection::vec((0..4_u8, 0..120_000_u64, 0..9_u64), 0..40)) {
            let mut window = Window::default();
            for (what, ms, n) in events {
                match what {
                    3 => window.visitors(NOW, NOW + ms, Touched { all: n, stale: n / 2, errors: n / 3 }),
                    0 => window.answered(NOW + ms, n),
                    1 => window.failed(NOW + ms, NOW + ms + n * 100, n),
                    _ => window.refused(NOW + ms, n),
                }
            }
            prop_assert_eq!(Window::read(&window.written()), window);
        }
    }
}
