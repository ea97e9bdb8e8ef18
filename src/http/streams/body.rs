//! What receivers send.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::domain::streams::delivery::{UNREADABLE, code};
use crate::domain::streams::polling::{MOST, PollRequest};
use crate::domain::streams::{WantedDelivery, WantedStream};
use crate::http::extract::{FromMembers, Members};
use crate::http::{ApiError, Problem};
use crate::model::{DeliveryMethod, EventStream, Id, SignalMessage, StreamStatus, SubjectFormat};

/// What a transmitter supplies and a receiver may repeat (SSF 1.0 8.1.1).
const SUPPLIED: [&str; 5] = [
    "iss",
    "aud",
    "events_supported",
    "events_delivered",
    "min_verification_interval",
];

/// A stream that does not exist is as good as one whose name is none.
pub(super) fn stream_id(text: &str) -> Id<EventStream> {
    text.parse().unwrap_or_else(|_| Id::from_uuid(Uuid::nil()))
}

/// A stream to make.
pub(in crate::http) struct NewStream(pub(super) WantedStream);

impl FromMembers for NewStream {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        wanted(members).map(Self).map_err(|problem| vec![problem])
    }
}

/// What changes about a stream.
pub(in crate::http) struct ChangedStream {
    pub(super) stream: Id<EventStream>,
    pub(super) wanted: WantedStream,
    supplied: Map<String, Value>,
}

impl FromMembers for ChangedStream {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            let named = SUPPLIED.into_iter();
            let supplied =
                named.filter_map(|name| Some((name.to_owned(), members.given(name)?.clone())));
            let mut supplied: Map<String, Value> = supplied.collect();
            let delivery = members.given("delivery");
            let fetched = delivery.filter(|delivery| {
                delivery.get("method").and_then(Value::as_str) == Some(DeliveryMethod::POLL)
            });
            let address = fetched.and_then(|delivery| delivery.get("endpoint_url"));
            supplied.extend(address.map(|address| ("endpoint_url".to_owned(), address.clone())));
            Ok(Self {
                stream: stream_id(required(members, "stream_id")?),
                wanted: wanted(members)?,
                supplied,
            })
        };
        read().map_err(|problem| vec![problem])
    }
}

impl ChangedStream {
    /// Whether everything that a transmitter supplies is as it stands in `answer`. Lists may be in any
    /// order.
    pub(super) fn fits(supplied: &Map<String, Value>, answer: &Value) -> bool {
        supplied.iter().all(|(name, value)| {
            let polled = answer.pointer("/delivery/method").and_then(Value::as_str)
                == Some(DeliveryMethod::POLL);
            let known = match name.as_str() {
                // Whoever asks to fetch from now on does not know yet from where.
                "endpoint_url" if !polled => return true,
                "endpoint_url" => answer.pointer("/delivery/endpoint_url"),
                name => answer.get(name),
            };
            known.is_some_and(|known| same(known, value))
        })
    }

    /// What the transmitter supplies, as the receiver knows it.
    pub(super) fn into_parts(self) -> (Id<EventStream>, WantedStream, Map<String, Value>) {
        (self.stream, self.wanted, self.supplied)
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.iter().all(|item| other.contains(item))
                && other.iter().all(|item| one.contains(item))
        }
        // One audience is a text or a list of one (RFC 7519 4.1.3).
        (one, Value::Array(other)) => matches!(other.as_slice(), [only] if only == one),
        _ => one == other,
    }
}

fn wanted(members: &Members) -> Result<WantedStream, Problem> {
    Ok(WantedStream {
        delivery: delivery(members)?,
        requested: requested(members)?,
        format: format(members)?,
        description: text(members, "description")?.map(str::to_owned),
    })
}

