//! Do a deployed site's error pages arrive as they left the Worker? See [`operator::mask_check`].

use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};

use anyhow::{Result, bail};
use operator::mask_check::{self, Answer, LIMIT, MOST_BYTES, Question};
pub use operator::mask_check::{Asker, Check, Finding, Findings, Masker, NotFollowed};

use crate::drill;

/// Asks the site at `url`, an `http` or `https` URL, for each forced failure. The token itself is not sent, only
/// what it signs.
pub fn mask_check(url: &str, token: &str) -> Result<Findings> {
    let client = client();
    let asking = mask_check::mask_check(url, token, drill::now()?, async |question| ask(&client, &question));
    // Every question is answered when it is asked, so that nothing is ever waited for.
    match pin!(asking).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(findings) => findings,
        Poll::Pending => bail!("the mask check waits for nothing"),
    }
}

fn client() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(LIMIT));
    config.build().into()
}

fn ask(client: &ureq::Agent, question: &Question) -> Result<Answer> {
    let mut request = client.get(&question.url);
    for (name, value) in &question.fields {
        request = request.header(*name, value);
    }
    let mut answer = request.call()?;
    let body = answer.body_mut().with_config().limit(MOST_BYTES.into()).lossy_utf8(true).read_to_string()?;
    Ok(Answer { status: answer.status(), headers: answer.headers().clone(), body })
}
