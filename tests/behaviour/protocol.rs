//! GitHub's request as GitHub sends it, and as a stranger may send it.

mod addresses;
mod bodies;
mod items;
mod signatures;

use sha2::{Digest, Sha256};
use tokenward::origins::signing::OriginSigner;

use crate::support::Answer;

const PATH: &str = "/v1/integrations/github/secret-scanning";
const POST: &str = "POST /v1/integrations/github/secret-scanning";
const ID: &str = "Github-Public-Key-Identifier";
const SIGNATURE: &str = "Github-Public-Key-Signature";

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// What every refusal looks like, whatever was refused.
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["error"], code);
    assert!(
        body["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty())
    );
    assert_eq!(
        body["request_id"],
        answer.headers["x-request-id"].to_str().unwrap()
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["content-type"], "application/json");
}

/// A signer's two header values for a body.
fn signed(signer: &OriginSigner, body: &[u8]) -> (String, String) {
    (signer.key_id().to_string(), signer.sign(body))
}