fn delivery(members: &Members) -> Result<Option<WantedDelivery>, Problem> {
    let wrong = |what: &str| Problem::in_body("delivery", "value_error", what);
    let Some(delivery) = members.given("delivery") else {
        return Ok(None);
    };
    let member = |name: &str| match delivery.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(
            "method, endpoint_url and authorization_header are texts",
        )),
    };
    let method = member("method")?;
    match method.as_deref() {
        Some(DeliveryMethod::POLL) => Ok(Some(WantedDelivery::Poll)),
        Some(DeliveryMethod::PUSH) => Ok(Some(WantedDelivery::Push {
            url: member("endpoint_url")?.ok_or_else(|| wrong("endpoint_url is missing"))?,
            authorization: member("authorization_header")?,
        })),
        _ => Err(wrong(
            "method is urn:ietf:rfc:8935 (push) or urn:ietf:rfc:8936 (poll)",
        )),
    }
}

fn requested(members: &Members) -> Result<Option<Vec<String>>, Problem> {
    let what = "Input should be a list of URIs";
    let wrong = || Problem::in_body("events_requested", "list_type", what);
    match members.given("events_requested") {
        None => Ok(None),
        Some(Value::Array(all)) => {
            let uris = all.iter().map(|uri| uri.as_str().map(str::to_owned));
            uris.collect::<Option<Vec<_>>>().map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

fn format(members: &Members) -> Result<Option<SubjectFormat>, Problem> {
    let what = "Input should be iss_sub, email or opaque";
    let wrong = || Problem::in_body("format", "value_error", what);
    let name = text(members, "format")?;
    name.map(|name| SubjectFormat::from_name(name).ok_or_else(wrong))
        .transpose()
}

fn text<'m>(members: &'m Members, name: &'static str) -> Result<Option<&'m str>, Problem> {
    match members.given(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            let what = "Input should be a valid string";
            Err(Problem::in_body(name, "string_type", what))
        }
    }
}

fn required<'m>(members: &'m Members, name: &'static str) -> Result<&'m str, Problem> {
    text(members, name)?.ok_or_else(|| Problem::missing(name))
}

/// A status that a stream shall have.
pub(in crate::http) struct NewStatus {
    pub(super) stream: Id<EventStream>,
    pub(super) status: StreamStatus,
    pub(super) reason: Option<String>,
}

impl FromMembers for NewStatus {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            let status = StreamStatus::from_name(required(members, "status")?);
            let what = "Input should be enabled, paused or disabled";
            Ok(Self {
                stream: stream_id(required(members, "stream_id")?),
                status: status.ok_or_else(|| Problem::in_body("status", "value_error", what))?,
                reason: text(members, "reason")?.map(str::to_owned),
            })
        };
        read().map_err(|problem| vec![problem])
    }
}

/// A subject of a stream.
pub(in crate::http) struct OneSubject {
    pub(super) stream: Id<EventStream>,
    pub(super) subject: Value,
}

impl FromMembers for OneSubject {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            let subject = members.given("subject");
            Ok(Self {
                stream: stream_id(required(members, "stream_id")?),
                subject: subject.ok_or_else(|| Problem::missing("subject"))?.clone(),
            })
        };
        read().map_err(|problem| vec![problem])
    }
}

/// A verification that is asked for.
pub(in crate::http) struct WantedVerification {
    pub(super) stream: Id<EventStream>,
    pub(super) state: Option<String>,
}

impl FromMembers for WantedVerification {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            Ok(Self {
                stream: stream_id(required(members, "stream_id")?),
                state: text(members, "state")?.map(str::to_owned),
            })
        };
        read().map_err(|problem| vec![problem])
    }
}

/// What a receiver says when it fetches.
pub(in crate::http) struct Poll(pub(super) PollRequest);

impl FromMembers for Poll {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            Ok(Self(PollRequest {
                max_events: max_events(members)?,
                return_immediately: return_immediately(members)?,
                acks: acks(members)?,
                errors: errors(members)?,
            }))
        };
        read().map_err(|problem| vec![problem])
    }
}

