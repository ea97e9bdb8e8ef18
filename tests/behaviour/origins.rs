//! Several origins at once: each with its own address, headers, keys and answer, and none in the
//! way of another.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokenward::origins::signing::OriginSigner;
use tokenward::origins::{BodyShape, DEPSDEV, GITHUB, GITLAB, OriginSpec, SignatureHeaders};
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

use crate::support::{Answer, GitHub, TestApp, eventually, report};

/// What was agreed upon with a GitLab of our own.
const SECRET: &str = "a-secret-of-forty-characters-or-more-ok!";

/// An origin and where it publishes its keys.
struct Stand {
    spec: OriginSpec,
    keys: GitHub,
}

impl Stand {
    async fn of(spec: &OriginSpec) -> Self {
        Self {
            spec: spec.clone(),
            keys: GitHub::start().await,
        }
    }

    fn name(&self) -> &str {
        self.spec.origin.as_str()
    }

    async fn report(&self, app: &TestApp, reports: &[Value]) -> Answer {
        let body = json!(reports).to_string();
        self.post_signed_by(app, &self.keys.signer, &body).await
    }

    async fn post_signed_by(&self, app: &TestApp, signer: &OriginSigner, body: &str) -> Answer {
        let mut request = app.http.post(format!("{}{}", app.url, self.spec.path()));
        for (name, value) in signer.headers(&self.spec, body.as_bytes()) {
            request = request.header(name, value);
        }
        Answer::read(request.body(body.to_owned()).send().await.unwrap()).await
    }
}

/// A scanner of our own with members of its own.
fn night_watch() -> OriginSpec {
    OriginSpec {
        origin: "night-watch".parse().unwrap(),
        headers: SignatureHeaders {
            key_id: "X-Watch-Key".into(),
            signature: "X-Watch-Signature".into(),
        },
        other_headers: Cow::default(),
        body: BodyShape {
            token: "secret".into(),
            ..BodyShape::GITHUB
        },
    }
}

/// A scanner of our own whose key is in the configuration.
fn archive() -> OriginSpec {
    OriginSpec {
        origin: "archive".parse().unwrap(),
        body: BodyShape::GITHUB,
        ..night_watch()
    }
}

/// A service that listens to all of them.
async fn world() -> (TestApp, [Stand; 5]) {
    let all = [
        Stand::of(&GITHUB).await,
        Stand::of(&GITLAB).await,
        Stand::of(&DEPSDEV).await,
        Stand::of(&night_watch()).await,
        Stand::of(&archive()).await,
    ];
    let [github, gitlab, depsdev, watch, archive] = &all;
    let settings = format!(
        "[origins.github]\nkeys_url = '{}'\n\
         [origins.gitlab]\nenabled = true\nkeys_url = '{}'\nfetch_timeout = '60s'\n\
         [origins.depsdev]\nenabled = true\nkeys_url = '{}'\n\
         [origins.gitlab_revocation]\ntoken = ['{SECRET}']\n\
         [origins.in_house.night-watch]\nkey_id_header = 'X-Watch-Key'\n\
         signature_header = 'X-Watch-Signature'\nkeys_url = '{}'\ntoken_member = 'secret'\n\
         max_body_bytes = 1024\n\
         [origins.in_house.archive]\nkey_id_header = 'X-Watch-Key'\n\
         signature_header = 'X-Watch-Signature'\nkeys = ['''\n{}''']\nfeedback = 'none'\n",
        github.keys.keys_url(),
        gitlab.keys.keys_url(),
        depsdev.keys.keys_url(),
        watch.keys.keys_url(),
        archive.keys.signer.public_pem(),
    );
    let app = TestApp::builder().settings(&settings).start().await;
    let fetched = |app: &TestApp, stand: &Stand| {
        let name = stand.name();
        app.metric(&format!(
            "tokenward_key_fetches_total{{origin=\"{name}\",outcome=\"ok\"}}"
        )) > 0.0
    };
    eventually("all keys are fetched", async || {
        all[..4].iter().all(|stand| fetched(&app, stand))
    })
    .await;
    (app, all)
}

