//! What a scripted origin does with one fetch.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use testkit::body::Ending;

/// What the origin does with one fetch.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub after: Duration,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Lost,
    Garbage,
    Hangs,
    Answers { status: u16, headers: HeaderMap, body: String, ending: Ending },
}

impl Behaviour {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Kind::Answers { headers, .. } = &mut self.kind {
            headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
        }
        self
    }

    pub fn cache_control(self, value: &str) -> Self {
        self.header("cache-control", value)
    }

    pub fn after(mut self, span: Duration) -> Self {
        self.after = span;
        self
    }

    pub fn ends(mut self, how: Ending) -> Self {
        if let Kind::Answers { ending, .. } = &mut self.kind {
            *ending = how;
        }
        self
    }
}

fn behaviour(kind: Kind) -> Behaviour {
    Behaviour { after: Duration::from_millis(5), kind }
}

pub fn refuses() -> Behaviour {
    behaviour(Kind::Lost)
}

pub fn talks_garbage() -> Behaviour {
    behaviour(Kind::Garbage)
}

pub fn hangs() -> Behaviour {
    behaviour(Kind::Hangs)
}

pub fn answers(status: u16, body: &str) -> Behaviour {
    behaviour(Kind::Answers {
        status,
        headers: HeaderMap::new(),
        body: body.to_owned(),
        ending: Ending::Whole,
    })
}

pub fn page(body: &str) -> Behaviour {
    answers(200, body).header("content-type", "text/html")
}
