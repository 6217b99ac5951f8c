//! Holding bodies and uploads until they are whole.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use holdfast::body::{self, Plan};
use holdfast::config::Settings;
use holdfast::ports::{Held, HeldUpload};
use http::{HeaderMap, Method};

use crate::FrontEnd;
use crate::body::{Body, Content, Ending, Kind, Unheld};
use crate::clock::millis;
use crate::front::Event;
use crate::ports::TestPorts;
use crate::rejection::broken;
use crate::upload::{Fate, SILENCE, Upload};

/// Whether the platform holds the body behind such a head before it gives the head: if it is clear that it would be
/// held next.
pub fn is_held_first(status: u16, headers: &HeaderMap, limit: u64) -> bool {
    // Those that nobody set cost a benchmark more than the request.
    thread_local! {
        static SETTINGS: RefCell<Settings> = RefCell::default();
    }
    let plan = SETTINGS.with(|settings| {
        let mut settings = settings.borrow_mut();
        settings.body.buffer = limit;
        body::plan(&Method::GET, status, headers, &settings)
    });
    body::HELD_FIRST.statuses.contains(&status) && limit > 0 && matches!(plan, Plan::Hold { .. })
}

/// What holding a body comes to.
enum Outcome {
    Whole,
    Partial,
    Torn,
}

impl<F: FrontEnd> TestPorts<F> {
    /// Holds a body before its head is given; gives how long it is if it is whole. What becomes of it otherwise, the next
    /// [`held`](Self::held) gives at once.
    pub(crate) async fn held_first(
        &self,
        body: Body,
        limit: u64,
        idle: Duration,
        within: u64,
    ) -> (Body, Option<u64>) {
        let (content, kind) = body.spend();
        let as_kind = |kind| self.body(Rc::clone(&content), kind);
        match self.wait_for(&content, kind, limit, millis(idle), within).await {
            Outcome::Whole => {
                self.lasts(&content);
                let held = if kind == Kind::Null { Kind::Null } else { Kind::Memory };
                (as_kind(held), Some(content.bytes()))
            }
            Outcome::Partial => (as_kind(Kind::Begun).tried(Unheld::Partial), None),
            Outcome::Torn => (as_kind(Kind::Begun).tried(Unheld::Torn), None),
        }
    }

    pub(crate) async fn held(&self, body: Body, limit: u64, idle: Duration, within: Duration) -> Held<Body> {
        let tried = body.unheld();
        let (content, kind) = body.spend();
        let as_kind = |kind| self.body(Rc::clone(&content), kind);
        if matches!(kind, Kind::Memory | Kind::Null) {
            return Held::Whole(as_kind(kind), content.bytes());
        }
        let outcome = match tried {
            Some(Unheld::Partial) => Outcome::Partial,
            Some(Unheld::Torn) => Outcome::Torn,
            None => self.wait_for(&content, kind, limit, millis(idle), millis(within)).await,
        };
        match outcome {
            Outcome::Whole => {
                self.lasts(&content);
                Held::Whole(as_kind(Kind::Memory), content.bytes())
            }
            Outcome::Partial => {
                self.lasts(&content);
                Held::Partial(as_kind(Kind::Begun))
            }
            Outcome::Torn => {
                if let Some(attempt) = content.attempt {
                    self.front.sees(Event::Breaks(attempt, content.ending));
                }
                Held::Torn(broken(content.ending))
            }
        }
    }

    /// Waits until it is known what holding a body comes to.
    async fn wait_for(&self, content: &Content, kind: Kind, limit: u64, idle: u64, within: u64) -> Outcome {
        let now = self.now();
        let until = now.saturating_add(within);
        // What all bodies that are held take together has a bound.
        if kind == Kind::Stream && !self.front.has_room() {
            self.front.sees(Event::HasNoRoom);
            return Outcome::Partial;
        }
        let bytes = content.bytes();
        if bytes > limit {
            let reached_at = content.starts_at + (content.ends_at - content.starts_at) * limit / bytes;
            self.clock().wait_until(reached_at.min(until)).await;
            return Outcome::Partial;
        }
        let is_silent = content.ending == Ending::Silent;
        let heard_at = content.ends_at.max(now);
        let known_at = if is_silent { heard_at.saturating_add(idle) } else { content.ends_at };
        self.clock().wait_until(known_at.min(until)).await;
        // What has been silent for half of that is more likely dead than slow.
        if known_at > until && !(is_silent && until.saturating_sub(heard_at) >= idle / 2) {
            return Outcome::Partial;
        }
        if content.ending == Ending::Whole { Outcome::Whole } else { Outcome::Torn }
    }

    pub(crate) fn lasts(&self, content: &Content) {
        if let Some(attempt) = content.attempt {
            self.front.sees(Event::Lasts(attempt));
        }
    }

    pub(crate) async fn upload_held(
        &self,
        upload: Upload,
        limit: u64,
        idle: Duration,
        within: Duration,
    ) -> HeldUpload<Upload> {
        let waited = upload.takes.min(millis(within));
        self.pause(waited).await;
        let upload = Upload { takes: upload.takes - waited, ..upload };
        if upload.takes > 0 {
            return HeldUpload::Larger(upload);
        }
        self.spoilt(upload.fate, idle).await;
        match upload.fate.lapse() {
            Some(lapse) => HeldUpload::Spoilt(lapse),
            None if upload.text.len() as u64 <= limit => HeldUpload::Whole(upload),
            None => HeldUpload::Larger(upload),
        }
    }

    /// Waits until it is known that a client spoils its upload, if it does: silence is after `idle`.
    pub(crate) async fn spoilt(&self, fate: Fate, idle: Duration) {
        match fate {
            Fate::Whole => return,
            Fate::BreaksOff | Fate::Misframed => {}
            Fate::Stalls => self.pause(millis(idle).min(SILENCE)).await,
        }
        self.front.sees(Event::SpoilsUpload);
    }
}
