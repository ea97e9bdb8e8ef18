//! Letters in a folder, read back: what they are called, who they are to, what they say.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use mail_parser::{Message, MessageParser, MimeHeaders};

use crate::model::Timestamp;

/// The most letters that are listed: the page stays below 50 KB.
pub(super) const MOST: usize = 50;
/// The most bytes that are read of one; ours are a hundredth of it.
const LARGEST: u64 = 1024 * 1024;
const LONGEST_NAME: usize = 160;

/// The name of a letter's file: nothing that leads out of the folder is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LetterName(String);

impl LetterName {
    /// Reads a name as the mailbox makes them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let stem = text.strip_suffix(".eml")?;
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let fits = text.len() <= LONGEST_NAME && !stem.is_empty() && !stem.starts_with('.');
        (fits && stem.bytes().all(usual)).then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A letter in the list.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) name: LetterName,
    pub(super) to: String,
    pub(super) subject: String,
    /// When it was written, if it says so.
    pub(super) at: Option<Timestamp>,
}

/// A whole letter.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) envelope: Envelope,
    /// Its headers in their order, unfolded.
    pub(super) headers: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) html: Option<String>,
    /// How many bytes it has as sent.
    pub(super) bytes: usize,
}

/// The newest letters, the newest first. One that vanishes meanwhile, or cannot be read, is left
/// out.
///
/// # Errors
/// When there is no such folder.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Envelope>> {
    // Names sort by time.
    let mut newest = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().and_then(LetterName::parse) else {
            continue;
        };
        newest.insert(name);
        if newest.len() > MOST {
            newest.pop_first();
        }
    }
    let opened = newest.into_iter().rev();
    Ok(opened
        .filter_map(|name| Some(open(folder, name).ok()??.envelope))
        .collect())
}

/// A letter by its name; none when there is no such letter, or it is too large to be one of ours.
///
/// # Errors
/// When it cannot be read.
pub(super) fn open(folder: &Path, name: LetterName) -> io::Result<Option<Opened>> {
    let path = folder.join(name.as_str());
    match path.symlink_metadata() {
        Ok(facts) if facts.is_file() && facts.len() <= LARGEST => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(MessageParser::default()
        .parse(&bytes)
        .map(|message| read(name, &message, bytes.len())))
}

fn read(name: LetterName, message: &Message<'_>, bytes: usize) -> Opened {
    let to = message.to().and_then(|to| to.first());
    let millis = |seconds: i64| seconds.checked_mul(1000);
    let at = message.date().and_then(|date| millis(date.to_timestamp()));
    let header = |(name, value): (&str, &str)| {
        let value: Vec<_> = value.split_whitespace().collect();
        (name.to_owned(), value.join(" "))
    };
    let is_html = |part: &&mail_parser::MessagePart<'_>| {
        let kind = part.content_type().and_then(|kind| kind.subtype());
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case("html"))
    };
    let html = message.html_part(0).filter(is_html);
    Opened {
        envelope: Envelope {
            name,
            to: to
                .and_then(|to| to.address())
                .unwrap_or_default()
                .to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            at: at.map(Timestamp::from_millis),
        },
        headers: message.headers_raw().map(header).collect(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        html: html
            .and_then(|part| part.text_contents())
            .map(str::to_owned),
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const LETTER: &str = "From: Acme <a@acme.example>\r\nTo: Ada <ada@example.com>\r\n\
        Subject: =?utf-8?q?Your_c=C3=B6de?=\r\nDate: Thu, 1 Jan 2026 12:00:00 +0000\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n--b--\r\n";

    #[test]
    fn a_letter_is_read_as_it_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("20260101T120000.000Z-a.eml"), LETTER).unwrap();
        let listed = list(folder.path()).unwrap();
        assert_eq!(listed.len(), 1);
        let opened = open(folder.path(), listed[0].name.clone())
            .unwrap()
            .unwrap();
        assert_eq!(opened.envelope.to, "ada@example.com");
        assert_eq!(opened.envelope.subject, "Your c\u{f6}de");
        let at = Timestamp::from_millis(1_767_268_800_000);
        assert_eq!(opened.envelope.at, Some(at));
        assert_eq!(opened.text.trim(), "Hello");
        assert_eq!(opened.html.as_deref().map(str::trim), Some("<p>Hello</p>"));
        let kind = opened
            .headers
            .iter()
            .find(|(name, _)| name == "Content-Type");
        assert_eq!(kind.unwrap().1, "multipart/alternative; boundary=b");
    }

    #[test]
    fn the_newest_come_first_and_nothing_that_is_no_letter() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MOST + 5 {
            fs::write(folder.path().join(format!("{number:04}-a.eml")), LETTER).unwrap();
        }
        fs::write(folder.path().join("9999-note.txt"), LETTER).unwrap();
        fs::write(folder.path().join(".9999.part"), LETTER).unwrap();
        fs::create_dir(folder.path().join("9998-folder.eml")).unwrap();
        let target = folder.path().join("9999-note.txt");
        std::os::unix::fs::symlink(target, folder.path().join("9997-link.eml")).unwrap();
        let huge = File::create(folder.path().join("9996-huge.eml")).unwrap();
        huge.set_len(LARGEST + 1).unwrap();
        let listed = list(folder.path()).unwrap();
        // Three of the newest names are no letters.
        assert_eq!(listed.len(), MOST - 3);
        assert_eq!(listed[0].name.as_str(), format!("{:04}-a.eml", MOST + 4));
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert!(LetterName::parse("20260101T120000.000Z-0198.eml").is_some());
        for wrong in [
            "", ".eml", "..eml", "../a.eml", "a/b.eml", "a\\b.eml", "a\0.eml", "a.txt",
        ] {
            assert_eq!(LetterName::parse(wrong), None, "{wrong}");
        }
        assert_eq!(LetterName::parse(&format!("{}.eml", "a".repeat(200))), None);
    }

    proptest! {
        #[test]
        fn whatever_is_in_a_file_is_read_without_harm(bytes in any::<Vec<u8>>()) {
            if let Some(message) = MessageParser::default().parse(&bytes) {
                let name = LetterName::parse("a.eml").unwrap();
                prop_assert_eq!(read(name, &message, bytes.len()).bytes, bytes.len());
            }
        }

        #[test]
        fn whatever_is_a_name_is_one_part_of_a_path(text in ".{0,40}\\.eml") {
            if let Some(name) = LetterName::parse(&text) {
                let parts: Vec<_> = Path::new(name.as_str()).components().collect();
                prop_assert!(matches!(parts.as_slice(), [std::path::Component::Normal(_)]));
            }
        }
    }
}
