//! What is said of a page later ends what was stored before: for everybody where it is said to everybody, and not because one
//! client had it said.

use std::time::Duration;

use crate::world::{Behaviour, World, answers, page, refuses, world};

/// A page that is fresh for ten seconds, was stored, and is stale by now.
fn stored_with(cache_control: &str) -> World {
    let world = world().set("retry.attempts", 1).origin([page("v1").cache_control(cache_control)]);
    world.get("/").answers(200, "v1").header_has("cache-status", "stored");
    world.later(20)
}

fn stored() -> World {
    stored_with("max-age=10")
}

fn by(world: &World, address: &str) -> World {
    world.clone().without_fields().with("cf-connecting-ip", address)
}

/// What a visitor gets who was not there before, when the origin is down.
fn in_an_outage(world: &World) -> (u16, String) {
    let story = by(world, "192.0.2.99").origin(std::iter::repeat_with(refuses).take(9)).get("/");
    (story.status, story.body.text)
}

fn old() -> (u16, String) {
    (200, "v1".to_owned())
}

fn moved(status: u16) -> Behaviour {
    answers(status, "moved").header("location", "/elsewhere")
}

#[test]
fn what_was_deleted_or_moved_does_not_come_back() {
    // RFC 9111 §4.3.3
    for behaviour in [
        answers(404, "none"),
        answers(410, "gone"),
        moved(301),
        moved(302),
        moved(303),
        moved(307),
        moved(308),
    ] {
        let world = stored().origin([behaviour.clone(), behaviour.clone(), behaviour.clone()]);
        by(&world, "192.0.2.1").get("/");
        by(&world, "192.0.2.1").get("/");
        let told = by(&world, "192.0.2.2").get("/");
        assert_eq!(in_an_outage(&world), (told.status, told.body.text), "{behaviour:?}");
        // Back again, it is the page once more.
        let world = world.origin([page("v2").cache_control("max-age=10")]);
        by(&world, "192.0.2.2").get("/").answers(200, "v2");
        assert_eq!(in_an_outage(&world), (200, "v2".to_owned()));
    }
}

#[test]
fn one_client_that_gets_something_else_removes_no_good_page() {
    // Fresh or stale, with a lifetime or without, whatever of the request may have brought it about.
    for (name, value) in
        [("user-agent", "evil"), ("x-custom", "a"), ("cookie", "sid=1"), ("accept-language", "xx")]
    {
        for behaviour in [answers(404, "none").cache_control("max-age=60"), answers(404, "none"), moved(302)]
        {
            for world in [stored(), world().origin([page("v1").cache_control("max-age=600")])] {
                if world.seen().is_empty() {
                    world.get("/").answers(200, "v1");
                }
                let world = world.set("retry.attempts", 1).origin([behaviour.clone(), behaviour.clone()]);
                for _ in 0..2 {
                    by(&world, "192.0.2.1")
                        .with(name, value)
                        .with("cache-control", "no-cache")
                        .get("/")
                        .attempts(1);
                }
                assert_eq!(in_an_outage(&world), old(), "{name}: {behaviour:?}");
            }
        }
    }
}

#[test]
fn what_was_deleted_and_may_not_be_stored_goes_when_a_second_client_learns_it() {
    for behaviour in [
        answers(404, "none").cache_control("no-store"),
        moved(302).header("set-cookie", "challenge=1"),
        answers(410, "gone").cache_control("private"),
        page("mine").cache_control("no-store"),
        page("mine").cache_control("private"),
    ] {
        let told = |world: &World, address| by(&world.clone().origin([behaviour.clone()]), address).get("/");
        let world = stored();
        told(&world, "192.0.2.1").attempts(1);
        told(&world, "192.0.2.1").attempts(1);
        assert_eq!(in_an_outage(&world), old(), "one client alone may have brought it about");
        let told_before = by(&world, "192.0.2.1").origin([refuses()]).get("/").status(502);
        assert_eq!(told_before.reports[0]["stale_forbidden"], "withdrawn");
        told(&world, "192.0.2.2").attempts(1);
        assert_eq!(in_an_outage(&world).0, 502, "{behaviour:?}");
    }
}

