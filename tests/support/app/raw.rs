//! HTTP/1.1 written by hand, for what no proper client would send.

use std::io;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, TestApp};

/// A connection on which a test says every byte itself.
pub(crate) struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    /// Connects to a service.
    pub(crate) async fn open(app: &TestApp) -> Self {
        let address = app.url.trim_start_matches("http://");
        Self {
            stream: TcpStream::connect(address)
                .await
                .expect("the service listens"),
            read: Vec::new(),
        }
    }

    /// Writes bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.expect("the service reads on");
    }

    /// Writes bytes to a service that may have ended the connection.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Writes a request with these headers, spelled as they are, and reads the answer.
    pub(crate) async fn request(
        &mut self,
        line: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
    ) -> Answer {
        let mut head = format!("{line} HTTP/1.1\r\nHost: service\r\n").into_bytes();
        for (name, value) in headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        self.write(&head).await;
        self.write(body).await;
        self.answer().await
    }

    /// Reads one answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let end = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                break end;
            }
            self.more().await;
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).expect("ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status
            .and_then(|text| text.parse().ok())
            .expect("an answer has a status");
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.append(
                HeaderName::try_from(name).expect("a name"),
                HeaderValue::try_from(value).expect("a value"),
            );
        }
        let length = headers.get("content-length");
        let length = length.map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        while self.read.len() < length {
            self.more().await;
        }
        let text = String::from_utf8(self.read.drain(..length).collect()).expect("UTF-8");
        Answer {
            status,
            headers,
            text,
        }
    }

    async fn more(&mut self) {
        let read = self.stream.read_buf(&mut self.read).await;
        assert!(
            read.expect("the answer arrives") > 0,
            "the connection ended early"
        );
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
