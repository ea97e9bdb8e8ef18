//! How often the token endpoint says no before it says wait.

use crate::support::TestApp;

#[tokio::test]
async fn failures_are_slowed_down_and_success_is_not() {
    let app = TestApp::builder()
        .settings("[limits]\nfailed_token_requests = '3 in 1m'")
        .start()
        .await;
    let ada = app.user("ada@example.com").await;
    let party = app.confidential("Engine").await;
    let code = app.plain_code(&party, &ada).await;
    let wrong = app.never_issued();
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(app.refresh(&party, wrong.reveal()).await);
    }
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [400, 400, 400, 429, 429]);
    let refused = &answers[4];
    assert_eq!(&*refused.error(), "temporarily_unavailable");
    assert_eq!(refused.headers["retry-after"], "20");
    assert_eq!(
        refused.headers["ratelimit"],
        "\"failed_token_requests\";r=0;t=60"
    );
    let exchanged = app.exchange(&party, &code).await;
    assert_eq!(exchanged.status, 200, "{}", exchanged.text);
}