#[test]
fn a_final_answer_to_a_refresh_ends_the_time_in_which_the_old_page_is_served_while_it_is_refreshed() {
    // RFC 5861 §3
    for (behaviour, stands_in) in [
        (answers(410, "gone"), false),
        (answers(404, "none").cache_control("no-cache"), false),
        (answers(403, "no"), false),
        (answers(429, "slow down"), true),
        (answers(400, "what"), true),
        (page("mine").header("set-cookie", "sid=1"), true),
    ] {
        let world = stored_with("max-age=10, stale-while-revalidate=600");
        let world = world.origin([behaviour.clone(), behaviour.clone()]);
        by(&world, "192.0.2.1").get("/").answers(200, "v1");
        let second = by(&world, "192.0.2.2").get("/");
        assert_ne!(second.attempts(1).body.text, "v1", "{behaviour:?}");
        assert_eq!(in_an_outage(&world) == old(), stands_in, "{behaviour:?}");
    }
}

#[test]
fn what_is_forbidden_to_a_client_does_not_come_back_for_that_client() {
    for status in [401, 403, 451] {
        let world = stored().origin([answers(status, "no")]);
        by(&world, "192.0.2.1").get("/").answers(status, "no");
        let down = world.clone().origin(std::iter::repeat_with(refuses).take(9));
        by(&down, "192.0.2.1").get("/").status(502);
        assert_eq!(in_an_outage(&world), old(), "{status}");
        let world = world.origin([answers(status, "no")]);
        by(&world, "192.0.2.2").get("/").answers(status, "no");
        assert_eq!(in_an_outage(&world).0, 502, "{status}");
    }
    // Where the platform does not say who asks, by what they send.
    let world = stored().origin([answers(403, "no"), refuses(), refuses()]);
    world.get("/").answers(403, "no");
    world.get("/").status(502);
    world.clone().with("user-agent", "another").get("/").answers(200, "v1");
}

#[test]
fn a_client_that_is_refused_removes_nobodys_copy_and_does_not_make_it_stale() {
    for behaviour in [
        answers(401, "no"),
        answers(403, "no").cache_control("no-store"),
        answers(429, "no").cache_control("no-store"),
        answers(406, "no"),
        answers(400, "no"),
    ] {
        let world = world().origin([page("v1").cache_control("max-age=600"), behaviour.clone()]);
        world.get("/").answers(200, "v1");
        let bot = by(&world, "192.0.2.1").with("cache-control", "no-cache").with("user-agent", "bot");
        for _ in 0..2 {
            bot.clone().origin([behaviour.clone()]).get("/").attempts(1);
        }
        by(&world, "192.0.2.2").get("/").answers(200, "v1").attempts(0);
    }
}

#[test]
fn an_answer_to_somebody_in_particular_says_nothing_of_what_others_would_get() {
    for (name, value) in [
        ("cookie", "sid=1"),
        ("authorization", "Bearer x"),
        ("x-theme", "dark"),
        ("accept", "application/xml"),
    ] {
        for behaviour in [answers(404, "none"), moved(302)] {
            let world = stored().origin([behaviour]);
            by(&world, "192.0.2.1").with(name, value).get("/").attempts(1);
            assert_eq!(in_an_outage(&world), old(), "{name}");
        }
    }
}

#[test]
fn an_unsafe_request_of_anybody_leaves_a_copy_for_an_outage_and_nothing_fresh() {
    // RFC 9111 §4.4
    let world = world()
        .origin([page("v1").cache_control("max-age=600, stale-while-revalidate=600"), answers(204, "")]);
    world.get("/").answers(200, "v1");
    let world = world.later(1);
    world.send("POST", "/", Some("x")).status(204);
    assert_eq!(in_an_outage(&world), old());
    let world = world.origin([page("v2").cache_control("max-age=600")]);
    world.get("/").answers(200, "v2").attempts(1);
    world.get("/").answers(200, "v2").attempts(0);
}

