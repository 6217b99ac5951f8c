//! The platform's exceptions, word for word: the exchange reads them.

use holdfast::origin::failure::{Fault, Lapse, Rejection};

use crate::body::Ending;

/// The connection was lost.
pub fn lost() -> Rejection {
    rejection("Network connection lost.", true, false)
}

/// What came is not HTTP.
pub fn garbage() -> Rejection {
    rejection("internal error; reference = 0", false, false)
}

/// Our own limit ended the wait.
pub fn late() -> Rejection {
    rejection("aborted", false, true)
}

/// How a body that does not come to its end is rejected.
pub fn broken(ending: Ending) -> Rejection {
    match ending {
        Ending::Whole | Ending::Torn => lost(),
        Ending::BadlyFramed => garbage(),
        Ending::Silent => late(),
    }
}

/// How a fetch is rejected whose client spoils the upload.
pub fn spoilt(lapse: Lapse) -> Rejection {
    let rejection = match lapse {
        Lapse::Gone => rejection("client disconnected", true, false),
        Lapse::Broken => lost(),
        Lapse::Stalled | Lapse::Unmeasured | Lapse::TooLarge => late(),
    };
    Rejection { fault: Fault::Client, ..rejection }
}

fn rejection(message: &str, retryable: bool, timed_out: bool) -> Rejection {
    Rejection { message: message.to_owned(), retryable, timed_out, ..Rejection::default() }
}
