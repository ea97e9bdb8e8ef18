//! GitLab's Token Revocation API, as a GitLab of one's own calls it.

use std::time::Duration;

use serde_json::{Value, json};
use tokenward::model::TokenKind;

use crate::support::{Answer, TestApp};

const SECRET: &str = "an-old-secret-of-forty-characters-or-so!";
const NEXT: &str = "a-new-secret-of-forty-characters-or-more";
const TYPES: &str = "/v1/integrations/gitlab/revocable_token_types";
const REVOKE: &str = "/v1/integrations/gitlab/revoke_tokens";
const PLACE: &str = "https://gitlab.example/acme/app/-/blob/3fa1/.env#L3-3";

async fn app(more: &str) -> TestApp {
    let settings = format!("[origins.gitlab_revocation]\ntoken = ['{NEXT}', '{SECRET}']\n{more}");
    TestApp::builder().settings(&settings).start().await
}

/// Something that GitLab's analyzer found.
struct Finding {
    rule: &'static str,
    token: String,
}

/// GitLab's own client: what its worker does after a pipeline that found secrets.
struct Gitlab<'a> {
    app: &'a TestApp,
    secret: &'a str,
}

impl Gitlab<'_> {
    async fn types(&self) -> Answer {
        let request = self.app.http.get(format!("{}{TYPES}", self.app.url));
        // The value is the secret itself, without a scheme.
        let request = request.header("authorization", self.secret);
        let request = request.header("content-type", "application/json");
        Answer::read(request.send().await.unwrap()).await
    }

    async fn revoke(&self, body: String) -> Answer {
        let request = self.app.http.post(format!("{}{REVOKE}", self.app.url));
        let request = request.header("authorization", self.secret);
        let request = request.header("content-type", "application/json");
        Answer::read(request.body(body).send().await.unwrap()).await
    }

    /// One run of the worker; `Err` is what makes its queue try again.
    async fn after_pipeline(&self, findings: &[Finding]) -> Result<usize, Answer> {
        let answer = self.types().await;
        if answer.status != 200 {
            return Err(answer);
        }
        let types = answer.json()["types"].clone();
        let items: Vec<Value> = findings
            .iter()
            .map(|finding| {
                let identifier = format!("gitleaks_rule_id_{}", finding.rule);
                let claimed = identifier.replace(' ', "_").to_lowercase();
                json!({
                    "type": claimed, "token": finding.token, "location": PLACE,
                    "vulnerability": { "id": 7, "state": "detected" },
                })
            })
            .filter(|item| types.as_array().unwrap().contains(&item["type"]))
            .collect();
        if items.is_empty() {
            return Ok(0);
        }
        let answer = self.revoke(json!(items).to_string()).await;
        match answer.status {
            200..300 => Ok(items.len()),
            _ => Err(answer),
        }
    }

    /// The queue: tries seventeen times, and decides by itself how long to wait in between, whatever it is
    /// told.
    async fn queue(&self, findings: &[Finding]) -> (usize, usize) {
        for tries in 1..=17_usize {
            match self.after_pipeline(findings).await {
                Ok(sent) => return (sent, tries),
                Err(_) => {
                    let wait = tries.pow(4) + 15;
                    self.app.clock.advance(Duration::from_secs(wait as u64));
                }
            }
        }
        panic!("GitLab gave up");
    }
}

