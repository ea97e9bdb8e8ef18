//! The last gate before a log line leaves: no token of ours passes, however it got there.

use std::io::{self, Write};
use std::sync::Arc;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::model::Detector;

/// Makes writers that hold an event until it is whole, then write it as one line without tokens.
#[derive(Clone, Debug)]
pub struct Redacting<M> {
    inner: M,
    detector: Arc<Detector>,
}

impl<M> Redacting<M> {
    /// Puts the gate in front of `inner`.
    #[must_use]
    pub fn new(inner: M, detector: Detector) -> Self {
        Self {
            inner,
            detector: Arc::new(detector),
        }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactedEvent<'a, M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactedEvent::new(self.inner.make_writer(), &self.detector)
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        RedactedEvent::new(self.inner.make_writer_for(metadata), &self.detector)
    }
}

/// One event on its way out. It leaves when this is dropped, because a token may be spread over
/// any number of writes, and a flush may come between two of them.
#[derive(Debug)]
pub struct RedactedEvent<'d, W: Write> {
    event: Vec<u8>,
    inner: W,
    detector: &'d Detector,
}

impl<'d, W: Write> RedactedEvent<'d, W> {
    const fn new(inner: W, detector: &'d Detector) -> Self {
        Self {
            event: Vec::new(),
            inner,
            detector,
        }
    }
}

impl<W: Write> Write for RedactedEvent<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.event.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for RedactedEvent<'_, W> {
    fn drop(&mut self) {
        if self.event.is_empty() {
            return;
        }
        let event = String::from_utf8_lossy(&self.event);
        let clean = self.detector.redact(event.trim_end_matches('\n'));
        // A line break inside an event would let whoever wrote it forge the next one.
        let mut line = clean.replace('\n', "\\n").replace('\r', "\\r");
        line.push('\n');
        // There is nobody left to tell when the log itself cannot be written.
        let _ = self.inner.write_all(line.as_bytes());
        let _ = self.inner.flush();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ChecksumRules, TokenFormat, TokenKind};
    use crate::telemetry::LogBuffer;

    fn format() -> TokenFormat {
        TokenFormat::new("polar_").unwrap()
    }

    fn written(parts: &[&[u8]]) -> String {
        let detector = Detector::new(&format(), ChecksumRules::strict()).unwrap();
        let buffer = LogBuffer::default();
        let gate = Redacting::new(buffer.clone(), detector);
        let mut writer = gate.make_writer();
        for part in parts {
            writer.write_all(part).unwrap();
            writer.flush().unwrap();
        }
        drop(writer);
        buffer.text()
    }

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(written(&[b"a\nERROR forged\r\n"]), "a\\nERROR forged\\r\n");
        assert_eq!(written(&[b"plain", b"\n"]), "plain\n");
        assert_eq!(written(&[]), "");
    }

    #[test]
    fn bytes_that_are_not_text_are_written_as_replacements() {
        assert_eq!(written(&[b"a\xffb\n"]), "a\u{fffd}b\n");
    }

    proptest! {
        #[test]
        fn a_token_never_passes_however_it_is_cut(
            before in "(?s).{0,20}",
            after in "(?s).{0,20}",
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
            kind in prop::sample::select(TokenKind::ALL.to_vec()),
        ) {
            let token = format().mint(kind, true);
            let event = format!("{before}{}{after}\n", token.reveal());
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(event.len())).collect();
            cuts.sort_unstable();
            let mut parts = Vec::new();
            let mut rest = event.as_bytes();
            for cut in cuts.iter().rev() {
                let (head, tail) = rest.split_at(*cut);
                parts.push(tail);
                rest = head;
            }
            parts.push(rest);
            parts.reverse();
            let line = written(&parts);
            let secret = token.reveal().get(token.reveal().len() - 43..).unwrap();
            prop_assert!(!line.contains(secret));
            prop_assert!(line.contains("[redacted]"));
            prop_assert_eq!(line.matches('\n').count(), 1);
        }
    }
}
