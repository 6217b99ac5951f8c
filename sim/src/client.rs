//! Those who ask: visitors and the operator.

use std::rc::Rc;

use holdfast::exchange::{exchange, probe};
use holdfast::request::Request;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use testkit::answer;
use testkit::body::read;
use testkit::upload::{Fate, Upload};

use crate::invariants::{self, Given};
use crate::ledger::{Asked, Order};
use crate::plan::{Ask, target};
use crate::ports::SimPorts;
use crate::world::{TOKEN, World};

/// One request, from its sending to the last byte of the answer.
pub async fn live(ports: SimPorts, ask: Ask) {
    let world = Rc::clone(&ports.front.world);
    let Some(target) = target(&world.plan.pages[ask.page].path) else { return };
    let headers = fields(&world, &ask);
    world.note(|| {
        format!(
            "ask {}: {} {} at isolate {}, {headers:?}",
            ask.number,
            ask.method,
            target.path_and_query(),
            ask.isolate
        )
    });
    let (began_at, wall_at, incarnation) = (world.now(), world.wall(), ports.front.incarnation);
    let asked = Asked { began_at, wall_at, incarnation, ..Asked::default() };
    world.ledger.borrow_mut().asks.insert(ask.number, asked);
    let Ok(method) = ask.method.parse() else { return };
    let upload = ask.upload.as_ref().map(|upload| Upload {
        text: "u".repeat(upload.bytes).into(),
        takes: upload.takes,
        fate: upload.fate,
    });
    let request = Request { method, target, headers, has_body: upload.is_some(), id: ask.number.to_string() };
    let answer = exchange(ports, Rc::clone(&world.config), request.into(), upload).await;
    let given = answer::given(answer, &world.platform.misuses);
    let (status, headers) = (given.status, &given.headers);
    world.note(|| format!("ask {}: is answered {status} {headers:?}", ask.number));
    let content = given.content.as_deref();
    invariants::answered(&world, &Given { ask: &ask, status, headers, content });
    if let Some(content) = &given.content {
        let read = read(Rc::clone(content), &world.platform.clock).await;
        invariants::delivered(&world, &Given { ask: &ask, status, headers, content: Some(&*read) });
    }
}

fn fields(world: &World, ask: &Ask) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    };
    if ask.is_probe {
        return headers;
    }
    let visitor = &world.plan.visitors[ask.visitor];
    let cookies: Vec<_> = [
        visitor.harmless_cookie.then(|| "_ga=1".to_owned()),
        visitor.cookie.then(|| format!("sid={}", visitor.name)),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !cookies.is_empty() {
        put("cookie", &cookies.join("; "));
    }
    if visitor.authorization {
        put("authorization", &format!("Bearer {}", visitor.name));
    }
    for (name, value) in [
        ("cf-connecting-ip", visitor.address),
        ("accept-language", visitor.language),
        ("accept-encoding", visitor.coding),
        ("x-flag", visitor.flag),
        ("origin", visitor.origin),
        ("cache-control", ask.directives),
        ("accept", visitor.wants_html.then_some("text/html")),
        ("idempotency-key", ask.idempotency_key.then_some("\"key\"")),
        ("holdfast-attempt", ask.is_retry.then_some("2")),
    ] {
        if let Some(value) = value {
            put(name, value);
        }
    }
    if let Some((start, end)) = ask.range {
        put("range", &format!("bytes={start}-{end}"));
    }
    if ask.conditional {
        let tag = world.origin.borrow().tag(ask.page, &world.plan.pages[ask.page], "-", &HeaderMap::new());
        put("if-none-match", &tag);
    }
    if let Some(upload) = &ask.upload {
        put("content-length", &upload.bytes.to_string());
    }
    headers
}

/// What the cron trigger sets going.
pub async fn cron(ports: SimPorts) {
    let (world, number) = (Rc::clone(&ports.front.world), ports.front.ask);
    let asked = Asked { began_at: world.now(), wall_at: world.wall(), ..Asked::default() };
    world.ledger.borrow_mut().asks.insert(number, asked);
    probe(ports, Rc::clone(&world.config)).await;
    let done_at = world.now();
    if let Some(asked) = world.ledger.borrow_mut().asks.get_mut(&number) {
        asked.answered_at = Some(done_at);
    }
}

/// An order of the operator's.
pub async fn order(ports: SimPorts, page: Option<usize>, forget: bool) {
    let world = Rc::clone(&ports.front.world);
    let Some(target) = target("/.well-known/holdfast/purge") else { return };
    let mut order = match page {
        Some(page) => json!({ "urls": [world.plan.pages[page].path] }),
        None => json!({ "all": true }),
    };
    if forget {
        order["forget"] = json!(true);
    }
    let text = order.to_string();
    let headers = HeaderMap::from_iter([
        (HeaderName::from_static("holdfast-token"), HeaderValue::from_static(TOKEN)),
        (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json")),
    ]);
    let request =
        Request { method: http::Method::POST, target, headers, has_body: true, id: "order".to_owned() };
    let upload = Upload { text: text.into(), takes: 1, fate: Fate::Whole };
    let (began_at, number) = (world.now(), ports.front.ask);
    let asked = Asked { began_at, wall_at: world.wall(), ..Asked::default() };
    {
        let mut ledger = world.ledger.borrow_mut();
        ledger.asks.insert(number, asked);
        ledger.orders_under_way += 1;
    }
    let answer = exchange(ports, Rc::clone(&world.config), request.into(), Some(upload)).await;
    let done_at = world.now();
    // Some point between: what was asked for before the order began is concerned at any rate.
    let wall_at = world.walls(began_at, began_at).0;
    world.note(|| format!("order {number}: is answered {}", answer.status.as_u16()));
    let mut ledger = world.ledger.borrow_mut();
    if let Some(asked) = ledger.asks.get_mut(&number) {
        (asked.answered_at, asked.status) = (Some(done_at), Some(answer.status.as_u16()));
    }
    // One that failed may hold in the isolate that took it.
    if answer.status.is_success() {
        ledger.orders_under_way -= 1;
        ledger.orders.push(Order { page, forget, began_at, done_at, wall_at });
    }
}
