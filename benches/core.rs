//! What the stages cost natively: `cargo bench --bench core`, or with part of a name behind it. For comparisons before
//! and after a change, on one machine: the module runs as WebAssembly, which is slower.
//!
//! Not here is what only others of the crate can call: header fields are read at the border, and variants are chosen by
//! the exchange, from a list that [`entries`] decodes and with a digest of [`keys`].
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the macros' items have no documentation, and what is measured is known to be right"
)]

use std::rc::Rc;
use std::time::Duration;

use divan::{Bencher, black_box};
use holdfast::config::{self, Config};
use holdfast::request::{Request, Target};
use holdfast::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::json;

/// 2026-01-02T03:04:05Z.
const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_000);

const URL: &str = "https://www.example.com/en/articles/2026/a-page-with-a-name?page=2&sort=newest";

/// What a browser sends for a page.
const BROWSER: [(&str, &str); 10] = [
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3"),
    ("cf-connecting-ip", "203.0.113.7"),
    ("cf-ray", "8f2a1b3c4d5e6f70-VIE"),
    ("cookie", "_ga=GA1.1.1234567890.1700000000; _gid=GA1.1.987654321.1700000000"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("x-forwarded-proto", "https"),
];

/// What an origin sends with a page.
const ANSWER: [(&str, &str); 12] = [
    ("age", "7"),
    ("cache-control", "public, max-age=300, s-maxage=600, stale-while-revalidate=60, stale-if-error=86400"),
    ("content-language", "en"),
    ("content-security-policy", "default-src 'self'; img-src 'self' https://images.example.com"),
    ("content-type", "text/html; charset=utf-8"),
    ("date", "Fri, 02 Jan 2026 03:04:00 GMT"),
    ("etag", "\"6956b2a1-1c2f4\""),
    ("last-modified", "Thu, 01 Jan 2026 17:45:05 GMT"),
    ("server", "nginx"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
    ("vary", "Accept-Encoding, Accept-Language"),
    ("x-content-type-options", "nosniff"),
];

fn main() {
    // Most take microseconds, and the default of a hundred runs says little.
    divan::Divan::from_args().min_time(Duration::from_millis(300)).main();
}

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| -> (HeaderName, HeaderValue) {
        (name.parse().unwrap(), value.parse().unwrap())
    };
    list.iter().map(field).collect()
}

/// A browser's GET with so many fields.
fn request(count: usize) -> Request {
    let mut headers = fields(&BROWSER);
    for number in headers.len()..count {
        let name: HeaderName = format!("x-field-{number}").parse().unwrap();
        headers.insert(name, HeaderValue::from_static("a value of middling length"));
    }
    let target = Target::parse(URL).unwrap();
    Request { method: Method::GET, target, headers, has_body: false, id: "8f2a1b3c4d5e6f70-VIE".to_owned() }
}

/// Settings with so many routes, of which the last one matches.
fn config(routes: usize) -> Rc<Config> {
    let others =
        (1..routes).map(|number| json!({ "host": "*.example.net", "path": format!("/other/{number}/*") }));
    let routes: Vec<_> = others.chain([json!({ "path": "/*/articles/*" })]).collect();
    let settings = json!({ "origins": ["https://origin.example.net"], "routes": routes, "page": { "brand": "Example" } });
    Rc::new(Config::from_value(&settings).unwrap())
}

mod requests {
    use super::*;
    use holdfast::language::Language;
    use holdfast::origin::forward::forward;
    use holdfast::policy::Policy;
    use holdfast::response::form::Form;

    #[divan::bench(args = ["short", "long"])]
    fn target(bencher: Bencher<'_, '_>, which: &str) {
        let url = if which == "short" { "http://a.example/" } else { URL };
        bencher.bench_local(|| Target::parse(black_box(url)));
    }

    #[divan::bench(args = [1, 8, 32])]
    fn policy(bencher: Bencher<'_, '_>, routes: usize) {
        let (config, request) = (config(routes), request(10));
        bencher.bench_local(|| Policy::of(black_box(&config), black_box(&request)).route);
    }

    #[divan::bench(args = [10, 40])]
    fn forward_head(bencher: Bencher<'_, '_>, count: usize) {
        let (config, request) = (config(1), Rc::new(request(count)));
        let cache = &config.defaults.cache;
        bencher.bench_local(|| forward(black_box(&request), config.origins.first(), Some(cache)));
    }

    #[divan::bench]
    fn form(bencher: Bencher<'_, '_>) {
        let request = request(10);
        bencher.bench_local(|| Form::of(black_box(&request)));
    }

    #[divan::bench(args = ["en", "de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3", "zh-Hant-TW", "tlh,x-none;q=0.5"])]
    fn language(bencher: Bencher<'_, '_>, accept: &str) {
        let headers = fields(&[("accept-language", accept)]);
        bencher.bench_local(|| Language::lookup(black_box(&headers), &[]));
    }
}

mod cache {
    use super::*;
    use holdfast::cache::directives::{RequestDirectives, ResponseDirectives};
    use holdfast::cache::entry::Stored;
    use holdfast::cache::request_fields::Unkeyed;
    use holdfast::cache::storable::{Asked, admit};
    use holdfast::cache::{freshness, judge};
    use http::StatusCode;

    fn hostile() -> String {
        "max-age=\"60\\\", x=".repeat(400)
    }

    #[divan::bench(args = ["short", "long", "hostile"])]
    fn directives(bencher: Bencher<'_, '_>, which: &str) {
        let hostile = hostile();
        let text = match which {
            "short" => "max-age=60",
            "long" => ANSWER[1].1,
            _ => &hostile,
        };
        let headers = fields(&[("cache-control", text)]);
        bencher.bench_local(|| ResponseDirectives::of(black_box(&headers)));
    }

    fn stored() -> Stored {
        Stored {
            status: StatusCode::OK,
            headers: fields(&ANSWER).into(),
            requested_at: NOW.minus(Duration::from_secs(5)),
            received_at: NOW.minus(Duration::from_secs(4)),
            length: Some(30_000),
            outdated: false,
            withdrawn_from: None,
            selected_by: Vec::new(),
        }
    }

    #[divan::bench]
    fn age_and_lifetime(bencher: Bencher<'_, '_>) {
        let (stored, settings) = (stored(), config::Cache::default());
        bencher.bench_local(|| {
            (freshness::age(black_box(&stored), NOW), freshness::lifetime(&stored, &settings))
        });
    }

    #[divan::bench]
    fn verdict(bencher: Bencher<'_, '_>) {
        let (stored, settings) = (stored(), config::Cache::default());
        let asked = RequestDirectives::default();
        bencher.bench_local(|| judge(black_box(&stored), &asked, &settings, NOW));
    }

    #[divan::bench]
    fn admission(bencher: Bencher<'_, '_>) {
        let (request, headers, settings) = (request(10), fields(&ANSWER), config::Cache::default());
        let asked = Asked {
            request: &request,
            lookup: Ok(()),
            unkeyed: &Unkeyed::default(),
            identified: false,
            existing: holdfast::cache::storable::Existing::None,
        };
        bencher.bench_local(|| {
            admit(&asked, StatusCode::OK, black_box(&headers), Some(30_000), &settings, NOW, NOW).is_ok()
        });
    }
}

mod keys {
    use super::*;
    use holdfast::cache::key::{Key, Vary};

    #[divan::bench]
    fn key(bencher: Bencher<'_, '_>) {
        let request = request(10);
        bencher.bench_local(|| Key::of(black_box(&request)));
    }

    fn vary(names: usize) -> (Vary, HeaderMap) {
        let request = request(40);
        let names: Vec<_> = request.headers.keys().map(HeaderName::as_str).take(names).collect();
        (Vary::of(&fields(&[("vary", &names.join(", "))])).unwrap(), request.headers)
    }

    #[divan::bench(args = [1, 4, 16])]
    fn vary_values(bencher: Bencher<'_, '_>, names: usize) {
        let (vary, headers) = vary(names);
        bencher.bench_local(|| black_box(&vary).values(black_box(&headers)));
    }

    #[divan::bench(args = [1, 4, 16])]
    fn vary_digest(bencher: Bencher<'_, '_>, names: usize) {
        let (vary, headers) = vary(names);
        bencher.bench_local(|| black_box(&vary).digest(black_box(&headers)));
    }
}

mod entries {
    use super::*;
    use holdfast::cache::entry::{Entry, Stored, Variant};
    use holdfast::cache::key::Vary;
    use http::StatusCode;

    fn response() -> Entry {
        let headers = fields(&ANSWER);
        let selected_by = Vary::of(&headers).unwrap().values(&request(10).headers);
        Entry::Response(Stored {
            status: StatusCode::OK,
            headers: headers.into(),
            requested_at: NOW,
            received_at: NOW,
            length: Some(30_000),
            outdated: false,
            withdrawn_from: None,
            selected_by,
        })
    }

    fn variants(count: usize) -> Entry {
        let vary = Vary::of(&fields(&[("vary", "Accept-Language")])).unwrap();
        let variant = |number: usize| {
            let language = format!("x-{number}");
            let digest = vary.digest(&fields(&[("accept-language", &language)]));
            Variant { vary: vary.clone(), digest, until: NOW, outdated_at: None }
        };
        Entry::Variants((0..count).map(variant).collect())
    }

    #[divan::bench]
    fn encode_response(bencher: Bencher<'_, '_>) {
        let entry = response();
        bencher.bench_local(|| black_box(&entry).encode());
    }

    #[divan::bench]
    fn decode_response(bencher: Bencher<'_, '_>) {
        let text = response().encode().unwrap();
        bencher.bench_local(|| Entry::decode(black_box(&text)));
    }

    #[divan::bench(args = [2, 32, 128])]
    fn decode_variants(bencher: Bencher<'_, '_>, count: usize) {
        let text = variants(count).encode().unwrap();
        bencher.bench_local(|| Entry::decode(black_box(&text)));
    }
}

mod attempts {
    use super::*;
    use holdfast::origin::breaker::Breaker;
    use holdfast::origin::breaker::evidence::Witness;
    use holdfast::origin::breaker::place::Place;
    use holdfast::origin::failure::Failure;
    use holdfast::origin::retry::{Repeatable, Situation, next};
    use holdfast::origin::{Attempt, AttemptResult};

    #[divan::bench]
    fn retry(bencher: Bencher<'_, '_>) {
        let lost = AttemptResult::Failed(Failure::ConnectionLost, None);
        let attempts = [Attempt {
            origin: 0,
            waited: Duration::ZERO,
            took: Duration::from_millis(20),
            end: lost,
            is_cut_short: false,
        }];
        let settings = config::Retry::default();
        let situation = Situation {
            attempts: &attempts,
            origins: 2,
            can_bear: &[true, true],
            repeatable: Repeatable::Repeatable,
            safe: true,
            settings: &settings,
            least: Duration::from_secs(1),
            left: Duration::from_secs(20),
            retry_after: None,
        };
        bencher.bench_local(|| next(black_box(&situation), black_box(0.5)));
    }

    #[divan::bench]
    fn breaker(bencher: Bencher<'_, '_>) {
        let (mut breaker, settings, mut now) = (Breaker::default(), config::Breaker::default(), NOW);
        let place = Place::of(&request(8));
        bencher.bench_local(|| {
            now = now.plus(Duration::from_millis(10));
            let permit =
                breaker.admit(place, || Witness { mark: 1, is_known: true }, &settings, 0.5, now).permit();
            breaker.record(place, permit.unwrap(), Some(AttemptResult::Answered(200)), &settings, now);
        });
    }
}

mod pages {
    use super::*;
    use holdfast::origin::failure::Failure;
    use holdfast::response::error::{Cause, ErrorPage, Occasion};
    use holdfast::response::form::Form;

    #[divan::bench(args = [Form::Html, Form::Problem, Form::GraphQl, Form::Markdown, Form::Grpc, Form::Text, Form::Empty])]
    fn render(bencher: Bencher<'_, '_>, form: Form) {
        let (config, request) = (config(1), request(10));
        let page = ErrorPage {
            cause: Cause::Failure(Failure::NoHeaderInTime),
            request: &request,
            page: &config.defaults.page,
            occasion: Occasion::At(NOW),
            retry_after: None,
            unknown_outcome: false,
            until: None,
        };
        bencher.bench_local(|| black_box(&page).render(form));
    }
}