/// One run: those who sign, a GitLab with a secret, whoever has the token, and a service of ours.
#[tokio::test]
async fn every_way_to_report_a_leak_works_beside_all_others() {
    let (app, all) = world().await;
    let ada = app.user("ada@example.com").await;
    let key = app.service_key("tokens:revoke").await.token;
    let bearer = format!("Bearer {}", key.reveal());
    let mut leaked = Vec::new();
    for number in 0..8 {
        leaked.push(app.personal_token(&ada, &format!("{number}")).await.token);
    }
    for (stand, token) in all.iter().zip(&leaked) {
        let report = json!({ &*stand.spec.body.token: token.reveal() });
        assert!(
            stand.report(&app, &[report]).await.status < 300,
            "{}",
            stand.name()
        );
    }
    let place = "https://x.example/";
    let [gitlab, possession, internal] = [5, 6, 7].map(|number| leaked[number].reveal());
    let found = json!([{ "type": "gitleaks_rule_id_polar_personal_access_token", "token": gitlab, "location": place }]);
    for (path, credential, body) in [
        ("/v1/integrations/gitlab/revoke_tokens", Some(SECRET), found),
        (
            "/v1/credentials/revoke",
            None,
            json!({ "credentials": [possession] }),
        ),
        (
            "/v1/revocations",
            Some(&*bearer),
            json!({ "items": [{ "token": internal, "url": place }] }),
        ),
    ] {
        let mut request = app.http.post(format!("{}{path}", app.url)).json(&body);
        if let Some(credential) = credential {
            request = request.header("authorization", credential);
        }
        let status = request.send().await.unwrap().status().as_u16();
        assert!((200..300).contains(&status), "{path}: {status}");
    }
    let origins = "SELECT DISTINCT origin FROM exposures ORDER BY origin";
    let expected =
        "archive depsdev github gitlab gitlab_revocation internal night-watch possession";
    let expected: Vec<_> = expected
        .split(' ')
        .map(|name| vec![name.to_owned()])
        .collect();
    assert_eq!(app.rows(origins).await, expected);
    for token in &leaked {
        assert!(!app.is_active(token).await);
    }
}

#[tokio::test]
async fn each_origin_reports_in_its_own_words_and_gets_the_answer_that_it_reads() {
    let (app, all) = world().await;
    let ada = app.user("ada@example.com").await;
    for (stand, status) in all.iter().zip([200, 204, 204, 200, 204]) {
        let name = stand.name();
        let leaked = app.personal_token(&ada, "deploy").await;
        let shape = &stand.spec.body;
        let report = json!({
            &*shape.token: leaked.token.reveal(),
            &*shape.token_type: "anything",
            &*shape.url: format!("https://{name}.example/"),
        });

        let answer = stand.report(&app, &[report]).await;

        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        match status {
            200 => assert_eq!(answer.labels(), ["true_positive"], "{name}"),
            _ => assert_eq!(answer.text, "", "{name}"),
        }
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert!(!app.is_active(&leaked.token).await, "{name}");
        let handled =
            format!("tokenward_deliveries_total{{origin=\"{name}\",outcome=\"handled\"}}");
        assert_eq!(app.metric(&handled), 1.0, "{name}");
    }
    let names = [
        ["archive"],
        ["depsdev"],
        ["github"],
        ["gitlab"],
        ["night-watch"],
    ];
    let by_origin = |table| format!("SELECT origin FROM {table} ORDER BY origin");
    assert_eq!(app.rows(&by_origin("exposures")).await, names);
    assert_eq!(app.rows(&by_origin("deliveries")).await, names);
    // Keys that are in the configuration are nowhere else.
    assert_eq!(app.rows(&by_origin("origin_keys")).await, names[1..]);
    let mut reporters: Vec<_> = app
        .read_mail()
        .await
        .iter()
        .filter_map(|mail| {
            mail.text
                .split("Reported by")
                .nth(1)?
                .lines()
                .next()
                .map(str::to_owned)
        })
        .map(|line| line.trim_matches([':', ' ']).to_owned())
        .collect();
    reporters.sort();
    assert_eq!(
        reporters,
        ["GitHub", "GitLab", "archive", "deps.dev", "night-watch"]
    );
}

#[tokio::test]
async fn no_origins_key_proves_what_another_sends() {
    let (app, all) = world().await;
    let ada = app.user("ada@example.com").await;
    let token = app.personal_token(&ada, "deploy").await;
    let body = json!([{ "token": token.token.reveal(), "secret": token.token.reveal() }]);
    for claimed in &all {
        for signing in all.iter().filter(|other| other.name() != claimed.name()) {
            let signer = &signing.keys.signer;
            let answer = claimed
                .post_signed_by(&app, signer, &body.to_string())
                .await;
            let who = format!("{} as {}", signing.name(), claimed.name());
            assert_eq!(answer.status, 403, "{who}: {}", answer.text);
            assert_eq!(answer.json()["error"], "unknown_key", "{who}");
        }
    }
    assert!(app.is_active(&token.token).await);
}

#[tokio::test]
async fn headers_of_another_origin_are_no_headers() {
    let (app, all) = world().await;
    let [github, gitlab, ..] = &all;
    let headers = github.keys.signer.headers(&GITHUB, b"[]");
    let mut request = app.http.post(format!("{}{}", app.url, GITLAB.path()));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = Answer::read(request.body("[]").send().await.unwrap()).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text.contains("Gitlab-Public-Key-Identifier"),
        "{}",
        answer.text
    );
    assert_eq!(gitlab.report(&app, &[]).await.status, 204);
}

