//! Many requests for one key at a time, and how many of them reach the origin.

use std::time::Duration;

use crate::world::{Ending, Story, World, answers, hangs, page, refuses, talks_garbage, world};

/// As slow as a page may be of which one fetch is to be enough.
const SLOW: Duration = Duration::from_millis(900);

/// What a request has where nothing is set.
const TOTAL: Duration = Duration::from_secs(25);

/// How many requests reached the origin while `count` asked at once; each was answered with this.
fn crowd(world: &World, count: usize, status: u16, text: &str) -> usize {
    let stories = world.crowd(count, "/");
    for story in &stories {
        assert_eq!((story.status, &*story.body.text), (status, text), "{story:#?}");
    }
    stories[0].seen.len()
}

#[test]
fn a_page_that_nobody_has_is_fetched_once_for_all_who_ask() {
    let world = world().origin([page("v1").cache_control("max-age=60").after(SLOW)]);
    assert_eq!(crowd(&world, 100, 200, "v1"), 1);
    assert_eq!(crowd(&world, 100, 200, "v1"), 0);
}

#[test]
fn those_who_waited_say_so() {
    // RFC 9211 §2.6
    let world = world().origin([page("v1").cache_control("max-age=60").after(SLOW)]);
    let stories = world.crowd(3, "/");
    let said: Vec<_> = stories.iter().map(|story| story.value("cache-status").unwrap()).collect();
    assert_eq!(said[0], "Holdfast;fwd=uri-miss;stored");
    assert_eq!(said[1], "Holdfast;fwd=uri-miss;collapsed;ttl=60");
    stories[1].clone().reports_nothing();
    world.get("/").header("cache-status", "Holdfast;hit;ttl=60");
}

#[test]
fn a_page_that_has_expired_is_validated_once_for_all_who_ask() {
    let tagged = page("v1").cache_control("max-age=60").header("etag", "\"1\"");
    let unchanged = answers(304, "").cache_control("max-age=60").header("etag", "\"1\"").after(SLOW);
    let world = world().origin([tagged, unchanged]);
    world.get("/").answers(200, "v1");
    let world = world.later(61);
    assert_eq!(crowd(&world, 100, 200, "v1"), 1);
}

#[test]
fn a_page_without_a_validator_that_has_expired_is_fetched_once_for_all_who_ask() {
    let world = world()
        .origin([page("v1").cache_control("max-age=60"), page("v2").cache_control("max-age=60").after(SLOW)]);
    world.get("/").answers(200, "v1");
    assert_eq!(crowd(&world.later(61), 100, 200, "v2"), 1);
}

#[test]
fn in_an_outage_a_crowd_with_a_copy_costs_as_much_as_one_request() {
    let world = world().origin([page("v1").cache_control("max-age=60")]);
    world.get("/").answers(200, "v1");
    let world = world.later(61).origin([refuses(), refuses(), refuses()]);
    assert_eq!(crowd(&world, 100, 200, "v1"), 3);
}

#[test]
fn in_an_outage_a_crowd_without_a_copy_costs_as_much_as_three_requests() {
    let world = world().origin([]);
    let stories = world.crowd(300, "/");
    assert!(stories.iter().all(|story| story.status == 502));
    assert_eq!(stories[0].seen.len(), 9, "three attempts each");
    stories[299].clone().header_has("proxy-status", "error=connection_terminated");
    // Within the budget there are no more attempts than requests.
    let stories = crate::world::world().guarded().origin([]).crowd(300, "/");
    assert!(stories.iter().all(|story| story.status >= 502));
    assert!(stories[0].seen.len() <= 9, "{}", stories[0].seen.len());
}

#[test]
fn an_origin_that_answers_nobody_is_asked_less_and_less() {
    let world = world().at_origin("origin.test", hangs());
    let stories = world.crowd(300, "/");
    assert!(stories.iter().all(|story| story.status == 504 && story.took <= TOTAL), "{:#?}", stories[0]);
    // After 0, 1, 2, 4 and 8 s, and after 15 s some who have just the time left for an attempt of ten seconds.
    let first_attempts = |stories: &[Story]| {
        stories[0].seen.iter().filter(|seen| !seen.headers.contains_key("holdfast-attempt")).count()
    };
    assert_eq!(first_attempts(&stories), 16);
    assert!(stories[0].seen.len() <= 26, "{}", stories[0].seen.len());
}

