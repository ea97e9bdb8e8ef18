//! Security Event Tokens (RFC 8417), as the Shared Signals Framework, CAEP and RISC profile them.
//!
//! They are nobody's ID token: another `typ`, no `sub` and no `exp` (SSF 1.0 10.1), and nothing in them
//! was ever a secret.

use serde_json::{Map, Value, json};

use crate::domain::Context;
use crate::domain::signing_keys::{self, SigningError};
use crate::model::signal::{initiating_entity, reason_admin};
use crate::model::signal_subject::opaque;
use crate::model::{EventStream, Id, RevocationReason, Signal, User};
use crate::storage::streams::WaitingSignal;

/// The `typ` of a Security Event Token (RFC 8417 2.3).
const TYPE: &str = "secevent+jwt";

/// Signs a token for the receiver of a stream, anew each time: its `jti` and its claims are the same.
///
/// # Errors
/// See [`SigningError`].
pub async fn sign(
    ctx: &Context,
    stream: &EventStream,
    signal: &WaitingSignal,
) -> Result<String, SigningError> {
    let algorithm = ctx.policy.shared_signals.signing_algorithm;
    signing_keys::sign(ctx, algorithm, TYPE, &claims(&ctx.issuer, stream, signal)).await
}

/// What a token says (RFC 8417 2.2, SSF 1.0 4).
fn claims(issuer: &str, stream: &EventStream, signal: &WaitingSignal) -> Value {
    json!({
        "iss": issuer,
        "jti": signal.id,
        "iat": signal.created_at.as_seconds(),
        "aud": stream.audience,
        "txn": signal.facts.txn,
        "sub_id": subject(issuer, stream, signal),
        "events": { (signal.signal.uri()): payload(signal) },
    })
}

/// Whom a token is about (SSF 1.0 3). The end of a session names the session as well: a person alone
/// would mean all of theirs.
fn subject(issuer: &str, stream: &EventStream, signal: &WaitingSignal) -> Value {
    let facts = &signal.facts;
    let user = facts.user.map(Id::<User>::from_uuid);
    let person = user
        .map(|user| stream.format.identify(issuer, user, signal.email.as_ref()))
        .or_else(|| facts.customer.as_ref().map(opaque));
    let parts = [
        ("user", person.clone()),
        ("session", facts.session.as_ref().map(opaque)),
        ("tenant", facts.organization.map(opaque)),
        ("application", facts.client.as_ref().map(opaque)),
    ];
    match (signal.signal, person) {
        (Signal::Verification | Signal::StreamUpdated, _) => opaque(stream.id),
        (Signal::CredentialChange | Signal::CredentialCompromise, Some(person)) => person,
        _ => {
            let known = parts
                .into_iter()
                .filter_map(|(name, part)| Some((name.to_owned(), part?)));
            let members: Map<String, Value> = known.collect();
            if members.is_empty() {
                return opaque(facts.token);
            }
            let format = ("format".to_owned(), json!("complex"));
            Value::Object([format].into_iter().chain(members).collect())
        }
    }
}

fn payload(signal: &WaitingSignal) -> Value {
    let facts = &signal.facts;
    let stored = facts.reason.as_deref();
    let reason = stored.map(RevocationReason::from_stored);
    let at = signal.created_at.as_seconds();
    let members = match signal.signal {
        Signal::Verification => vec![("state", facts.state.as_ref().map(|text| json!(text)))],
        Signal::StreamUpdated => vec![
            ("status", facts.status.as_ref().map(|status| json!(status))),
            ("reason", stored.map(|text| json!(text))),
        ],
        Signal::SessionRevoked => vec![
            ("event_timestamp", Some(json!(at))),
            (
                "initiating_entity",
                reason.map(|why| json!(initiating_entity(why))),
            ),
            ("reason_admin", reason.map(|why| english(reason_admin(why)))),
        ],
        Signal::CredentialChange => vec![
            ("credential_type", Some(json!(facts.kind))),
            (
                "change_type",
                facts.change.as_ref().map(|change| json!(change)),
            ),
            ("credential_id", Some(json!(facts.token))),
            ("event_timestamp", Some(json!(at))),
            (
                "initiating_entity",
                reason.map(|why| json!(initiating_entity(why))),
            ),
            (
                "reason_admin",
                Some(english(
                    reason.map_or("It was made or changed", reason_admin),
                )),
            ),
        ],
        Signal::CredentialCompromise => vec![
            ("credential_type", Some(json!(facts.kind))),
            ("credential_id", Some(json!(facts.token))),
            ("event_timestamp", Some(json!(at))),
            (
                "reason_admin",
                Some(english(reason_admin(RevocationReason::Exposed))),
            ),
        ],
    };
    let known = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.collect())
}

