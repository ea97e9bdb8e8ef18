//! `tokenward healthcheck`: asks a running service whether it is well, for a container's
//! `HEALTHCHECK`, where no other HTTP client is at hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::output::Output;
use crate::config::Settings;

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address to ask instead of the configured one, such as http://127.0.0.1:8080/readyz
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
}

#[derive(Serialize)]
struct Health<'a> {
    url: &'a str,
    status: u16,
}

pub(super) async fn run(
    arguments: &Arguments,
    settings: &Settings,
    out: &mut Output,
) -> anyhow::Result<()> {
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => here(settings.server.listen)?,
    };
    let asked = tokio::time::timeout(PATIENCE, status(&url)).await;
    let status = asked
        .unwrap_or_else(|_| bail!("no answer within {} seconds", PATIENCE.as_secs()))
        .with_context(|| format!("{url} is not well"))?;
    if status != 200 {
        bail!("{url} is not well: it answers {status}");
    }
    let text = format!("{url} is well");
    let url = url.as_str();
    out.either(&Health { url, status }, &text)
}

/// Where a service that listens on `address` is asked from the same machine.
fn here(address: SocketAddr) -> anyhow::Result<Url> {
    if address.port() == 0 {
        bail!("the configured port is 0, which the system chooses anew each time: give --url");
    }
    // Everywhere is where one listens, not where one can be reached.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, address.port());
    Ok(Url::parse(&format!("http://{address}/healthz"))?)
}

/// The status of one `GET`. Written by hand because the service's own client goes through the
/// proxy that the environment names and wants trusted roots, and this question needs neither.
async fn status(url: &Url) -> anyhow::Result<u16> {
    if url.scheme() != "http" {
        bail!("the service itself speaks http://; TLS ends at the proxy in front of it");
    }
    let addresses = url.socket_addrs(|| None)?;
    let mut connection = TcpStream::connect(addresses.as_slice()).await?;
    let host = url.authority().rsplit('@').next().unwrap_or_default();
    let path = url.path();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    // RFC 9112 4: `HTTP/1.1 200 OK`; the code ends at the twelfth byte.
    let mut line = [0; 12];
    connection.read_exact(&mut line).await?;
    let line = str::from_utf8(&line)?;
    let code = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..));
    code.and_then(|code| code.parse().ok())
        .context("what answers does not speak HTTP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_this_machine() {
        for (listen, url) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080/healthz"),
            ("[::]:80", "http://[::1]/healthz"),
            ("192.0.2.1:8080", "http://192.0.2.1:8080/healthz"),
        ] {
            assert_eq!(here(listen.parse().unwrap()).unwrap().as_str(), url);
        }
        assert!(here("127.0.0.1:0".parse().unwrap()).is_err());
    }
}
