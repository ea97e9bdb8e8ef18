//! What listens and answers.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use socket2::SockRef;

use crate::config::Settings;
use crate::http::{self, ApiState, Connections};

/// So many connections wait to be accepted, as far as the system allows; others try again by themselves.
const WAITING: i32 = 1_024;

pub(super) fn listen(on: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(on).with_context(|| format!("cannot listen on {on}"))?;
    let waiting = SockRef::from(&listener).listen(WAITING);
    waiting.with_context(|| format!("cannot listen on {on}"))?;
    Ok(listener)
}

pub(super) fn serve(
    settings: &Settings,
    state: ApiState,
    listener: TcpListener,
) -> anyhow::Result<Server> {
    let timeout = settings.server.shutdown_timeout.as_secs();
    let (workers, connections) = (settings.server.workers, settings.server.max_connections);
    let (of_one, trusted) = (
        settings.server.max_connections_per_address,
        Arc::clone(&state.trusted_proxies),
    );
    // A worker more than there may be connections would have none.
    let workers = workers.min(connections);
    // All workers hold as many, so that what is left of the division is never open.
    let of_worker = connections.get() / workers;
    let most = of_worker * workers.get();
    let connections_of = Connections::new(of_one, most, trusted, state.metrics.clone());
    tokio::spawn(connections_of.end_quiet_ones());
    let server = HttpServer::new(move || {
        let table = state.clone();
        App::new()
            .app_data(Data::new(state.clone()))
            .wrap(from_fn(http::observe))
            .configure(move |config| http::configure(config, &table))
    });
    Ok(server
        .on_connect(move |connection, data| connections_of.opened(connection, data))
        .workers(workers.get())
        .max_connections(of_worker)
        .shutdown_timeout(timeout)
        .disable_signals()
        .listen(listener)?
        .run())
}
