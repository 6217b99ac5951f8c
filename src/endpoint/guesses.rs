//! Wrong tokens. Which clients have sent too many of them?
//!
//! Such a client is refused for a while, whatever token it sends. Each isolate counts for itself. That makes guessing slow,
//! and the length of the token makes it hopeless.

use std::collections::HashMap;
use std::time::Duration;

use crate::request::Client;
use crate::time::Timestamp;

/// How many wrong tokens a client may send in [`WINDOW`].
const MOST_WRONG: u32 = 10;

/// Counted from the first of them.
const WINDOW: Duration = Duration::from_secs(600);

/// How many addresses are remembered. Past it the one that would be forgotten first is.
const MOST_ADDRESSES: usize = 1024;

/// The wrong tokens of late.
#[derive(Debug, Default)]
pub struct Guesses(HashMap<Client, Guesser>);

#[derive(Clone, Copy, Debug)]
struct Guesser {
    wrong: u32,
    until: Timestamp,
}

impl Guesses {
    /// How long `client` is still refused. `None` if it is not.
    pub fn barred(&self, client: Client, now: Timestamp) -> Option<Duration> {
        let guesser = self.0.get(&client)?;
        (guesser.wrong >= MOST_WRONG && guesser.until > now).then(|| guesser.until.since(now))
    }

    /// Records a wrong token.
    pub fn note(&mut self, client: Client, now: Timestamp) {
        if self.0.len() >= MOST_ADDRESSES && !self.0.contains_key(&client) {
            self.0.retain(|_, guesser| guesser.until > now);
            let first = self.0.iter().min_by_key(|(_, guesser)| guesser.until).map(|(client, _)| *client);
            if let Some(first) = first.filter(|_| self.0.len() >= MOST_ADDRESSES) {
                self.0.remove(&first);
            }
        }
        let new = Guesser { wrong: 0, until: now.plus(WINDOW) };
        let guesser = self.0.entry(client).or_insert(new);
        if guesser.until <= now {
            *guesser = new;
        }
        guesser.wrong = guesser.wrong.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn client(address: &str) -> Client {
        Client::of(&HeaderMap::from_iter([("cf-connecting-ip".parse().unwrap(), address.parse().unwrap())]))
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    #[test]
    fn ten_wrong_tokens_in_ten_minutes_are_heard() {
        let (mut guesses, client) = (Guesses::default(), client("192.0.2.1"));
        for at in 0..10 {
            assert_eq!(guesses.barred(client, second(at)), None, "{at}");
            guesses.note(client, second(at));
        }
        assert_eq!(guesses.barred(client, second(10)), Some(Duration::from_secs(590)));
        guesses.note(client, second(10));
        assert_eq!(guesses.barred(client, second(599)), Some(Duration::from_secs(1)));
        assert_eq!(guesses.barred(client, second(600)), None);
        guesses.note(client, second(600));
        assert_eq!(guesses.barred(client, second(601)), None, "counted anew");
    }

    #[test]
    fn an_address_is_what_its_owner_cannot_choose() {
        for (one, other, are_one) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("", "unknown", true),
        ] {
            assert_eq!(client(one) == client(other), are_one, "{one} {other}");
        }
        assert_eq!(Client::of(&HeaderMap::new()), client("nobody"));
    }

    #[test]
    fn many_addresses_are_not_all_remembered() {
        let mut guesses = Guesses::default();
        for number in 0..3 * MOST_ADDRESSES {
            guesses.note(
                client(&format!("10.0.{}.{}", number / 256, number % 256)),
                second(number as u64 / 100),
            );
        }
        assert!(guesses.0.len() <= MOST_ADDRESSES);
    }
}
