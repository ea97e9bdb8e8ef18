//! `POST /v1/global-token-revocation` (draft-parecki-oauth-global-token-revocation).

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::api_error::ApiError;
use super::extract::{AuthorizedService, EndSessions, FromMembers, Json, Members};
use super::limiting;
use super::openapi::{ErrorBody, GlobalRevocationBody, ProblemsBody};
use super::problem::Problem;
use super::state::ApiState;
use crate::domain::global_revocation::{self, GlobalRevocationRefusal};
use crate::domain::limits::Subject;
use crate::model::{self, Limit, RevocationReason};

/// Whom a request is about.
pub(super) struct SubId(model::Subject);

impl FromMembers for SubId {
    fn read(members: &Members) -> Result<Self, Vec<Problem>> {
        let given = members.given("sub_id");
        let given = given.ok_or_else(|| vec![Problem::missing("sub_id")])?;
        let subject = given.as_object().and_then(subject);
        let why = "Input should be a subject identifier (RFC 9493) of the format email, opaque or \
                   iss_sub";
        subject
            .map(Self)
            .ok_or_else(|| vec![Problem::in_body("sub_id", "value_error", why)])
    }
}

/// RFC 9493 3: each format has members of its own.
fn subject(members: &Map<String, Value>) -> Option<model::Subject> {
    use model::Subject;
    let member = |name: &str| members.get(name).and_then(Value::as_str);
    match member("format")? {
        "email" => member("email")?.parse().ok().map(Subject::Email),
        "opaque" => Some(Subject::Opaque(member("id")?.parse().ok())),
        "iss_sub" => Some(Subject::IssuerSubject {
            iss: member("iss")?.to_owned(),
            sub: member("sub")?.parse().ok(),
        }),
        _ => None,
    }
}

/// Ends every session of a user and everything that was granted in their name, wherever they are
/// signed in. Whoever asks needs a service key with the scope `sessions:revoke`.
#[utoipa::path(
    post,
    path = "/v1/global-token-revocation",
    tag = "reports",
    security(("service_key" = [])),
    request_body(content = GlobalRevocationBody),
    responses(
        (status = 204, description = "The user is signed out everywhere."),
        (status = 400, description = "Not a subject identifier of a format that users are known by.",
            body = ProblemsBody),
        (status = 401, description = "No service key that works.", body = ErrorBody),
        (status = 403, description = "The service key lacks the scope.", body = ErrorBody),
        (status = 404, description = "There is no such user.", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time.", body = ErrorBody),
        (status = 413, description = "Larger than is read.", body = ErrorBody),
        (status = 415, description = "Not JSON, or compressed.", body = ErrorBody),
        (status = 422, description = "The subject is named by an issuer that is not this one.",
            body = ErrorBody),
        (status = 429, description = "Too often with this key; see `Retry-After`.",
            body = ErrorBody),
        (status = 503, description = "Not possible now; see `Retry-After`.", body = ErrorBody),
    )
)]
pub(super) async fn revoke(
    wire: HttpRequest,
    caller: AuthorizedService<EndSessions>,
    body: Result<Json<SubId>, ApiError>,
    state: Data<ApiState>,
) -> Result<HttpResponse, ApiError> {
    let key = Subject::Credential(caller.who.key);
    limiting::count_for(&wire, &state, Limit::GlobalRevocations, key)?;
    let Json(SubId(subject)) = body.map_err(ApiError::into_malformed)?;
    let ending = global_revocation::sign_out_everywhere(&state.ctx, &subject);
    let ended = state.timely(ending).await?.map_err(refused)?;
    let reason = RevocationReason::SignedOutEverywhere;
    for kind in &ended.revoked {
        state.metrics.revocations(*kind, reason, 1);
    }
    tracing::info!(
        user.id = %ended.user,
        service_key.id = %caller.who.key,
        tokens = ended.revoked.len(),
        "a user was signed out everywhere",
    );
    Ok(HttpResponse::NoContent()
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

fn refused(refusal: GlobalRevocationRefusal) -> ApiError {
    match refusal {
        GlobalRevocationRefusal::NoSuchUser => ApiError::no_such(refusal),
        GlobalRevocationRefusal::ForeignIssuer => {
            ApiError::unprocessable("foreign_issuer", refusal)
        }
        GlobalRevocationRefusal::Storage(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{Id, Subject, User};

    fn read(json: &Value) -> Option<Subject> {
        subject(json.as_object().unwrap())
    }

    #[test]
    fn each_format_has_members_of_its_own() {
        let id = "01926b3c-5b7e-7c4a-9f61-2f1a0e5d9c22";
        let user: Id<User> = id.parse().unwrap();
        assert_eq!(
            read(&json!({ "format": "email", "email": "Ada@Example.com", "id": id })),
            Some(Subject::Email("ada@example.com".parse().unwrap()))
        );
        assert_eq!(
            read(&json!({ "format": "opaque", "id": id })),
            Some(Subject::Opaque(Some(user)))
        );
        assert_eq!(
            read(&json!({ "format": "iss_sub", "iss": "https://x.example", "sub": "who" })),
            Some(Subject::IssuerSubject {
                iss: "https://x.example".to_owned(),
                sub: None,
            })
        );
        // RFC 9493 3: a format's name is compared as it is.
        assert_eq!(
            read(&json!({ "format": "Email", "email": "a@b.example" })),
            None
        );
    }

    proptest! {
        #[test]
        fn any_members_are_read_without_harm(
            format in "email|opaque|iss_sub|account|[a-z_]{0,8}",
            members in prop::collection::hash_map("email|id|iss|sub|format", ".{0,40}", 0..5),
        ) {
            let mut members: Map<String, Value> =
                members.into_iter().map(|(name, value)| (name, value.into())).collect();
            members.insert("format".to_owned(), format.into());
            let _ = subject(&members);
        }
    }
}