#[test]
fn made_up_values_do_not_take_the_places_of_those_that_visitors_have() {
    let answer = |text: &str| page(text).cache_control("max-age=60").header("vary", "accept-language");
    let in_language = |world: &World, language: &str| {
        let world = world.clone().without_fields().with("accept-language", language);
        world.origin([answer(language)]).get("/")
    };
    let usual = ["en", "de", "fr", "es", "it", "pl"];
    let world = world().set("cache.max_variants", 8).set("retry.attempts", 1);
    for number in 0..20 {
        in_language(&world, &format!("x-{number}")).attempts(1);
    }
    for _ in 0..2 {
        for language in usual {
            in_language(&world, language).answers(200, language);
        }
    }
    for number in 20..40 {
        in_language(&world, &format!("x-{number}")).attempts(1);
    }
    // Nor if one client asks for each of them again and again.
    for number in 40..80 {
        for _ in 0..3 {
            let world = world.clone().without_fields().with("cf-connecting-ip", "203.0.113.66");
            let language = format!("x-{number}");
            world
                .with("accept-language", &language)
                .origin([answer(&language)])
                .get("/")
                .answers(200, &language);
        }
    }
    for language in usual {
        let world = world.clone().without_fields().with("accept-language", language);
        world.origin([refuses()]).get("/").answers(200, language);
    }
}

#[test]
fn a_script_of_another_site_gets_only_what_it_can_read() {
    let shared = |allow: Option<&str>| {
        let font = page("font").cache_control("max-age=60");
        allow.into_iter().fold(font, |font, who| font.header("access-control-allow-origin", who))
    };
    let (one, two) = ("https://one.example", "https://two.example");
    let from = |world: &World, origin: &str| world.clone().without_fields().with("origin", origin);
    let unshared = world().origin([shared(None), shared(Some(one)), shared(Some(two))]);
    unshared.get("/").answers(200, "font").header_has("cache-status", "stored");
    let readable = |origin: &str, attempts| {
        let story = from(&unshared, origin).get("/").answers(200, "font").attempts(attempts);
        story.header_has("access-control-allow-origin", origin);
    };
    readable(one, 1);
    readable(two, 1);
    readable(one, 0);
    readable(two, 0);
    unshared.get("/").answers(200, "font").attempts(0).no_header("access-control-allow-origin");
    from(&unshared, "https://www.example.com").get("/").answers(200, "font").attempts(0);
    from(&unshared, "https://three.example").get("/").status(502);
    let public = world().origin([shared(Some("*"))]);
    public.get("/").answers(200, "font");
    from(&public, one).get("/").answers(200, "font").attempts(0);
}

#[test]
fn a_cookie_that_came_with_a_page_for_all_is_for_who_got_it_first() {
    let first = page("v1").cache_control("public, max-age=60").header("set-cookie", "sid=1");
    let world = world().origin([first]);
    world.get("/").answers(200, "v1").header("set-cookie", "sid=1");
    world.get("/").answers(200, "v1").attempts(0).no_header("set-cookie");
}

#[test]
fn what_was_deleted_does_not_come_back_where_the_page_differed_and_its_end_does_not() {
    let in_language =
        |world: &World, language: &str| world.clone().without_fields().with("accept-language", language);
    let page = |text: &str| page(text).cache_control("max-age=10").header("vary", "accept-language");
    for others in [&[][..], &["de"]] {
        for behaviour in [answers(404, "none"), moved(301), answers(410, "gone").cache_control("max-age=5")] {
            let world = world().set("retry.attempts", 1);
            for language in others.iter().chain(&["en"]) {
                in_language(&world, language).origin([page(language)]).get("/").answers(200, language);
            }
            let world = world.later(20);
            // Of whom nobody says who they are, the next one is another.
            let world = world.origin([behaviour.clone(), behaviour.clone()]);
            in_language(&world, "en").get("/");
            let world = world.later(20);
            let told = in_language(&world, "en").get("/").attempts(1);
            let world = world.later(20);
            let again = in_language(&world, "en").origin([refuses()]).get("/");
            assert_eq!((again.status, again.body.text), (told.status, told.body.text), "{behaviour:?}");
            for other in others {
                in_language(&world, other).origin([refuses()]).get("/").answers(200, other);
            }
        }
    }
}

