//! `/dev/mail`: the letters of the folder that takes the place of a mail server.

use std::path::Path;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::folder;
use super::mailbox::{self, Envelope, LetterName, MOST, Opened};
use crate::http::api_error::ApiError;
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Policy, Sending};
use crate::model::Timestamp;

/// What a browser may do for a letter: show it. Its style is its own; it runs nothing, loads
/// nothing, sends nothing, and has no origin.
const LETTER_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; \
                             base-uri 'none'; frame-ancestors 'self'; sandbox";

#[derive(Template)]
#[template(path = "dev_mail.html", config = "src/http/web/askama.toml")]
struct MailPage {
    page: Page,
    letters: Vec<EnvelopeView>,
    most: usize,
}

struct EnvelopeView {
    path: String,
    to: String,
    subject: String,
    at: Option<Timestamp>,
}

impl From<Envelope> for EnvelopeView {
    fn from(envelope: Envelope) -> Self {
        Self {
            path: path(&envelope.name),
            to: envelope.to,
            subject: envelope.subject,
            at: envelope.at,
        }
    }
}

#[derive(Template)]
#[template(path = "dev_letter.html", config = "src/http/web/askama.toml")]
struct LetterPage {
    page: Page,
    letter: EnvelopeView,
    headers: Vec<(String, String)>,
    text: String,
    html: Option<String>,
    bytes: usize,
}

fn path(name: &LetterName) -> String {
    format!("/dev/mail/{}", name.as_str())
}

/// The newest letters.
#[utoipa::path(
    get,
    path = "/dev/mail",
    tag = "pages",
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 404, description = "Mail is real."),
    ),
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let folder = folder(&request, &state).map_err(PageError::Other)?;
    let letters = reading(folder, mailbox::list).await?;
    let template = MailPage {
        page: Page::new(&state, "dev-mail-title"),
        letters: letters.into_iter().map(EnvelopeView::from).collect(),
        most: MOST,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// One letter: its headers, how it looks, and its text.
#[utoipa::path(
    get,
    path = "/dev/mail/{name}",
    tag = "pages",
    params(("name" = String, Path, description = "As in the list.")),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 404, description = "There is no such letter, or mail is real."),
    ),
)]
pub(in crate::http) async fn show(
    request: HttpRequest,
    name: web::Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let opened = open(&request, &name, &state).await?;
    let letter = EnvelopeView::from(opened.envelope);
    let template = LetterPage {
        page: Page::new(&state, "dev-letter-title"),
        html: opened.html.map(|_| format!("{}/html", letter.path)),
        letter,
        headers: opened.headers,
        text: opened.text,
        bytes: opened.bytes,
    };
    let policy = Policy {
        frames: true,
        ..Policy::new(Sending::Ourselves)
    };
    Page::render(&template, &policy)
}

/// The HTML of a letter, as a mail program shows it.
#[utoipa::path(
    get,
    path = "/dev/mail/{name}/html",
    tag = "pages",
    params(("name" = String, Path, description = "As in the list.")),
    responses(
        (status = 200, description = "The letter's HTML.", content_type = "text/html"),
        (status = 404, description = "There is no such letter, or mail is real."),
    ),
)]
pub(in crate::http) async fn html(
    request: HttpRequest,
    name: web::Path<String>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let opened = open(&request, &name, &state).await?;
    let html = opened.html.ok_or(PageError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, LETTER_POLICY))
        .insert_header((X_FRAME_OPTIONS, "SAMEORIGIN"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(html))
}

async fn open(request: &HttpRequest, name: &str, state: &ApiState) -> Result<Opened, PageError> {
    let folder = folder(request, state).map_err(PageError::Other)?;
    let name = LetterName::parse(name).ok_or(PageError::NotFound)?;
    let opened = reading(folder, |folder| mailbox::open(folder, name)).await?;
    opened.ok_or(PageError::NotFound)
}

/// Reads files where waiting holds nobody up.
async fn reading<T: Send + 'static>(
    folder: &Path,
    read: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
) -> Result<T, PageError> {
    let folder = folder.to_owned();
    let read = web::block(move || read(&folder)).await;
    let error = match read {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!(error, "the folder of letters cannot be read");
    Err(PageError::Other(ApiError::internal()))
}
