//! The page that tells visitors how the site is.

use std::time::Duration;

use holdfast::health::public::{Now, Public};
use holdfast::health::summary::{Incident, OriginState, Summary, Visitors};
use holdfast::health::{Class, State};
use holdfast::time::Timestamp;
use serde_json::{Value, json};

use crate::world::{Story, World, world};

const ADDRESS: &str = "/.well-known/holdfast/public";
const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// 2026-01-02T03:04:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_767_323_040_000);

fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

fn origin(name: &str, state: State) -> OriginState {
    OriginState {
        name: name.to_owned(),
        url: Some(format!("https://{name}")),
        state,
        is_down: state == State::Down,
        is_reached: false,
        end: (state == State::Down).then(|| "edge_refused".to_owned()),
        since: (state == State::Down).then(|| ago(425)),
        asked_at: Some(ago(1)),
        last_ok: Some(ago(440)),
        last_probe: None,
    }
}

/// An incident that visitors noticed, from and until so many seconds ago.
fn incident(from: u64, until: Option<u64>) -> Incident {
    Incident {
        id: "secret-id".to_owned(),
        origin: "secret.example".to_owned(),
        place: "www.example.com/secret/*".to_owned(),
        class: Class::BadGateway,
        kind: "edge_refused".to_owned(),
        what: "refused the connection",
        began_at: ago(from),
        last_at: ago(until.unwrap_or(0)),
        answered_at: until.map(ago),
        ended_at: until.map(ago),
        attempts: 777,
        touched: 555,
        stale: 333,
        errors: 222,
        kinds: vec![],
    }
}

fn summary(states: &[State], incidents: Vec<Incident>, visitors: (u64, u64, u64)) -> Summary {
    let (answers, stale, errors) = visitors;
    Summary {
        at: NOW,
        origins: states.iter().map(|state| origin("secret.example", *state)).collect(),
        incidents,
        visitors: Visitors {
            span_s: 60,
            answers,
            stale,
            errors,
            answers_lately: answers,
            errors_lately: errors,
        },
        ..Summary::default()
    }
}

fn down() -> Summary {
    summary(&[State::Down], vec![incident(425, None), incident(90_000, Some(89_000))], (100, 0, 100))
}

fn open(summary: Summary) -> World {
    world()
        .set("page", json!({ "public_status": true, "brand": "The <Shop>", "accent": "#15b" }))
        .knowing(summary)
}

fn look(world: &World) -> Story {
    world.clone().with("accept", BROWSER).get(ADDRESS)
}

#[test]
fn nobody_sees_the_page_that_the_operator_has_not_opened() {
    for world in [world().knowing(down()), world().token("a-token-of-the-operators").knowing(down())] {
        for method in ["GET", "HEAD", "POST"] {
            world.send(method, ADDRESS, None).status(404).attempts(0);
        }
    }
}

#[test]
fn everybody_sees_how_the_site_is_in_its_brand() {
    let story = look(&open(down())).status(200).attempts(0);
    let story = story
        .header("content-type", "text/html; charset=utf-8")
        .header("cache-control", "public, max-age=10")
        .header("x-content-type-options", "nosniff")
        .header("x-robots-tag", "noindex")
        .header_has("content-security-policy", "default-src 'none'; style-src 'sha256-")
        .says("<bdi>The &#60;Shop&#62;</bdi>")
        .says("<h1>The site cannot be reached at the moment.</h1>")
        .says("Since <time datetime=\"2026-01-02T02:56:55Z\">2 January, 02:56</time> UTC.")
        .says("1 January, 02:04</time> – <time datetime=\"2026-01-01T02:20:40Z\">02:20</time>")
        .header("refresh", "60")
        .says("<b>16 min</b>")
        .says("<b>7 min so far</b>");
    let page = &story.body.text;
    assert!(!page.contains("<script") && !page.contains("Holdfast"), "{page}");
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(style.contains("--accent:#1155bb"), "{style}");
}

#[test]
fn programs_read_the_same_as_json() {
    for accept in ["application/json", "*/*"] {
        let story = open(down()).with("accept", accept).get(ADDRESS).status(200);
        let story =
            story.header("content-type", "application/json").header("cache-control", "public, max-age=10");
        let expected = json!({
            "state": "down",
            "sentence": "The site cannot be reached at the moment, since 2 January, 02:56 UTC.",
            "at": "2026-01-02T03:04:00Z",
            "since": "2026-01-02T02:56:55Z",
            "incidents": [
                { "began_at": "2026-01-02T02:56:55Z", "ended_at": null, "lasted_s": 425 },
                { "began_at": "2026-01-01T02:04:00Z", "ended_at": "2026-01-01T02:20:40Z", "lasted_s": 1000 },
            ],
        });
        assert_eq!(serde_json::from_str::<Value>(&story.body.text).unwrap(), expected);
    }
}

