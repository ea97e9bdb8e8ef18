//! How soon the service is ready, and how little it holds while it idles.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::child::Child;
use super::client::Connection;
use super::database::Database;
use super::rounds::median;
use super::table::{Report, count};
use super::{Plan, cpu};

const READY: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: bench\r\n\r\n";

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(database) = databases.last() else {
        return Ok(());
    };
    let name = format!(
        "{}, {} tokens",
        database.engine.name(),
        count(database.size)
    );
    let mut took = Vec::new();
    let mut last: Option<Child> = None;
    for _ in 0..plan.starts {
        // The one before ends first: it holds the file's memory map and the server's connections.
        drop(last.take());
        let (child, ready) = start(&database.url)?;
        took.push(ready.as_secs_f64());
        last = Some(child);
    }
    let most = took.iter().copied().fold(0.0, f64::max);
    let middle = median(took.into_iter());
    report.single(
        &format!("start to first `/readyz` 200, {name}"),
        &format!("{:.0} ms (most: {:.0} ms)", middle * 1e3, most * 1e3),
        "≤ 500 ms",
        middle <= 0.5,
    );
    if let Some(child) = &last {
        std::thread::sleep(Duration::from_secs(plan.idle_seconds));
        let megabytes = cpu::resident(child.pid())? as f64 / 1e6;
        report.single(
            &format!("resident when idle, {name}"),
            &format!("{megabytes:.1} MB"),
            "< 40 MB",
            megabytes < 40.0,
        );
    }
    Ok(())
}

/// Starts the service with everything that runs in it, and waits until it is ready.
fn start(url: &str) -> anyhow::Result<(Child, Duration)> {
    let address: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let started = Instant::now();
    let child = Child::spawn("service", &[url, &address.to_string(), "jobs"])?;
    while started.elapsed() < Duration::from_secs(30) {
        if is_ready(address) {
            return Ok((child, started.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    ensure!(false, "the service did not get ready");
    Ok((child, started.elapsed()))
}

fn is_ready(address: SocketAddr) -> bool {
    let answer = Connection::open(address).and_then(|mut connection| connection.send(READY));
    matches!(answer, Ok((200, _)))
}