#[test]
fn one_whom_the_origin_treats_badly_takes_nobody_with_it() {
    let busy = answers(503, "you again").header("retry-after", "60");
    let reset_later = refuses().after(Duration::from_secs(3));
    for (meets, within) in [
        (refuses(), Duration::from_millis(700)),
        (talks_garbage(), Duration::from_millis(700)),
        (busy, Duration::from_millis(100)),
        (hangs(), Duration::from_millis(1100)),
        (reset_later, Duration::from_millis(1100)),
    ] {
        let world = world()
            .at_client("192.0.2.1", meets.clone())
            .at_origin("origin.test", page("v1").cache_control("max-age=60"));
        let (rude, others) = (world.clone().from("192.0.2.1"), 299);
        let views: Vec<_> =
            (0..others).map(|n| world.clone().from(&format!("198.51.{}.{}", n / 250, n % 250))).collect();
        let everybody = [&rude].into_iter().chain(&views).map(|view| (view, "GET", "/", None));
        let mut stories = world.together(everybody).into_iter();
        assert!(stories.next().unwrap().status >= 500, "{meets:?}");
        for story in stories {
            assert!(story.seen.len() <= 6, "{meets:?}: {} attempts", story.seen.len());
            story.answers(200, "v1").within(within);
        }
    }
}

#[test]
fn a_client_that_the_origin_resets_cannot_speak_for_others_by_asking_often() {
    let world = world()
        .at_client("192.0.2.1", refuses())
        .at_origin("origin.test", page("v1").cache_control("max-age=60"));
    let (rude, visitor) = (world.clone().from("192.0.2.1"), world.clone().from("198.51.100.1"));
    let everybody = std::iter::repeat_n(&rude, 50).chain([&visitor]);
    let mut stories = world.together(everybody.map(|view| (view, "GET", "/", None)));
    stories.pop().unwrap().answers(200, "v1").within(Duration::from_secs(1));
}

#[test]
fn a_visitor_with_a_page_of_their_own_as_leader_separates_the_others_once() {
    let world = world()
        .at_client("192.0.2.1", refuses())
        .at_client("192.0.2.2", page("mine").cache_control("private"))
        .at_origin("origin.test", page("v1").cache_control("max-age=60").after(SLOW));
    let rude = world.clone().from("192.0.2.1");
    let known = world.clone().from("192.0.2.2").with("cookie", "sid=1");
    let others: Vec<_> = (1..9).map(|n| world.clone().from(&format!("198.51.100.{n}"))).collect();
    let everybody = [&rude, &known].into_iter().chain(&others).map(|view| (view, "GET", "/", None));
    let mut stories = world.together(everybody).into_iter();
    stories.next().unwrap().status(502);
    stories.next().unwrap().answers(200, "mine");
    for story in stories {
        story.answers(200, "v1").within(2 * SLOW);
    }
    assert_eq!(crowd(&world.later(61), 100, 200, "v1"), 1, "who comes later waits as before");
}

#[test]
fn also_pages_that_cannot_be_shared_cost_one_request_while_the_origin_is_down() {
    let world = world().origin([page("v1")]);
    world.get("/").answers(200, "v1");
    let world = world.origin([]);
    assert_eq!(crowd(&world, 10, 200, "v1"), 30, "it was not known yet");
    assert_eq!(crowd(&world, 100, 200, "v1"), 3);
    let world = world.origin([page("v2"), page("v2"), page("v2")]);
    assert_eq!(crowd(&world, 3, 200, "v2"), 3, "and it is over at once");
}

#[test]
fn those_who_waited_get_the_failure_as_it_was() {
    let busy = answers(503, "busy").header("retry-after", "120").after(SLOW);
    let world = world().set("retry.attempts", 1).at_origin("origin.test", busy);
    let stories = world.with("accept", "text/html").with("sec-fetch-dest", "document").crowd(5, "/");
    for story in stories {
        story.status(503).header("retry-after", "120").attempts(3);
    }
    let world = crate::world::world().at_origin("origin.test", hangs());
    for story in world.crowd(9, "/") {
        story.status(504).header_has("proxy-status", "error=http_response_timeout");
    }
    let world = crate::world::world().at_origin("origin.test", talks_garbage());
    for story in world.crowd(5, "/") {
        story.status(502).header_has("proxy-status", "error=http_protocol_error").attempts(6);
    }
}

