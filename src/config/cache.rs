//! The `cache` table. What is stored, and when may a stored copy answer?

use std::time::Duration;

use super::pattern::Pattern;
use super::share::Share;

/// `cache`: what to store, and when a stored copy may stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether anything is stored or answered from the store.
    pub enabled: bool,
    /// Freshness of answers that say nothing about it.
    pub default_ttl: Duration,
    /// The share of the time between `Last-Modified` and `Date` for which an answer that states no lifetime
    /// counts as fresh (RFC 9111 §4.2.2); zero for never.
    pub heuristic: Share,
    /// The longest freshness of that kind.
    pub heuristic_max: Duration,
    /// How long past its freshness a copy may stand in for a failed origin, where the answer is silent.
    pub stale_if_error: Duration,
    /// How long past its freshness a copy may be served while it is refreshed, where the answer is silent.
    pub stale_while_revalidate: Duration,
    /// Names of cookies that cannot identify anybody; a `*` at the end stands for any ending.
    pub harmless_cookies: Vec<Pattern>,
    /// When an answer's `Vary` is believed about request fields of which nothing is known.
    pub trust_vary: TrustVary,
    /// Whether a request that changes something removes what is stored (RFC 9111 §4.4), and not just calls it out of date.
    pub remove_invalidated: bool,
    /// The largest body that is stored, in bytes.
    pub max_body: u64,
    /// How many variants of one URL are kept side by side, at least 2.
    pub max_variants: u32,
    /// For how long an isolate goes by what it has found in the store, without another look; zero for never.
    pub memory_ttl: Duration,
    /// What a request's own `Cache-Control` counts for.
    pub client_directives: ClientDirectives,
    /// For which of the origin's own statuses a copy may stand in.
    pub stale_statuses: Vec<u16>,
    /// Which error statuses are stored if they state a lifetime.
    pub error_statuses: Vec<u16>,
    /// A 200 whose body is shorter than this share of the last good one's is not believed at once; zero turns the
    /// check off.
    pub shrink: Share,
    /// What a page must contain to be stored.
    pub must_contain: Option<String>,
    /// Names in a query that do not keep the copy of the URL without them from standing in; a `*` at the end stands for
    /// any ending.
    pub ignore_query: Vec<Pattern>,
    /// Whether they are in no key either.
    pub ignore_query_always: bool,
}

/// When an answer's `Vary` is believed about request fields of which nothing is known. One that does not name such a field
/// is stored then. The later is the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustVary {
    /// In every answer (RFC 9111 §4.1).
    Always,
    /// In one that says that it may be stored.
    #[default]
    Permitted,
    /// In none.
    Never,
}

/// What a request's own `Cache-Control` counts for, and its `Pragma`. The earlier is the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientDirectives {
    /// What it says (RFC 9111 §5.2.1).
    #[default]
    Obey,
    /// Nothing.
    Ignore,
}

/// What links of campaigns and of advertisers bring along.
const CAMPAIGNS: [&str; 25] = [
    "utm_*",
    "gad_*",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "fbclid",
    "msclkid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "igsh",
    "igshid",
    "yclid",
    "ysclid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "mtm_*",
    "epik",
    "srsltid",
];

impl Default for Cache {
    fn default() -> Self {
        Self {
            enabled: true,
            default_ttl: Duration::ZERO,
            heuristic: Share::ZERO,
            heuristic_max: Duration::from_secs(24 * 60 * 60),
            stale_if_error: Duration::from_secs(24 * 60 * 60),
            stale_while_revalidate: Duration::ZERO,
            trust_vary: TrustVary::default(),
            remove_invalidated: false,
            harmless_cookies: ["_ga", "_ga_*", "_gid", "_fbp"].map(Pattern::new).to_vec(),
            max_body: 25 * 1024 * 1024,
            max_variants: 32,
            memory_ttl: Duration::from_secs(1),
            client_directives: ClientDirectives::Obey,
            stale_statuses: vec![500, 502, 503, 504],
            error_statuses: vec![404, 410],
            shrink: Share::in_10_000(1000),
            must_contain: None,
            ignore_query: CAMPAIGNS.iter().map(|name| Pattern::new(*name)).collect(),
            ignore_query_always: false,
        }
    }
}
