//! Who asks.

use testkit::chance::Chance;

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Their mark, in what is meant for them alone.
    pub name: &'static str,
    /// Their address, as the platform tells it; where it tells none, each of their requests may be somebody else's.
    pub address: Option<&'static str>,
    pub cookie: bool,
    pub authorization: bool,
    /// Cookies that identify nobody.
    pub harmless_cookie: bool,
    pub language: Option<&'static str>,
    pub coding: Option<&'static str>,
    /// A field that the site alone knows.
    pub flag: Option<&'static str>,
    pub wants_html: bool,
    /// The site whose script asks.
    pub origin: Option<&'static str>,
}

/// Names and addresses. Two are of one network, as a household's devices are.
const ALL: [(&str, Option<&str>); 12] = [
    ("ann", Some("192.0.2.1")),
    ("bob", Some("2001:db8:1:1::1")),
    ("cid", None),
    ("dan", Some("2001:db8:1:1::2")),
    ("eve", Some("198.51.100.7")),
    ("fay", Some("203.0.113.9")),
    ("gus", Some("2001:db8:2::1")),
    ("hal", None),
    ("ida", Some("192.0.2.77")),
    ("jon", Some("2001:db8:3:9::a")),
    ("kim", Some("198.51.100.8")),
    ("leo", Some("192.0.2.2")),
];

/// So many visitors, at most twelve.
pub fn visitors(count: u64, chance: &mut Chance) -> Vec<Visitor> {
    ALL.iter().take(count as usize).map(|(name, address)| visitor(name, *address, chance)).collect()
}

/// Which of `visitors` has this address.
pub fn with_address(visitors: &[Visitor], address: &str) -> Option<usize> {
    visitors.iter().position(|visitor| visitor.address == Some(address))
}

fn visitor(name: &'static str, address: Option<&'static str>, chance: &mut Chance) -> Visitor {
    Visitor {
        name,
        address,
        cookie: chance.percent(35),
        authorization: chance.percent(20),
        harmless_cookie: chance.percent(30),
        language: chance.of([None, Some("de"), Some("DE"), Some("en, de;q=0.5"), Some("en,de; q=0.5")]),
        coding: chance.of([None, Some("br"), Some("gzip, br"), Some("gzip,br")]),
        flag: chance.percent(8).then(|| chance.of(["1", "2"])),
        wants_html: chance.percent(50),
        origin: None,
    }
}
