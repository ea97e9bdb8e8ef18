//! Whom the service writes to when it disables a stream.

use std::time::Duration;

use serde_json::json;
use tokenward::domain::streams::operating;
use tokenward::model::{GrantType, Role};

use super::{DAY, Machine, client, told_that_disabled};
use crate::support::TestApp;

#[tokio::test]
async fn whoever_answers_for_a_stream_reads_that_it_was_disabled() {
    let app = TestApp::start().await;
    let (owner, admin, member, maker) = (
        app.user("owner@example.com").await,
        app.user("admin@example.com").await,
        app.user("member@example.com").await,
        app.user("maker@example.com").await,
    );
    let acme = app.organization("acme", &owner).await;
    app.member(&acme, &admin, Role::Admin).await;
    app.member(&acme, &member, Role::Member).await;
    let owned = app
        .client("Reports")
        .owner(&maker)
        .scopes("ssf.manage")
        .grant_types(&[GrantType::ClientCredentials])
        .register()
        .await;
    let nobodys = client(&app, "Nobody's").await;
    let machines = [
        Machine::of_operators(&app).await,
        Machine::of_organization(&app, &acme, &member).await,
        Machine::of_client(&app, &owned, "ssf.manage").await,
        Machine::of_client(&app, &nobodys, "ssf.manage").await,
    ];
    let mut streams = Vec::new();
    for machine in &machines {
        let stream = machine.polled_stream().await;
        let verify = json!({ "stream_id": stream });
        assert_eq!(machine.call("POST", "/v1/ssf/verify", verify).await.0, 204);
        streams.push(stream);
    }

    app.clock.advance(DAY * 7 + Duration::from_millis(1));
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 4);
    assert_eq!(operating::tend(&app.ctx).await.unwrap(), 0);

    let operators = "security@tokenward.test";
    let told = told_that_disabled(&app).await;
    let mut expected = [
        ("admin@example.com", &streams[1], "manage the organization"),
        ("maker@example.com", &streams[2], "own the application"),
        ("owner@example.com", &streams[1], "manage the organization"),
        (operators, &streams[0], "you run"),
        (operators, &streams[3], "you run"),
    ];
    expected.sort_unstable();
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((to, text), (reader, stream, because)) in told.iter().zip(expected) {
        assert_eq!(to, reader);
        for said in [stream, because, "Nobody has fetched its events"] {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
}

#[tokio::test]
async fn what_its_receiver_or_an_operator_does_is_no_news() {
    let app = TestApp::start().await;
    let machine = Machine::of_operators(&app).await;
    let stream = machine.polled_stream().await;
    for status in ["paused", "disabled", "enabled"] {
        let body = json!({ "stream_id": stream, "status": status });
        assert_eq!(machine.call("POST", "/v1/ssf/status", body).await.0, 200);
    }
    operating::set_enabled(&app.ctx, stream.parse().unwrap(), false)
        .await
        .unwrap();
    assert!(told_that_disabled(&app).await.is_empty());
}