#[test]
fn one_that_waits_falls_back_to_its_stale_copy_when_its_own_time_is_up() {
    let world = world().origin([page("v1").cache_control("max-age=60")]);
    world.get("/").answers(200, "v1");
    // The one that asks the origin gives it 25 s; the one that waits has 4 s, and has asked for itself after one.
    let slow = page("v2").cache_control("max-age=60").after(Duration::from_secs(9));
    let world = world.later(61).at_origin("origin.test", slow);
    let hurried = world.clone().set("timeouts.total", "4s").set("timeouts.first_byte", "3s");
    let stories = world.together([(&world, "GET", "/", None), (&hurried, "GET", "/", None)]);
    let [patient, hurried] = <[_; 2]>::try_from(stories).unwrap();
    patient.answers(200, "v2");
    hurried
        .answers(200, "v1")
        .within(Duration::from_secs(4))
        .header_has("proxy-status", "http_response_timeout");
}

#[test]
fn one_that_does_not_come_to_ask_falls_back_to_its_stale_copy_when_its_own_time_is_up() {
    let world = world().origin([page("v1").cache_control("max-age=60")]);
    world.get("/").answers(200, "v1");
    let world = world.later(61).at_origin("origin.test", hangs());
    for story in world.crowd(20, "/") {
        story.answers(200, "v1").within(TOTAL).header_has("proxy-status", "http_response_timeout");
    }
}

#[test]
fn answers_that_are_not_to_be_shared_are_fetched_for_each() {
    for directives in ["private, max-age=60", "no-store", "no-cache", ""] {
        let own = || page("own").cache_control(directives).after(SLOW);
        let world = world().origin(std::iter::repeat_with(own).take(30));
        assert_eq!(crowd(&world, 10, 200, "own"), 10, "{directives}");
        // By now it is known that waiting does not pay.
        let stories = world.crowd(10, "/");
        assert!(stories.iter().all(|story| story.took == SLOW), "{directives}");
    }
}

#[test]
fn a_page_that_is_to_be_validated_each_time_is_validated_for_all_who_came_before() {
    // RFC 9111 §4
    let each_time =
        |text| page(text).cache_control("max-age=0, must-revalidate").header("etag", "\"1\"").after(SLOW);
    let world = world().origin([each_time("v1"), each_time("v2")]);
    assert_eq!(crowd(&world, 100, 200, "v1"), 1);
    assert_eq!(crowd(&world.later(1), 100, 200, "v2"), 1);
}

#[test]
fn a_visitor_who_may_get_a_page_of_their_own_makes_nobody_wait() {
    let page_of = |text| page(text).cache_control("private").after(SLOW);
    let world = world().origin([page_of("mine"), page("all").cache_control("max-age=60").after(SLOW)]);
    let known = world.clone().with("cookie", "sid=1");
    let stories = world.together([(&known, "GET", "/", None), (&world, "GET", "/", None)]);
    let [known, anonymous] = <[_; 2]>::try_from(stories).unwrap();
    known.answers(200, "mine");
    anonymous.answers(200, "all").within(SLOW);
}

#[test]
fn who_insists_on_validation_does_not_get_what_was_asked_for_earlier() {
    // RFC 9111 §5.2.1.4
    let fresh = |text| page(text).cache_control("max-age=60").after(SLOW);
    let world = world().origin([fresh("v1"), fresh("v2")]);
    let insisting = world.clone().with("cache-control", "no-cache");
    let stories = world.together([(&world, "GET", "/", None), (&insisting, "GET", "/", None)]);
    let [first, second] = <[_; 2]>::try_from(stories).unwrap();
    first.answers(200, "v1");
    second.answers(200, "v2");
}

#[test]
fn who_asks_for_more_than_a_fresh_copy_is_told_that_the_request_was_the_reason() {
    // RFC 9211 §2.2
    let fresh = |text| page(text).cache_control("max-age=60").header("age", "10");
    for asked in ["no-cache", "max-age=5", "min-fresh=100"] {
        let world = world().origin([fresh("v1"), fresh("v2")]);
        world.get("/").answers(200, "v1");
        let insisting = world.clone().with("cache-control", asked);
        insisting.get("/").answers(200, "v2").header_has("cache-status", "fwd=request");
    }
    let world = world().origin([page("v1").cache_control("max-age=60"), page("v2")]);
    world.get("/").answers(200, "v1");
    world.pass(Duration::from_secs(61));
    world.get("/").answers(200, "v2").header_has("cache-status", "fwd=stale");
}

