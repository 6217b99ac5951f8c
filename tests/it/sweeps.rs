//! Promises that hold whatever the origin does, tried on many random stories.

use std::time::Duration;

use proptest::prelude::*;

use crate::world::{Behaviour, Ending, answers, hangs, page, refuses, talks_garbage, world};

fn any_behaviour() -> impl Strategy<Value = Behaviour> {
    let ending =
        prop_oneof![Just(Ending::Whole), Just(Ending::Torn), Just(Ending::BadlyFramed), Just(Ending::Silent)];
    let directives = prop_oneof![
        Just(""),
        Just("max-age=60"),
        Just("max-age=60, stale-while-revalidate=600"),
        Just("no-store"),
        Just("must-revalidate"),
    ];
    let status = prop_oneof![
        4 => Just(200u16),
        1 => prop_oneof![Just(304), Just(404), Just(500), Just(103), Just(999)],
        2 => 502u16..=504,
        2 => 520u16..=530,
    ];
    let answer = (status, "[a-z]{0,12}", ending, directives, 0u64..12_000).prop_map(
        |(status, body, ending, directives, ms)| {
            let answer = answers(status, &body).ends(ending).after(Duration::from_millis(ms));
            if directives.is_empty() { answer } else { answer.cache_control(directives) }
        },
    );
    prop_oneof![1 => Just(refuses()), 1 => Just(talks_garbage()), 1 => Just(hangs()), 5 => answer]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_exchange_ends_in_time_with_one_answer_and_one_report(
        script in prop::collection::vec(any_behaviour(), 0..12),
        steps in prop::collection::vec((prop_oneof![Just("GET"), Just("HEAD"), Just("POST"), Just("PUT")], 0u64..200), 1..4),
        hold in prop_oneof![Just("4B"), Just("256KiB")],
        seed in 1u64..,
    ) {
        let mut world = world().seed(seed).set("body.hold", hold).origin(script);
        for (method, pause) in steps {
            world = world.later(pause);
            let upload = matches!(method, "POST" | "PUT").then_some("a=1");
            let story = world.send(method, "/", upload);
            // The deadline is for the header; a held body may take one silence more.
            prop_assert!(story.took <= Duration::from_secs(25 + 15), "{story:#?}");
            prop_assert!((200..600).contains(&story.status), "{story:#?}");
            prop_assert!(story.seen.len() <= 3, "{story:#?}");
            prop_assert!(method != "POST" || story.seen.len() <= 1, "{story:#?}");
            let fronts = story.reports.iter().filter(|report| report["outcome"] != "refresh_failed").count();
            prop_assert!(fronts <= 1, "{story:#?}");
            for pair in story.seen.windows(2) {
                prop_assert!(pair[1].at > pair[0].at, "no retry is immediate: {story:#?}");
            }
        }
    }

    #[test]
    fn a_page_that_was_seen_outlives_any_outage(
        outage in prop::collection::vec(prop_oneof![Just(refuses()), Just(talks_garbage()), Just(hangs()), Just(answers(503, "busy")), Just(answers(522, ""))], 0..9),
        pauses in prop::collection::vec(1u64..3600, 1..4),
        seed in 1u64..,
    ) {
        let world = world().seed(seed).origin([page("v1")]);
        world.get("/").answers(200, "v1");
        let mut world = world.origin(outage);
        for pause in pauses {
            world = world.later(pause);
            world.get("/").answers(200, "v1");
        }
        world.origin([page("v2")]).get("/").answers(200, "v2").attempts(1);
    }
}
