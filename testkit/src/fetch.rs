//! Fetches: from the sending of a request to the head of the answer.

use std::rc::Rc;
use std::time::Duration;

use holdfast::origin::failure::Rejection;
use holdfast::origin::forward::Forward;
use holdfast::ports::{Clock, Fetched, HoldFirst};

use crate::FrontEnd;
use crate::body::{Body, Content, Ending, Kind};
use crate::clock::millis;
use crate::front::{Head, Reply, Unanswered};
use crate::hold::is_held_first;
use crate::ports::TestPorts;
use crate::rejection;
use crate::upload::Upload;

impl<F: FrontEnd> TestPorts<F> {
    pub(crate) async fn send(
        &self,
        forward: &Forward,
        upload: Option<Upload>,
        limit: Duration,
        idle: Duration,
        hold: Option<HoldFirst>,
    ) -> Result<Fetched<Body>, Rejection> {
        let sent_at = self.now();
        let mut fetch = self.front.sends(forward, upload.as_ref());
        if let Some(upload) = upload {
            self.pause(upload.takes).await;
            self.spoilt(upload.fate, idle).await;
            if let Some(lapse) = upload.fate.lapse() {
                self.front.fails(&mut fetch, Unanswered::Spoilt);
                return Err(rejection::spoilt(lapse));
            }
        }
        let mut head = self.head(&mut fetch, forward, millis(limit)).await.map_err(|(how, rejection)| {
            self.front.fails(&mut fetch, how);
            rejection
        })?;
        self.front.receives(&mut fetch, forward, &mut head);
        let received_at = Clock::now(self);
        let (status, headers) = (head.status, head.headers.clone());
        let body = self.body_of(head);
        let hold = hold.filter(|hold| is_held_first(status, &headers, hold.limit));
        let (body, whole) = match hold {
            Some(HoldFirst { limit, within }) => {
                let left = millis(within).saturating_sub(self.now() - sent_at);
                self.held_first(body, limit, idle, left).await
            }
            None => (body, None),
        };
        Ok(Fetched { status, headers, body, received_at, whole })
    }

    /// Waits for the head of the answer, at most `limit` milliseconds.
    async fn head(
        &self,
        fetch: &mut F::Fetch,
        forward: &Forward,
        limit: u64,
    ) -> Result<Head, (Unanswered, Rejection)> {
        let after = self.front.arrives(fetch, forward);
        let half = after.min(limit) / 2;
        self.pause(half).await;
        let reply = self.front.replies(fetch, forward);
        let is_late = matches!(reply, Reply::Hangs) || after > limit;
        self.pause(if is_late { limit } else { after } - half).await;
        match reply {
            Reply::Hangs => Err((Unanswered::Late, rejection::late())),
            Reply::Lost | Reply::Garbage | Reply::Answers(_) if is_late => {
                Err((Unanswered::Late, rejection::late()))
            }
            Reply::Lost => Err((Unanswered::Lost, rejection::lost())),
            Reply::Garbage => Err((Unanswered::Garbage, rejection::garbage())),
            Reply::Answers(head) => Ok(head),
        }
    }

    fn body_of(&self, head: Head) -> Body {
        let now = self.now();
        let is_empty = head.text.is_empty() && head.ending == Ending::Whole;
        let content = Content {
            serial: head.serial,
            attempt: head.attempt,
            headers: Rc::new(head.headers),
            text: head.text,
            starts_at: now,
            ends_at: if is_empty { now } else { now + head.body_takes },
            ending: head.ending,
            stands_alone: false,
            outcome: None,
            is_joined: false,
        };
        self.body(Rc::new(content), if is_empty { Kind::Null } else { Kind::Stream })
    }
}
