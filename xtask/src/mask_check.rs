//! Do a deployed site's error pages arrive as they left the Worker? See [`operator::mask_check`].

use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};

use anyhow::{Context, Result, bail};
use operator::mask_check::{self, Answer, LIMIT, MOST_BYTES, Question};
pub use operator::mask_check::{Asker, Check, Finding, Findings, Masker, NotFollowed};

use crate::drill;

/// Asks the site at `url`, an `http` or `https` URL, for each forced failure. The token itself is not sent, only
/// what it signs. `further` are header fields of each request, `NAME: VALUE`.
pub fn mask_check(url: &str, token: &str, further: &[String]) -> Result<Findings> {
    let client = client();
    let further = further.iter().map(|field| field_of(field)).collect::<Result<Vec<_>>>()?;
    let now = drill::now()?;
    let asking = mask_check::mask_check(url, token, now, async |question| ask(&client, &question, &further));
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

fn field_of(text: &str) -> Result<(&str, &str)> {
    let field =
        text.split_once(':').filter(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace));
    let (name, value) = field.with_context(|| format!("--header: {text}: \"NAME: VALUE\" is accepted"))?;
    Ok((name, value.trim()))
}

fn ask(client: &ureq::Agent, question: &Question, further: &[(&str, &str)]) -> Result<Answer> {
    let mut request = client.get(&question.url);
    for (name, value) in &question.fields {
        request = request.header(*name, value);
    }
    for (name, value) in further {
        request = request.header(*name, *value);
    }
    let mut answer = request.call()?;
    let body = answer.body_mut().with_config().limit(MOST_BYTES.into()).lossy_utf8(true).read_to_string()?;
    Ok(Answer { status: answer.status(), headers: answer.headers().clone(), body })
}
