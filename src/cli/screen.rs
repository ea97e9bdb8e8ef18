//! What people read: standard output, coloured on a terminal and plain everywhere else.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::Duration;

/// How a word stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// A heading.
    Title,
    /// As it should be.
    Good,
    /// Dead, or refused.
    Dead,
    /// Less important than what stands beside it.
    Quiet,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Title => "1",
            Self::Good => "32",
            Self::Dead => "31",
            Self::Quiet => "2",
        }
    }
}

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    colours: bool,
}

impl Screen {
    /// Colours are for terminals, and only where nobody objects (<https://no-color.org>).
    pub(super) fn new() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|terminal| terminal == "dumb");
        Self {
            colours: io::stdout().is_terminal() && set("NO_COLOR").is_none() && !dumb,
        }
    }

    /// One line, or several.
    pub(super) fn say(self, text: impl fmt::Display) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            // Whoever went away has read enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// `text` in at least `width` columns, coloured where colours are wanted.
    pub(super) fn column(self, tone: Tone, text: &str, width: usize) -> String {
        let padding = " ".repeat(width.saturating_sub(text.chars().count()));
        format!("{}{padding}", self.paint(tone, text))
    }

    /// `text`, coloured where colours are wanted.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        match self.colours && !text.is_empty() {
            true => format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()),
            false => text.to_owned(),
        }
    }
}

/// A duration as people compare them.
pub(super) fn elapsed(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    match millis {
        under if under < 10.0 => format!("{under:.1} ms"),
        under if under < 1_000.0 => format!("{under:.0} ms"),
        over => format!("{:.2} s", over / 1_000.0),
    }
}

/// Text from elsewhere on one line, without anything that a terminal would obey, cut to `longest`.
pub(super) fn tame(text: &str, longest: usize) -> String {
    let clean = text.trim().chars();
    let mut clean = clean.map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut kept: String = clean.by_ref().take(longest).collect();
    if clean.next().is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

/// `text` in lines of at most `width` columns, broken at spaces; a longer word has its own line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_do_not_move_columns() {
        let plain = Screen { colours: false };
        let coloured = Screen { colours: true };
        assert_eq!(plain.column(Tone::Good, "active", 8), "active  ");
        assert_eq!(
            coloured.column(Tone::Good, "active", 8),
            "\u{1b}[32mactive\u{1b}[0m  "
        );
        assert_eq!(plain.column(Tone::Good, "inactive", 3), "inactive");
    }

    #[test]
    fn a_duration_has_as_many_digits_as_matter() {
        for (micros, text) in [
            (1_234, "1.2 ms"),
            (12_345, "12 ms"),
            (1_234_567, "1.23 s"),
            (0, "0.0 ms"),
        ] {
            assert_eq!(elapsed(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn what_strangers_say_cannot_command_the_terminal() {
        assert_eq!(tame(" a\u{1b}[2Jb\n", 20), "a\u{fffd}[2Jb");
        assert_eq!(tame("abcdef", 4), "abc…");
        assert_eq!(tame("abcd", 4), "abcd");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible a", 4), ["incomprehensible", "a"]);
        assert!(wrap(" ", 4).is_empty());
    }
}