#[test]
fn each_variant_is_fetched_once() {
    let variant = |text| page(text).cache_control("max-age=60").header("vary", "accept-language").after(SLOW);
    let world = world().origin([variant("de"), variant("en")]);
    let (german, english) =
        (world.clone().with("accept-language", "de"), world.clone().with("accept-language", "en"));
    let requests = [&german, &english, &german, &english, &german].map(|view| (view, "GET", "/", None));
    let stories = world.together(requests);
    for (story, text) in stories.into_iter().zip(["de", "en", "de", "en", "de"]) {
        story.answers(200, text).attempts(2);
    }
}

#[test]
fn a_large_body_is_waited_for_until_it_is_stored() {
    let large = || page(&"x".repeat(300 * 1024)).cache_control("max-age=60").after(SLOW);
    let world = world().origin([large(), large()]);
    for story in world.crowd(10, "/") {
        assert_eq!(story.body.text.len(), 300 * 1024);
        story.status(200).attempts(1);
    }
    // One that tears is not stored: the others ask for themselves.
    let torn = page(&"x".repeat(300 * 1024)).cache_control("max-age=60").ends(Ending::Torn);
    let world = crate::world::world().origin([torn, large()]);
    let mut stories = world.crowd(2, "/");
    stories.pop().unwrap().status(200).attempts(2);
    stories.pop().unwrap().breaks_off();
}

#[test]
fn a_refresh_behind_the_answer_is_one_for_all() {
    // RFC 5861 §3
    let directives = "max-age=60, stale-while-revalidate=60";
    let world = world()
        .origin([page("v1").cache_control(directives), page("v2").cache_control(directives).after(SLOW)]);
    world.get("/").answers(200, "v1");
    let world = world.later(61);
    let stories = world.crowd(50, "/");
    assert!(stories.iter().all(|story| story.body.text == "v1" && story.took < SLOW));
    assert_eq!(stories[0].seen.len(), 1);
    world.get("/").answers(200, "v2").attempts(0);
}

#[test]
fn a_store_that_fails_makes_nobody_wait_for_long() {
    let fresh = || page("v1").cache_control("max-age=60").after(SLOW);
    let world = world().store_fails().origin(std::iter::repeat_with(fresh).take(20));
    assert_eq!(crowd(&world, 5, 200, "v1"), 5);
    let stories = world.crowd(5, "/");
    assert!(stories.iter().all(|story| story.took == SLOW));
}

#[test]
fn what_the_origin_withdraws_is_out_of_date_also_where_it_came_in_while_one_waited() {
    let brief = page("v1").cache_control("max-age=10").after(SLOW);
    let world = world().origin([brief, page("v2").cache_control("no-store")]);
    let choosy = world.clone().with("cache-control", "min-fresh=30");
    let stories = world.together([(&world, "GET", "/", None), (&choosy, "GET", "/", None)]);
    assert_eq!(stories[1].body.text, "v2");
    world.get("/").answers(200, "v1").header_has("cache-status", "fwd=stale");
}

#[test]
fn a_body_that_is_stored_slowly_keeps_nobody_from_the_origin() {
    let checked = |text| page(text).cache_control("max-age=60, must-revalidate");
    let world = world().set("body.buffer", "1B").origin([checked("v1")]);
    world.get("/").answers(200, "v1");
    let world = world.later(61).store_takes(Duration::from_secs(60)).origin([checked("v2"), checked("v3")]);
    let mut stories = world.crowd(2, "/");
    stories.pop().unwrap().answers(200, "v3").within(Duration::from_millis(300));
    stories.pop().unwrap().answers(200, "v2").within(Duration::from_millis(10));
}

#[test]
fn one_that_is_not_to_be_retried_speaks_for_nobody_else() {
    let busy = answers(503, "busy").after(SLOW);
    let world = world().origin([busy, page("v1").cache_control("max-age=60").after(SLOW)]);
    let retry = world.clone().with("holdfast-attempt", "2");
    let stories = world.together([(&retry, "GET", "/", None), (&world, "GET", "/", None)]);
    assert_eq!((stories[0].status, &*stories[1].body.text), (503, "v1"));
}
