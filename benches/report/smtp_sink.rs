//! A mail server that answers at once and keeps nothing: the least a letter can cost.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A running server; it ends with this value.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Sink {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream));
            }
        });
        Ok(Self {
            address,
            _runtime: runtime,
        })
    }
}

async fn converse(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink\r\n").await?;
    let mut line = Vec::new();
    let mut in_text = false;
    while stream.read_until(b'\n', &mut line).await? > 0 {
        let answer: &[u8] = match (in_text, line.as_slice()) {
            (true, b".\r\n") => {
                in_text = false;
                b"250 taken\r\n"
            }
            (true, _) => b"",
            (false, said) if said.starts_with(b"DATA") => {
                in_text = true;
                b"354 go on\r\n"
            }
            (false, said) if said.starts_with(b"QUIT") => b"221 goodbye\r\n",
            (false, said) if said.starts_with(b"EHLO") => b"250-sink\r\n250 8BITMIME\r\n",
            _ => b"250 yes\r\n",
        };
        stream.write_all(answer).await?;
        line.clear();
    }
    Ok(())
}
