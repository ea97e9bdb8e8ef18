//! Logs: text for people or JSON for machines, to standard error, one event a line.

use std::any::Any;
use std::io::IsTerminal;
use std::panic::{Location, PanicHookInfo};

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::redaction::Redacting;
use crate::model::Detector;

/// For whom logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is no `EnvFilter` directive.
    #[error("the log level cannot be read")]
    Level(#[from] ParseError),
    /// Somebody else logs in this process already.
    #[error("logging is already set up in this process")]
    Taken(#[from] TryInitError),
}

/// Logs to standard error from here to the end of the process, panics included.
///
/// # Errors
/// When `level` does not parse, or when this process logs already.
pub fn start(format: LogFormat, level: &str, detector: Detector) -> Result<(), LogError> {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    subscriber(format, level, colours, detector, std::io::stderr)?.try_init()?;
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// What [`start`] installs, with `writer` in place of standard error.
///
/// # Errors
/// When `level` does not parse.
pub fn subscriber<W>(
    format: LogFormat,
    level: &str,
    colours: bool,
    detector: Detector,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level)?;
    // sqlx tells every statement at `debug`; who wants that names it: `debug,sqlx::query=debug`.
    let named = level.contains("sqlx");
    let statements = filter_fn(move |metadata| {
        named || metadata.target() != "sqlx::query" || *metadata.level() <= Level::WARN
    });
    let writer = Redacting::new(writer, detector);
    Ok(Registry::default()
        .with(filter)
        .with(statements)
        .with(layer(format, colours, writer)))
}

fn layer<S, W>(format: LogFormat, colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    match format {
        LogFormat::Text => fmt::layer().with_ansi(colours).with_writer(writer).boxed(),
        // All spans, outermost first: the request id stands on the outermost.
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .with_writer(writer)
            .boxed(),
    }
}

fn panicked(info: &PanicHookInfo<'_>) {
    report_panic(info.payload(), info.location());
}

/// A panic is an event like any other: in its span, with its request id, through the same gate.
fn report_panic(payload: &(dyn Any + Send), location: Option<&Location<'_>>) {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let thread = std::thread::current();
    tracing::error!(
        panic.message = text.unwrap_or("not a text"),
        panic.location = location.map(tracing::field::display),
        panic.thread = thread.name().unwrap_or("unnamed"),
        "panicked"
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracing::subscriber::with_default;

    use super::*;
    use crate::model::{ChecksumRules, TokenFormat, TokenKind};
    use crate::telemetry::LogBuffer;

    fn logged(format: LogFormat, level: &str, what: impl FnOnce()) -> String {
        let prefix = TokenFormat::new("polar_").unwrap();
        let detector = Detector::new(&prefix, ChecksumRules::strict()).unwrap();
        let buffer = LogBuffer::default();
        let subscriber = subscriber(format, level, false, detector, buffer.clone()).unwrap();
        with_default(subscriber, what);
        buffer.text()
    }

    fn token() -> String {
        let format = TokenFormat::new("polar_").unwrap();
        let token = format.mint(TokenKind::PersonalAccessToken, false);
        token.reveal().to_owned()
    }

    #[test]
    fn an_event_carries_its_level_and_the_fields_of_its_spans() {
        let event = || {
            let outer = tracing::info_span!("http.request", request.id = "r-1");
            outer.in_scope(|| {
                let inner = tracing::info_span!("oauth.introspect", client.id = "c-1");
                inner.in_scope(|| tracing::info!(count = 3, "introspected"));
            });
        };
        let text = logged(LogFormat::Text, "info", event);
        for part in [
            "INFO",
            "request.id=\"r-1\"",
            "client.id=\"c-1\"",
            "count=3",
            "introspected",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let json = logged(LogFormat::Json, "info", event);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["level"], "INFO");
        assert_eq!(json["message"], "introspected");
        assert_eq!(json["count"], 3);
        assert_eq!(json["spans"][0]["request.id"], "r-1");
        assert_eq!(json["spans"][1]["client.id"], "c-1");
        let stamp = json["timestamp"].as_str().unwrap();
        assert!(stamp.ends_with('Z') && stamp.contains('T'));
    }

    #[test]
    fn statements_are_logged_only_where_asked_for_by_name() {
        let event = || {
            tracing::debug!(target: "sqlx::query", "SELECT");
            tracing::warn!(target: "sqlx::query", "slow");
            tracing::debug!("ours");
        };
        let quiet = logged(LogFormat::Text, "info", event);
        assert!(quiet.contains("slow") && !quiet.contains("SELECT") && !quiet.contains("ours"));
        let debug = logged(LogFormat::Text, "debug", event);
        assert!(debug.contains("ours") && !debug.contains("SELECT"));
        let asked = logged(LogFormat::Text, "info,sqlx::query=debug", event);
        assert!(asked.contains("SELECT"));
        assert_eq!(logged(LogFormat::Text, "error", event), "");
    }

    #[test]
    fn a_panic_is_logged_in_its_span_with_its_place_and_without_tokens() {
        let token = token();
        for payload in [
            Box::new(format!("no {token}")) as Box<dyn Any + Send>,
            Box::new(7_u8),
        ] {
            let log = logged(LogFormat::Json, "error", || {
                let span = tracing::error_span!("http.request", request.id = "r-1");
                span.in_scope(|| report_panic(&*payload, Some(Location::caller())));
            });
            assert!(log.contains("logs.rs") && log.contains("r-1"), "{log}");
            assert!(
                log.contains("polar_pat_[redacted]") || log.contains("not a text"),
                "{log}"
            );
            assert!(!log.contains(&token));
        }
    }

    #[test]
    fn a_level_that_does_not_parse_is_an_error() {
        let prefix = TokenFormat::new("polar_").unwrap();
        let detector = Detector::new(&prefix, ChecksumRules::strict()).unwrap();
        let found = subscriber(LogFormat::Text, "a=b=c", false, detector, std::io::sink);
        assert!(found.is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_planted_token_never_comes_out(before in "\\PC{0,12}", after in "\\PC{0,12}") {
            let token = token();
            let secret = token.strip_prefix("polar_pat_").unwrap_or_default();
            let text = format!("{before}{token}{after}");
            for format in [LogFormat::Text, LogFormat::Json] {
                let log = logged(format, "trace", || {
                    let error = std::io::Error::other(text.clone());
                    let span = tracing::info_span!("http.request", path = %text, late = tracing::field::Empty);
                    let _inside = span.enter();
                    span.record("late", text.as_str());
                    tracing::info!("{text}");
                    tracing::warn!(plain = text, debug = ?Some(&text), error = &error as &dyn std::error::Error, "m");
                    report_panic(&text, None);
                });
                prop_assert!(!log.contains(secret), "{log}");
                prop_assert_eq!(log.lines().count(), 3);
            }
        }
    }
}
