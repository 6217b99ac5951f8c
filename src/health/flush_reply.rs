//! The object's reply to a flush. What have other isolates found?
//!
//! The reply is text, one line of words for each part:
//!
//! - `flush <seconds>`: how long to gather counts before the next flush
//! - `down <origin> <kind> <since>`: the whole origin is down, as an isolate has found; how most attempts end; since when
//! - `up <origin> <since>`: the origin was down, and is up again; since when
//! - `watch <origin> <place>`: there is an incident at this page or section; what is seen of it is told apart
//!
//! Times are milliseconds since the Unix epoch. An older isolate may read the reply of a newer object, and the other way
//! round, so unknown lines are skipped.

use std::time::Duration;

use crate::time::Timestamp;

/// A reply, as an isolate reads it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FlushReply {
    /// How long to gather counts from now on.
    pub gather_for: Option<Duration>,
    /// Origins that are down: the name, and the word for how attempts end.
    pub down: Vec<(String, String)>,
    /// Origins that have recovered, and since when.
    pub up: Vec<(String, Timestamp)>,
    /// Pages and sections with an incident of their own: the origin's name, and the name of the place.
    pub watch: Vec<(String, String)>,
}

impl FlushReply {
    /// Reads a reply. Lines that cannot be read are skipped.
    pub fn read(text: &str) -> Self {
        let mut reply = Self::default();
        for line in text.lines() {
            if let Some((origin, place)) = line.strip_prefix("watch ").and_then(|rest| rest.split_once(' ')) {
                reply.watch.push((origin.to_owned(), place.to_owned()));
                continue;
            }
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["flush", seconds] => reply.gather_for = seconds.parse().ok().map(Duration::from_secs),
                ["down", origin, kind, _since] => reply.down.push((origin.to_owned(), kind.to_owned())),
                ["up", origin, since] => {
                    let since = since.parse().ok().map(Timestamp::from_millis);
                    reply.up.extend(since.map(|since| (origin.to_owned(), since)));
                }
                _ => {}
            }
        }
        reply
    }
}

/// How the line begins that sets how long isolates gather counts.
pub(super) const FLUSH: &str = "flush ";

/// The line that sets how long isolates gather counts.
pub(super) fn flush(seconds: u64) -> String {
    format!("{FLUSH}{seconds}\n")
}

/// The line for an origin that is down.
pub(super) fn down(origin: &str, kind: &str, since: Timestamp) -> String {
    format!("down {origin} {kind} {}\n", since.as_millis())
}

/// The line for a place with an incident of its own.
pub(super) fn watch(origin: &str, place: &str) -> String {
    format!("watch {origin} {place}\n")
}

/// The line for an origin that has recovered.
pub(super) fn up(origin: &str, since: Timestamp) -> String {
    format!("up {origin} {}\n", since.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_as_far_as_it_can_be() {
        let reply = FlushReply::read(
            "flush 20\ndown a.example edge_refused 5000\nup b.example 7000\nup c x\nwhat\n\n",
        );
        assert_eq!(reply.gather_for, Some(Duration::from_secs(20)));
        assert_eq!(reply.down, [("a.example".to_owned(), "edge_refused".to_owned())]);
        assert_eq!(reply.up, [("b.example".to_owned(), Timestamp::from_millis(7000))]);
        assert_eq!(FlushReply::read("<html>"), FlushReply::default());
    }

    #[test]
    fn what_the_object_writes_is_what_an_isolate_reads() {
        let at = Timestamp::from_millis(7000);
        let text = flush(30)
            + &down("a.example", "own_503", at)
            + &up("b.example:81", at)
            + &watch("b.example:81", "POST www.example/order");
        let expected = FlushReply {
            gather_for: Some(Duration::from_secs(30)),
            down: vec![("a.example".to_owned(), "own_503".to_owned())],
            up: vec![("b.example:81".to_owned(), at)],
            watch: vec![("b.example:81".to_owned(), "POST www.example/order".to_owned())],
        };
        assert_eq!(FlushReply::read(&text), expected);
    }
}
