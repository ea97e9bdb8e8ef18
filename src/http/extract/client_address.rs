//! From where a request comes: the peer or, behind trusted proxies, whom they name.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::http::state::ApiState;
use crate::model::forwarded;

/// The address that a request comes from, as far as it is known; `None` when a trusted proxy named nobody
/// that can be read. Whoever is let in by their address goes by this one.
pub(in crate::http) fn client_address(request: &HttpRequest, state: &ApiState) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !state.trusted_proxies.contains(peer) {
        return Some(peer);
    }
    let headers = request.headers().get_all("x-forwarded-for");
    let values = headers.map(|value| value.as_bytes());
    let named = forwarded::named(values, &state.trusted_proxies).ok()?;
    Some(named.unwrap_or(peer))
}

/// The address that limits go by: where nobody is named, all of that proxy share one allowance.
pub(in crate::http) fn limited_address(request: &HttpRequest, state: &ApiState) -> Option<IpAddr> {
    let peer = || Some(request.peer_addr()?.ip().to_canonical());
    client_address(request, state).or_else(peer)
}

/// Whether the peer itself is a proxy whose headers are believed.
pub(in crate::http) fn is_from_proxy(request: &HttpRequest, state: &ApiState) -> bool {
    let peer = request.peer_addr();
    peer.is_some_and(|peer| state.trusted_proxies.contains(peer.ip()))
}
