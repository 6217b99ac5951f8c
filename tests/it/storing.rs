//! What is stored, for whom, and how it is kept up to date.

use serde_json::json;

use crate::world::{Ending, answers, page, world};

#[test]
fn a_fresh_copy_answers_without_the_origin() {
    // RFC 9111 §4.2
    let world = world().origin([page("v1").cache_control("max-age=60")]);
    world.get("/a?b").answers(200, "v1").header_has("cache-status", "stored");
    let world = world.later(59);
    world
        .get("/a?b")
        .answers(200, "v1")
        .attempts(0)
        .age(59)
        .header_has("cache-status", "hit")
        .reports_nothing();
    world.get("/a?c").status(502);
    world.later(1).get("/a?b").attempts(3);
}

#[test]
fn nothing_of_one_visitor_is_shown_to_another() {
    let private = [
        page("mine").cache_control("private, max-age=60"),
        page("mine").cache_control("no-store"),
        page("mine").cache_control("max-age=60").header("set-cookie", "sid=1"),
        page("mine").cache_control("max-age=60").header("vary", "*"),
    ];
    for answer in private {
        let world = world().origin([answer]);
        world.get("/").answers(200, "mine");
        world.get("/").status(502);
    }
}

#[test]
fn an_answer_to_credentials_is_stored_only_where_it_allows_that() {
    // RFC 9111 §3.5
    for (directives, stored) in [("max-age=60", false), ("public, max-age=60", true), ("s-maxage=60", true)] {
        let world =
            world().with("authorization", "Bearer x").origin([page("mine").cache_control(directives)]);
        world.get("/").answers(200, "mine");
        world.without_fields().get("/").status(if stored { 200 } else { 502 });
    }
}

#[test]
fn an_answer_to_a_known_visitor_is_stored_only_where_it_says_so() {
    let known = |answer| world().with("cookie", "sid=1; _ga=2").origin([answer]);
    let world = known(page("mine"));
    let story = world.get("/").answers(200, "mine");
    assert_eq!(story.seen[0].headers["cookie"], "sid=1");
    world.without_fields().get("/").status(502);
    let world = known(page("ours").cache_control("max-age=60"));
    world.get("/").answers(200, "ours");
    world.without_fields().get("/").answers(200, "ours");
}

#[test]
fn an_analytics_cookie_does_not_keep_a_page_from_being_stored() {
    let world = world().with("cookie", "_ga=1; _gid=2").origin([page("v1")]);
    let story = world.get("/").answers(200, "v1");
    assert!(!story.seen[0].headers.contains_key("cookie"), "{story:#?}");
    world.without_fields().get("/").answers(200, "v1");
}

#[test]
fn a_field_that_is_not_in_the_key_cannot_choose_what_others_get() {
    for (name, cache_control, set) in [
        ("x-forwarded-theme", "public, max-age=60", "always"),
        // Nothing says that it may be stored.
        ("x-theme", "stale-if-error=60", "permitted"),
        ("x-theme", "public, max-age=60", "never"),
    ] {
        let poison = world().set("cache.trust_vary", set).with(name, "evil");
        let poison = poison.origin([page("evil").cache_control(cache_control)]);
        poison.get("/").answers(200, "evil");
        poison.without_fields().get("/").status(502);
    }
    let themed = world()
        .with("x-theme", "dark")
        .origin([page("dark").cache_control("max-age=60").header("vary", "x-theme")]);
    themed.get("/").answers(200, "dark");
    themed.get("/").answers(200, "dark").attempts(0);
    themed.without_fields().get("/").status(502);
}

#[test]
fn variants_are_kept_apart() {
    // RFC 9111 §4.1
    let answer = |text| page(text).cache_control("max-age=60").header("vary", "accept-language");
    let german = world().with("accept-language", "de").origin([answer("guten Tag"), answer("good day")]);
    german.get("/").answers(200, "guten Tag");
    let english = german.clone().without_fields().with("accept-language", "en");
    english.get("/").answers(200, "good day").header_has("cache-status", "fwd=vary-miss");
    german.get("/").answers(200, "guten Tag").attempts(0);
    english.get("/").answers(200, "good day").attempts(0);
}

