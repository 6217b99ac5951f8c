//! The `cache` table. What is stored, and when may a stored copy answer?

use std::time::Duration;

use super::pattern::Pattern;
use super::share::Share;

/// `cache`: what is stored, and when a stored copy may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Whether the store is used at all.
    pub enabled: bool,
    /// The lifetime of answers that state none.
    pub default_ttl: Duration,
    /// The heuristic lifetime, as a share of the time between `Last-Modified` and `Date`, for answers that state none
    /// (RFC 9111 §4.2.2); zero for off.
    pub heuristic: Share,
    /// The longest heuristic lifetime.
    pub heuristic_max: Duration,
    /// How long after its freshness a copy may answer if the origin fails, unless the answer states it.
    pub stale_if_error: Duration,
    /// How long after its freshness a copy may be served while it is refreshed, unless the answer states it.
    pub stale_while_revalidate: Duration,
    /// Names of cookies that cannot identify a client; a `*` at the end matches any ending.
    pub harmless_cookies: Vec<Pattern>,
    /// When `Vary` is trusted about unfamiliar request fields.
    pub trust_vary: TrustVary,
    /// Whether an unsafe request removes the stored response (RFC 9111 §4.4) instead of marking it as outdated.
    pub remove_invalidated: bool,
    /// The largest body that is stored, in bytes.
    pub max_body: u64,
    /// How many variants of one URL are stored; at least 2.
    pub max_variants: u32,
    /// How long an isolate uses a lookup's result without another lookup; zero for off.
    pub memory_ttl: Duration,
    /// Whether a request's own directives count.
    pub client_directives: ClientDirectives,
    /// The origin's own statuses for which a copy may answer.
    pub stale_statuses: Vec<u16>,
    /// The error statuses that are stored if they state a lifetime.
    pub error_statuses: Vec<u16>,
    /// A 200 whose body is shorter than this share of the last good one's is doubtful; zero for off.
    pub shrink: Share,
    /// The text that a page must contain to be stored.
    pub must_contain: Option<String>,
    /// Query parameters without which a URL's copy may answer if the origin fails; a `*` at the end matches any
    /// ending.
    pub ignore_query: Vec<Pattern>,
    /// Whether these parameters are left out of keys too.
    pub ignore_query_always: bool,
}

/// When `Vary` is trusted about unfamiliar request fields: an answer that does not name such a field is then stored.
/// The strictest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustVary {
    /// Always (RFC 9111 §4.1).
    Always,
    /// If the answer explicitly permits storage.
    #[default]
    Permitted,
    /// Never.
    Never,
}

/// Whether a request's own `Cache-Control` and `Pragma` count. The strictest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientDirectives {
    /// They count (RFC 9111 §5.2.1).
    #[default]
    Obey,
    /// They are ignored.
    Ignore,
}

/// Tracking parameters of campaigns and advertisers.
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
