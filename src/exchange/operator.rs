//! What operators ask of Holdfast itself.

use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::Exchange;
use super::answer::Draft;
use super::trail::Trail;
use crate::cache::purge::Marks;
use crate::endpoint::order::{LONGEST_ORDER, Order};
use crate::endpoint::reply::Reply;
use crate::endpoint::session::{self, LONGEST_FORM};
use crate::endpoint::{self, Access, Endpoint};
use crate::health::{Bindings, View};
use crate::ports::{AnswerBody, Ports};
use crate::report::Outcome;
use crate::request::Client;
use crate::response::form::Form;

/// How long an operator waits for the marks that there are.
const LONGEST_READ: Duration = Duration::from_secs(10);

impl<P: Ports> Exchange<P> {
    /// Whether the request to the site shows the operators' token. A wrong one is a guess, as it is at an endpoint.
    pub(super) fn is_for_operator(&self) -> bool {
        *self.is_for_operator.get_or_init(|| {
            let access = endpoint::site_access(&self.request.headers, self.config.token.as_ref());
            self.heard(access) == Ok(Access::Granted)
        })
    }

    pub(super) async fn operator_answer(
        &self,
        endpoint: Endpoint,
        upload: Option<P::Upload>,
        trail: &mut Trail<P::Signal>,
    ) -> Draft<P::Body> {
        trail.outcome = Outcome::Operator;
        let is_seen = endpoint != Endpoint::Purge && Form::of(&self.request) == Form::Html;
        let reply = match self.admit(endpoint) {
            Ok(()) => self.carry_out(endpoint, upload, is_seen).await.unwrap_or_else(|refused| refused),
            Err(refused) => refused,
        };
        let (headers, text) = reply.render(is_seen);
        let body = match self.request.method {
            Method::HEAD => AnswerBody::Empty,
            _ => AnswerBody::Text(text),
        };
        Draft::own(reply.status(), headers, body)
    }

    fn admit(&self, endpoint: Endpoint) -> Result<(), Reply> {
        let access = endpoint::access(&self.request.headers, self.config.token.as_ref(), self.ports.now());
        // Where no token matters, none is guessed.
        let access = match endpoint {
            Endpoint::Status | Endpoint::Metrics | Endpoint::Purge => self.heard(access)?,
            Endpoint::Health | Endpoint::Login | Endpoint::Logout | Endpoint::Unknown => access,
        };
        endpoint.admit(&self.request, access)
    }

    /// `access`, unless too many wrong tokens came from there; a wrong one is counted.
    fn heard(&self, access: Access) -> Result<Access, Reply> {
        let (client, now) = (Client::of(&self.request.headers), self.ports.now());
        let mut guesses = self.ports.isolate().guesses();
        match (access, guesses.barred(client, now)) {
            (Access::Granted | Access::Wrong, Some(left)) => return Err(Reply::TooManyGuesses(left)),
            (Access::Wrong, None) => guesses.note(client, now),
            (Access::Granted | Access::Session | Access::Denied | Access::Absent, _) => {}
        }
        Ok(access)
    }

    async fn carry_out(
        &self,
        endpoint: Endpoint,
        upload: Option<P::Upload>,
        is_seen: bool,
    ) -> Result<Reply, Reply> {
        let view = if is_seen { View::Html } else { View::Json };
        match endpoint {
            Endpoint::Health => {
                let token = self.config.token.is_some();
                Ok(Reply::Alive(Bindings { token, ..self.ports.bindings() }))
            }
            Endpoint::Status => self.show(view).await,
            Endpoint::Metrics => self.show(View::Metrics).await,
            Endpoint::Login if self.request.method != Method::POST => Ok(Reply::SeeStatus(None)),
            Endpoint::Login => self.begin_session(upload).await,
            Endpoint::Logout => Ok(Reply::SeeStatus(Some(session::end()))),
            Endpoint::Purge => self.purge(upload).await,
            Endpoint::Unknown => Err(Reply::NotFound),
        }
    }

    /// Whether the browser that asks has an operator's session.
    pub(super) fn is_in_session(&self) -> bool {
        let (headers, now) = (&self.request.headers, self.ports.now());
        self.config.token.as_ref().is_some_and(|token| session::is_under_way(headers, token, now))
    }

    async fn show(&self, view: View) -> Result<Reply, Reply> {
        if !self.ports.bindings().health {
            return Err(Reply::NoHealth);
        }
        let text = self.ports.health_view(view).await.ok_or(Reply::HealthFailed)?;
        Ok(Reply::Shown(view, text))
    }

    async fn begin_session(&self, upload: Option<P::Upload>) -> Result<Reply, Reply> {
        let form = match upload {
            Some(upload) => {
                self.ports.upload_text(upload, LONGEST_FORM as u64).await.ok_or(Reply::TooLarge)?
            }
            None => String::new(),
        };
        let token = self.config.token.as_ref().ok_or(Reply::NotFound)?;
        let typed = session::token_in(&form).filter(|typed| !typed.is_empty()).ok_or(Reply::WrongToken)?;
        let is_right = token.is(typed.as_bytes());
        match self.heard(if is_right { Access::Granted } else { Access::Wrong })? {
            Access::Granted => Ok(Reply::SeeStatus(Some(session::begin(token, self.ports.now())))),
            Access::Session | Access::Wrong | Access::Denied | Access::Absent => Err(Reply::WrongToken),
        }
    }

    async fn purge(&self, upload: Option<P::Upload>) -> Result<Reply, Reply> {
        if !self.ports.has_last_good() {
            return Err(Reply::NoStore);
        }
        let text = match upload {
            Some(upload) => {
                self.ports.upload_text(upload, LONGEST_ORDER as u64).await.ok_or(Reply::TooLarge)?
            }
            None => String::new(),
        };
        let own = &self.request.target;
        let stored_at = |url: &str| Some(self.at(self.ports.resolve(url, own)?).target().clone());
        let order = Order::read(&text, own, stored_at).map_err(Reply::Mistaken)?;
        let Order { verb, scopes } = order;
        let read = self.ports.load_purge_rules(LONGEST_READ).await.map_err(|_| Reply::Failed)?;
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
        if !self.ports.save_purge_rules(&marks.encode()).await {
            return Err(Reply::Failed);
        }
        Ok(Reply::Marked { verb, scopes: count, at: now, marks: marks.len() })
    }
}
