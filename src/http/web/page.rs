//! One page: what every page has, and the headers that protect it.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, HeaderName, LOCATION, REFERRER_POLICY,
    X_FRAME_OPTIONS,
};
use askama::Template;

use super::admin::Desk;
use super::error::PageError;
use super::eyes::Eyes;
use super::language::Language;
use super::look::{self, Look};
use super::texts::{self, Said};
use super::when::{self, When};
use crate::http::extract::Visitor;
use crate::http::state::ApiState;
use crate::model::Timestamp;

/// What every template shows around its own part.
pub(in crate::http) struct Page {
    eyes: Arc<Eyes>,
    /// What it is called.
    pub(in crate::http) title: String,
    /// The text that forms carry.
    pub(in crate::http) csrf: String,
    /// Who is signed in.
    pub(in crate::http) who: Option<String>,
    /// Which of the places beside it this is.
    pub(in crate::http) place: Option<Place>,
    /// What was just done, to be said above everything.
    pub(in crate::http) done: Option<String>,
    /// Whether the reader may change the language here.
    pub(in crate::http) switchable: bool,
    /// Whether the reader operates the service.
    operating: bool,
}

/// A place that pages lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Place {
    /// `/settings/tokens`
    Tokens,
    /// `/settings/exposures`
    Exposures,
    /// `/settings/applications`
    Applications,
    /// `/settings/sessions`
    Sessions,
    /// `/organizations`
    Organizations,
    /// A part of `/admin`.
    Operating(Desk),
}

/// Places under one title.
pub(in crate::http) struct Places {
    pub(in crate::http) title: String,
    pub(in crate::http) places: Vec<PlaceView>,
}

pub(in crate::http) struct PlaceView {
    pub(in crate::http) path: &'static str,
    pub(in crate::http) name: String,
    pub(in crate::http) current: bool,
}

impl Place {
    const YOURS: [Self; 5] = [
        Self::Tokens,
        Self::Exposures,
        Self::Applications,
        Self::Sessions,
        Self::Organizations,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Tokens => "/settings/tokens",
            Self::Exposures => "/settings/exposures",
            Self::Applications => "/settings/applications",
            Self::Sessions => "/settings/sessions",
            Self::Organizations => "/organizations",
            Self::Operating(desk) => desk.path(),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Tokens => "place-tokens",
            Self::Exposures => "place-exposures",
            Self::Applications => "place-applications",
            Self::Sessions => "place-sessions",
            Self::Organizations => "place-organizations",
            Self::Operating(desk) => desk.text(),
        }
    }
}

/// Where forms of a page may send to, besides ourselves. A browser asks this of every address that
/// a sent form is redirected to as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum Sending {
    /// Nowhere else.
    Ourselves,
    /// To this source as well (CSP3 2.3.1), such as `https:`.
    Also(String),
    /// Anywhere: signing in may end at any client.
    Anywhere,
}

/// What a browser may do for a page.
#[derive(Clone, Debug)]
pub(in crate::http) struct Policy<'a> {
    /// Where its forms send to.
    pub(in crate::http) sending: Sending,
    /// The nonce of a script of its own.
    pub(in crate::http) script: Option<&'a str>,
    /// Whether it shows others of our pages in frames.
    pub(in crate::http) frames: bool,
    /// Where images come from (CSP3 2.3.1), besides ourselves.
    pub(in crate::http) images: Option<&'a str>,
}

impl Policy<'_> {
    /// Nothing from elsewhere.
    pub(in crate::http) const fn new(sending: Sending) -> Self {
        Self {
            sending,
            script: None,
            frames: false,
            images: None,
        }
    }

    fn content_security(&self) -> String {
        // Measuring tools ask for `robots.txt` as the page would; its own script asks for nothing.
        let mut policy = "default-src 'none'; connect-src 'self'; script-src 'self'".to_owned();
        if let Some(nonce) = self.script {
            let _ = write!(policy, " 'nonce-{nonce}'");
        }
        policy.push_str(
            "; require-trusted-types-for 'script'; style-src 'self'; base-uri 'none'; \
             frame-ancestors 'none'; img-src 'self'",
        );
        if let Some(source) = self.images {
            let _ = write!(policy, " {source}");
        }
        if self.frames {
            policy.push_str("; frame-src 'self'");
        }
        match &self.sending {
            Sending::Ourselves => policy.push_str("; form-action 'self'"),
            Sending::Also(source) => {
                let _ = write!(policy, "; form-action 'self' {source}");
            }
            Sending::Anywhere => {}
        }
        policy
    }

    /// A client that opens a window to sign somebody in waits for it to come back; a page of our
    /// own has no business with whoever opened it.
    const fn opener(&self) -> &'static str {
        match self.sending {
            Sending::Ourselves => "same-origin",
            Sending::Also(_) | Sending::Anywhere => "unsafe-none",
        }
    }
}

impl Page {
    /// The frame of a page, titled by a text.
    pub(in crate::http) fn new(state: &ApiState, title: &str) -> Self {
        let eyes = look::current().unwrap_or_else(|| Arc::new(Eyes::nobody(state)));
        Self::seen(eyes, title)
    }

