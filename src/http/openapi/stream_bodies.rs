//! What the API about event streams reads.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

/// A stream to make (SSF 1.0 8.1.1.1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewStream` reads")]
pub(in crate::http) struct NewStreamBody {
    /// How events get to the receiver; without, they are fetched.
    delivery: Option<DeliveryBody>,
    /// URIs of what it asks for, 1 to 64; without, everything.
    #[schema(example = json!(["https://schemas.openid.net/secevent/caep/event-type/session-revoked"]))]
    events_requested: Option<Vec<String>>,
    /// How people are named: `iss_sub` (as in ID tokens), `email` (not for clients) or `opaque`.
    #[schema(example = "iss_sub")]
    format: Option<String>,
    /// What the stream is called; cut after 255 characters.
    description: Option<String>,
}

/// How events get to a receiver (SSF 1.0 6.1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewStream` reads")]
pub(in crate::http) struct DeliveryBody {
    /// `urn:ietf:rfc:8935` (push) or `urn:ietf:rfc:8936` (poll).
    #[schema(example = "urn:ietf:rfc:8936")]
    method: String,
    /// Where to push: an https address.
    endpoint_url: Option<String>,
    /// The value of `Authorization` that goes with each push. It is not shown to anybody.
    authorization_header: Option<String>,
}

/// What changes about a stream (SSF 1.0 8.1.1.3). What the transmitter supplies may be repeated, and must
/// be right then.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `ChangedStream` reads")]
pub(in crate::http) struct ChangedStreamBody {
    #[schema(format = "uuid")]
    stream_id: String,
    /// All of it is replaced, with the header.
    delivery: Option<DeliveryBody>,
    /// URIs of what it asks for, 1 to 64.
    events_requested: Option<Vec<String>>,
    /// `iss_sub`, `email` or `opaque`.
    #[schema(example = "iss_sub")]
    format: Option<String>,
    /// What the stream is called.
    description: Option<String>,
}

/// What a stream is from now on (SSF 1.0 8.1.1.4); what is not there is taken away.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `ChangedStream` reads")]
pub(in crate::http) struct ReplacedStreamBody {
    #[schema(format = "uuid")]
    stream_id: String,
    /// How events get to the receiver; without, they are fetched.
    delivery: Option<DeliveryBody>,
    /// URIs of what it asks for, 1 to 64; without, everything.
    events_requested: Option<Vec<String>>,
    /// `iss_sub`, `email` or `opaque`.
    #[schema(example = "iss_sub")]
    format: Option<String>,
    /// What the stream is called.
    description: Option<String>,
}

/// A status that a stream shall have (SSF 1.0 8.1.2.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewStatus` reads")]
pub(in crate::http) struct NewStatusBody {
    #[schema(format = "uuid")]
    stream_id: String,
    /// `enabled`, `paused` or `disabled`.
    #[schema(example = "paused")]
    status: String,
    /// Why, on one line.
    reason: Option<String>,
}

/// A subject of a stream (SSF 1.0 8.1.3).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `OneSubject` reads")]
pub(in crate::http) struct SubjectBody {
    #[schema(format = "uuid")]
    stream_id: String,
    /// A subject identifier (RFC 9493): a person as `iss_sub`, `email` or `opaque`, or a complex one that
    /// names one `user`, `tenant` (the id of an organization) or `application` (a client's identifier).
    #[schema(value_type = Object, example = json!({ "format": "email", "email": "ada@example.com" }))]
    subject: Value,
    /// Accepted and not needed.
    verified: Option<bool>,
}

/// A verification that is asked for (SSF 1.0 8.1.4.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `WantedVerification` reads")]
pub(in crate::http) struct VerificationBody {
    #[schema(format = "uuid")]
    stream_id: String,
    /// Given back in the event, as it is.
    #[schema(max_length = 4096)]
    state: Option<String>,
}

/// What a receiver says when it fetches (RFC 8936 2.2).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Poll` reads")]
pub(in crate::http) struct PollBody {
    /// How many it takes at most: 0 asks only whether there are any, and 100 are handed out at most.
    #[schema(minimum = 0)]
    max_events: Option<i64>,
    /// Whether it does not want to wait for something to come.
    return_immediately: Option<bool>,
    /// `jti` of what it has taken.
    ack: Option<Vec<String>>,
    /// What it cannot use, by `jti`; 100 at most.
    set_errs: Option<BTreeMap<String, SetError>>,
}

/// Why a receiver cannot use an event (RFC 8936 2.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Poll` reads")]
pub(in crate::http) struct SetError {
    /// A code, such as `invalid_request`.
    #[schema(example = "invalid_request")]
    err: String,
    /// Accepted and not kept.
    description: Option<String>,
}
