//! From where a request comes: the peer or, behind trusted proxies, whom they name.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::http::state::ApiState;

/// The address that limits and lists go by.
pub(in crate::http) fn client_address(request: &HttpRequest, state: &ApiState) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !state.trusted_proxies.contains(peer) {
        return Some(peer);
    }
    let headers = request.headers().get_all("x-forwarded-for");
    let named: Vec<&str> = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    // Each proxy appends whom it heard: the last one that is not ours is as far as trust goes.
    let mut addresses = named.iter().rev().map(|text| text.trim().parse::<IpAddr>());
    let stranger = addresses.find(|address| match address {
        Ok(address) => !state.trusted_proxies.contains(*address),
        Err(_) => true,
    });
    match stranger {
        Some(Ok(address)) => Some(address.to_canonical()),
        _ => Some(peer),
    }
}

/// Whether the peer itself is a proxy whose headers are believed.
pub(in crate::http) fn is_from_proxy(request: &HttpRequest, state: &ApiState) -> bool {
    let peer = request.peer_addr();
    peer.is_some_and(|peer| state.trusted_proxies.contains(peer.ip()))
}
