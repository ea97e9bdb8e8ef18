//! `/settings/tokens` and `/organizations/{slug}/tokens`: personal access tokens and those of
//! organizations, from the first form to the last.

pub(in crate::http) mod change;
pub(in crate::http) mod list;
pub(in crate::http) mod new;
pub(in crate::http) mod replace;

mod expiry;
mod made;
mod view;

use actix_web::HttpRequest;

use super::desk::Desk;
use super::error::PageError;
use crate::domain::access_tokens::kept;
use crate::http::state::ApiState;
use crate::model::{Id, KnownToken, Token};

/// Most characters of a token's name, as the form says it.
const LONGEST_NAME: usize = 100;

/// The id in the path; what is none leads nowhere.
fn id_in_path<T>(request: &HttpRequest) -> Result<Id<T>, PageError> {
    let id = request
        .match_info()
        .get("id")
        .and_then(|id| id.parse().ok());
    id.ok_or(PageError::NotFound)
}

/// The token that the path names, if it is kept at this desk.
async fn token_in_path(
    request: &HttpRequest,
    desk: &Desk,
    state: &ApiState,
) -> Result<KnownToken, PageError> {
    find(id_in_path(request)?, desk, state).await
}

async fn find(id: Id<Token>, desk: &Desk, state: &ApiState) -> Result<KnownToken, PageError> {
    let found = kept::find(&state.ctx, desk.session(), &desk.home, id).await;
    found.map_err(|refusal| desk.refused(refusal))
}
