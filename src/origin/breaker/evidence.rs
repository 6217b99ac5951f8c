//! Evidence of an outage. Is a part down, or does it only fail sometimes?
//!
//! Clients are counted, not requests: a client that asks ten times counts once, so neither a polling script nor a
//! scanner that a firewall blocks decides for others. One answer in the window shows that the part is up, whoever
//! else failed: a firewall may block many clients.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::config::{Breaker as Settings, Share};
use crate::request::Client;

/// How many requests of the window are remembered; the newest.
const MOST: usize = 64;

/// For how many windows a part that fails only sometimes is not considered down. Each success among failures restarts
/// them.
const UNSTEADY_WINDOWS: u32 = 3;

/// The client of a request in four bytes: a [`Client`], or the request itself if its client is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Identifies the client; if it is unknown, the request.
    pub mark: u32,
    /// Whether the platform identified the client.
    pub is_known: bool,
}

impl Witness {
    /// The witness for a request of `client` with this id. If the platform does not identify clients, each request
    /// counts as a client of its own.
    pub fn of(client: Client, request_id: &str) -> Self {
        let (mut hasher, is_known) = (DefaultHasher::new(), client.is_known());
        if is_known {
            client.hash(&mut hasher);
        } else {
            request_id.hash(&mut hasher);
        }
        // Half of the hash is enough for a few dozen clients.
        Self { mark: hasher.finish() as u32, is_known }
    }
}

/// The evidence about one page, section or origin since its first failure.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Recent answers (`None`) and failed clients, the newest last. Only the newest failure of a client is listed.
    recent: Vec<(Duration, Option<Witness>)>,
    failed_at: Option<Duration>,
    /// When the first of the current failures was sent: no answer and no window without failures since.
    failing_since: Option<Duration>,
    succeeded_at: Option<Duration>,
    /// When success and failure were last mixed.
    unsteady_at: Option<Duration>,
}

impl Evidence {
    /// Evidence for a part that was last answered at `succeeded_at` and has not failed yet.
    pub fn since(succeeded_at: Option<Duration>) -> Self {
        Self { succeeded_at, ..Self::default() }
    }

    /// How long nothing has been answered: since the first of the current failures was sent.
    pub fn failing_for(&self, now: Duration) -> Duration {
        self.failing_since.map_or(Duration::ZERO, |since| now.saturating_sub(since))
    }

    /// Records a success.
    pub fn succeed(&mut self, now: Duration) {
        if self.is_failing() {
            self.unsteady_at = Some(now);
        }
        self.succeeded_at = Some(now);
        if self.failed_at.is_some() {
            self.push(now, None);
        }
    }

    /// Records a failed request of `client`, sent at `sent_at`. Ignored if another request was answered after that:
    /// the part was up.
    pub fn fail(&mut self, client: Witness, sent_at: Duration, settings: &Settings, now: Duration) {
        self.recent.retain(|(at, known)| *known != Some(client) && now < at.saturating_add(settings.window));
        if self.succeeded_at.is_some_and(|at| at > sent_at) {
            return;
        }
        let is_new = self.failed_at.is_none_or(|at| now >= at.saturating_add(settings.window));
        if is_new || !self.is_failing() {
            self.failing_since = Some(sent_at);
        }
        self.failed_at = Some(now);
        self.push(now, Some(client));
    }

    fn push(&mut self, now: Duration, client: Option<Witness>) {
        if self.recent.len() >= MOST {
            self.recent.remove(0);
        }
        self.recent.push((now, client));
    }

    /// Whether nothing was answered since the last failure.
    pub fn is_failing(&self) -> bool {
        self.failed_at.is_some_and(|failed| self.succeeded_at.is_none_or(|succeeded| succeeded < failed))
    }

    /// Whether this part failed after the last answer of `whole`.
    pub fn failed_after(&self, whole: &Self) -> bool {
        self.failed_at.is_some_and(|failed| whole.succeeded_at.is_none_or(|succeeded| succeeded < failed))
    }

    /// When it last failed.
    pub fn failed_at(&self) -> Option<Duration> {
        self.failed_at
    }