#[tokio::test]
async fn what_gitlab_finds_is_revoked_and_its_owner_hears_where_it_was() {
    let app = app("").await;
    let ada = app.user("ada@example.com").await;
    let one = app.personal_token(&ada, "deploy").await;
    let two = app.personal_token(&ada, "laptop").await;
    let kept = app.personal_token(&ada, "kept").await;
    let finding = |rule, text: &str| Finding {
        rule,
        token: text.to_owned(),
    };
    let findings = [
        finding("polar_personal_access_token", one.token.reveal()),
        finding("polar-personal-access-token", two.token.reveal()),
        // Not ours to revoke, so GitLab keeps it to itself.
        finding("AWS", kept.token.reveal()),
    ];
    let gitlab = Gitlab {
        app: &app,
        secret: SECRET,
    };

    assert_eq!(gitlab.queue(&findings).await, (2, 1));

    assert!(!app.is_active(&one.token).await && !app.is_active(&two.token).await);
    assert!(app.is_active(&kept.token).await);
    let exposures = "SELECT origin, url, source FROM exposures";
    let seen = ["gitlab_revocation", PLACE, ""];
    assert_eq!(app.rows(exposures).await, [seen, seen]);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert!(
            mail.text.contains("GitLab") && mail.text.contains(PLACE),
            "{}",
            mail.text
        );
    }
    let handled = "tokenward_deliveries_total{origin=\"gitlab_revocation\",outcome=\"handled\"}";
    assert_eq!(app.metric(handled), 1.0);
}

#[tokio::test]
async fn gitlab_tries_again_where_it_may_not_now_and_nothing_happens_twice() {
    let app = app("[limits]\ngitlab_questions = '1 in 1m'\ngitlab_reports = '1 in 1m'").await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let findings = [Finding {
        rule: "polar_personal_access_token",
        token: leaked.token.reveal().to_owned(),
    }];
    let gitlab = Gitlab {
        app: &app,
        secret: NEXT,
    };

    assert_eq!(gitlab.queue(&findings).await, (1, 1));
    // Being refused costs nothing.
    let refused = gitlab.after_pipeline(&findings).await.unwrap_err();
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.headers["retry-after"], "60");
    let (sent, tries) = gitlab.queue(&findings).await;

    // Sixteen seconds, then thirty-one: the minute is over in the third.
    assert_eq!((sent, tries), (1, 4));
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn gitlab_tries_again_when_the_service_was_away_or_the_answer_was_lost() {
    let app = app("").await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let findings = [Finding {
        rule: "polar_personal_access_token",
        token: leaked.token.reveal().to_owned(),
    }];
    let gitlab = Gitlab {
        app: &app,
        secret: NEXT,
    };
    let outage = app.database.take_away().await;
    let refused = gitlab.after_pipeline(&findings).await.unwrap_err();
    assert_eq!(refused.status, 503, "{}", refused.text);
    outage.end().await;
    // This answer never arrives, and the queue tries again as after any other failure.
    gitlab.after_pipeline(&findings).await.unwrap();
    assert_eq!(gitlab.queue(&findings).await, (1, 1));
    assert!(!app.is_active(&leaked.token).await);
    assert_eq!(app.number("SELECT count(*) FROM exposures").await, 1);
    assert_eq!(app.read_mail().await.len(), 1);
}

