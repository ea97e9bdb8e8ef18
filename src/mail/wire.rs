//! The streams under an SMTP connection.
//!
//! Before TLS begins, a server answers each command once. Whoever sits between us and the server
//! could put more replies behind the answer to STARTTLS, to be taken for the server's own words
//! once the connection is encrypted (CVE-2011-0411). Such a reply ends the connection here.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A TCP stream that listens for replies nobody asked for until TLS or the first letter begins.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    replies: Option<Replies>,
    /// The server spoke out of turn: nothing is said to it any more, not even goodbye.
    cut: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            replies: Some(Replies::default()),
            cut: false,
        }
    }
}

fn out_of_turn<T>() -> Poll<io::Result<T>> {
    let told = "the server spoke out of turn";
    Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, told)))
}

/// Where in a reply the server is (RFC 5321 4.2: the last line has a space, or nothing, after the
/// code; lines before it a hyphen).
#[derive(Debug, Default)]
struct Replies {
    column: usize,
    last_line: bool,
    complete: bool,
}

impl Replies {
    /// Takes in what the server said; `false` when it spoke after its reply was complete.
    fn follow(&mut self, said: &[u8]) -> bool {
        for byte in said {
            if self.complete {
                return false;
            }
            if self.column == 3 {
                self.last_line = *byte != b'-';
            }
            self.column += 1;
            if *byte == b'\n' {
                self.complete = self.last_line;
                self.column = 0;
                self.last_line = false;
            }
        }
        true
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let said = buffer.filled().get(before..).unwrap_or_default();
        let in_turn = self
            .replies
            .as_mut()
            .is_none_or(|replies| replies.follow(said));
        if in_turn {
            return Poll::Ready(Ok(()));
        }
        self.cut = true;
        out_of_turn()
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.cut {
            return out_of_turn();
        }
        self.replies = match (self.replies.take(), bytes.first()) {
            // 0x16 opens a TLS handshake (RFC 8446 5.1), M the first letter: from then on the
            // bytes are TLS's to judge, or nothing is left to be encrypted.
            (_, Some(0x16 | b'M')) | (None, _) => None,
            (Some(_), _) => Some(Replies::default()),
        };
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A stream that was encrypted from its first byte.
#[derive(Debug)]
pub(super) struct Secured(pub(super) TlsStream<TcpStream>);

impl AsyncTokioStream for Secured {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn how_replies_are_cut_into_pieces_changes_nothing(
            said in "([25][0-9]{2}([- ][a-z\r]{0,3})?(\r?\n)?){0,4}",
            cut in 0_usize..40,
        ) {
            let said = said.as_bytes();
            let (first, second) = said.split_at(cut.min(said.len()));
            let mut pieces = Replies::default();
            let in_pieces = pieces.follow(first) && pieces.follow(second);
            prop_assert_eq!(in_pieces, Replies::default().follow(said));
        }
    }

    #[test]
    fn one_reply_may_come_in_many_lines_and_pieces() {
        let mut replies = Replies::default();
        for piece in [
            "250-mail.te",
            "st\r\n25",
            "0",
            "-SIZE 1\r\n250",
            " HELP\r\n",
        ] {
            assert!(replies.follow(piece.as_bytes()), "{piece}");
        }
        assert!(replies.complete);
    }

    #[test]
    fn a_second_reply_is_out_of_turn() {
        assert!(!Replies::default().follow(b"220 go\r\n250 not asked for\r\n"));
        assert!(!Replies::default().follow(b"220\r\n2"));
    }
}
