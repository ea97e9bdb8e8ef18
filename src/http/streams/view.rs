//! Streams as their receivers see them (SSF 1.0 8.1).

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Context;
use crate::domain::streams::polling::Polled;
use crate::model::{DeliveryMethod, EventStream, Signal};

/// One stream, or all of a receiver (SSF 1.0 8.1.1.2).
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum StreamsAnswer {
    One(Box<StreamAnswer>),
    All(Vec<StreamAnswer>),
}

/// A stream (SSF 1.0 8.1.1).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StreamAnswer {
    #[schema(format = "uuid")]
    stream_id: String,
    /// Who sends.
    #[schema(format = "uri")]
    iss: String,
    /// To whom it is addressed: the client's identifier, or the id of the key.
    aud: String,
    delivery: DeliveryAnswer,
    /// URIs of everything that can be asked for.
    events_supported: Vec<&'static str>,
    /// What was asked for; without, everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    events_requested: Option<Vec<String>>,
    /// What is sent.
    events_delivered: Vec<&'static str>,
    /// In seconds.
    min_verification_interval: u64,
    /// How people are named: `iss_sub`, `email` or `opaque`.
    format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// How tokens get there (SSF 1.0 6.1).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct DeliveryAnswer {
    /// `urn:ietf:rfc:8935` (push) or `urn:ietf:rfc:8936` (poll).
    #[schema(example = "urn:ietf:rfc:8936")]
    method: &'static str,
    /// Where they are posted, or fetched.
    #[schema(format = "uri")]
    endpoint_url: String,
}

impl StreamAnswer {
    pub(super) fn new(ctx: &Context, stream: &EventStream) -> Self {
        let endpoint_url = match &stream.delivery {
            DeliveryMethod::Push { url, .. } => url.as_str().to_owned(),
            DeliveryMethod::Poll => format!("{}/v1/ssf/poll/{}", ctx.public_url, stream.id),
        };
        let interval = ctx.policy.shared_signals.min_verification_interval;
        Self {
            stream_id: stream.id.to_string(),
            iss: ctx.issuer.clone(),
            aud: stream.audience.clone(),
            delivery: DeliveryAnswer {
                method: stream.delivery.urn(),
                endpoint_url,
            },
            events_supported: Signal::OFFERED.map(Signal::uri).to_vec(),
            events_requested: stream.requested.uris().map(<[String]>::to_vec),
            events_delivered: stream.requested.delivered().collect(),
            min_verification_interval: interval.as_secs(),
            format: stream.format.name(),
            description: stream.description.clone(),
        }
    }
}

/// Whether a stream sends (SSF 1.0 8.1.2).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StatusAnswer {
    #[schema(format = "uuid")]
    stream_id: String,
    /// `enabled`, `paused` or `disabled`.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<EventStream> for StatusAnswer {
    fn from(stream: EventStream) -> Self {
        Self {
            stream_id: stream.id.to_string(),
            status: stream.standing.status.name(),
            reason: stream.standing.reason,
        }
    }
}

/// What waited (RFC 8936 2.3).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct PollAnswer {
    /// Security Event Tokens, by their `jti`.
    sets: BTreeMap<String, String>,
    /// There is more to fetch.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_available: bool,
}

impl From<Polled> for PollAnswer {
    fn from(polled: Polled) -> Self {
        let sets = polled.sets.into_iter();
        Self {
            sets: sets.map(|(jti, set)| (jti.to_string(), set)).collect(),
            more_available: polled.more,
        }
    }
}

/// What receivers read before anything else (SSF 1.0 7.1).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TransmitterMetadata {
    #[schema(example = "1_0")]
    spec_version: &'static str,
    #[schema(format = "uri")]
    issuer: String,
    #[schema(format = "uri")]
    jwks_uri: String,
    delivery_methods_supported: [&'static str; 2],
    #[schema(format = "uri")]
    configuration_endpoint: String,
    #[schema(format = "uri")]
    status_endpoint: String,
    #[schema(format = "uri")]
    add_subject_endpoint: String,
    #[schema(format = "uri")]
    remove_subject_endpoint: String,
    #[schema(format = "uri")]
    verification_endpoint: String,
    authorization_schemes: Vec<AuthorizationScheme>,
    /// `ALL` or `NONE`.
    default_subjects: &'static str,
}

/// How receivers prove who they are (SSF 1.0 7.1.1).
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct AuthorizationScheme {
    #[schema(example = "urn:ietf:rfc:6749")]
    spec_urn: &'static str,
}

impl TransmitterMetadata {
    pub(super) fn new(ctx: &Context) -> Self {
        let at = |path: &str| format!("{}{path}", ctx.public_url);
        let schemes = ["urn:ietf:rfc:6749", "urn:ietf:rfc:6750"];
        Self {
            spec_version: "1_0",
            issuer: ctx.issuer.clone(),
            jwks_uri: at("/.well-known/jwks.json"),
            delivery_methods_supported: [DeliveryMethod::PUSH, DeliveryMethod::POLL],
            configuration_endpoint: at("/v1/ssf/streams"),
            status_endpoint: at("/v1/ssf/status"),
            add_subject_endpoint: at("/v1/ssf/subjects/add"),
            remove_subject_endpoint: at("/v1/ssf/subjects/remove"),
            verification_endpoint: at("/v1/ssf/verify"),
            authorization_schemes: schemes
                .map(|spec_urn| AuthorizationScheme { spec_urn })
                .into(),
            default_subjects: ctx.policy.shared_signals.default_subjects.name(),
        }
    }
}
