//! Parts of a site. Which page and section does a request need, and did the page work recently?
//!
//! A [`Place`] identifies both by hashes, because clients choose the number and length of URLs. [`Known`] remembers
//! the pages that were answered last.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::request::{Request, Target};

/// How many answered pages are remembered per origin: 64 sets of 4, 24 bytes each, so 6 KB.
const SETS: usize = 64;
const WAYS: usize = 4;

/// The longest name, in bytes.
pub const LONGEST_NAME: usize = 120;

/// A requested page and its section: all pages of the host under the same first path segment.
///
/// Pages differ by host, path, query and, for unsafe methods, method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The page.
    pub page: u64,
    /// Its section.
    pub section: u64,
}

impl Place {
    /// The place of `request`.
    pub fn of(request: &Request) -> Self {
        let target = &request.target;
        Self {
            page: hash((target.as_str(), method(request))),
            section: hash((target.authority(), section(target), "section")),
        }
    }
}

/// The names of the page and the section that `request` asks for, for operators: `www.example.com/shop/1` and
/// `www.example.com/shop/*`. The query may identify somebody, so it is left out.
pub fn names(request: &Request) -> [String; 2] {
    let target = &request.target;
    let (host, path, section) = (target.authority(), target.path(), section(target));
    let mark = if path.len() < target.path_and_query().len() { "?*" } else { "" };
    let gap = if method(request).is_empty() { "" } else { " " };
    let below = if section == "/" { "" } else { "/*" };
    [[method(request), gap, host, path, mark].concat(), [host, section, below].concat()].map(clipped)
}

fn clipped(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(LONGEST_NAME));
    name
}

/// The method if it is unsafe, else empty: pages differ by it.
pub fn method(request: &Request) -> &str {
    if request.is_safe() { "" } else { request.method.as_str() }
}

/// The first segment of the path, with the slash before it.
pub fn section(target: &Target) -> &str {
    let path = target.path();
    let end = path.get(1..).and_then(|rest| rest.find('/')).map_or(path.len(), |at| at + 1);
    path.get(..end).unwrap_or(path)
}

fn hash(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// The pages that were answered last. New pages replace those answered longest ago.
#[derive(Clone, Debug, Default)]
pub struct Known(Vec<Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    page: u64,
    section: u64,
    /// When it was last answered; zero for an unused slot.
    at: Duration,
}

impl Known {
    /// Records that `place` was answered at `now`.
    pub fn remember(&mut self, place: Place, now: Duration) {
        if self.0.is_empty() {
            self.0 = vec![Seen::default(); SETS * WAYS];
        }
        let new = Seen { page: place.page, section: place.section, at: now };
        let first = set_of(place.page);
        let Some(set) = self.0.get_mut(first..first + WAYS) else { return };
        let taken = |seen: &Seen| if seen.page == place.page { Duration::ZERO } else { seen.at };
        if let Some(oldest) = set.iter_mut().min_by_key(|seen| taken(seen)) {
            *oldest = new;
        }
    }

    /// Whether the page of `place` is remembered.
    pub fn has(&self, place: Place) -> bool {
        let first = set_of(place.page);
        let set = self.0.get(first..first + WAYS).unwrap_or_default();
        set.iter().any(|seen| seen.page == place.page && !seen.at.is_zero())
    }

    /// When the page or section with this hash was last answered, if remembered.
    pub fn answered_at(&self, id: u64) -> Option<Duration> {
        let seen = self.0.iter().filter(|seen| seen.page == id || seen.section == id);
        seen.map(|seen| seen.at).max().filter(|at| !at.is_zero())
    }

    /// All remembered pages with their sections.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let seen = self.0.iter().filter(|seen| !seen.at.is_zero());
        seen.map(|seen| Place { page: seen.page, section: seen.section })
    }
}

const fn set_of(page: u64) -> usize {
    (page % SETS as u64) as usize * WAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(method: &str, url: &str) -> Place {
        Place::of(&Request::bare(method, url))
    }

    #[test]
    fn a_page_is_one_address_and_a_section_all_under_its_first_segment() {
        let shop = place("GET", "https://a.example/shop/1?x");
        for (method, url, same_page, same_section) in [
            ("GET", "https://a.example/shop/1?x", true, true),
            ("HEAD", "https://a.example/shop/1?x", true, true),
            ("POST", "https://a.example/shop/1?x", false, true),
            ("GET", "https://a.example/shop/1?y", false, true),
            ("GET", "https://a.example/shop", false, true),
            ("GET", "https://a.example/shopping", false, false),
            ("GET", "https://a.example/", false, false),
            ("GET", "https://b.example/shop/1?x", false, false),
        ] {
            let other = place(method, url);
            let same = (other.page == shop.page, other.section == shop.section);
            assert_eq!(same, (same_page, same_section), "{method} {url}");
        }
    }

    #[test]
    fn a_place_is_named_without_what_may_identify_somebody() {
        for (method, url, names) in [
            ("GET", "https://a.example/shop/1?token=x", ["a.example/shop/1?*", "a.example/shop/*"]),
            ("HEAD", "https://a.example:81/shop", ["a.example:81/shop", "a.example:81/shop/*"]),
            ("POST", "https://a.example/", ["POST a.example/", "a.example/"]),
        ] {
            assert_eq!(super::names(&Request::bare(method, url)), names);
        }
        let long = super::names(&Request::bare("GET", &format!("https://a.example/{}", "x".repeat(999))));
        assert!(long.iter().all(|name| name.len() == LONGEST_NAME));
    }

    #[test]
    fn as_many_pages_are_known_as_there_is_room_for_and_the_newest_always() {
        let mut known = Known::default();
        for page in 0..100_000 {
            let place = Place { page: page * 31, section: page % 7 };
            assert!(!known.has(place));
            known.remember(place, Duration::from_secs(page + 1));
            assert!(known.has(place));
        }
        assert_eq!(known.places().count(), SETS * WAYS);
        let first = Place { page: 0, section: 0 };
        for at in 0..9 {
            known.remember(first, Duration::from_secs(200_000 + at));
        }
        assert_eq!(known.places().filter(|place| *place == first).count(), 1);
    }
}