#[test]
fn a_stale_copy_is_validated_and_fresh_again() {
    // RFC 9111 §4.3
    let world = world().origin([page("v1").cache_control("max-age=60").header("etag", "\"1\"")]);
    world.get("/");
    let world =
        world.later(90).origin([answers(304, "").header("etag", "\"1\"").cache_control("max-age=90")]);
    let story = world.get("/").answers(200, "v1").attempts(1).reports_nothing();
    assert_eq!(story.seen[0].headers["if-none-match"], "\"1\"");
    world.later(80).get("/").answers(200, "v1").attempts(0);
}

#[test]
fn a_large_stale_copy_is_validated_without_being_read() {
    let world = world().set("body.buffer", "5B");
    let world = world.origin([page("0123456789").cache_control("max-age=60").header("etag", "\"1\"")]);
    world.get("/");
    let world =
        world.later(90).origin([answers(304, "").header("etag", "\"1\"").cache_control("max-age=90")]);
    world.get("/").answers(200, "0123456789").attempts(1);
    world.get("/").answers(200, "0123456789").attempts(0);
}

#[test]
fn a_304_about_something_else_is_not_believed() {
    let world = world().origin([page("v1").cache_control("max-age=60").header("etag", "\"1\"")]);
    world.get("/");
    let world = world.later(90).origin([answers(304, "").header("etag", "\"2\""), page("v2")]);
    let story = world.get("/").answers(200, "v2").attempts(2);
    assert!(!story.seen[1].headers.contains_key("if-none-match"), "{story:#?}");
}

#[test]
fn a_client_s_own_condition_is_answered_from_the_store() {
    // RFC 9110 §13.1.2
    let world = world().origin([page("v1").cache_control("max-age=60").header("etag", "\"1\"")]);
    world.get("/");
    world
        .clone()
        .with("if-none-match", "W/\"1\"")
        .get("/")
        .answers(304, "")
        .header("etag", "\"1\"")
        .attempts(0);
    world.clone().with("if-none-match", "\"2\"").get("/").answers(200, "v1").attempts(0);
    let stale = world.later(90).with("if-none-match", "\"2\"").origin([page("v2").header("etag", "\"2\"")]);
    stale.get("/").answers(304, "").attempts(1);
}

#[test]
fn what_is_not_whole_is_not_stored() {
    let torn = || page("0123456789").cache_control("max-age=60").ends(Ending::Torn);
    let world = world().set("body.buffer", "5B").origin([page("v1").cache_control("max-age=1"), torn()]);
    world.get("/").answers(200, "v1");
    let world = world.later(5);
    world.get("/").breaks_off();
    world.get("/").answers(200, "v1");
}

#[test]
fn a_partial_answer_passes_and_is_not_stored() {
    let part = answers(206, "part").header("content-range", "bytes 0-3/9").cache_control("max-age=60");
    let world = world().with("range", "bytes=0-3").origin([part]);
    world.get("/").answers(206, "part").header_has("cache-status", "fwd=uri-miss");
    world.without_fields().get("/").status(502);
}

#[test]
fn an_unsafe_method_invalidates_what_it_changed() {
    // RFC 9111 §4.4
    let world = world().origin([page("v1").cache_control("max-age=60"), answers(204, ""), page("v2")]);
    world.get("/");
    world.send("DELETE", "/", None).status(204).header_has("cache-status", "fwd=method");
    world.get("/").answers(200, "v2");
}

#[test]
fn a_failing_store_never_fails_a_request() {
    let world = world().origin([page("v1"), page("v2")]);
    world.get("/");
    world.store_fails().get("/").answers(200, "v2");
}

#[test]
fn a_route_can_switch_the_cache_off() {
    let routes = serde_json::json!([{"path": "/api/*", "cache": {"enabled": false}}]);
    let answer = || page("v1").cache_control("max-age=60");
    let world = world().set("routes", routes).origin([answer(), answer()]);
    world.get("/api/a").answers(200, "v1");
    world.get("/a").answers(200, "v1");
    let world = world.origin([]);
    world.get("/api/a").status(502);
    world.get("/a").answers(200, "v1");
}