    fn seen(eyes: Arc<Eyes>, title: &str) -> Self {
        let mut page = Self {
            eyes,
            title: String::new(),
            csrf: String::new(),
            who: None,
            place: None,
            done: None,
            switchable: true,
            operating: false,
        };
        page.title = page.say(title).to_string();
        page
    }

    /// The frame of a page for somebody who is signed in.
    pub(in crate::http) fn for_visitor(state: &ApiState, visitor: &Visitor, title: &str) -> Self {
        let mut page = Self::new(state, title);
        page.csrf = visitor.csrf(state);
        let session = visitor.session.as_ref();
        page.who = session.map(|session| session.user.email.to_string());
        page.operating = visitor.operates;
        page
    }

    /// This page at a place.
    #[must_use]
    pub(in crate::http) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// A text in the reader's language.
    pub(in crate::http) fn say<'a>(&self, id: &'a str) -> Said<'a> {
        Said::new(self.eyes.language, id).with("brand", self.eyes.look.brand.clone())
    }

    /// What programs are told as a phrase, as the reader is told it.
    pub(in crate::http) fn phrase(&self, phrase: &str) -> String {
        texts::phrase(self.eyes.language, phrase)
    }

    /// How long ago or how far off a moment is.
    pub(in crate::http) fn ago(&self, at: &Timestamp) -> When {
        When {
            at: *at,
            now: self.eyes.now,
            language: self.eyes.language,
            exact: false,
        }
    }

    /// A moment, exactly.
    pub(in crate::http) fn exactly(&self, at: &Timestamp) -> When {
        When {
            exact: true,
            ..self.ago(at)
        }
    }

    /// A span of time in words.
    pub(in crate::http) fn span(&self, span: &Duration) -> Said<'static> {
        when::span(self.eyes.language, *span)
    }

    /// When the page is made.
    pub(in crate::http) fn now(&self) -> Timestamp {
        self.eyes.now
    }

    /// The reader's language.
    pub(in crate::http) fn language(&self) -> Language {
        self.eyes.language
    }

    /// Every language.
    pub(in crate::http) fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    /// Where one may go from here.
    pub(in crate::http) fn places(&self) -> Vec<Places> {
        let view = |place: Place| PlaceView {
            path: place.path(),
            name: self.say(place.text()).to_string(),
            current: self.place == Some(place),
        };
        let mut all = vec![Places {
            title: self.say("places-yours").to_string(),
            places: Place::YOURS.map(view).into(),
        }];
        if self.operating {
            // From elsewhere one way leads there.
            let desks = match self.place {
                Some(Place::Operating(_)) => Desk::ALL.as_slice(),
                _ => &[Desk::Overview],
            };
            let desks = desks.iter().copied();
            all.push(Places {
                title: self.say("places-operating").to_string(),
                places: desks.map(Place::Operating).map(view).collect(),
            });
        }
        all
    }

    /// The product.
    pub(in crate::http) fn look(&self) -> &Look {
        &self.eyes.look
    }

    /// Whether letters go into a folder, for developers to read.
    pub(in crate::http) fn developing(&self) -> bool {
        self.eyes.developing
    }

    /// The page's own address.
    pub(in crate::http) fn here(&self) -> &str {
        self.eyes.here.as_str()
    }

    /// Renders a template that holds this page.
    pub(in crate::http) fn render(
        template: &impl Template,
        policy: &Policy<'_>,
    ) -> Result<HttpResponse, PageError> {
        Self::render_with(template, StatusCode::OK, policy)
    }

    /// As [`Page::render`], with another status.
    pub(in crate::http) fn render_with(
        template: &impl Template,
        status: StatusCode,
        policy: &Policy<'_>,
    ) -> Result<HttpResponse, PageError> {
        let html = template.render().map_err(|_| PageError::defect())?;
        Ok(guarded(html, status, policy))
    }
}

/// A page with the headers that keep it to whoever it is for.
fn guarded(html: String, status: StatusCode, policy: &Policy<'_>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy.content_security()))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            HeaderName::from_static("cross-origin-opener-policy"),
            policy.opener(),
        ))
        .body(html)
}

/// The page that says what went wrong.
pub(super) fn error_page(status: StatusCode, told: impl FnOnce(Language) -> Told) -> HttpResponse {
    let Some(eyes) = look::current() else {
        return HttpResponse::new(status);
    };
    let Told { title, detail } = told(eyes.language);
    let page = Page {
        title,
        // What was asked for makes no sense: nothing of it is repeated.
        switchable: false,
        ..Page::seen(eyes, "error-title")
    };
    let template = ErrorPage {
        detail: &detail,
        request_id: crate::http::request_id::current()
            .map(|id| id.to_string())
            .unwrap_or_default(),
        page,
    };
    let html = template.render().unwrap_or(detail.clone());
    guarded(html, status, &Policy::new(Sending::Ourselves))
}

/// What somebody is told of an error.
pub(super) struct Told {
    pub(super) title: String,
    pub(super) detail: String,
}

#[derive(Template)]
#[template(path = "error.html", config = "src/http/web/askama.toml")]
struct ErrorPage<'a> {
    page: Page,
    detail: &'a str,
    request_id: String,
}

/// Sends the browser on with a GET, whatever it did (RFC 9700 4.12: never 307).
pub(in crate::http) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish()
}
