//! Sheets: pages that say facts, list things and offer forms, all in one shape. Pages for operators
//! are sheets; what is on them is said by whoever makes them.

mod form;
mod table;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::error::PageError;
use super::page::{Page, Policy, Sending};

pub(super) use form::{Choice, Form, Input, Kind};
pub(super) use table::{Cell, Table, grouped};

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
        // What is missing here was on the pages before.
        if first.0.is_some() {
            let nothing = self.say("nothing-further");
            if let Some(table) = self.tables.last_mut() {
                table.empty = nothing;
            }
        }
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