#[test]
fn a_visitor_who_gets_a_private_answer_takes_nothing_from_the_others() {
    let world = world().origin([page("v1"), page("mine").cache_control("private, no-store")]);
    world.get("/").answers(200, "v1");
    world.clone().with("cookie", "sid=1").get("/").answers(200, "mine");
    world.get("/").answers(200, "v1");
    let withdrawn = world.origin([page("v2").cache_control("no-store")]);
    withdrawn.get("/").answers(200, "v2");
    withdrawn.get("/").status(502);
}

#[test]
fn a_variant_of_short_life_does_not_shorten_that_of_others() {
    let english = page("good day").header("vary", "accept-language");
    let french = answers(404, "rien").header("vary", "accept-language");
    let world = world()
        .with("accept-language", "en")
        .origin([english, french.cache_control("max-age=2, stale-if-error=0")]);
    world.get("/").answers(200, "good day");
    world.clone().without_fields().with("accept-language", "fr").get("/").answers(404, "rien");
    world.later(60).get("/").answers(200, "good day");
}

#[test]
fn what_was_changed_is_out_of_date_in_all_its_variants() {
    // RFC 9111 §4.4
    for removes in [false, true] {
        let answer = |text| page(text).cache_control("max-age=600").header("vary", "accept-language");
        let german = world().set("cache.remove_invalidated", removes).with("accept-language", "de").origin([
            answer("alt"),
            answer("old"),
            answers(204, ""),
            answer("new"),
        ]);
        let english = german.clone().without_fields().with("accept-language", "en");
        german.get("/").answers(200, "alt");
        let english = english.later(1);
        english.get("/").answers(200, "old");
        let english = english.later(1);
        english.send("POST", "/", Some("a")).status(204);
        let english = english.later(1);
        english.get("/").answers(200, "new").attempts(1);
        english.get("/").answers(200, "new").attempts(0);
        let story = german.get("/").attempts(3);
        if removes {
            story.status(502);
        } else {
            story.answers(200, "alt").header_has("cache-status", "fwd=stale");
        }
    }
}

#[test]
fn a_stored_answer_without_a_body_has_none() {
    let world = world().origin([answers(204, "").cache_control("max-age=60")]);
    world.get("/").status(204);
    world.get("/").answers(204, "").attempts(0);
}

#[test]
fn fields_that_could_not_be_read_keep_an_answer_from_being_stored() {
    let vary = || page("mine").cache_control("max-age=60").header("vary", "x-user");
    let world = world().with("x-user", "\u{fffd}").origin([vary(), vary()]);
    world.get("/").answers(200, "mine").attempts(1).header_has("cache-status", "fwd=bypass");
    world.get("/").answers(200, "mine").attempts(1);
}

#[test]
fn a_part_is_answered_from_the_whole_even_when_the_origin_is_down() {
    // RFC 9110 §14
    let world = world().origin([page("0123456789").header("etag", "\"1\"")]);
    world.get("/").answers(200, "0123456789");
    let part = world.clone().with("range", "bytes=2-4").get("/").answers(206, "234");
    part.header("content-range", "bytes 2-4/10").header("content-length", "3");
    world.clone().with("range", "bytes=10-").get("/").answers(416, "").header("content-range", "bytes */10");
    world.clone().with("range", "bytes=2-4").with("if-range", "\"2\"").get("/").answers(200, "0123456789");
    world.with("range", "bytes=2-4").with("if-none-match", "\"1\"").get("/").answers(304, "");
}

#[test]
fn a_head_of_somebody_in_particular_leaves_the_copy_for_all_alone() {
    // RFC 9111 §4.3.5: what they get says nothing about what others would.
    let fields = [("x-theme", "dark"), ("cookie", "sid=1"), ("authorization", "Bearer x")];
    for (name, value) in fields {
        let shared = page("v1").cache_control("max-age=60").header("etag", "\"1\"");
        let world = world().origin([shared, page("").header("etag", "\"own\"")]);
        world.get("/").answers(200, "v1");
        let own = world.clone().with(name, value).with("cache-control", "no-cache");
        own.send("HEAD", "/", None).status(200).attempts(1);
        world.get("/").answers(200, "v1").attempts(0);
    }
}

