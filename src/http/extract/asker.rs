//! Who asks about a token: a service with its key, or a client.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::bearer::{self, has_scheme};
use super::client::{authenticated, counted};
use super::form::{FromParameters, Parameters, parameters};
use crate::domain::introspection::Asker;
use crate::http::OAuthError;
use crate::http::state::ApiState;
use crate::model::Limit;
use crate::telemetry::IntrospectionAnswer;

/// A question, and who asks it. A client was authenticated; a service key is only presented, and
/// is looked up together with the token in question.
pub struct AskedBy<T> {
    /// Who asks.
    pub asker: Asker,
    /// What.
    pub form: T,
}

impl<T: FromParameters + 'static> FromRequest for AskedBy<T> {
    type Error = OAuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, OAuthError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            if has_scheme(&request, b"bearer") {
                let key = bearer::read(&request)?.into_inner();
                let form = T::read(&parameters(&request, payload).await?)?;
                let asker = Asker::ServiceKey(key);
                return Ok(Self { asker, form });
            }
            let parameters = parameters(&request, payload).await?;
            if presents_nothing(&request, &parameters) {
                return Err(OAuthError::MissingCredential);
            }
            let client = authenticated(&request, &parameters).await;
            // RFC 7662 2.1: not for whoever only says who they are.
            let client = client.and_then(|client| match client.metadata.is_public() {
                true => Err(OAuthError::InvalidClient { basic: false }),
                false => Ok(client),
            });
            if matches!(client, Err(OAuthError::InvalidClient { .. }))
                && let Some(state) = request.app_data::<Data<ApiState>>()
            {
                state.metrics.introspection(IntrospectionAnswer::Refused);
            }
            let limit = Limit::FailedIntrospections;
            let client = client.map_err(|error| counted(&request, limit, error))?;
            Ok(Self {
                asker: Asker::Client(Box::new(client)),
                form: T::read(&parameters)?,
            })
        })
    }
}

/// Whether neither header nor body say who asks, in a way that anybody could read.
fn presents_nothing(request: &HttpRequest, parameters: &Parameters) -> bool {
    !has_scheme(request, b"basic") && parameters.find("client_id").is_none()
}