#[test]
fn a_cookie_that_comes_with_a_304_is_for_who_got_it() {
    let world = world().origin([
        page("v1").cache_control("public, max-age=10").header("etag", "\"1\""),
        answers(304, "")
            .cache_control("public, max-age=10")
            .header("etag", "\"1\"")
            .header("set-cookie", "sid=1"),
    ]);
    world.get("/").answers(200, "v1");
    let world = world.later(20);
    world.get("/").answers(200, "v1").attempts(1).header("set-cookie", "sid=1");
    world.get("/").answers(200, "v1").attempts(0).no_header("set-cookie");
}

#[test]
fn a_page_that_comes_with_a_cookie_to_who_is_known_is_for_nobody_else() {
    // RFC 9111 §7.3
    for (name, value) in [("authorization", "Bearer x"), ("cookie", "sid=1")] {
        let mine = page("mine").cache_control("public, max-age=60").header("set-cookie", "seen=1");
        let world = world().origin([mine, page("v1").cache_control("max-age=60")]);
        world.clone().with(name, value).get("/").answers(200, "mine").attempts(1);
        world.clone().without_fields().get("/").answers(200, "v1").attempts(1);
    }
}

#[test]
fn what_comes_behind_a_copy_that_answered_in_place_of_a_slow_origin_ends_it() {
    let slow = |behaviour: Behaviour| behaviour.after(Duration::from_millis(900));
    let world = world().set("timeouts.serve_stale_after", "500ms").set("retry.attempts", 1);
    let world = world.origin([page("v1").cache_control("max-age=10")]);
    world.get("/").answers(200, "v1");
    let world = world.later(20).origin([slow(answers(404, "none")), slow(answers(404, "none"))]);
    by(&world, "192.0.2.1").get("/").answers(200, "v1");
    let world = world.later(5);
    by(&world, "192.0.2.2").get("/").answers(200, "v1");
    let world = world.later(5);
    assert_eq!(in_an_outage(&world), (404, "none".to_owned()));
}

#[test]
fn a_head_request_removes_nobodys_copy() {
    // RFC 9111 §4.3.5
    let world = world().set("retry.attempts", 1).origin([
        page("v1").cache_control("max-age=600"),
        answers(204, ""),
        page("version 2").cache_control("must-revalidate, max-age=600"),
    ]);
    world.get("/").answers(200, "v1");
    world.send("POST", "/", Some("x")).status(204);
    let world = world.later(1);
    by(&world, "192.0.2.1").with("authorization", "Bearer x").send("HEAD", "/", None).status(200);
    assert_eq!(in_an_outage(&world), old());
}

#[test]
fn one_client_that_is_challenged_removes_no_last_good_copy() {
    let challenge = || answers(404, "who are you?").header("set-cookie", "challenge=1");
    let world = world().set("retry.attempts", 1).keeping();
    let world = world.origin([page("User-agent: *").cache_control("max-age=10")]);
    let robots = |world: &World, address: &str| by(world, address).get("/robots.txt");
    robots(&world, "192.0.2.1").answers(200, "User-agent: *");
    let down = |world: &World| {
        let world = world.clone().evicted().later(600).origin([refuses()]);
        robots(&world, "192.0.2.99").status
    };
    let world = world.later(3600).origin([challenge(), challenge()]);
    robots(&world, "192.0.2.2").status(404);
    robots(&world, "192.0.2.2").status(404);
    assert_eq!(down(&world), 200);
    let world = world.origin([challenge()]);
    robots(&world, "192.0.2.3").status(404);
    assert_eq!(down(&world), 502);
}

#[test]
fn the_head_of_a_page_that_is_back_does_not_make_what_was_said_meanwhile_fresh() {
    // RFC 9111 §4.3.5
    let world = stored().origin([answers(404, "none"), page("v2").cache_control("max-age=600")]);
    by(&world, "192.0.2.1").get("/").answers(404, "none");
    by(&world, "192.0.2.1").send("HEAD", "/", None).status(200);
    let world = world.origin([page("v2").cache_control("max-age=600")]);
    by(&world, "192.0.2.2").get("/").answers(200, "v2");
}
