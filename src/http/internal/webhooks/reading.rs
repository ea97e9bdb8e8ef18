//! What requests about webhooks say.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;

use crate::http::extract::{FromMembers, Members};
use crate::http::internal::body::{id, text};
use crate::http::{ApiError, Problem};
use crate::model::{EventTypes, Id, Organization, Timestamp, WebhookEndpoint, WebhookMessage};

/// An endpoint to add.
pub(in crate::http) struct NewWebhook {
    pub(super) url: String,
    pub(super) organization: Option<Id<Organization>>,
    pub(super) events: EventTypes,
}

impl FromMembers for NewWebhook {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            members.only(&["url", "organization_id", "events"])?;
            let url = text(members, "url")?.ok_or_else(|| Problem::missing("url"))?;
            Ok(Self {
                url: url.to_owned(),
                organization: id(members, "organization_id")?,
                events: events(members)?,
            })
        };
        read().map_err(|problem| vec![problem])
    }
}

fn events(members: &Members) -> Result<EventTypes, Problem> {
    let what = "Input should be a list of types of event";
    let wrong = || Problem::in_body("events", "value_error", what);
    let names: Option<Vec<&str>> = match members.given("events") {
        None => return Ok(EventTypes::all()),
        Some(Value::Array(all)) => all.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let names = names.ok_or_else(wrong)?.join(" ");
    names.parse().map_err(|_| wrong())
}

/// Whether an endpoint is told.
pub(in crate::http) struct ChangedWebhook {
    pub(super) enabled: bool,
}

impl FromMembers for ChangedWebhook {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let others = members.only(&["enabled"]);
        others.map_err(|problem| vec![problem])?;
        match members.given("enabled") {
            Some(Value::Bool(enabled)) => Ok(Self { enabled: *enabled }),
            Some(_) => {
                let what = "Input should be true or false";
                Err(vec![Problem::in_body("enabled", "bool_type", what)])
            }
            None => Err(vec![Problem::missing("enabled")]),
        }
    }
}

/// What is sent again.
pub(in crate::http) enum ReplayRequest {
    Message(Id<WebhookMessage>),
    Since(Timestamp),
}

impl FromMembers for ReplayRequest {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let read = || -> Result<Self, Problem> {
            members.only(&["message_id", "since"])?;
            match (id(members, "message_id")?, text(members, "since")?) {
                (Some(message), None) => Ok(Self::Message(message)),
                (None, Some(since)) => {
                    Ok(Self::Since(Timestamp::parse(since).ok_or_else(|| {
                        let what = "Input should be a date and time as RFC 3339 writes it";
                        Problem::in_body("since", "datetime_parsing", what)
                    })?))
                }
                _ => {
                    let what = "Input should have either message_id or since";
                    Err(Problem::of_body("value_error", what))
                }
            }
        };
        read().map_err(|problem| vec![problem])
    }
}

/// Which page of which endpoints.
pub(in crate::http) struct Wanted {
    pub(super) organization: Option<Id<Organization>>,
    pub(super) after: Option<Id<WebhookEndpoint>>,
}

impl FromRequest for Wanted {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || -> Result<Self, Problem> {
            let query = request.query_string().as_bytes();
            let (mut organization, mut after) = (None, None);
            for (name, value) in url::form_urlencoded::parse(query) {
                match (&*name, value.is_empty()) {
                    ("organization_id" | "cursor", true) => {}
                    ("organization_id", _) => {
                        organization = Some(in_query("organization_id", &value)?);
                    }
                    ("cursor", _) => after = Some(in_query("cursor", &value)?),
                    _ => {
                        let what = "Parameters are organization_id, cursor";
                        return Err(Problem::of_query("extra_forbidden", what));
                    }
                }
            }
            Ok(Self {
                organization,
                after,
            })
        };
        ready(read().map_err(|problem| ApiError::invalid(vec![problem])))
    }
}

fn in_query<T>(name: &'static str, text: &str) -> Result<Id<T>, Problem> {
    let wrong = |_| Problem::in_query(name, "uuid_parsing", "Input should be a valid UUID");
    text.parse().map_err(wrong)
}
