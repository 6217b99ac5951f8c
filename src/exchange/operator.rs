//! What operators ask of Holdfast itself.

use std::rc::Rc;
use std::time::Duration;

use super::Exchange;
use super::answer::Draft;
use super::trail::Trail;
use crate::cache::purge::Marks;
use crate::config::Token;
use crate::endpoint::order::{LONGEST_ORDER, Order};
use crate::endpoint::reply::Reply;
use crate::endpoint::{self, Endpoint};
use crate::ports::{AnswerBody, Ports};
use crate::report::Outcome;

/// How long an operator waits for the marks that there are.
const LONGEST_READ: Duration = Duration::from_secs(10);

impl<P: Ports> Exchange<P> {
    /// Whether the request to the site shows the operators' token.
    pub(super) fn is_for_operator(&self) -> bool {
        endpoint::is_operator(&self.request.headers, self.is_token())
    }

    pub(super) async fn operator_answer(
        &self,
        endpoint: Endpoint,
        upload: Option<P::Upload>,
        trail: &mut Trail<P::Beacon>,
    ) -> Draft<P::Body> {
        trail.outcome = Outcome::Operator;
        let access = endpoint::access(&self.request.headers, self.is_token());
        let reply = match endpoint.admit(&self.request, access) {
            Ok(()) => self.purge(upload).await.unwrap_or_else(|refused| refused),
            Err(refused) => refused,
        };
        Draft::own(reply.status(), reply.headers(), AnswerBody::Text(reply.json()))
    }

    fn is_token(&self) -> Option<impl Fn(&[u8]) -> bool> {
        self.config.token.as_ref().map(|token: &Token| |shown: &[u8]| token.is(shown))
    }

    async fn purge(&self, upload: Option<P::Upload>) -> Result<Reply, Reply> {
        if !self.ports.keeps() {
            return Err(Reply::NoStore);
        }
        let text = match upload {
            Some(upload) => {
                self.ports.upload_text(upload, LONGEST_ORDER as u64).await.ok_or(Reply::TooLarge)?
            }
            None => String::new(),
        };
        let own = &self.request.target;
        let order = Order::read(&text, own, |url| self.ports.resolve(url, own)).map_err(Reply::Mistaken)?;
        let Order { verb, scopes } = order;
        let read = self.ports.load_marks(LONGEST_READ).await.map_err(|_| Reply::Failed)?;
        let mut marks = match read {
            Some(text) => Marks::decode(&text).ok_or(Reply::Failed)?,
            None => Marks::default(),
        };
        let now = self.ports.now();
        // What was written here a moment ago may not show yet in what is read.
        if let Some((known, _)) = self.ports.isolate().marks() {
            marks.unite((*known).clone(), now).map_err(|_| Reply::Full)?;
        }
        let count = scopes.len();
        marks.add(verb, scopes, now).map_err(|_| Reply::Full)?;
        let marks = Rc::new(marks);
        // Before they are written: another order may be under way here.
        self.ports.isolate().set_marks(Rc::clone(&marks), now);
        if !self.ports.save_marks(&marks.encode()).await {
            return Err(Reply::Failed);
        }
        Ok(Reply::Marked { verb, scopes: count, at: now, marks: marks.len() })
    }
}