/// CAEP 1.0 2: words are by language.
fn english(text: &str) -> Value {
    json!({ "en": text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::signal::{RequestedSignals, SignalFacts};
    use crate::model::stream::{DefaultSubjects, Holder, SetBy, Standing, View};
    use crate::model::{DeliveryMethod, StreamStatus, SubjectFormat, Timestamp};

    const ISSUER: &str = "https://id.example";

    fn stream(format: SubjectFormat) -> EventStream {
        EventStream {
            id: Id::new(Timestamp::from_millis(1)),
            holder: Holder::Token(Id::new(Timestamp::from_millis(1))),
            view: View::Everything,
            audience: "receiver".to_owned(),
            delivery: DeliveryMethod::Poll,
            requested: RequestedSignals::default(),
            format,
            description: None,
            default_subjects: DefaultSubjects::All,
            standing: Standing {
                status: StreamStatus::Enabled,
                by: SetBy::Receiver,
                reason: None,
            },
            created_at: Timestamp::from_millis(1),
            failing_since: None,
        }
    }

    fn signal(signal: Signal, facts: SignalFacts) -> WaitingSignal {
        WaitingSignal {
            id: Id::new(Timestamp::from_millis(2)),
            signal,
            facts,
            email: Some("ada@example.com".parse().unwrap()),
            created_at: Timestamp::from_millis(1_790_000_000_999),
            attempts: 0,
        }
    }

    #[test]
    fn the_end_of_a_session_names_the_person_and_the_session() {
        let user = Id::<User>::new(Timestamp::from_millis(3)).uuid();
        let ended = signal(
            Signal::SessionRevoked,
            SignalFacts {
                kind: "user_session_token".to_owned(),
                user: Some(user),
                session: Some("s1".to_owned()),
                reason: Some("signed_out".to_owned()),
                ..SignalFacts::default()
            },
        );
        let claims = claims(ISSUER, &stream(SubjectFormat::IssSub), &ended);
        let expected = json!({
            "format": "complex",
            "user": { "format": "iss_sub", "iss": ISSUER, "sub": user },
            "session": { "format": "opaque", "id": "s1" },
        });
        assert_eq!(claims["sub_id"], expected);
        let event = &claims["events"][Signal::SessionRevoked.uri()];
        assert_eq!(event["initiating_entity"], "user");
        assert_eq!(event["event_timestamp"], 1_790_000_000);
        assert_eq!(event["reason_admin"]["en"], "The user signed out");
        assert_eq!(claims["iat"], 1_790_000_000);
        assert_eq!(claims["aud"], "receiver");
        for absent in ["exp", "sub", "nonce"] {
            assert!(claims.get(absent).is_none());
        }
    }

    #[test]
    fn a_credential_names_whoever_has_it_as_the_stream_wants() {
        let user = Id::<User>::new(Timestamp::from_millis(3)).uuid();
        let made = SignalFacts {
            kind: "personal_access_token".to_owned(),
            user: Some(user),
            change: Some("create".to_owned()),
            ..SignalFacts::default()
        };
        let told = signal(Signal::CredentialChange, made);
        let by_email = subject(ISSUER, &stream(SubjectFormat::Email), &told);
        assert_eq!(
            by_email,
            json!({ "format": "email", "email": "ada@example.com" })
        );
        let of_organization = SignalFacts {
            organization: Some(user),
            ..SignalFacts::default()
        };
        let told = signal(Signal::CredentialCompromise, of_organization);
        let tenant = subject(ISSUER, &stream(SubjectFormat::Email), &told);
        assert_eq!(tenant["tenant"], opaque(user));
        let nobody = signal(Signal::CredentialChange, SignalFacts::default());
        let key = subject(ISSUER, &stream(SubjectFormat::IssSub), &nobody);
        assert_eq!(key["format"], "opaque");
    }

    #[test]
    fn what_is_about_the_stream_names_the_stream() {
        let stream = stream(SubjectFormat::IssSub);
        let facts = SignalFacts {
            state: Some("x".to_owned()),
            ..SignalFacts::default()
        };
        let claims = claims(ISSUER, &stream, &signal(Signal::Verification, facts));
        assert_eq!(claims["sub_id"], opaque(stream.id));
        assert_eq!(
            claims["events"][Signal::Verification.uri()],
            json!({ "state": "x" })
        );
    }
}
