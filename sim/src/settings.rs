//! What the operator sets.

use serde_json::{Value, json};

use crate::page::Page;
use testkit::chance::Chance;

/// The site's public host.
pub const HOST: &str = "www.example.com";

/// What the operator set; spans are in milliseconds, sizes in bytes.
#[derive(Clone, Debug)]
pub struct Settings {
    pub origins: usize,
    /// Whether none is configured: the one that there is is the zone's own.
    pub route_mode: bool,
    /// The page that the cron trigger asks for.
    pub probe: Option<usize>,
    pub first_byte: u64,
    pub idle: u64,
    pub total: u64,
    pub attempts: u64,
    pub idempotency_key: bool,
    pub backoff: u64,
    pub backoff_max: u64,
    pub replay_body: u64,
    /// Whether retries have a budget.
    pub budget: bool,
    pub breaker: Option<Breaker>,
    pub soft: Option<u64>,
    pub cache: bool,
    /// `cache.trust_vary`: whether an answer is stored whose `Vary` does not name an unknown field of the request.
    pub trust_vary: &'static str,
    /// Whether what a write has made out of date is removed.
    pub removes: bool,
    pub default_ttl: u64,
    pub stale_if_error: u64,
    pub stale_while_revalidate: u64,
    pub max_body: u64,
    pub hold: u64,
    pub keep_max_age: u64,
    pub keep_interval: u64,
}

/// When an origin, or a group of pages, is left alone; spans are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// After so many failures in a row.
    pub consecutive: u64,
    /// Or after this share of at least so many in the window, in a hundred.
    pub failures: u64,
    pub minimum: u64,
    pub window: u64,
    pub open: u64,
}

impl Breaker {
    fn any(chance: &mut Chance) -> Self {
        Self {
            consecutive: chance.of([2, 3, 5, 5]),
            failures: chance.of([30, 50, 50]),
            minimum: chance.of([4, 20, 20]),
            window: chance.of([2_000, 10_000, 10_000, 30_000]),
            open: chance.of([1_000, 5_000]),
        }
    }
}

impl Settings {
    pub fn any(chance: &mut Chance) -> Self {
        let origins = chance.of([1, 1, 2, 3]);
        let total = chance.of([2_000, 8_000, 25_000]);
        let backoff_max = chance.of([50, 500, 2_000]);
        Self {
            origins,
            route_mode: origins == 1 && chance.percent(30),
            probe: None,
            first_byte: chance.of([500, 1_000, 2_000]).min(total),
            idle: chance.of([400, 3_000, 15_000]),
            total,
            attempts: chance.of([1, 2, 3, 3, 5]),
            idempotency_key: chance.percent(30),
            backoff: chance.of([10, 50]),
            backoff_max,
            replay_body: chance.of([0, 16, 64 * 1024]),
            budget: chance.percent(50),
            breaker: chance.percent(75).then(|| Breaker::any(chance)),
            soft: chance.of([None, None, Some(100)]),
            cache: chance.percent(98),
            trust_vary: "permitted",
            removes: false,
            default_ttl: chance.of([0, 0, 30_000, 300_000]),
            stale_if_error: chance.of([0, 60_000, 3_600_000, 86_400_000]),
            stale_while_revalidate: chance.of([0, 0, 60_000]),
            max_body: chance.of([256, 4096, 25 * 1024 * 1024, 25 * 1024 * 1024]),
            hold: chance.of([0, 64, 512, 4096]),
            keep_max_age: chance.of([3_600_000, 86_400_000, 30 * 86_400_000]),
            keep_interval: chance.of([60_000, 600_000]),
        }
    }

    /// The variable `HOLDFAST` that sets all this.
    pub fn to_value(&self, pages: &[Page]) -> Value {
        let ms = |span: u64| format!("{span}ms");
        let bytes = |size: u64| format!("{size}B");
        let origins: Vec<_> = (0..self.origins).map(|origin| format!("http://origin{origin}.test")).collect();
        let kept: Vec<_> = pages.iter().filter(|page| page.kept).map(|page| page.path.clone()).collect();
        let probe = self.probe.map(|page| json!({ "path": pages[page].path, "host": HOST }));
        let mut value = json!({
            "probe": probe.unwrap_or_else(|| json!({})),
            "origins": origins,
            "timeouts": {
                "first_byte": ms(self.first_byte), "idle": ms(self.idle), "total": ms(self.total),
                "serve_stale_after": self.soft.map_or("off".to_owned(), ms),
            },
            "retry": {
                "attempts": self.attempts, "idempotency_key": self.idempotency_key, "backoff": ms(self.backoff),
                "backoff_max": ms(self.backoff_max), "replay_body": bytes(self.replay_body),
                "budget": if self.budget { json!(0.2) } else { json!("off") },
            },
            "breaker": match self.breaker {
                Some(Breaker { consecutive, failures, minimum, window, open }) => json!({
                    "consecutive": consecutive, "failures": failures as f64 / 100.0, "minimum": minimum,
                    "window": ms(window), "open_for": ms(open),
                }),
                None => json!({ "enabled": false }),
            },
            "cache": {
                "enabled": self.cache, "trust_vary": self.trust_vary, "remove_invalidated": self.removes,
                "default_ttl": ms(self.default_ttl),
                "stale_if_error": ms(self.stale_if_error),
                "stale_while_revalidate": ms(self.stale_while_revalidate), "max_body": bytes(self.max_body),
            },
            "body": { "buffer": bytes(self.hold) },
            "last_good": {
                "paths": kept, "max_age": ms(self.keep_max_age), "interval": ms(self.keep_interval),
            },
        });
        // An empty list of origins is a mistake: in route mode there is none.
        if let Some(table) = value.as_object_mut().filter(|_| self.route_mode) {
            table.remove("origins");
        }
        value
    }
}