#[tokio::test]
async fn depsdev_may_use_the_headers_that_it_uses_elsewhere() {
    let (app, all) = world().await;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;
    let other = OriginSpec {
        headers: DEPSDEV.other_headers[0].clone(),
        ..DEPSDEV.clone()
    };
    let gosst = Stand {
        spec: other,
        keys: GitHub::start().await,
    };
    let body = json!([report(&leaked.token)]).to_string();
    let answer = gosst.post_signed_by(&app, &all[2].keys.signer, &body).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert!(!app.is_active(&leaked.token).await);
}

#[tokio::test]
async fn an_origin_whose_keys_cannot_be_had_keeps_nobody_waiting() {
    let (app, all) = world().await;
    let [github, gitlab, ..] = &all;
    gitlab.keys.keys.reset().await;
    let stuck = ResponseTemplate::new(200).set_delay(Duration::from_secs(50));
    Mock::given(method("GET"))
        .respond_with(stuck)
        .mount(&gitlab.keys.keys)
        .await;
    let stranger = OriginSigner::generate();
    let next = OriginSigner::generate();
    let list = tokenward::origins::signing::key_list([(&next, true)]);
    github.keys.publish(&list, "\"2\"").await;
    let at_gitlab = gitlab.post_signed_by(&app, &stranger, "[]");
    let at_github = async {
        eventually("GitLab is asked", async || gitlab.keys.asked().await > 0).await;
        let began = Instant::now();
        // A key that is new to us, so GitHub itself is asked meanwhile.
        let answer = github.post_signed_by(&app, &next, "[]").await;
        (answer.status, began.elapsed())
    };
    let known = async {
        eventually("GitLab is asked", async || gitlab.keys.asked().await > 0).await;
        let began = Instant::now();
        // Keys that are known already work on.
        (gitlab.report(&app, &[]).await.status, began.elapsed())
    };
    let (waited, (status, took), (known, known_took)) = tokio::join!(at_gitlab, at_github, known);
    assert_eq!((status, known), (200, 204));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(known_took < Duration::from_secs(5), "{known_took:?}");
    assert_eq!(waited.status, 503, "{}", waited.text);
}

#[tokio::test]
async fn a_leak_that_two_origins_tell_of_is_one_letter_for_each_place() {
    let (app, all) = world().await;
    let [github, gitlab, ..] = &all;
    let ada = app.user("ada@example.com").await;
    let leaked = app.personal_token(&ada, "deploy").await;

    assert_eq!(
        github.report(&app, &[report(&leaked.token)]).await.labels(),
        ["true_positive"]
    );
    assert_eq!(
        gitlab.report(&app, &[report(&leaked.token)]).await.status,
        204
    );
    assert_eq!(app.read_mail().await.len(), 1);
    assert_eq!(app.rows("SELECT origin FROM exposures").await, [["github"]]);
    // Both deliveries are remembered, each as its own origin's.
    let deliveries = "SELECT origin FROM deliveries ORDER BY origin";
    assert_eq!(app.rows(deliveries).await, [["github"], ["gitlab"]]);

    let elsewhere = json!({
        "token": leaked.token.reveal(), "type": "t", "url": "https://gitlab.com/acme/app",
    });
    assert_eq!(gitlab.report(&app, &[elsewhere]).await.status, 204);
    let mails = app.read_mail().await;
    assert_eq!(mails.len(), 2);
    assert!(mails[1].text.contains("GitLab"), "{}", mails[1].text);
}

#[tokio::test]
async fn each_origin_has_its_own_limit_for_bodies() {
    let (app, all) = world().await;
    let [github, .., watch, _] = &all;
    let long = json!([{ "token": "x".repeat(2_000), "secret": "" }]).to_string();
    let signer = |stand: &Stand| stand.keys.signer.clone();
    assert_eq!(
        watch
            .post_signed_by(&app, &signer(watch), &long)
            .await
            .status,
        413
    );
    assert_eq!(
        github
            .post_signed_by(&app, &signer(github), &long)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn who_may_not_report_has_no_address() {
    let app = TestApp::start().await;
    for spec in [&GITLAB, &DEPSDEV, &night_watch()] {
        let stand = Stand::of(spec).await;
        let answer = stand.report(&app, &[]).await;
        assert_eq!(answer.status, 404, "{}", stand.name());
    }
    let (app, _) = world().await;
    let nobody = OriginSpec {
        origin: "nobody".parse().unwrap(),
        ..night_watch()
    };
    let nobody = Stand::of(&nobody).await;
    assert_eq!(nobody.report(&app, &[]).await.status, 404);
}
