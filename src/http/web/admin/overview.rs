//! `/admin`: how things are, and how they went.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use super::Desk;
use super::operator::{Operator, timely};
use super::query::given;
use crate::domain::figures::{self, Slot, Window};
use crate::domain::outbox::{self, Lag};
use crate::domain::{breakers, quarantines};
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place, Policy, Sending};
use crate::http::web::plot::{Plot, Series};
use crate::http::web::sheet::grouped;
use crate::model::AtMost;

/// How far to look back.
pub(in crate::http) struct Wanted(Window);

impl FromParameters for Wanted {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let Some(name) = given(parameters, "window") else {
            return Ok(Self(Window::default()));
        };
        let mut all = Window::ALL.into_iter();
        let window = all.find(|window| window.name() == name);
        window
            .map(Self)
            .ok_or(OAuthError::InvalidRequest("there is no such window"))
    }
}

#[derive(Template)]
#[template(path = "admin_overview.html", config = "src/http/web/askama.toml")]
struct OverviewPage {
    page: Page,
    windows: Vec<WindowView>,
    figures: Vec<FigureView>,
    plots: Vec<Plot>,
    slots: Vec<SlotView>,
}

/// A figure, and where more is told of it.
struct FigureView {
    number: String,
    text: String,
    href: &'static str,
    /// Whether somebody should look.
    bad: bool,
}

struct WindowView {
    name: &'static str,
    text: String,
    current: bool,
}

/// The figures of a slot, for those who read rather than look.
struct SlotView {
    slot: Slot,
    half: String,
    most: String,
}

/// The page.
#[utoipa::path(
    get,
    path = "/admin",
    tag = "pages",
    params(
        ("window" = Option<String>, Query, description = "How far to look back: `day`, `week` or `month`."),
    ),
    responses(
        (status = 200, description = "The page.", content_type = "text/html"),
        (status = 303, description = "Nobody is signed in, or since too long; on to the sign-in page."),
        (status = 400, description = "The query cannot be read.", content_type = "text/html"),
        (status = 404, description = "They do not operate the service.", content_type = "text/html"),
    ),
)]
pub(in crate::http) async fn show(
    operator: Operator<Wanted>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let window = operator.query.0;
    let slots = timely(&state, figures::look_back(&state.ctx, window)).await?;
    let page = operator.page(&state, "admin-overview", Place::Operating(Desk::Overview));
    let template = OverviewPage {
        windows: Window::ALL
            .map(|one| window_view(&page, one, window))
            .into(),
        figures: figures(&page, &state, &slots).await?,
        plots: plots(&page, &slots),
        slots: slots
            .into_iter()
            .rev()
            .map(|slot| slot_view(&page, slot))
            .collect(),
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
}

/// How things are now, and what came in this time.
async fn figures(
    page: &Page,
    state: &ApiState,
    slots: &[Slot],
) -> Result<Vec<FigureView>, PageError> {
    let lag: Lag = timely(state, outbox::lag(&state.ctx)).await?;
    let quarantines = timely(state, quarantines::count(&state.ctx)).await?;
    let breakers = timely(state, breakers::list(&state.ctx)).await?;
    let (policy, now) = (state.ctx.leak_policy.current(), state.ctx.clock.now());
    let open = breakers.iter().filter(|one| one.is_open(&policy, now));
    let reports = |slot: &Slot| slot.true_positives + slot.false_positives;
    let reports: u64 = slots.iter().map(reports).sum();
    let view = |number: String, text: &str, desk: Desk, bad| FigureView {
        number,
        text: page.say(text).to_string(),
        href: desk.path(),
        bad,
    };
    let (open, dead) = (open.count(), lag.dead);
    let mut all = vec![
        view(
            grouped(reports),
            "admin-figure-reports",
            Desk::Deliveries,
            false,
        ),
        view(
            grouped(quarantines),
            "admin-figure-quarantines",
            Desk::Quarantines,
            false,
        ),
        view(
            grouped(lag.waiting),
            "admin-outbox-waiting",
            Desk::Outbox,
            false,
        ),
        view(grouped(dead), "admin-outbox-dead", Desk::Outbox, dead > 0),
    ];
    if open > 0 {
        all.push(view(
            grouped(open),
            "admin-figure-breakers",
            Desk::Origins,
            true,
        ));
    }
    Ok(all)
}

fn window_view(page: &Page, window: Window, current: Window) -> WindowView {
    let text = match window {
        Window::Day => "admin-window-day",
        Window::Week => "admin-window-week",
        Window::Month => "admin-window-month",
    };
    WindowView {
        name: window.name(),
        text: page.say(text).to_string(),
        current: window == current,
    }
}

fn slot_view(page: &Page, slot: Slot) -> SlotView {
    let said = |percent| match slot.to_commit.percentile(percent) {
        None => String::new(),
        Some(AtMost::Within(span)) => format!("≤ {}", page.span(&span)),
        Some(AtMost::Beyond(span)) => format!("> {}", page.span(&span)),
    };
    SlotView {
        half: said(50),
        most: said(95),
        slot,
    }
}

fn millis(slot: &Slot, percent: u64) -> u64 {
    let span = match slot.to_commit.percentile(percent) {
        None => return 0,
        Some(AtMost::Within(span) | AtMost::Beyond(span)) => span,
    };
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn plots(page: &Page, slots: &[Slot]) -> Vec<Plot> {
    let from = slots.first().map_or(page.now(), |slot| slot.from);
    let series = |name: &str, quiet, of: &dyn Fn(&Slot) -> u64| Series {
        name: page.say(name).to_string(),
        values: slots.iter().map(of).collect(),
        quiet,
    };
    let plot =
        |title: &str, first, second| Plot::new(page.say(title).to_string(), from, first, second);
    let ours = series("admin-plot-ours", false, &|slot| slot.true_positives);
    let foreign = series("admin-plot-foreign", true, &|slot| slot.false_positives);
    let died = series("admin-plot-revocations", false, &|slot| slot.revocations);
    let half = series("admin-plot-half", false, &|slot| millis(slot, 50));
    let rest = series("admin-plot-most", true, &|slot| {
        millis(slot, 95).saturating_sub(millis(slot, 50))
    });
    let waited = series("admin-plot-outbox", false, &|slot| {
        slot.outbox_age.as_secs()
    });
    let span = |span: Duration| page.span(&span).to_string();
    vec![
        plot("admin-plot-reports", ours, Some(foreign)),
        plot("admin-plot-revocations", died, None),
        plot("admin-plot-commit", half, Some(rest))
            .measured(|most| span(Duration::from_millis(most))),
        plot("admin-plot-outbox", waited, None).measured(|most| span(Duration::from_secs(most))),
    ]
}
