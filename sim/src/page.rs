//! What the site has: pages under leading path segments, and what their answers say.

use testkit::chance::Chance;

/// The leading path segments. The first is that of the home page, which has the group to itself.
pub const GROUPS: [&str; 6] = ["/", "/shop/", "/api/", "/blog/", "/media/", "/help/"];

/// A page of the site.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its number in [`GROUPS`].
    pub group: usize,
    pub path: String,
    /// Whether it is in `last_good.paths`.
    pub kept: bool,
    /// What its answers say about storing. Versions take turns.
    pub rules: Vec<Rules>,
    /// What somebody gets who is known to the site.
    pub personal: Personal,
    /// The request field by which it differs, and says so.
    pub vary: Option<&'static str>,
    /// Whether it is coded for those who accept that, without a word in `Vary`.
    pub coded: bool,
    pub validator: Validator,
    /// The length of its body in bytes; one that is not empty has at least a line.
    pub size: usize,
    /// Whether it has a `Content-Length`.
    pub announced: bool,
    /// Whether it asks not to be held.
    pub unbuffered: bool,
    /// How long its body is on its way, in milliseconds.
    pub body_takes: u64,
    pub scripts: Scripts,
    pub ranges: Ranges,
}

/// What it does with a range that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// Gives it, without saying beforehand that it does.
    Silent,
    /// Says that it takes them, and heeds `If-Range`.
    Careful,
    /// Says so and does not: a part may be one of another version.
    Careless,
}

/// What it says of scripts of other sites, in `Access-Control-Allow-Origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// Nothing.
    Silent,
    /// All may read it.
    All,
    /// The one that asks may, and `Vary` says so.
    Asker,
    /// The same without a word in `Vary`.
    AskerSilently,
    /// One may, whoever asks.
    One,
}

/// What an answer says about storing and reuse; spans are in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether it says so in `CDN-Cache-Control`, beside a `Cache-Control` that means browsers.
    pub targeted: bool,
    pub public: bool,
    pub private: bool,
    pub no_store: bool,
    pub no_cache: bool,
    pub must_revalidate: bool,
    pub proxy_revalidate: bool,
    pub max_age: Option<u64>,
    pub s_maxage: Option<u64>,
    pub swr: Option<u64>,
    pub sie: Option<u64>,
    /// `Expires`, counted from `Date`.
    pub expires: Option<u64>,
    /// The `Age` that it has on arrival.
    pub age: Option<u64>,
    pub set_cookie: bool,
    pub vary_star: bool,
}

impl Rules {
    fn any(chance: &mut Chance) -> Self {
        let span = |chance: &mut Chance| chance.of([0, 1, 10, 60, 600, 600, 86_400]);
        let mut rules = Self::default();
        match chance.below(18) {
            0 => rules.no_store = true,
            1 => rules.private = true,
            2 => rules.no_cache = true,
            3 | 4 => {}
            5 => rules.expires = Some(span(chance)),
            6 => rules.s_maxage = Some(span(chance)),
            _ => rules.max_age = Some(span(chance)),
        }
        rules.must_revalidate = chance.percent(12);
        rules.proxy_revalidate = chance.percent(6);
        rules.public = chance.percent(20);
        rules.targeted = chance.percent(15);
        rules.set_cookie = chance.percent(4);
        rules.vary_star = chance.percent(3);
        rules.age = chance.percent(10).then(|| span(chance));
        if chance.percent(35) {
            rules.swr = Some(span(chance));
        }
        if chance.percent(40) {
            rules.sie = Some(span(chance));
        }
        rules
    }

    /// What it says, as `Cache-Control` would.
    pub fn directives(&self) -> String {
        let mut said = Vec::new();
        for (is_said, word) in [
            (self.public, "public"),
            (self.private, "private"),
            (self.no_store, "no-store"),
            (self.no_cache, "no-cache"),
            (self.must_revalidate, "must-revalidate"),
            (self.proxy_revalidate, "proxy-revalidate"),
        ] {
            if is_said {
                said.push(word.to_owned());
            }
        }
        for (span, word) in [
            (self.max_age, "max-age"),
            (self.s_maxage, "s-maxage"),
            (self.swr, "stale-while-revalidate"),
            (self.sie, "stale-if-error"),
        ] {
            said.extend(span.map(|span| format!("{word}={span}")));
        }
        said.join(", ")
    }
}

/// What somebody gets who is known to the site, by a cookie or credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    /// What everybody gets.
    Nothing,
    /// A page of their own that says `private`.
    Private,
    /// One that says `no-store`.
    NoStore,
    /// One that sets a cookie.
    SetCookie,
    /// One that says nothing at all about storing: that the request had a cookie or credentials has to do.
    Silent,
    /// One that has `Vary: cookie, authorization`.
    Vary,
}

/// What tells versions of a page apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validator {
    None,
    Strong,
    Weak,
    Date,
}

/// Page number `number` of a site, in this group; its size is about `hold` bytes, the most that are held.
pub fn page(number: u64, group: usize, hold: u64, chance: &mut Chance) -> Page {
    let kept = chance.percent(25);
    let hold = hold as usize;
    let query = if !kept && chance.percent(20) { "?q=1" } else { "" };
    let name = if group == 0 { String::new() } else { format!("page{number}") };
    Page {
        group,
        path: format!("{}{name}{query}", GROUPS[group]),
        kept,
        rules: rules_of_versions(chance),
        personal: if chance.percent(70) {
            Personal::Nothing
        } else {
            chance.of([
                Personal::Private,
                Personal::NoStore,
                Personal::SetCookie,
                Personal::Silent,
                Personal::Vary,
            ])
        },
        vary: chance.percent(25).then(|| chance.of(["accept-language", "accept-encoding", "x-flag"])),
        coded: chance.percent(10),
        validator: chance.of([
            Validator::None,
            Validator::None,
            Validator::Strong,
            Validator::Weak,
            Validator::Date,
        ]),
        size: chance.of([0, 1, hold / 2, hold, hold + 1, hold * 3, 300]),
        announced: chance.percent(60),
        unbuffered: chance.percent(6),
        body_takes: chance.of([0, 0, 0, 10, 300, 2_500]),
        scripts: Scripts::Silent,
        ranges: Ranges::Silent,
    }
}

/// What the versions of a page say. All say it in the same field: what a later answer leaves out stays as it is stored
/// (RFC 9111 §3.2), and the model of what holds then is made for one field.
fn rules_of_versions(chance: &mut Chance) -> Vec<Rules> {
    let mut rules: Vec<Rules> = (0..chance.of([1, 1, 1, 2, 3])).map(|_| Rules::any(chance)).collect();
    let targeted = rules[0].targeted;
    rules.iter_mut().for_each(|rules| rules.targeted = targeted);
    let is_said = rules.iter().any(|rules| !rules.directives().is_empty());
    let expires = rules.iter().find_map(|rules| rules.expires);
    for rules in &mut rules {
        rules.public |= is_said && rules.directives().is_empty();
        rules.expires = rules.expires.or(expires);
    }
    rules
}
