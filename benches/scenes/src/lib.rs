//! What one request costs inside the module.
//!
//! A scene is a request of one kind, as the benchmark of throughput has them, taken from the text of its head to the text
//! of its answer, over the simulated platform. It is compiled as the module is, and run in an interpreter that counts
//! (`tests/it/instructions.rs`), or natively under a profiler (`examples/profile.rs`).

mod front;

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

use holdfast::config::Config;
use holdfast::exchange::exchange;
use holdfast::head;
use holdfast::ports::{Answer, AnswerBody, Headers};
use serde_json::json;
use testkit::body::Body;
use testkit::executor::Owner;
use testkit::{IsolateMemory, Platform, TestPorts};

use self::front::Front;

/// The scenes, by name. The first costs nothing but the simulated platform itself.
pub const SCENES: [&str; 11] = [
    "pass-through",
    "pass-through, a new URL each",
    "pass-through, 40 header fields",
    "fresh hit",
    "fresh hit, `cache.memory_ttl` off",
    "304 to the visitor",
    "miss and store",
    "stale, breaker open",
    "error page, breaker open",
    "failed once, then well",
    "upload of 1 KB",
];

/// How long it is from one request to the next.
const BETWEEN_MS: u64 = 20;

/// A place where requests of one scene are answered.
pub struct Stage {
    scene: usize,
    platform: Rc<Platform>,
    memory: Rc<IsolateMemory>,
    config: Rc<Config>,
    front: Front,
    number: Cell<u64>,
}

impl Stage {
    /// Sets the stage for scene `scene` of [`SCENES`]. `None` if there is none.
    pub fn new(scene: usize) -> Option<Self> {
        let name = *SCENES.get(scene)?;
        let is_flaky = name.contains("failed once");
        let settings = json!({
            "name": "bench",
            "origins": ["http://127.0.0.1:8080"],
            "page": { "brand": "Example & Sons", "support_url": "https://example.com/support" },
            "probe": { "path": "/1k", "host": "www.example.test" },
            "routes": [{ "path": "/api/*", "timeouts": { "first_byte": "5s" } }],
            "cache": { "memory_ttl": if name.contains("memory_ttl") { "0s" } else { "1s" } },
            "breaker": { "enabled": !is_flaky, "open_for": "5m" },
            "retry": { "backoff": "1ms", "budget": if is_flaky { json!("off") } else { json!(0.2) } },
        });
        let config = Rc::new(Config::from_value(&settings).ok()?);
        let (platform, memory): (Rc<Platform>, _) = (Rc::default(), Rc::default());
        let front = Front::new(Rc::clone(&platform));
        let stage = Self { scene, platform, memory, config, front, number: Cell::new(0) };
        if name.contains("breaker open") {
            stage.play(1);
            stage.front.is_down.set(true);
            stage.play(60);
        }
        Some(stage)
    }

    /// Answers so many requests.
    pub fn play(&self, times: u32) {
        for _ in 0..times {
            self.answer();
            let next = self.platform.clock.now() + BETWEEN_MS;
            while self.platform.clock.next_ring().is_some_and(|at| at <= next) {
                self.platform.clock.ring();
                while self.platform.executor.step() {}
            }
            self.platform.clock.pass_to(next);
        }
    }

    fn answer(&self) {
        let name = SCENES.get(self.scene).copied().unwrap_or_default();
        let number = self.number.replace(self.number.get() + 1);
        let head = front::request(name, number);
        let Ok((request, _)) = head::request(head, || 0.5) else { return };
        let request = Rc::new(request);
        let upload = request.has_body.then(|| testkit::upload::Upload {
            text: "a".repeat(1000).into(),
            takes: 0,
            fate: testkit::upload::Fate::Whole,
        });
        let front = self.front.again();
        let ports = TestPorts {
            platform: Rc::clone(&self.platform),
            memory: Rc::clone(&self.memory),
            owner: Owner::default(),
            front,
        };
        let config = Rc::clone(&self.config);
        let is_answered = Rc::new(Cell::new(false));
        let answers = Rc::clone(&is_answered);
        self.platform.executor.spawn(Owner::default(), async move {
            given(exchange(ports, config, request, upload).await);
            answers.set(true);
        });
        // What goes on behind the answer waits for its time.
        while self.platform.executor.step() || !is_answered.get() && self.platform.clock.ring() {}
    }
}

/// Writes the head of an answer as it goes to the platform.
fn given(answer: Answer<Body>) {
    match answer.headers {
        Headers::Edited(edits) => drop(black_box(head::lines_of(&edits))),
        Headers::Own(headers) => drop(black_box(head::parted_fields_of(&headers))),
    }
    if let AnswerBody::Handle(body) = answer.body {
        drop(body.spend());
    }
}

#[cfg(target_family = "wasm")]
mod export {
    use std::cell::RefCell;

    use wasm_bindgen::prelude::*;

    use super::Stage;

    thread_local! {
        static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
    }

    /// Sets the stage for a scene; whether there is such a one.
    #[wasm_bindgen]
    pub fn set(scene: u32) -> bool {
        let stage = Stage::new(scene as usize);
        let is_set = stage.is_some();
        STAGE.with(|it| it.replace(stage));
        is_set
    }

    /// Answers so many requests of the scene.
    #[wasm_bindgen]
    pub fn play(times: u32) {
        STAGE.with(|it| {
            if let Some(stage) = it.borrow().as_ref() {
                stage.play(times);
            }
        });
    }
}
