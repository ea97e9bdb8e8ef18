//! What a sender may do that it should not, and how a service meets it.

use anyhow::{Context, bail};
use clap::ValueEnum;
use reqwest::{Client, StatusCode};
use serde_json::value::RawValue;
use url::Url;

use super::answer::Answer;
use super::delivery::Delivery;
use super::player::Player;
use crate::origins::OriginSpec;
use crate::origins::signing::OriginSigner;

/// As many as the largest delivery has that is promised an answer in time.
pub(super) const FLOOD: usize = 10_000;

/// How to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Misbehaviour {
    /// Sign something else, or send a wrong secret or key; the service should answer 403 or 401
    BadSignature,
    /// Sign with a key that nobody published; the service should answer 403
    UnknownKey,
    /// Send the same delivery twice; the service should answer both the same
    Replay,
    /// Repeat the reports until they are 10,000; the service should answer each, and take no more than
    /// 1,000 from whoever proves nothing, and from an internal service
    Flood,
}

/// A sender that may misbehave.
pub(super) struct Actor<'a> {
    pub(super) spec: &'a OriginSpec,
    pub(super) signer: &'a OriginSigner,
    pub(super) key_id: Option<&'a str>,
}

impl Actor<'_> {
    /// What is sent, first.
    pub(super) fn delivery(
        &self,
        how: Option<Misbehaviour>,
        body: Vec<u8>,
    ) -> anyhow::Result<Delivery> {
        let (spec, key_id) = (self.spec, self.key_id);
        Ok(match how {
            Some(Misbehaviour::BadSignature) => {
                let other = [&body, &b" "[..]].concat();
                Delivery::sign(spec, self.signer, key_id, body, &other)
            }
            Some(Misbehaviour::UnknownKey) => {
                let stranger = OriginSigner::generate();
                let signed = body.clone();
                Delivery::sign(spec, &stranger, None, body, &signed)
            }
            Some(Misbehaviour::Flood) => {
                let body = flood(&body)?;
                let signed = body.clone();
                Delivery::sign(spec, self.signer, key_id, body, &signed)
            }
            Some(Misbehaviour::Replay) | None => {
                let signed = body.clone();
                Delivery::sign(spec, self.signer, key_id, body, &signed)
            }
        })
    }
}

/// A delivery that was sent, and what was answered.
pub(super) struct Meeting<'a> {
    pub(super) player: &'a Player,
    pub(super) delivery: &'a Delivery,
    pub(super) answer: &'a Answer,
}

/// Whether the service met a misbehaviour as it should. A replay is sent again for that.
pub(super) async fn met(
    how: Misbehaviour,
    meeting: &Meeting<'_>,
    (client, to): (&Client, &Url),
) -> anyhow::Result<bool> {
    let Meeting {
        player,
        delivery,
        answer,
    } = meeting;
    Ok(match how {
        Misbehaviour::BadSignature if matches!(player, Player::Gitlab) => {
            refused(answer, StatusCode::UNAUTHORIZED, "invalid_secret")
        }
        Misbehaviour::BadSignature if matches!(player, Player::Internal) => {
            refused(answer, StatusCode::UNAUTHORIZED, "invalid_service_key")
        }
        Misbehaviour::BadSignature => refused(answer, StatusCode::FORBIDDEN, "invalid_signature"),
        Misbehaviour::UnknownKey => refused(answer, StatusCode::FORBIDDEN, "unknown_key"),
        Misbehaviour::Replay => {
            let second = delivery.post(client, to).await?;
            let same = (second.status, &second.body) == (answer.status, &answer.body);
            answer.status.is_success() && same
        }
        Misbehaviour::Flood if matches!(player, Player::Possession | Player::Internal) => matches!(
            answer.status,
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY
        ),
        // Origins that read no verdicts are answered without.
        Misbehaviour::Flood => match answer.entries() {
            Some(entries) => answer.status.is_success() && entries.len() == FLOOD,
            None => answer.status == StatusCode::NO_CONTENT,
        },
    })
}

/// Whether the answer is this refusal, and no other one.
fn refused(answer: &Answer, status: StatusCode, code: &str) -> bool {
    answer.status == status && answer.code().as_deref() == Some(code)
}

/// The same reports again and again.
pub(super) fn flood(body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let reports: Vec<&RawValue> =
        serde_json::from_slice(body).context("a flood repeats reports, and this is no list")?;
    if reports.is_empty() {
        bail!("a flood repeats reports, and there is none");
    }
    let many: Vec<_> = reports.into_iter().cycle().take(FLOOD).collect();
    Ok(serde_json::to_vec(&many)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_repeats_what_there_is() {
        let body = flood(br#"[{"token": "a"}, 7, "x"]"#).unwrap();
        let reports: Vec<&RawValue> = serde_json::from_slice(&body).unwrap();
        assert_eq!(reports.len(), FLOOD);
        assert_eq!(
            (reports[0].get(), reports[4].get()),
            (r#"{"token": "a"}"#, "7")
        );
        for wrong in [&b"[]"[..], b"{}", b""] {
            assert!(flood(wrong).is_err());
        }
    }
}
