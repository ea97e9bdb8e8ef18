//! `/admin`: how things are, and how they went.

mod plot;

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use self::plot::Plot;
use super::Desk;
use super::operator::{Operator, timely};
use super::query::given;
use crate::domain::figures::{self, Slot, Window};
use crate::domain::outbox::{self, Lag};
use crate::domain::quarantines;
use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::http::state::ApiState;
use crate::http::web::PageError;
use crate::http::web::page::{Page, Place, Policy, Sending};
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
    lag: Lag,
    quarantines: i64,
    reports: u64,
    plots: Vec<Plot>,
    slots: Vec<SlotView>,
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
pub(in crate::http) async fn show(
    operator: Operator<Wanted>,
    state: Data<ApiState>,
) -> Result<HttpResponse, PageError> {
    let window = operator.query.0;
    let slots = timely(&state, figures::look_back(&state.ctx, window)).await?;
    let lag = timely(&state, outbox::lag(&state.ctx)).await?;
    let quarantines = timely(&state, quarantines::count(&state.ctx)).await?;
    let page = operator.page(&state, "admin-overview", Place::Operating(Desk::Overview));
    let template = OverviewPage {
        windows: Window::ALL
            .map(|one| window_view(&page, one, window))
            .into(),
        plots: plots(&page, &slots),
        reports: slots
            .iter()
            .map(|slot| slot.true_positives + slot.false_positives)
            .sum(),
        slots: slots
            .into_iter()
            .rev()
            .map(|slot| slot_view(&page, slot))
            .collect(),
        lag,
        quarantines,
        page,
    };
    Page::render(&template, &Policy::new(Sending::Ourselves))
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
    let each = |of: &dyn Fn(&Slot) -> u64| slots.iter().map(of).collect::<Vec<_>>();
    let plot = |title: &str, first: Vec<u64>, second: Vec<u64>| {
        Plot::new(page.say(title).to_string(), &first, &second)
    };
    vec![
        plot(
            "admin-plot-reports",
            each(&|slot| slot.false_positives),
            each(&|slot| slot.true_positives),
        ),
        plot(
            "admin-plot-revocations",
            each(&|slot| slot.revocations),
            Vec::new(),
        ),
        plot(
            "admin-plot-commit",
            each(&|slot| millis(slot, 50)),
            each(&|slot| millis(slot, 95).saturating_sub(millis(slot, 50))),
        ),
        plot(
            "admin-plot-outbox",
            each(&|slot| slot.outbox_age.as_secs()),
            Vec::new(),
        ),
    ]
}
