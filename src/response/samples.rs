//! What the tests of several forms of an error render.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::error::{Cause, ErrorPage, Occasion};
use super::form::Form;
use crate::config::Page;
use crate::origin::failure::Failure;
use crate::request::Request;
use crate::time::Timestamp;

pub const LATE: Cause = Cause::Failure(Failure::NoHeaderInTime);

/// A POST with a body and one field.
pub fn post(url: &str, name: HeaderName, value: &'static str) -> Request {
    let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
    Request { headers, has_body: true, id: "8f2a-LHR".to_owned(), ..Request::bare("POST", url) }
}

/// The error for `cause`, in the form that suits `request`.
pub fn rendered(request: &Request, cause: Cause) -> (HeaderMap, Option<String>) {
    let page = Page { brand: Some("Example".to_owned()), ..Page::default() };
    let occasion = Occasion::At(Timestamp::from_millis(1_767_323_045_678));
    let page = ErrorPage {
        cause,
        request,
        page: &page,
        occasion,
        retry_after: None,
        unknown_outcome: false,
        until: None,
    };
    page.render(Form::of(request))
}
