//! What commands say on standard output: aligned text for people, JSON lines for scripts.

use std::io::{self, ErrorKind, Write};

use anyhow::Context as _;
use serde::Serialize;

/// Something a command tells about: its serialization is for scripts, its fields are for people.
pub(super) trait Shown: Serialize {
    /// A name and a value each. In a list, every item has the same names.
    fn fields(&self) -> Vec<(&'static str, String)>;
}

/// Standard output. That nobody reads any more is no error: `tokenward token list | head` is fine.
pub(super) struct Output {
    json: bool,
    nobody_reads: bool,
    to: Box<dyn Write + Send>,
}

impl Output {
    pub(super) fn stdout(json: bool) -> Self {
        Self::new(json, Box::new(io::stdout()))
    }

    fn new(json: bool, to: Box<dyn Write + Send>) -> Self {
        Self {
            json,
            nobody_reads: false,
            to,
        }
    }

    /// One result, and a sentence for people who read it.
    pub(super) fn result(&mut self, shown: &impl Shown, sentence: &str) -> anyhow::Result<()> {
        if self.json {
            return self.object(shown);
        }
        let mut text = record(&shown.fields());
        if !sentence.is_empty() {
            text = format!("{text}\n{sentence}\n");
        }
        self.write(&text)
    }

    /// Any number of results; `none` is for people who expected some.
    pub(super) fn list<T: Shown>(&mut self, shown: &[T], none: &str) -> anyhow::Result<()> {
        if self.json {
            return shown.iter().try_for_each(|one| self.object(one));
        }
        match shown.is_empty() {
            true => self.note(none),
            false => self.write(&table(shown)),
        }
    }

    /// The next of a list that is printed while it grows; the first brings the heading. For columns whose
    /// cells are all as wide.
    pub(super) fn row(&mut self, shown: &impl Shown, is_first: bool) -> anyhow::Result<()> {
        if self.json {
            return self.object(shown);
        }
        let lines = table(std::slice::from_ref(shown));
        let line = lines.split_once('\n').map_or("", |(_, line)| line);
        self.write(if is_first { &lines } else { line })
    }

    /// What belongs to the result before it; its object holds the same.
    pub(super) fn details<T: Shown>(&mut self, title: &str, shown: &[T]) -> anyhow::Result<()> {
        if self.json || shown.is_empty() {
            return Ok(());
        }
        self.write(&format!("\n{title}\n{}", table(shown)))
    }

    /// A sentence for people; scripts need none.
    pub(super) fn note(&mut self, text: &str) -> anyhow::Result<()> {
        match self.json {
            true => Ok(()),
            false => self.write(&format!("{text}\n")),
        }
    }

    /// One result whose text has a form of its own.
    pub(super) fn either(&mut self, object: &impl Serialize, text: &str) -> anyhow::Result<()> {
        match self.json {
            true => self.object(object),
            false => self.note(text),
        }
    }

    /// A line of JSON, for people and scripts alike.
    pub(super) fn line(&mut self, object: &impl Serialize) -> anyhow::Result<()> {
        self.object(object)
    }

    fn object(&mut self, object: &impl Serialize) -> anyhow::Result<()> {
        let line = serde_json::to_string(object)?;
        self.write(&format!("{line}\n"))
    }

    fn write(&mut self, text: &str) -> anyhow::Result<()> {
        if self.nobody_reads {
            return Ok(());
        }
        let to = &mut self.to;
        match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.nobody_reads = true;
                Ok(())
            }
            written => written.context("cannot write to standard output"),
        }
    }
}

/// One name and value a line, the values below each other.
fn record(fields: &[(&str, String)]) -> String {
    let widest = fields.iter().map(|(name, _)| width(name)).max();
    let line = |(name, value): &(&str, String)| {
        format!("{name:<0$}  {1}\n", widest.unwrap_or(0), one_line(value))
    };
    fields.iter().map(line).collect()
}

/// One item a line, the columns as wide as their widest cell.
fn table<T: Shown>(items: &[T]) -> String {
    let rows: Vec<_> = items.iter().map(Shown::fields).collect();
    let headings = rows.first().into_iter().flatten();
    let headings: Vec<_> = headings.map(|(name, _)| name.to_uppercase()).collect();
    let cells = rows
        .iter()
        .map(|row| row.iter().map(|(_, value)| one_line(value)).collect());
    let lines: Vec<Vec<String>> = std::iter::once(headings).chain(cells).collect();
    let widest = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<_> = (0..columns).map(widest).collect();
    let aligned = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    lines.iter().map(aligned).collect()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Some values come from strangers: none may steer the terminal or turn the reading direction.
fn one_line(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Serialize)]
    struct Pair {
        name: &'static str,
        number: u32,
    }

    impl Shown for Pair {
        fn fields(&self) -> Vec<(&'static str, String)> {
            vec![
                ("name", self.name.to_owned()),
                ("number", self.number.to_string()),
            ]
        }
    }

    const PAIRS: [Pair; 2] = [
        Pair {
            name: "a\u{1b}[31m\nb",
            number: 7,
        },
        Pair {
            name: "é",
            number: 12,
        },
    ];

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn said(json: bool, say: impl FnOnce(&mut Output)) -> String {
        let paper = Paper::default();
        say(&mut Output::new(json, Box::new(paper.clone())));
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn people_read_aligned_columns_that_cannot_steer_the_terminal() {
        let text = said(false, |out| out.list(&PAIRS, "none").unwrap());
        assert_eq!(
            text,
            "NAME      NUMBER\na\u{fffd}[31m\u{fffd}b  7\né         12\n"
        );
        let text = said(false, |out| out.result(&PAIRS[1], "Done.").unwrap());
        assert_eq!(text, "name    é\nnumber  12\n\nDone.\n");
        assert_eq!(
            said(false, |out| out.list::<Pair>(&[], "none").unwrap()),
            "none\n"
        );
    }

    #[test]
    fn a_list_that_grows_has_one_heading() {
        let text = said(false, |out| {
            out.row(&PAIRS[1], true).unwrap();
            out.row(&PAIRS[1], false).unwrap();
        });
        assert_eq!(text, "NAME  NUMBER\né     12\né     12\n");
    }

    #[test]
    fn scripts_read_one_object_a_line_and_no_sentences() {
        let text = said(true, |out| {
            out.list(&PAIRS, "none").unwrap();
            out.result(&PAIRS[1], "Done.").unwrap();
            out.details("more", &PAIRS).unwrap();
            out.row(&PAIRS[1], true).unwrap();
            out.note("note").unwrap();
        });
        assert_eq!(
            text,
            "{\"name\":\"a\\u001b[31m\\nb\",\"number\":7}\n\
             {\"name\":\"é\",\"number\":12}\n{\"name\":\"é\",\"number\":12}\n\
             {\"name\":\"é\",\"number\":12}\n"
        );
    }

    #[test]
    fn that_nobody_reads_is_no_error_and_that_the_disk_is_full_is_one() {
        struct Broken(ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gone = Output::new(false, Box::new(Broken(ErrorKind::BrokenPipe)));
        assert!(gone.note("a").and_then(|()| gone.note("b")).is_ok());
        let mut full = Output::new(false, Box::new(Broken(ErrorKind::StorageFull)));
        assert!(full.note("a").is_err());
    }
}