#[test]
fn no_outsider_learns_what_is_behind_the_site() {
    for accept in [BROWSER, "application/json"] {
        let story = open(down()).with("accept", accept).get(ADDRESS).status(200);
        let (_, text) = story.body.text.split_once("</style>").unwrap_or(("", &story.body.text));
        for secret in ["secret", "refused", "502", "777", "555", "333", "222", "origin", "page.", "HOLDFAST"]
        {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn only_what_looks_is_answered() {
    open(down()).send("HEAD", ADDRESS, None).answers(200, "").header("cache-control", "public, max-age=10");
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        open(down()).send(method, ADDRESS, None).status(405).header("allow", "GET, HEAD").attempts(0);
    }
}

#[test]
fn a_thousand_visitors_ask_the_object_once_in_ten_seconds() {
    let world = open(down());
    for _ in 0..500 {
        look(&world).status(200);
        world.clone().with("accept", "application/json").get(ADDRESS).status(200);
    }
    assert_eq!(world.subrequests(), 1);
    look(&world.clone().later(9)).status(200);
    assert_eq!(world.subrequests(), 1);
    look(&world.clone().later(1)).status(200);
    assert_eq!(world.subrequests(), 2);
    let silent = open(down()).health_fails();
    for _ in 0..100 {
        look(&silent).status(503);
    }
    assert_eq!(silent.subrequests(), 1, "one that does not answer is left alone as well");
}

#[test]
fn where_nothing_is_known_that_is_said() {
    for world in [world().set("page", json!({ "public_status": true })), open(down()).health_fails()] {
        look(&world)
            .status(503)
            .header("cache-control", "no-store")
            .header("retry-after", "10")
            .says("<h1>It is not known at the moment how the site is.</h1>");
        let story = world.clone().with("accept", "application/json").get(ADDRESS).status(503);
        let json: Value = serde_json::from_str(&story.body.text).unwrap();
        assert_eq!(json["state"], "unknown");
        assert!(!story.body.text.contains("HOLDFAST"));
    }
}

#[test]
fn a_closed_site_says_that_it_is_closed_and_keeps_its_incidents() {
    let world = open(down()).set("maintenance", json!({ "enabled": true }));
    look(&world)
        .status(200)
        .says("<h1>The site is closed for maintenance at the moment.</h1>")
        .says("<b>16 min</b>");
}

#[test]
fn what_visitors_get_decides_how_the_site_is() {
    use State::{Down, Failing, Recovering, Unknown, Up};
    let noticed = || vec![incident(425, None)];
    let over = || vec![incident(425, Some(60))];
    for (states, incidents, visitors, now, since) in [
        (&[Up][..], vec![], (100, 0, 0), Now::Well, None),
        (&[Up], over(), (100, 0, 0), Now::Well, None),
        (&[Recovering], over(), (100, 3, 0), Now::Well, None),
        (&[Up], noticed(), (100, 0, 5), Now::Partial, Some(425)),
        (&[Failing], noticed(), (100, 0, 5), Now::Partial, Some(425)),
        // Copies, retries or another origin answer.
        (&[Up], noticed(), (100, 5, 0), Now::Well, None),
        (&[Down, Up], noticed(), (100, 0, 0), Now::Well, None),
        (&[Down, Up], noticed(), (100, 0, 9), Now::Partial, Some(425)),
        (&[Down], noticed(), (100, 90, 10), Now::Partial, Some(425)),
        (&[Down], noticed(), (100, 10, 90), Now::Down, Some(425)),
        (&[Down, Down], noticed(), (100, 100, 0), Now::Well, None),
        (&[Down, Down], noticed(), (100, 0, 100), Now::Down, Some(425)),
        (&[Down, Unknown], noticed(), (100, 0, 100), Now::Down, Some(425)),
        // Nobody visits, but a probe knows.
        (&[Down], vec![], (0, 0, 0), Now::Down, Some(425)),
        (&[Failing], noticed(), (0, 0, 0), Now::Partial, Some(425)),
        // The worker's own errors have no incident.
        (&[Up], vec![], (100, 0, 50), Now::Partial, None),
        (&[Up], vec![], (1000, 0, 1), Now::Well, None),
        (&[Unknown], vec![], (0, 0, 0), Now::Unknown, None),
        (&[], vec![], (0, 0, 0), Now::Unknown, None),
    ] {
        let public = Public::of(&summary(states, incidents, visitors), false);
        assert_eq!((public.state, public.since), (now, since.map(ago)), "{states:?} {visitors:?}");
    }
}

#[test]
fn an_error_that_has_not_come_back_is_over() {
    let mut over = summary(&[State::Up], vec![], (100, 0, 50));
    over.visitors.errors_lately = 0;
    assert_eq!(Public::of(&over, false).state, Now::Well);
}

#[test]
fn incidents_that_overlap_are_one_and_unnoticed_or_old_ones_none() {
    let unnoticed = Incident { stale: 0, errors: 0, ..incident(3000, Some(2000)) };
    let is_answered = Incident { ended_at: None, ..incident(500, Some(400)) };
    let spans = |incidents| {
        let incidents = Public::of(&summary(&[State::Up], incidents, (1, 0, 0)), false).incidents;
        let spans = incidents.iter().map(|one| (one.began_at, one.ended_at));
        spans.collect::<Vec<_>>()
    };
    let span = |from, until: Option<u64>| (ago(from), until.map(ago));
    assert_eq!(spans(vec![unnoticed]), []);
    assert_eq!(spans(vec![incident(8 * 86_400, Some(8 * 86_400 - 60))]), []);
    assert_eq!(spans(vec![incident(8 * 86_400, Some(86_400))]), [span(8 * 86_400, Some(86_400))]);
    assert_eq!(spans(vec![is_answered]), [span(500, Some(400))]);
    assert_eq!(
        spans(vec![
            incident(100, None),
            incident(900, Some(700)),
            incident(1000, Some(800)),
            incident(990, Some(980))
        ]),
        [span(100, None), span(1000, Some(700))]
    );
    assert_eq!(spans(vec![incident(500, None), incident(400, Some(300))]), [span(500, None)]);
}
