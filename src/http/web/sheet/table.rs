//! Tables of sheets, and the values in them.

use crate::http::web::page::Page;
use crate::model::{Id, Timestamp};

/// A column of a table.
pub(super) struct Column {
    pub(super) text: String,
    /// Whether numbers are below it.
    pub(super) number: bool,
}

/// Things of one kind.
pub(in crate::http::web) struct Table {
    pub(super) caption: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) empty: String,
}

impl Table {
    /// A table with these columns, in the reader's language; `empty` is said where nothing is.
    pub(in crate::http::web) fn new(
        page: &Page,
        caption: &str,
        columns: &[&str],
        empty: &str,
    ) -> Self {
        let say = |id: &str| page.say(id).to_string();
        Self {
            caption: say(caption),
            columns: columns
                .iter()
                .map(|column| Column {
                    text: say(column),
                    number: false,
                })
                .collect(),
            rows: Vec::new(),
            empty: say(empty),
        }
    }

    /// With these rows.
    pub(in crate::http::web) fn rows(mut self, rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        self.rows.extend(rows);
        if let Some(row) = self.rows.first() {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                column.number = cell.number;
            }
        }
        self
    }
}

/// A value.
#[derive(Default)]
pub(in crate::http::web) struct Cell {
    pub(super) text: String,
    pub(super) href: Option<String>,
    pub(super) at: Option<Timestamp>,
    pub(super) badges: Vec<(&'static str, String)>,
    pub(super) code: bool,
    pub(super) number: bool,
    /// Whether it may be long, and is broken into lines.
    pub(super) long: bool,
}

impl Cell {
    /// Something that may be long, and is broken into lines.
    pub(in crate::http::web) fn long(mut self) -> Self {
        self.long = true;
        self
    }

    /// Something that machines call so.
    pub(in crate::http::web) fn code(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: true,
            ..Self::default()
        }
    }

    /// Something that is shown elsewhere.
    pub(in crate::http::web) fn link(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: Some(href.into()),
            ..Self::default()
        }
    }

    /// The thing with this id, which is shown elsewhere: the end of the id tells it from others.
    pub(in crate::http::web) fn id<T>(href: &str, id: Id<T>) -> Self {
        let whole = id.to_string();
        let end = whole.len().saturating_sub(8);
        Self {
            href: Some(format!("{href}/{whole}")),
            ..Self::code(format!("…{}", whole.get(end..).unwrap_or_default()))
        }
    }

    /// Several states, each in a word.
    pub(in crate::http::web) fn badges(
        badges: impl Iterator<Item = (&'static str, String)>,
    ) -> Self {
        Self {
            badges: badges.collect(),
            ..Self::default()
        }
    }

    /// A state in a word; tone is good, warn, bad or plain.
    pub(in crate::http::web) fn badge(tone: &'static str, text: impl Into<String>) -> Self {
        Self::badges([(tone, text.into())].into_iter())
    }

    /// A text, or nothing.
    pub(in crate::http::web) fn or_nothing(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(Self::default, |text| Self::from(text.into()))
    }

    /// A moment, or nothing.
    pub(in crate::http::web) fn moment(at: Option<Timestamp>) -> Self {
        at.map_or_else(Self::default, Self::from)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self {
            at: Some(at),
            ..Self::default()
        }
    }
}

/// A number in groups of three digits, which no language reads as anything else.
pub(in crate::http::web) fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let ahead = digits.len();
    let mut text = String::with_capacity(ahead + ahead);
    for (place, digit) in digits.chars().enumerate() {
        let before = place > 0 && (ahead - place).is_multiple_of(3);
        // A thin space at which no line ends.
        text.extend(
            before
                .then_some('\u{202f}')
                .filter(|_| !text.ends_with('-')),
        );
        text.push(digit);
    }
    text
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Cell {
            fn from(number: $number) -> Self {
                Self {
                    text: grouped(number),
                    number: true,
                    ..Self::default()
                }
            }
        }
    )*};
}

numbers!(i64, u64, usize);

impl<T> From<Id<T>> for Cell {
    fn from(id: Id<T>) -> Self {
        Self::code(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        let all = [0, 7, 999, 1_000, 48_210, 123_456, -1_234_567, -100].map(grouped);
        let said = all.map(|text| text.replace('\u{202f}', "_"));
        let wanted = [
            "0",
            "7",
            "999",
            "1_000",
            "48_210",
            "123_456",
            "-1_234_567",
            "-100",
        ];
        assert_eq!(said, wanted);
    }
}
