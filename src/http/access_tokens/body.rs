//! What the bodies say.

use std::time::Duration;

use serde_json::Value;

use crate::domain::access_tokens::{Change, NewAccessToken};
use crate::http::Problem;
use crate::http::extract::{FromMembers, Members};
use crate::model::access_token::{InvalidLifetime, lifetime_of_seconds, parse_lifetime};
use crate::model::{Id, Organization, ScopeSet, TokenName};

impl FromMembers for NewAccessToken {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let comment = members.find("comment").ok_or(Problem::missing("comment"));
        let scopes = members.find("scopes").ok_or(Problem::missing("scopes"));
        let parts = (
            comment.and_then(read_comment),
            scopes.and_then(read_scopes),
            read_lifetime(members),
        );
        match parts {
            (Ok(comment), Ok(scopes), Ok(lifetime)) => Ok(Self {
                comment,
                scopes,
                lifetime,
            }),
            (comment, scopes, lifetime) => {
                let problems = [comment.err(), scopes.err(), lifetime.err()];
                Err(problems.into_iter().flatten().collect())
            }
        }
    }
}

/// A new token of an organization.
pub(in crate::http) struct NewOrganizationToken {
    pub(super) organization: Id<Organization>,
    pub(super) new: NewAccessToken,
}

impl FromMembers for NewOrganizationToken {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let organization = members
            .find("organization_id")
            .ok_or(Problem::missing("organization_id"))
            .and_then(read_organization);
        match (organization, NewAccessToken::read(members)) {
            (Ok(organization), Ok(new)) => Ok(Self { organization, new }),
            (organization, new) => {
                let others = new.err().into_iter().flatten();
                Err(organization.err().into_iter().chain(others).collect())
            }
        }
    }
}

impl FromMembers for Change {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let comment = members.given("comment").map(read_comment).transpose();
        let scopes = members.given("scopes").map(read_scopes).transpose();
        match (comment, scopes) {
            (Ok(comment), Ok(scopes)) => Ok(Self { comment, scopes }),
            (comment, scopes) => Err([comment.err(), scopes.err()]
                .into_iter()
                .flatten()
                .collect()),
        }
    }
}

fn read_organization(value: &Value) -> Result<Id<Organization>, Problem> {
    let id = value.as_str().and_then(|text| text.parse().ok());
    let what = "Input should be a valid UUID";
    id.ok_or_else(|| Problem::in_body("organization_id", "uuid_parsing", what))
}

fn read_comment(value: &Value) -> Result<TokenName, Problem> {
    let wrong = |r#type, what: &str| Problem::in_body("comment", r#type, what);
    let text = value
        .as_str()
        .ok_or_else(|| wrong("string_type", "Input should be a valid string"))?;
    let what = "Input should be 1 to 100 characters on one line";
    text.parse().map_err(|_| wrong("value_error", what))
}

pub(in crate::http) fn read_scopes(value: &Value) -> Result<ScopeSet, Problem> {
    let wrong = || Problem::in_body("scopes", "list_type", "Input should be a list of scopes");
    let names = value.as_array().ok_or_else(wrong)?;
    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
    let names = names.ok_or_else(wrong)?;
    // A name with a space would be two.
    if names
        .iter()
        .any(|name| name.is_empty() || name.contains(' '))
    {
        return Err(wrong());
    }
    names.join(" ").parse().map_err(|_| wrong())
}

/// Whoever wants a token without end must say so.
fn read_lifetime(members: &Members) -> Result<Option<Duration>, Problem> {
    match members.find("expires_in") {
        None => Err(Problem::missing("expires_in")),
        Some(Value::Null) => Ok(None),
        Some(value) => read_expires_in(value).map(Some),
    }
}

/// Seconds, or an ISO 8601 duration.
pub(in crate::http) fn read_expires_in(value: &Value) -> Result<Duration, Problem> {
    let lifetime = match value {
        Value::Number(number) => number
            .as_u64()
            .ok_or(InvalidLifetime)
            .and_then(lifetime_of_seconds),
        Value::String(text) => parse_lifetime(text),
        _ => Err(InvalidLifetime),
    };
    let what = "Input should be whole seconds or a duration such as P30D, of at least one second";
    lifetime.map_err(|_| Problem::in_body("expires_in", "time_delta_parsing", what))
}
