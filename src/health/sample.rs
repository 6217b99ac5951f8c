//! A sample of the requests that a failure touched. Who is it that fails, and with which ids?
//!
//! Each isolate draws a few of its touched requests between two flushes, any of them with the same chance; each stands for
//! as many as there were. They travel as lines of words, one for each:
//! `request <ms> <weight> <status> <origin> <kind> <outcome> <method> <country> <id> <host> <path>`, where a country that
//! is not known is a dash. Nothing in them is trusted.

use std::fmt::Write;

use http::HeaderMap;

use super::attempt_result::AttemptKind;
use super::count_lines::LONGEST_ORIGIN;
use super::summary::Touched;
use crate::report::{Outcome, cut};
use crate::request::{Request, without_userinfo};
use crate::time::Timestamp;

/// How many requests are drawn between two flushes.
const DRAWN: usize = 6;

/// How many lines of one flush are read.
const MOST_LINES: usize = 64;

/// The longest method, id, host and path, in bytes. Of a path the rest is cut off; the others are rarely as long.
const LONGEST: [usize; 4] = [32, 128, 260, 300];

/// A request that a failure touched.
#[derive(Debug)]
pub struct TouchedRequest {
    /// When it was answered.
    pub at: Timestamp,
    /// With which status.
    pub status: u16,
    /// The origin that failed.
    pub origin: usize,
    /// How.
    pub kind: AttemptKind,
    /// What the visitor got.
    pub outcome: Outcome,
    /// Method, id, host and path.
    pub names: [String; 4],
    /// The country that it came from, or a dash.
    pub country: String,
}

/// The requests that were drawn, of so many.
#[derive(Debug, Default)]
pub struct Sample {
    drawn: Vec<TouchedRequest>,
    of: u64,
}

impl TouchedRequest {
    /// Method, id, host and path of `request`, and its country.
    pub fn names(request: &Request) -> ([String; 4], String) {
        let Request { method, id, target, headers, .. } = request;
        let names = [method.as_str(), id, without_userinfo(target.authority()), target.path()];
        let mut longest = LONGEST.into_iter();
        let names = names.map(|name| cut(name, longest.next().unwrap_or(0)).to_owned());
        (names, country(headers).to_owned())
    }
}

