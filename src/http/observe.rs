//! One middleware around everything: a request's id, its span, its numbers.

use std::borrow::Cow;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    HeaderMap, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse};
use tracing::{Instrument, field};
use uuid::Uuid;

use super::connections::Busy;
use super::limiting;
use super::request_id;
use super::state::ApiState;
use super::web;

/// Gives the request an id and a span, and counts it by its route's pattern: paths and queries
/// hold whatever a caller wrote, so they appear nowhere.
///
/// # Errors
/// Those of the handler, unchanged.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let Some(busy) = Busy::with(request.request()) else {
        let unheard = HttpResponse::new(StatusCode::SERVICE_UNAVAILABLE);
        return Ok(request.into_response(unheard).map_into_left_body());
    };
    let method = request.method().clone();
    let Some(state) = request.app_data::<Data<ApiState>>().cloned() else {
        let response = next.call(request).await?;
        return Ok(response.map_into_boxed_body().map_into_left_body());
    };
    let id = request_id::fresh(state.ctx.clock.now());
    let span = tracing::info_span!(
        "http.request",
        request.id = %id,
        http.method = %method,
        http.route = field::Empty,
        http.status = field::Empty,
    );
    let eyes = web::Eyes::of(request.request(), &state);
    let answering = web::within(eyes, next.call(request));
    let answer = request_id::within(id, answering)
        .instrument(span.clone())
        .await;
    let mut response = answer?;
    let route = route(response.request());
    let status = response.status().as_u16();
    let took = started.elapsed();
    state
        .metrics
        .request(route.clone(), method.as_str(), status, took);
    mark(response.headers_mut(), id, state.cookies.secure());
    limiting::mark(&mut response);
    if busy.is_of_the_last() {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    span.record("http.route", route.as_deref().unwrap_or("none"));
    span.record("http.status", status);
    let milliseconds = took.as_secs_f64() * 1_000.0;
    // Answers as usual are counted; those that somebody may ask about are written down.
    span.in_scope(|| match status {
        500.. => tracing::warn!(http.milliseconds = milliseconds, "request failed"),
        400..500 => tracing::info!(http.milliseconds = milliseconds, "request refused"),
        _ => tracing::debug!(http.milliseconds = milliseconds, "request answered"),
    });
    let response = response.map_into_boxed_body();
    let response = response.map_body(|_, body| busy.in_pieces(body));
    Ok(response.map_into_right_body())
}

/// What every answer carries, whoever it is for.
fn mark(headers: &mut HeaderMap, id: Uuid, secure: bool) {
    // Nothing here is ever to be taken for another type than it says.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Nor to be asked for over http again (RFC 6797), where people reach us by https.
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static(request_id::HEADER), value);
    }
}

fn route(request: &HttpRequest) -> Option<Cow<'static, str>> {
    request.match_pattern().map(Cow::Owned)
}
