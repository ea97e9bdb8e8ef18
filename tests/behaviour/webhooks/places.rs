//! Who is told where a token was seen. The agreements of code hosts forbid to pass that on.

use rstest::rstest;
use serde_json::{Value, json};

use super::{PRIVATE, body, endpoint, heard, is_signed, ok, receiver};
use crate::support::{TestApp, report_at};

const PLACE: &str = "https://x.example/a";

#[rstest]
#[case("", Value::Null, json!(PLACE))]
#[case("places = 'everybody'", json!(PLACE), json!(PLACE))]
#[case("places = 'nobody'", Value::Null, Value::Null)]
#[tokio::test]
async fn a_place_is_told_as_far_as_is_configured(
    #[case] setting: &str,
    #[case] by_operators: Value,
    #[case] by_organization: Value,
) {
    let settings = format!("{PRIVATE}\n{setting}");
    let app = TestApp::builder().settings(&settings).start().await;
    let ada = app.user("ada@example.com").await;
    let acme = app.organization("acme", &ada).await;
    let token = app.organization_token(acme.id, Some(&ada), "ours").await;
    let (theirs, ours) = (receiver(ok()).await, receiver(ok()).await);
    let made = [
        (&ours, endpoint(&app, &ours, None).await, by_operators),
        (
            &theirs,
            endpoint(&app, &theirs, Some(acme.id)).await,
            by_organization,
        ),
    ];
    let leak = report_at(token.token.reveal(), PLACE);
    assert_eq!(app.github().report(&[leak]).await.status, 200);
    app.deliver_webhooks().await;
    for (server, made, place) in made {
        let told = heard(server).await;
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|one| is_signed(one, &made.secret)));
        let seen = told.iter().map(body);
        let seen: Vec<_> = seen
            .filter(|one| one["type"] == "exposure.created")
            .collect();
        let exposure = &seen[0]["data"]["exposure"];
        assert_eq!(exposure["url"], place, "{exposure}");
        assert_eq!(exposure["source"].is_null(), place.is_null(), "{exposure}");
        assert_eq!(exposure["origin"], "github");
    }
}