    /// Whether it was answered within `span`.
    pub fn succeeded_within(&self, span: Duration, now: Duration) -> bool {
        self.succeeded_at.is_some_and(|at| now < at.saturating_add(span))
    }

    /// Whether everything has failed for a whole window. Until then, a firewall may be blocking the first clients
    /// only.
    pub fn fails_lastingly(&self, settings: &Settings, now: Duration) -> bool {
        self.is_failing() && self.failing_since.is_some_and(|at| now >= at.saturating_add(settings.window))
    }

    /// Whether it was recently seen to fail only sometimes.
    pub fn is_unsteady(&self, settings: &Settings, now: Duration) -> bool {
        let span = settings.window.saturating_mul(UNSTEADY_WINDOWS);
        self.unsteady_at.is_some_and(|at| now < at.saturating_add(span))
    }

    /// Whether nothing is left to remember.
    pub fn is_over(&self, settings: &Settings, now: Duration) -> bool {
        let span = settings.window.saturating_mul(UNSTEADY_WINDOWS);
        let is_past = |at: Option<Duration>| at.is_none_or(|at| now >= at.saturating_add(span));
        is_past(self.failed_at) && is_past(self.unsteady_at)
    }

    /// The clients that failed since the last success, the newest first.
    pub fn witnesses(&self) -> impl Iterator<Item = Witness> {
        self.recent.iter().rev().map_while(|(_, client)| *client)
    }

    /// Whether requests of `breaker.consecutive` different clients failed in a row within the window. Unknown clients
    /// count only once everything has failed for a window.
    pub fn has_witnesses(&self, settings: &Settings, now: Duration) -> bool {
        let wanted = usize::try_from(settings.consecutive).unwrap_or(MOST).min(MOST);
        let counts = |(at, _): &&(Duration, Option<Witness>)| now < at.saturating_add(settings.window);
        let failed = self.recent.iter().rev().filter(counts).map_while(|(_, client)| *client);
        let is_lasting = self.fails_lastingly(settings, now);
        failed.filter(|client| client.is_known || is_lasting).count() >= wanted
    }

    /// Whether the part is down. Either everything has failed for a whole window, with enough clients in a row and no
    /// mixed results; or the share `breaker.failures` of the requests is reached. A share below 100 % needs no whole
    /// window.
    pub fn says_down(&self, settings: &Settings, now: Duration) -> bool {
        let is_share_set = settings.failures < Share::in_10_000(10_000);
        let is_lasting = self.fails_lastingly(settings, now);
        is_lasting && self.says_unreachable(settings, now)
            || (is_lasting || is_share_set) && self.is_failing() && self.share_is_reached(settings, now)
    }

    /// Whether enough clients failed in a row without mixed results, no matter when the last answer came. For
    /// failures that no client can cause for others.
    pub fn says_unreachable(&self, settings: &Settings, now: Duration) -> bool {
        self.is_failing() && self.has_witnesses(settings, now) && !self.is_unsteady(settings, now)
    }

