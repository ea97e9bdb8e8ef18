//! `tokenward openapi`: the interface as OpenAPI, as `/openapi.json` answers it.

use super::output::Output;
use crate::http;

pub(super) fn run(out: &mut Output) -> anyhow::Result<()> {
    let document = http::openapi()?;
    let text = serde_json::to_string_pretty(&document)?;
    out.either(&document, &text)
}