#[test]
fn what_was_validated_before_it_was_changed_is_not_stored_again() {
    // RFC 9111 §4.4
    let slow = std::time::Duration::from_secs(2);
    for hold in ["256KiB", "1B"] {
        let world = world().set("body.buffer", hold);
        let world = world.origin([page("v1").cache_control("max-age=60").header("etag", "\"1\"")]);
        world.get("/");
        let unchanged = answers(304, "").cache_control("max-age=60").header("etag", "\"1\"").after(slow);
        let world = world.later(61).origin([unchanged, answers(204, ""), page("v2")]);
        let stories = world.together([(&world, "GET", "/", None), (&world, "POST", "/", Some("x"))]);
        assert_eq!(stories[0].body.text, "v1");
        world.get("/").answers(200, "v2").attempts(1);
    }
}

#[test]
fn what_was_done_before_the_answer_broke_off_counts_though_it_was_tried_again() {
    // RFC 9111 §4.4
    let world = world().origin([
        page("v1").cache_control("max-age=60"),
        answers(200, "deleted").ends(Ending::Torn),
        answers(404, "no such thing"),
    ]);
    world.get("/");
    world.send("DELETE", "/", None).status(404).attempts(2);
    world.get("/").answers(200, "v1").header_has("cache-status", "fwd=stale");
}

#[test]
fn an_answer_that_differs_by_one_list_of_fields_too_many_is_passed_on_all_the_same() {
    let names = ["a", "b", "c", "d", "e"];
    let answer = |name| page(name).cache_control("max-age=60").header("vary", name);
    let world = world().set("body.buffer", "0B").origin(names.map(answer));
    for name in names {
        world.clone().with(name, "1").get("/").answers(200, name);
    }
}

#[test]
fn an_answer_to_one_visitors_head_changes_nothing_for_the_others() {
    // RFC 9111 §3.5, §4.3.5: on its own this answer could not be stored.
    for (name, value) in [("cookie", "sid=bob"), ("authorization", "Bearer bob")] {
        let head = answers(200, "").header("x-account", "bob");
        let world = world().origin([page("v1").cache_control("public, max-age=1"), head]);
        world.get("/").answers(200, "v1");
        let world = world.later(5);
        world.clone().with(name, value).send("HEAD", "/", None).status(200).header("x-account", "bob");
        world.get("/").answers(200, "v1").no_header("x-account").age(5);
    }
}

#[test]
fn what_must_not_be_stored_is_stored_in_no_spelling_of_its_path() {
    let routes = json!([{ "path": "/account/*", "cache": { "enabled": false } }]);
    for path in [
        "/account/x",
        "//account/x",
        "/account%2fx",
        "/account%2Fx",
        "/%61ccount/x",
        "/account//x",
        "/x/..%2faccount/x",
        "/x/%252e%252e/account/x",
        "/account;id=1/x",
        "/account%5Cx",
    ] {
        let world = world()
            .set("routes", routes.clone())
            .origin([page("mine").cache_control("max-age=600"), page("yours").cache_control("max-age=600")]);
        let story = world.get(path).answers(200, "mine");
        assert_eq!(story.seen[0].url, format!("http://origin.test{path}"), "it is sent as it came");
        world.get(path).answers(200, "yours").attempts(1);
        world.get(path).status(502);
    }
}

#[test]
fn what_may_be_stored_is_stored_as_it_is_written_alone() {
    let world = world()
        .set("cache.enabled", false)
        .set("routes", json!([{ "path": "/static/*", "cache": { "enabled": true } }]));
    for (path, is_stored) in [
        ("/static/a", true),
        ("/static/a%20b", true),
        ("//static/a", false),
        ("/static/..%2faccount", false),
        ("/static/..;/account", false),
    ] {
        let world = world.clone().origin([page("v1").cache_control("max-age=600")]);
        world.get(path).answers(200, "v1");
        world.get(path).status(if is_stored { 200 } else { 502 });
    }
}