    /// Whether the share `breaker.failures` of the requests in the window failed, out of at least `breaker.minimum`.
    fn share_is_reached(&self, settings: &Settings, now: Duration) -> bool {
        let (mut all, mut failed) = (0, 0);
        for (_, client) in self.recent.iter().filter(|(at, _)| now < at.saturating_add(settings.window)) {
            all += 1;
            failed += u64::from(client.is_some());
        }
        all >= u64::from(settings.minimum).min(MOST as u64) && settings.failures.is_reached_by(failed, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Share;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(1_000_000 + millis)
    }

    fn known(mark: u32) -> Witness {
        Witness { mark, is_known: true }
    }

    /// Requests in order: who asked and when, and whether it failed. They are sent 10 ms before.
    fn says_down(settings: &Settings, requests: &[(u64, u32, bool)]) -> bool {
        let mut evidence = Evidence::default();
        let mut now = at(0);
        for (millis, client, fails) in requests {
            now = at(*millis);
            match fails {
                true => evidence.fail(known(*client), now - Duration::from_millis(10), settings, now),
                false => evidence.succeed(now),
            }
        }
        evidence.says_down(settings, now)
    }

    /// After client 0 alone has failed for a window.
    fn failures(count: u32, clients: u32, gap: u64) -> Vec<(u64, u32, bool)> {
        let later = (0..count).map(|number| (10_000 + u64::from(number) * gap, number % clients, true));
        [(0, 0, true), (5000, 0, true)].into_iter().chain(later).collect()
    }

    #[test]
    fn failed_requests_of_five_clients_in_a_row_say_down_and_those_of_four_do_not() {
        let settings = Settings::default();
        for (count, clients, gap, expected) in [
            (5, 5, 100, true),
            (4, 4, 100, false),
            (1000, 4, 1, false),
            (1000, 1, 1, false),
            // The first has left the window when the fifth comes.
            (5, 5, 2500, false),
            (5, 5, 2499, true),
        ] {
            let found = says_down(&settings, &failures(count, clients, gap));
            assert_eq!(found, expected, "{count} requests of {clients} clients, one in {gap} ms");
        }
    }

    #[test]
    fn what_fails_sometimes_is_not_down() {
        let settings = Settings::default();
        // A failure and a success, and from then on only failures, one in a second, of so many clients.
        let then = |seconds: u64, clients: u32| {
            let mut requests = vec![(0, 100, true), (100, 101, false)];
            let later = 1..=seconds;
            requests.extend(later.map(|second| (100 + second * 1000, second as u32 % clients, true)));
            says_down(&settings, &requests)
        };
        assert!(!then(19, 5), "they have been seen mixed");
        assert!(!then(29, 5));
        assert!(then(30, 5), "for half a minute");
    }

    #[test]
    fn what_has_not_failed_for_a_whole_window_is_not_down() {
        let settings = Settings::default();
        for (failures, after, expected) in [
            // Who came first may be turned away for a reason of their own.
            (20, 0, false),
            (20, 9_900, false),
            (20, 9_980, true),
            // Nobody asked for a window: it begins anew.
            (20, 10_000, false),
        ] {
            let later = (0..failures).map(|number| (after + number, number as u32, true));
            let requests: Vec<_> = [(0, 100, true)].into_iter().chain(later).collect();
            assert_eq!(says_down(&settings, &requests), expected, "{after}");
        }
    }

    #[test]
    fn a_failure_that_was_sent_before_the_last_success_does_not_say_down() {
        let settings = Settings::default();
        let mut evidence = Evidence::default();
        evidence.succeed(at(5000));
        for client in 0..5 {
            evidence.fail(known(client), at(0), &settings, at(10_000));
        }
        assert!(!evidence.says_down(&settings, at(10_000)) && !evidence.is_failing());
    }

    #[test]
    fn a_burst_of_nobody_in_particular_says_nothing_before_a_window_has_passed() {
        let settings = Settings::default();
        for (after, is_down) in [(100, false), (9_900, false), (10_010, true)] {
            let mut evidence = Evidence::default();
            evidence.succeed(at(0));
            let mut fail = |mark, after| {
                evidence.fail(Witness { mark, is_known: false }, at(after), &settings, at(after));
            };
            fail(0, 10);
            fail(0, 5000);
            for mark in 1..9 {
                fail(mark, after);
            }
            assert_eq!(evidence.says_down(&settings, at(after)), is_down, "{after} ms after the first");
        }
    }

    #[test]
    fn an_operator_may_have_a_share_of_failures_decide() {
        let settings = Settings { failures: Share::in_10_000(5000), minimum: 10, ..Settings::default() };
        let half: Vec<_> = (0..20).map(|number| (u64::from(number) * 20, number, number % 2 == 1)).collect();
        // The first success is from before the first failure: nothing was remembered then.
        assert!(says_down(&settings, &half));
        assert!(!says_down(&Settings::default(), &half));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_ends() {
        let settings = Settings::default();
        let mut evidence = Evidence::default();
        for client in 0..10_000 {
            evidence.fail(known(client), at(0), &settings, at(0));
        }
        assert_eq!(evidence.recent.len(), MOST);
        assert!(!evidence.is_over(&settings, at(29_999)) && evidence.is_over(&settings, at(30_000)));
    }
}
