//! Plays a scene natively: `cargo run --release --package scenes --example profile -- SCENE TIMES`, for a profiler.
#![allow(clippy::expect_used, reason = "it is run by hand")]

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<u32>().ok());
    let scene = arguments.next().expect("the number of a scene");
    let times = arguments.next().expect("how often");
    scenes::Stage::new(scene as usize).expect("there is such a scene").play(times);
}