fn max_events(members: &Members) -> Result<Option<u32>, Problem> {
    let what = "Input should be a number from 0 on";
    let wrong = || Problem::in_body("maxEvents", "int_type", what);
    let Some(value) = members.given("maxEvents") else {
        return Ok(None);
    };
    let number = value.as_u64().ok_or_else(wrong)?;
    Ok(Some(u32::try_from(number).unwrap_or(u32::MAX)))
}

fn return_immediately(members: &Members) -> Result<bool, Problem> {
    match members.given("returnImmediately") {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => {
            let what = "Input should be true or false";
            Err(Problem::in_body("returnImmediately", "bool_type", what))
        }
    }
}

/// What is no `jti` of ours was never handed out, and is passed over.
fn acks(members: &Members) -> Result<Vec<Id<SignalMessage>>, Problem> {
    let wrong = || Problem::in_body("ack", "list_type", "Input should be a list of jti values");
    match members.given("ack") {
        None => Ok(Vec::new()),
        Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
            let texts = all.iter().filter_map(Value::as_str);
            Ok(texts.filter_map(|text| text.parse().ok()).collect())
        }
        Some(_) => Err(wrong()),
    }
}

/// RFC 8936 2.2: errors by `jti`, each an object with `err`.
fn errors(members: &Members) -> Result<Vec<(Id<SignalMessage>, String)>, Problem> {
    let what = "Input should be an object of at most 100 jti values, each with an object with err";
    let wrong = || Problem::in_body("setErrs", "value_error", what);
    let all = match members.given("setErrs") {
        None => return Ok(Vec::new()),
        Some(Value::Object(all)) => all,
        Some(_) => return Err(wrong()),
    };
    if all.len() > MOST as usize {
        return Err(wrong());
    }
    let mut errors = Vec::with_capacity(all.len());
    for (jti, error) in all {
        let error = error.get("err").and_then(Value::as_str).ok_or_else(wrong)?;
        // Somebody else's words are not kept when they are more than a name.
        let error = code(error).unwrap_or_else(|| UNREADABLE.to_owned());
        errors.extend(jti.parse().map(|jti| (jti, error)));
    }
    Ok(errors)
}

/// Which stream a request is about, in its query.
pub(in crate::http) struct WantedId(pub(super) Option<Id<EventStream>>);

impl FromRequest for WantedId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string().as_bytes();
        let mut named = url::form_urlencoded::parse(query);
        let found = named.find(|(name, _)| name == "stream_id");
        ready(Ok(Self(found.map(|(_, text)| stream_id(&text)))))
    }
}

impl WantedId {
    /// The stream, where one must be named.
    pub(super) fn required(self) -> Result<Id<EventStream>, ApiError> {
        self.0
            .ok_or_else(|| ApiError::malformed("stream_id is missing"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn a_poll_is_bounded_whatever_is_acknowledged(
            acks in prop::collection::vec("[0-9a-f-]{36}|\\PC{0,8}", 0..8),
            errors in prop::collection::hash_map("[0-9a-f]{32}", "\\PC{0,80}", 0..110),
            most: u64,
        ) {
            let (heard, said) = (acks.len(), errors.len());
            let errors: Map<String, Value> = errors
                .into_iter()
                .map(|(jti, error)| (jti, json!({ "err": error })))
                .collect();
            let body = json!({ "ack": acks, "setErrs": errors, "maxEvents": most }).to_string();
            let read = Poll::read(&Members::parse(body.as_bytes()).unwrap());
            prop_assert_eq!(read.is_ok(), said <= MOST as usize);
            if let Ok(Poll(request)) = read {
                prop_assert!(request.acks.len() <= heard && request.errors.len() == said);
                prop_assert!(request.max_events.map(u64::from) <= Some(most));
                for (_, error) in &request.errors {
                    prop_assert_eq!(code(error), Some(error.clone()));
                }
            }
        }
    }
}
