//! An origin's answer whose body is guarded: what steps pass on after an attempt has succeeded.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::cache::request_fields::Unkeyed;
use crate::cache::storable::{Asked, Existing};
use crate::fields::without_hop_by_hop;
use crate::policy::Policy;
use crate::ports::{Origin, RelayEnd, Resume};
use crate::request::Request;
use crate::time::Timestamp;

/// How a body that is being relayed will have ended.
pub(super) type BodyEnd = Pin<Box<dyn Future<Output = RelayEnd>>>;

/// See the [module](self). It is handed on in a box, as it goes through many hands.
pub(super) struct Received<B> {
    /// 200 to 599, or 101.
    pub status: u16,
    /// As received, except for links to an origin's own host and for tags that do not fit into an entry.
    pub headers: HeaderMap,
    /// Those of them that were rewritten.
    pub rewritten: Vec<(HeaderName, HeaderValue)>,
    pub body: Guarded<B>,
    /// See [`Forward::unkeyed`](crate::origin::forward::Forward::unkeyed).
    pub unkeyed: Unkeyed,
    /// See [`Forward::identified`](crate::origin::forward::Forward::identified).
    pub identified: bool,
    pub requested_at: Timestamp,
    pub received_at: Timestamp,
    /// How often the body was resumed so far, where it can be.
    pub resumed: Option<Rc<Cell<u32>>>,
    /// Whether it is a page that lacks the marker of `cache.must_contain`.
    pub lacks_marker: bool,
}

/// A body, and how far it can be relied on.
pub(super) enum Guarded<B> {
    /// There is none, or it must not be touched (101): the handle of the response alone.
    Bare(B),
    /// It is complete, and this many bytes long.
    Whole(B, u64),
    /// It is still coming; some of it may have been read.
    Stream {
        body: B,
        length: Option<u64>,
        idle: Option<Duration>,
        is_endless: bool,
        resume: Option<Resume<B>>,
        begun: bool,
    },
    /// It is still coming, and is being relayed already.
    Relayed { client: B, end: BodyEnd },
}

impl<B> Received<B> {
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY)
    }

    /// What was asked, for the rules of storing.
    pub fn asked<'a>(&'a self, policy: &Policy, request: &'a Request, existing: Existing) -> Asked<'a> {
        let (lookup, unkeyed) = (policy.lookup, &self.unkeyed);
        Asked { request, lookup, unkeyed, identified: self.identified, existing }
    }

    /// The header fields as they are stored.
    pub fn headers_to_store(&self) -> HeaderMap {
        let mut headers = without_hop_by_hop(&self.headers);
        // A cookie is for the first visitor alone. An answer that has one is stored only if it says that it is for all.
        headers.remove(header::SET_COOKIE);
        // RFC 9110 §6.6.1: a recipient with a clock supplies what is missing.
        if !headers.contains_key(header::DATE)
            && let Ok(date) = HeaderValue::try_from(self.received_at.to_http_date())
        {
            headers.insert(header::DATE, date);
        }
        headers
    }

    /// Cancels the body: nobody gets this answer.
    pub fn discard(self, ports: &impl Origin<Body = B>) {
        match self.body {
            Guarded::Bare(body)
            | Guarded::Whole(body, _)
            | Guarded::Stream { body, .. }
            | Guarded::Relayed { client: body, .. } => ports.cancel(body),
        }
    }
}