#[tokio::test]
async fn only_who_knows_the_secret_may_ask_or_report() {
    let app = app("").await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let body = json!([{ "type": "t", "token": token.token.reveal(), "location": "" }]).to_string();
    let with_scheme = format!("Bearer {SECRET}");
    for secret in ["wrong", &SECRET[1..], &with_scheme, ""] {
        let stranger = Gitlab { app: &app, secret };
        for answer in [stranger.types().await, stranger.revoke(body.clone()).await] {
            assert_eq!(answer.status, 401, "{secret}");
            assert_eq!(answer.json()["error"], "invalid_secret");
            // RFC 9110 15.5.2 wants a challenge.
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
    let request = app
        .http
        .post(format!("{}{REVOKE}", app.url))
        .body(body.clone());
    assert_eq!(request.send().await.unwrap().status(), 401);
    let twice = app.http.post(format!("{}{REVOKE}", app.url)).body(body);
    let twice = twice
        .header("authorization", SECRET)
        .header("authorization", "x");
    assert_eq!(twice.send().await.unwrap().status(), 401);
    assert!(app.is_active(&token.token).await);
    let refused = "tokenward_deliveries_total{origin=\"gitlab_revocation\",outcome=\"refused\"}";
    assert_eq!(app.metric(refused), 6.0);
}

#[tokio::test]
async fn around_a_rotation_either_secret_is_right() {
    let app = app("").await;
    for secret in [SECRET, NEXT] {
        let gitlab = Gitlab { app: &app, secret };
        assert_eq!(gitlab.types().await.status, 200);
        assert_eq!(gitlab.revoke("[]".to_owned()).await.status, 204);
    }
}

#[tokio::test]
async fn every_kind_is_listed_in_both_spellings_unless_operators_list_others() {
    let by_default = app("").await;
    let gitlab = Gitlab {
        app: &by_default,
        secret: SECRET,
    };
    let types = gitlab.types().await.json()["types"].clone();
    let types = types.as_array().unwrap();
    assert_eq!(types.len(), 2 * TokenKind::ALL.len());
    for expected in [
        "gitleaks_rule_id_polar_personal_access_token",
        "gitleaks_rule_id_polar-personal-access-token",
        "gitleaks_rule_id_polar_service_key",
    ] {
        assert!(types.contains(&json!(expected)), "{types:?}");
    }
    let chosen = app("types = ['semgrep_id_ours']").await;
    let gitlab = Gitlab {
        app: &chosen,
        secret: SECRET,
    };
    assert_eq!(
        gitlab.types().await.json(),
        json!({ "types": ["semgrep_id_ours"] })
    );
}

#[tokio::test]
async fn an_odd_report_is_told_when_its_neighbours_are_dead() {
    let app = app("").await;
    let ada = app.user("ada@example.com").await;
    let gitlab = Gitlab {
        app: &app,
        secret: SECRET,
    };
    let good = "GITLEAKS_RULE_ID_polar_personal_access_token";
    for odd in [
        json!({ "type": "aws", "token": "AKIA", "location": "" }),
        json!({ "token": "AKIA" }),
        json!({ "type": good }),
        json!({ "type": good, "token": 7 }),
        json!(null),
    ] {
        let leaked = app.personal_token(&ada, "deploy").await;
        let report = json!({ "type": good, "token": leaked.token.reveal(), "location": PLACE });
        let answer = gitlab.revoke(json!([odd, report]).to_string()).await;
        assert_eq!(answer.status, 400, "{odd}");
        assert!(!answer.text.contains("AKIA"), "{}", answer.text);
        assert!(!app.is_active(&leaked.token).await, "{odd}");
    }
    for body in ["", "{}", "[", "null"] {
        assert_eq!(gitlab.revoke(body.to_owned()).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_batch_has_no_limit_but_that_of_its_body() {
    let app = app("max_body_bytes = 1048576").await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let gitlab = Gitlab {
        app: &app,
        secret: SECRET,
    };
    let kind = "gitleaks_rule_id_polar_personal_access_token";
    let item = |text: &str| json!({ "type": kind, "token": text, "location": PLACE });
    let mut batch: Vec<_> = (0..5_000).map(|number| item(&number.to_string())).collect();
    batch.push(item(leaked.token.reveal()));
    assert_eq!(gitlab.revoke(json!(batch).to_string()).await.status, 204);
    assert!(!app.is_active(&leaked.token).await);
    let answer = gitlab
        .revoke(format!("[\"{}\"]", "x".repeat(1_048_576)))
        .await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_shuts_nobody_out() {
    let app = app("").await;
    let stranger = Gitlab {
        app: &app,
        secret: "a-guess",
    };
    let mut statuses = Vec::new();
    for _ in 0..70 {
        statuses.push(stranger.types().await.status);
    }
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[69], 429);
    let gitlab = Gitlab {
        app: &app,
        secret: SECRET,
    };
    assert_eq!(gitlab.types().await.status, 200);
}

#[tokio::test]
async fn without_a_secret_there_is_nothing_to_call() {
    let app = TestApp::start().await;
    let gitlab = Gitlab {
        app: &app,
        secret: SECRET,
    };
    assert_eq!(gitlab.types().await.status, 404);
    assert_eq!(gitlab.revoke("[]".to_owned()).await.status, 404);
}
