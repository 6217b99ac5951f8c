//! What came of one request, and what a test says about it.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use testkit::body::Ending;

use super::script::Seen;

/// A body as the client has it.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub text: String,
    pub ending: Ending,
}

/// What came of one request. Each check returns the story, so that checks can be chained.
#[derive(Clone, Debug)]
pub struct Story {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Delivered,
    pub took: Duration,
    pub seen: Vec<Seen>,
    pub reports: Vec<Value>,
}

impl Story {
    #[track_caller]
    pub fn answers(self, status: u16, text: &str) -> Self {
        assert_eq!((self.status, &*self.body.text), (status, text), "{self:#?}");
        assert_eq!(self.body.ending, Ending::Whole, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn breaks_off(self) -> Self {
        assert_ne!(self.body.ending, Ending::Whole, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.body.text.contains(text), "{self:#?}");
        self
    }

    pub fn value(&self, name: &str) -> Option<String> {
        let values: Vec<_> =
            self.headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.value(name).as_deref(), Some(value), "{self:#?}");
        self
    }

    #[track_caller]
    pub fn header_has(self, name: &str, part: &str) -> Self {
        assert!(self.value(name).is_some_and(|value| value.contains(part)), "{name}: {part} in {self:#?}");
        self
    }

    #[track_caller]
    pub fn no_header(self, name: &str) -> Self {
        assert_eq!(self.value(name), None, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn age(self, seconds: u64) -> Self {
        self.header("age", &seconds.to_string())
    }

    #[track_caller]
    pub fn attempts(self, count: usize) -> Self {
        assert_eq!(self.seen.len(), count, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn within(self, span: Duration) -> Self {
        assert!(self.took <= span, "{:?} is more than {span:?}: {self:#?}", self.took);
        self
    }

    /// Exactly one report, with this error in it.
    #[track_caller]
    pub fn reports(self, error: &str) -> Self {
        assert_eq!(self.reports.len(), 1, "{self:#?}");
        assert_eq!(self.reports[0]["error"], error, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn reports_nothing(self) -> Self {
        assert!(self.reports.is_empty(), "{self:#?}");
        self
    }
}
