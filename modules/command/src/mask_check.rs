//! A mask check that asks through JavaScript: see [`operator::mask_check`] and `npm/cli/mask-check.js`.

use anyhow::Result;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use js_sys::{Array, Function, Promise};
use operator::mask_check::{self, Answer, LIMIT, MOST_BYTES, Question};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::{caught, moment, thrown};

#[wasm_bindgen]
extern "C" {
    /// An answer, with its header fields as one list: a name, its value, the next name.
    type JsAnswer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &JsAnswer) -> u16;

    #[wasm_bindgen(method, getter)]
    fn fields(this: &JsAnswer) -> Vec<String>;

    #[wasm_bindgen(method, getter)]
    fn body(this: &JsAnswer) -> String;
}

/// Asks the site at `url` for each forced failure: whether every page arrived as it left, and what is said.
///
/// `ask` gets a URL, header fields as one list, the most milliseconds and the most bytes, and promises an answer.
#[wasm_bindgen(js_name = maskCheck)]
pub async fn mask_check(url: String, token: String, now: f64, ask: Function) -> Result<Array, JsValue> {
    let asking = mask_check::mask_check(&url, &token, moment(now), async |question| {
        answer(asked(&ask, &question).map_err(caught)?).await
    });
    let findings = asking.await.map_err(thrown)?;
    Ok(Array::of2(&JsValue::from(findings.are_ours()), &JsValue::from(findings.to_string())))
}

fn asked(ask: &Function, question: &Question) -> Result<Promise, JsValue> {
    let fields = question.fields.iter().flat_map(|(name, value)| [*name, value.as_str()]);
    let fields: Array = fields.map(JsValue::from).collect();
    let (limit, most) = (LIMIT.as_millis() as f64, MOST_BYTES);
    let arguments = Array::of4(&question.url.as_str().into(), &fields, &limit.into(), &most.into());
    ask.apply(&JsValue::NULL, &arguments)?.dyn_into()
}

async fn answer(promise: Promise) -> Result<Answer> {
    let answer: JsAnswer = JsFuture::from(promise).await.map_err(caught)?.unchecked_into();
    let mut headers = HeaderMap::new();
    for pair in answer.fields().chunks_exact(2) {
        if let [name, value] = pair {
            headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
    }
    Ok(Answer { status: StatusCode::from_u16(answer.status())?, headers, body: answer.body() })
}