/// The country, as the platform says it in a field; a dash if it does not.
fn country(headers: &HeaderMap) -> &str {
    let field = headers.get("cf-ipcountry").and_then(|value| value.to_str().ok());
    field.filter(|country| is_country(country)).unwrap_or("-")
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl Sample {
    /// Offers a request. `roll` gives a number from 0 to below 1, which decides whether it is drawn.
    pub fn offer(&mut self, roll: impl FnOnce() -> f64, request: impl FnOnce() -> TouchedRequest) {
        self.of += 1;
        if self.drawn.len() < DRAWN {
            return self.drawn.push(request());
        }
        // Each request up to here has the same chance of being in the sample.
        let place = (roll() * self.of as f64) as usize;
        if let Some(drawn) = self.drawn.get_mut(place) {
            *drawn = request();
        }
    }

    /// Whether nothing was offered.
    pub fn is_empty(&self) -> bool {
        self.drawn.is_empty()
    }

    /// Takes back what could not be flushed, as far as there is room; the rest is lost.
    pub fn put_back(&mut self, other: Self) {
        self.of += other.of;
        let room = DRAWN.saturating_sub(self.drawn.len());
        self.drawn.extend(other.drawn.into_iter().take(room));
    }

    /// The sample as text.
    pub fn written(&self, origin_name: impl Fn(usize) -> String) -> String {
        let mut text = String::new();
        let drawn = self.drawn.len() as u64;
        for (number, request) in (0..).zip(&self.drawn) {
            let TouchedRequest { at, status, origin, kind, outcome, names, country } = request;
            // The weights add up to the number of requests.
            let weight = self.of * (number + 1) / drawn - self.of * number / drawn;
            let [method, id, host, path] = names;
            // Writing to a text does not fail.
            let _ = writeln!(
                text,
                "request {} {weight} {status} {} {} {} {method} {country} {id} {host} {path}",
                at.as_millis(),
                origin_name(*origin),
                kind.word(),
                outcome.word()
            );
        }
        text
    }
}

/// The requests in `text` that can be read, at `now`. Times that are not over yet are taken for now.
pub(super) fn read(text: &str, now: Timestamp) -> Vec<Touched> {
    text.lines().filter_map(|line| read_line(line, now)).take(MOST_LINES).collect()
}

/// The request in one line, if it can be read.
pub(super) fn read_line(line: &str, now: Timestamp) -> Option<Touched> {
    let mut words = line.strip_prefix("request ")?.splitn(11, ' ');
    let mut word = || words.next();
    let mut number = || word()?.parse::<u64>().ok();
    let (at, weight, status) = (number()?, number()?, number()?);
    let (origin, kind, outcome) = (word()?, AttemptKind::of_word(word()?)?, Outcome::of_word(word()?)?);
    let (method, country, id, host, path) = (word()?, word()?, word()?, word()?, word()?);
    let longest = [LONGEST_ORIGIN].into_iter().chain(LONGEST);
    let texts = [origin, method, id, host, path];
    let is_fit = |(text, longest): (&&str, usize)| {
        !text.is_empty() && text.len() <= longest && !text.chars().any(char::is_control)
    };
    if !texts.iter().zip(longest).all(is_fit) || !(is_country(country) || country == "-") {
        return None;
    }
    let [origin, method, id, host, path] = texts.map(str::to_owned);
    Some(Touched {
        at: now.min(Timestamp::from_millis(at)),
        weight: weight.min(1_000_000_000),
        id,
        method,
        host,
        path,
        country: if country == "-" { String::new() } else { country.to_owned() },
        origin,
        kind: kind.word().to_owned(),
        outcome: outcome.word().to_owned(),
        status: u16::try_from(status).ok()?,
    })
}

/// A request as a line, as isolates write it.
pub(super) fn line(touched: &Touched) -> String {
    let Touched { at, weight, id, method, host, path, country, origin, kind, outcome, status } = touched;
    let country = if country.is_empty() { "-" } else { country };
    let at = at.as_millis();
    format!(
        "request {at} {weight} {status} {origin} {kind} {outcome} {method} {country} {id} {host} {path}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::failure::Failure;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_070_000);

    fn request(number: u64) -> TouchedRequest {
        TouchedRequest {
            at: Timestamp::from_millis(number),
            status: 502,
            origin: 0,
            kind: AttemptKind::Failed(Failure::EdgeRefused),
            outcome: Outcome::ErrorPage,
            names: ["GET", "8f2a", "www.example:81", "/a%20b"].map(str::to_owned),
            country: "DE".to_owned(),
        }
    }

    fn name(_: usize) -> String {
        "o".to_owned()
    }

    #[test]
    fn what_an_isolate_writes_the_object_reads() {
        let mut sample = Sample::default();
        sample.offer(|| 0.0, || request(5));
        let text = sample.written(name);
        assert_eq!(text, "request 5 1 502 o edge_refused error_page GET DE 8f2a www.example:81 /a%20b\n");
        let read = read(&text, NOW);
        let [one] = &read[..] else { panic!("{read:?}") };
        assert_eq!((one.country.as_str(), one.path.as_str(), one.weight), ("DE", "/a%20b", 1));
        assert_eq!(line(one), text);
    }

    #[test]
    fn a_line_is_read_or_skipped() {
        for (line, is_read) in [
            ("request 5 1 502 o edge_refused error_page GET - 8f2a www.example /", true),
            ("request 5 1 502 o edge_refused error_page GET de 8f2a www.example /", false),
            ("request 5 1 502 o edge_refused nothing GET - 8f2a www.example /", false),
            ("request 5 1 502 o nothing error_page GET - 8f2a www.example /", false),
            ("request 5 1 99999 o edge_refused error_page GET - 8f2a www.example /", false),
            ("request 5 -1 502 o edge_refused error_page GET - 8f2a www.example /", false),
            ("request 5 1 502  edge_refused error_page GET - 8f2a www.example /", false),
            ("request 5 1 502 o edge_refused error_page GET - 8f2a www.example", false),
            ("request 5 1 502 o edge_refused error_page GET - 8f2a www.example /\u{7}", false),
            ("", false),
        ] {
            assert_eq!(!read(line, NOW).is_empty(), is_read, "{line}");
        }
    }

    #[test]
    fn a_path_is_cut_and_a_country_is_what_the_platform_says() {
        let mut headers = HeaderMap::new();
        assert_eq!(country(&headers), "-");
        for (text, known) in [("FR", "FR"), ("T1", "T1"), ("fr", "-"), ("F R", "-"), ("FRA", "-")] {
            headers.insert("cf-ipcountry", text.parse().unwrap());
            assert_eq!(country(&headers), known, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_weights_add_up_and_each_request_may_be_drawn(rolls in proptest::collection::vec(0.0..1.0_f64, 1..200)) {
            let mut sample = Sample::default();
            for (number, roll) in (0..).zip(&rolls) {
                sample.offer(|| *roll, || request(number));
            }
            let read = read(&sample.written(name), NOW);
            prop_assert_eq!(read.len(), rolls.len().min(DRAWN));
            prop_assert_eq!(read.iter().map(|one| one.weight).sum::<u64>(), rolls.len() as u64);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "(request [0-9]{1,22} [0-9]{1,3} 50[0-9] a edge_refused error_page .{0,20}\n|.{0,30}\n){0,6}") {
            for touched in read(&text, NOW) {
                prop_assert_eq!(&read(&line(&touched), NOW)[0], &touched);
            }
        }
    }
}
