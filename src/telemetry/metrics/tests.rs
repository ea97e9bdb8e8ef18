use super::*;

fn metrics() -> Metrics {
    let metrics = Metrics::new(Timestamp::from_millis(1_767_225_600_000));
    metrics.introduce(&Origin::GITHUB);
    metrics
}

fn has(text: &str, line: &str) {
    assert!(
        text.lines().any(|found| found == line),
        "no {line} in\n{text}"
    );
}

#[test]
fn a_new_process_shows_every_bounded_series_at_zero() {
    let text = metrics().render();
    for line in [
        "tokenward_deliveries_total{origin=\"github\",outcome=\"handled\"} 0",
        "tokenward_reports_total{origin=\"github\",verdict=\"true_positive\"} 0",
        "tokenward_key_fetches_total{origin=\"github\",outcome=\"not_modified\"} 0",
        "tokenward_revocations_total{kind=\"service_key\",reason=\"exposed\"} 0",
        "tokenward_noncurrent_key_deliveries_total{origin=\"github\"} 0",
        "tokenward_letters_total{outcome=\"dead\"} 0",
        "tokenward_introspections_total{answer=\"refused\"} 0",
        "tokenward_no_room_total{what=\"connections\"} 0",
        "tokenward_no_room_total{what=\"bodies\"} 0",
        "tokenward_no_room_total{what=\"large_bodies\"} 0",
        "tokenward_outbox_letters{state=\"waiting\"} 0",
        "tokenward_outbox_oldest_seconds 0.0",
        "tokenward_delivery_to_commit_seconds_count{origin=\"github\"} 0",
        "process_start_time_seconds 1767225600",
    ] {
        has(&text, line);
    }
    let build = format!(
        "tokenward_build_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    has(&text, &build);
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_delivery_is_counted_with_its_reports_and_its_times() {
    let metrics = metrics();
    let origin = Origin::GITHUB;
    metrics.clone().delivery(&origin, DeliveryOutcome::Handled);
    metrics.reports(&origin, Verdict::FalsePositive, 9_999);
    metrics.noncurrent_key(&origin);
    metrics.key_fetch(&origin, KeyFetchOutcome::Failed);
    metrics.revocations(TokenKind::AccessToken, RevocationReason::RelativeExposed, 3);
    metrics.delivery_to_commit(&origin, Duration::from_millis(3));
    metrics.delivery_to_letter(Duration::from_secs(7_200));
    let text = metrics.render();
    for line in [
        "tokenward_deliveries_total{origin=\"github\",outcome=\"handled\"} 1",
        "tokenward_reports_total{origin=\"github\",verdict=\"false_positive\"} 9999",
        "tokenward_noncurrent_key_deliveries_total{origin=\"github\"} 1",
        "tokenward_key_fetches_total{origin=\"github\",outcome=\"failed\"} 1",
        "tokenward_revocations_total{kind=\"access_token\",reason=\"relative_exposed\"} 3",
        "tokenward_delivery_to_commit_seconds_bucket{le=\"0.0025\",origin=\"github\"} 0",
        "tokenward_delivery_to_commit_seconds_bucket{le=\"0.005\",origin=\"github\"} 1",
        "tokenward_delivery_to_letter_seconds_bucket{le=\"3600.0\"} 0",
        "tokenward_delivery_to_letter_seconds_bucket{le=\"+Inf\"} 1",
    ] {
        has(&text, line);
    }
}

#[test]
fn the_outbox_is_shown_as_it_was_told_last() {
    let metrics = metrics();
    for waiting in [5, 2] {
        metrics.outbox(OutboxDepth {
            waiting,
            dead: 1,
            oldest_waiting: Duration::from_millis(1_500),
        });
    }
    let text = metrics.render();
    has(&text, "tokenward_outbox_letters{state=\"waiting\"} 2");
    has(&text, "tokenward_outbox_letters{state=\"dead\"} 1");
    has(&text, "tokenward_outbox_oldest_seconds 1.5");
}

#[test]
fn what_waits_to_be_removed_is_shown_as_it_was_told_last() {
    let metrics = metrics();
    for waiting in [10_000, 7] {
        metrics.backlog("places", waiting, Duration::from_secs(90));
        metrics.removed("places", 3);
    }
    let text = metrics.render();
    has(&text, "tokenward_retention_backlog{what=\"places\"} 7");
    has(
        &text,
        "tokenward_retention_overdue_seconds{what=\"places\"} 90.0",
    );
    has(
        &text,
        "tokenward_retention_removed_total{what=\"places\"} 6",
    );
}

#[test]
fn what_a_stranger_sends_makes_no_new_series() {
    let metrics = metrics();
    let took = Duration::from_millis(1);
    for status in [200, 204, 299] {
        metrics.request(Some("/v1/x/{id}".into()), "GET", status, took);
    }
    for method in ["BREW", "get", "polar_pat_x"] {
        metrics.request(None, method, 404, took);
    }
    let text = metrics.render();
    has(
        &text,
        "tokenward_http_requests_total{route=\"/v1/x/{id}\",method=\"GET\",status=\"2xx\"} 3",
    );
    has(
        &text,
        "tokenward_http_requests_total{route=\"none\",method=\"other\",status=\"4xx\"} 3",
    );
    has(
        &text,
        "tokenward_http_request_seconds_count{route=\"none\",method=\"other\"} 3",
    );
    assert!(!text.contains("BREW") && !text.contains("polar"));
}

#[test]
fn letters_and_introspections_are_counted_by_what_became_of_them() {
    let metrics = metrics();
    metrics.letter(LetterOutcome::Retried);
    metrics.introspection(IntrospectionAnswer::Inactive);
    let text = metrics.render();
    has(&text, "tokenward_letters_total{outcome=\"retried\"} 1");
    has(
        &text,
        "tokenward_introspections_total{answer=\"inactive\"} 1",
    );
}
