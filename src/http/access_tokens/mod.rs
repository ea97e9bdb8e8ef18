//! Personal and organization access tokens over HTTP, as Polar's dashboard calls them.

pub(super) mod organizations;
pub(super) mod personal;

mod body;
mod view;

use serde::Serialize;
use utoipa::ToSchema;

use super::api_error::ApiError;
use super::problem::Problem;
use crate::domain::access_tokens::{Part, Refusal};
pub(super) use body::{NewOrganizationToken, read_expires_in, read_scopes};
pub(super) use view::{Asked, read as read_view};

use crate::model::{KnownToken, PageWindow, Timestamp, TokenName};

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Pagination {
    /// How many there are in all.
    #[schema(example = 1)]
    total_count: u64,
    /// How many pages they make.
    #[schema(example = 1)]
    max_page: u64,
}

impl Pagination {
    fn new(part: &Part, window: PageWindow) -> Self {
        Self::of(part.total, window)
    }

    /// Of a list of so many.
    pub(super) fn of(total: u64, window: PageWindow) -> Self {
        Self {
            total_count: total,
            max_page: window.pages(total),
        }
    }
}

/// What personal and organization tokens have in common.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenFacts {
    #[schema(example = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c11", format = "uuid")]
    id: String,
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    created_at: String,
    /// When it was changed last, if ever.
    #[schema(example = json!(null), format = "date-time")]
    modified_at: Option<String>,
    #[schema(example = json!(["orders:read"]))]
    scopes: Vec<String>,
    /// Until when it works; null is until it is revoked.
    #[schema(example = "2026-12-25T08:00:00Z", format = "date-time")]
    expires_at: Option<String>,
    /// What its owner calls it.
    #[schema(example = "deployment")]
    comment: String,
    /// When it was last seen in use, if ever.
    #[schema(example = json!(null), format = "date-time")]
    last_used_at: Option<String>,
    /// Since when it is in quarantine and does not work, because it was reported as leaked: it will work
    /// again or be revoked for good. Absent where it is not.
    #[schema(example = "2026-11-25T08:00:00Z", format = "date-time")]
    #[serde(skip_serializing_if = "Option::is_none")]
    quarantined_at: Option<String>,
}

impl TokenFacts {
    fn new(known: &KnownToken) -> Self {
        let token = &known.token;
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let ended = token.revocation.filter(|_| known.is_quarantined());
        let comment = token.name.as_ref().map(TokenName::as_str);
        Self {
            id: token.id.to_string(),
            created_at: token.created_at.to_string(),
            modified_at: moment(token.modified_at),
            scopes: token.scopes.iter().map(str::to_owned).collect(),
            expires_at: moment(token.expires_at),
            comment: comment.unwrap_or_default().to_owned(),
            last_used_at: moment(token.last_used_at),
            quarantined_at: moment(ended.map(|end| end.at)),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let invalid =
            |name, r#type, msg: &str| Self::invalid(vec![Problem::in_body(name, r#type, msg)]);
        match refusal {
            Refusal::SignedOut => Self::not_signed_in(),
            Refusal::Stale => Self::forbidden(
                "session_not_fresh",
                "sign in again: this needs somebody who signed in not long ago",
            ),
            Refusal::NotPermitted => {
                let detail = "this needs an owner or admin of an organization that is not blocked";
                Self::forbidden("not_permitted", detail)
            }
            Refusal::NotFound => Self::no_such("there is no such token"),
            Refusal::UnknownOrganization => {
                invalid("organization_id", "value_error", "Organization not found.")
            }
            Refusal::NameHoldsToken => {
                invalid("comment", "value_error", "A comment must not hold a token")
            }
            Refusal::ScopeNotOffered => invalid(
                "scopes",
                "enum",
                "Input should be scopes that are offered here",
            ),
            Refusal::LivesTooLong(most) => {
                let days = most.as_secs() / 86_400;
                let msg = format!(
                    "The longest lifetime is {} seconds ({days} days)",
                    most.as_secs()
                );
                invalid("expires_in", "less_than_equal", &msg)
            }
            Refusal::TooMany(most) => {
                let detail = format_args!("there are {most} already: delete one first");
                Self::conflict("too_many_tokens", detail)
            }
            Refusal::FormTooOld | Refusal::Ended => Self::not_found(),
            Refusal::Storage(error) => error.into(),
        }
    }
}
