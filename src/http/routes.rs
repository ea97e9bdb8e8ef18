//! Every route in one table.

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

use super::api_error::ApiError;
use super::state::ApiState;
use super::{introspection, openapi, operations, reports};

/// The addresses, each with the methods it answers to.
pub fn configure(config: &mut ServiceConfig, state: &ApiState) {
    if state.github.is_some() {
        config.service(
            resource("/v1/integrations/github/secret-scanning")
                .route(web::post().to(reports::github)),
        );
    }
    config
        .service(resource("/v1/oauth2/introspect").route(web::post().to(introspection::introspect)))
        .service(
            resource("/healthz")
                .route(web::get().to(operations::healthz))
                .route(web::head().to(operations::healthz)),
        )
        .service(
            resource("/readyz")
                .route(web::get().to(operations::readyz))
                .route(web::head().to(operations::readyz)),
        )
        .service(resource("/metrics").route(web::get().to(operations::metrics)))
        .service(resource("/openapi.json").route(web::get().to(openapi::document)))
        .default_service(web::to(not_found));
}

fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found())
}

async fn method_not_allowed() -> Result<HttpResponse, ApiError> {
    Err(ApiError::method_not_allowed())
}
