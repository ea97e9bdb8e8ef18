//! Sheets: pages that say facts, list things and offer forms, all in one shape. Pages for operators
//! are sheets; what is on them is said by whoever makes them.

mod form;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::error::PageError;
use super::page::{Page, Policy, Sending};
use crate::model::{Id, Timestamp};

pub(super) use form::{Choice, Form, Input, Kind};

/// A page of this shape.
#[derive(Template)]
#[template(path = "sheet.html", config = "src/http/web/askama.toml")]
pub(super) struct Sheet {
    page: Page,
    id: &'static str,
    back: Option<Link>,
    lead: Option<String>,
    notes: Vec<Note>,
    problem: Option<String>,
    filter: Option<Form>,
    facts: Vec<Fact>,
    tables: Vec<Table>,
    links: Vec<Link>,
    question: Option<Form>,
    forms: Vec<Form>,
    progress: Option<Progress>,
    first: Option<Link>,
    next: Option<Link>,
}

/// Somewhere to go.
pub(super) struct Link {
    href: String,
    text: String,
    /// Whether what is asked there cannot be undone.
    danger: bool,
}

/// How far something has come.
struct Progress {
    done: u64,
    all: u64,
    text: String,
}

/// Something to be noticed; tone is good, warn or bad.
struct Note {
    tone: &'static str,
    text: String,
}

struct Fact {
    name: String,
    value: Cell,
}

impl Sheet {
    /// A sheet with nothing on it but its title. `id` is that of the title.
    pub(super) fn new(page: Page, id: &'static str) -> Self {
        Self {
            page,
            id,
            back: None,
            lead: None,
            notes: Vec::new(),
            problem: None,
            filter: None,
            facts: Vec::new(),
            tables: Vec::new(),
            links: Vec::new(),
            question: None,
            forms: Vec::new(),
            progress: None,
            first: None,
            next: None,
        }
    }

    /// A text in the reader's language.
    pub(super) fn say(&self, id: &str) -> String {
        self.page.say(id).to_string()
    }

    /// The page, for what has to be said with something put in.
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// What it is about.
    pub(super) fn lead(mut self, text: &str) -> Self {
        self.lead = Some(self.say(text));
        self
    }

    /// The list that it belongs to.
    pub(super) fn back(mut self, href: impl Into<String>, text: &str) -> Self {
        let text = self.say(text);
        self.back = Some(Link::new(href, text));
        self
    }

    /// Something to be noticed; tone is good, warn or bad.
    pub(super) fn note(mut self, tone: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        self.notes.push(Note { tone, text });
        self
    }

    /// Why a form was not taken.
    pub(super) fn problem(mut self, text: Option<String>) -> Self {
        self.problem = text;
        self
    }

    /// What narrows down what is listed.
    pub(super) fn filter(mut self, form: Form) -> Self {
        self.filter = Some(form);
        self
    }

    /// Something that is known.
    pub(super) fn fact(mut self, name: &str, value: impl Into<Cell>) -> Self {
        let name = self.say(name);
        let value = value.into();
        self.facts.push(Fact { name, value });
        self
    }

    /// Something that is perhaps known.
    pub(super) fn perhaps(self, name: &str, value: Option<impl Into<Cell>>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// Things of one kind.
    pub(super) fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Somewhere to go from here.
    pub(super) fn link(mut self, href: impl Into<String>, text: &str) -> Self {
        let text = self.say(text);
        self.links.push(Link::new(href, text));
        self
    }

    /// Somewhere to go from here, where something is asked that cannot be undone.
    pub(super) fn danger(mut self, href: impl Into<String>, text: &str) -> Self {
        let mut link = Link::new(href, self.say(text));
        link.danger = true;
        self.links.push(link);
        self
    }

    /// What the page asks first of all, above what it lists.
    pub(super) fn question(mut self, form: Form) -> Self {
        self.question = Some(form);
        self
    }

    /// How far something has come: how much of all, and what that is called.
    pub(super) fn progress(mut self, done: u64, all: u64, text: &str) -> Self {
        let text = self.say(text);
        self.progress = Some(Progress { done, all, text });
        self
    }

    /// Something to do here.
    pub(super) fn form(mut self, form: Form) -> Self {
        self.forms.push(form);
        self
    }

    /// Where the latest is listed, on a page that looks further back, and what is older, if there is such.
    pub(super) fn older(self, latest: Option<String>, older: Option<String>) -> Self {
        self.pager((latest, "latest"), (older, "older"))
    }

    /// Where the list begins, on a page further on, and where it goes on, if it does.
    pub(super) fn onward(self, first: Option<String>, next: Option<String>) -> Self {
        self.pager((first, "first-page"), (next, "next-page"))
    }

    fn pager(mut self, first: (Option<String>, &str), next: (Option<String>, &str)) -> Self {
        let link = |(href, text): (Option<String>, &str)| {
            href.map(|href| Link::new(href, self.page.say(text).to_string()))
        };
        (self.first, self.next) = (link(first), link(next));
        self
    }

    /// The answer. A form that was not taken is shown again as 422.
    pub(super) fn render(self) -> Result<HttpResponse, PageError> {
        let status = match self.problem {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        };
        Page::render_with(&self, status, &Policy::new(Sending::Ourselves))
    }
}

impl Link {
    fn new(href: impl Into<String>, text: String) -> Self {
        Self {
            href: href.into(),
            text,
            danger: false,
        }
    }
}

struct Column {
    text: String,
    /// Whether numbers are below it.
    number: bool,
}

/// Things of one kind.
pub(super) struct Table {
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    empty: String,
}

impl Table {
    /// A table with these columns, in the reader's language; `empty` is said where nothing is.
    pub(super) fn new(page: &Page, caption: &str, columns: &[&str], empty: &str) -> Self {
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
    pub(super) fn rows(mut self, rows: impl Iterator<Item = Vec<Cell>>) -> Self {
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
pub(super) struct Cell {
    text: String,
    href: Option<String>,
    at: Option<Timestamp>,
    badges: Vec<(&'static str, String)>,
    code: bool,
    number: bool,
}

impl Cell {
    /// Something that machines call so.
    pub(super) fn code(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: true,
            ..Self::default()
        }
    }

    /// Something that is shown elsewhere.
    pub(super) fn link(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: Some(href.into()),
            ..Self::default()
        }
    }

    /// The thing with this id, which is shown elsewhere: the end of the id tells it from others.
    pub(super) fn id<T>(href: &str, id: Id<T>) -> Self {
        let whole = id.to_string();
        let end = whole.len().saturating_sub(8);
        Self {
            href: Some(format!("{href}/{whole}")),
            ..Self::code(format!("…{}", whole.get(end..).unwrap_or_default()))
        }
    }

    /// Several states, each in a word.
    pub(super) fn badges(badges: impl Iterator<Item = (&'static str, String)>) -> Self {
        Self {
            badges: badges.collect(),
            ..Self::default()
        }
    }

    /// A state in a word; tone is good, warn, bad or plain.
    pub(super) fn badge(tone: &'static str, text: impl Into<String>) -> Self {
        Self::badges([(tone, text.into())].into_iter())
    }

    /// A text, or nothing.
    pub(super) fn or_nothing(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(Self::default, |text| Self::from(text.into()))
    }

    /// A moment, or nothing.
    pub(super) fn moment(at: Option<Timestamp>) -> Self {
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
pub(super) fn grouped(number: impl ToString) -> String {
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
