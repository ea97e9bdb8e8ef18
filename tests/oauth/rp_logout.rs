//! A client sends a browser to sign out (OpenID Connect RP-Initiated Logout 1.0). One test per
//! module of the certification, named after it, and the abuse cases.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rstest::rstest;
use serde_json::{Value, json};
use tokenward::domain::{sessions, signing_keys};
use tokenward::model::{ClientMetadata, GrantRequest, PlainToken, Session, SigningAlgorithm};
use url::form_urlencoded::Serializer;

use crate::browser::{Browser, PageAnswer};
use crate::desk::{CHALLENGE, Party};
use crate::support::{CALLBACK, TestApp};

const ADA: &str = "ada@example.com";
const COOKIE: &str = "tokenward_session";
/// Where the client wants people back.
pub(crate) const AFTERWARDS: &str = "https://app.example/post_logout_redirect?tenant=7";
const STATE: &str = "a b+c/%2f\u{e9}&=";

/// Somebody who is signed in, here and at a client.
pub(crate) struct Visit<'a> {
    pub(crate) browser: Browser<'a>,
    pub(crate) session: Session,
    pub(crate) party: Party,
    pub(crate) id_token: String,
}

impl<'a> Visit<'a> {
    async fn start(app: &'a TestApp) -> Self {
        Self::of(app, ADA, party(app, |_| ()).await).await
    }

    pub(crate) async fn of(app: &'a TestApp, email: &str, party: Party) -> Self {
        let mut browser = app.browser();
        browser.sign_in(email).await;
        let session = session(app, &browser).await;
        let id_token = id_token(app, &party, &session).await;
        Self {
            browser,
            session,
            party,
            id_token,
        }
    }

    async fn is_in(&mut self) -> bool {
        self.browser.get("/settings/sessions").await.status == 200
    }

    async fn ask(&mut self, parameters: &[(&str, &str)]) -> PageAnswer {
        self.browser.get(&url(parameters)).await
    }

    /// Presses the button of the page that asks.
    async fn confirm(&mut self, page: &PageAnswer) -> PageAnswer {
        assert!(page.text.contains("id=\"confirm-sign-out\""));
        let fields = page.form("confirm");
        self.browser.post("/oauth2/logout/confirm", &fields).await
    }

    /// The page asks, nobody is sent anywhere, and nobody is signed out yet.
    async fn is_asked(&mut self, page: &PageAnswer) {
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("id=\"sign-out-title\""), "{}", page.text);
        assert!(!page.headers.contains_key("location"));
        assert!(self.is_in().await);
    }

    /// The page says what is wrong, nobody is sent anywhere, and nobody is signed out.
    async fn is_refused(&mut self, page: &PageAnswer) {
        assert_eq!(page.status, 400, "{}", page.text);
        assert!(page.text.contains("id=\"error-title\""), "{}", page.text);
        assert!(!page.headers.contains_key("location"));
        assert!(self.is_in().await);
    }
}

pub(crate) async fn party(app: &TestApp, change: impl FnOnce(&mut ClientMetadata)) -> Party {
    let client = app.client("Acme Reports").metadata(|metadata| {
        metadata.post_logout_redirect_uris = vec![AFTERWARDS.to_owned()];
    });
    client.metadata(change).register().await
}

pub(crate) async fn session(app: &TestApp, browser: &Browser<'_>) -> Session {
    let text = PlainToken::new(browser.cookies[COOKIE].clone());
    let found = sessions::find(&app.ctx, &text, None).await.unwrap();
    found.expect("somebody is signed in")
}

pub(crate) async fn id_token(app: &TestApp, party: &Party, session: &Session) -> String {
    let request = GrantRequest {
        sid: Some(session.sid),
        ..GrantRequest::default()
    };
    let code = app.code(party, &session.user, "openid email", request);
    app.exchange(party, &code.await).await.member("id_token")
}

fn url(parameters: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    format!("/oauth2/logout?{}", query.extend_pairs(parameters).finish())
}

/// What came back with the browser, after the address itself.
fn came_back(answer: &PageAnswer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let query = answer.location().strip_prefix(AFTERWARDS);
    let query = query.unwrap_or_else(|| panic!("{}", answer.location()));
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// A token of this header and these claims, with whatever signature.
fn token(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

async fn is_said(page: &PageAnswer) {
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("id=\"signed-out-title\""));
}

#[rstest]
#[tokio::test]
async fn oidcc_rp_initiated_logout(#[values(true, false)] by_form: bool) {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let hint = visit.id_token.clone();
    let parameters = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", AFTERWARDS),
        ("state", STATE),
        ("client_id", &visit.party.client_id.clone()),
        ("logout_hint", ADA),
        ("ui_locales", "de en"),
    ];
    let answer = match by_form {
        true => {
            let fields = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
            visit.browser.post("/oauth2/logout", &fields).await
        }
        false => visit.ask(&parameters).await,
    };
    assert_eq!(came_back(&answer), [("state".to_owned(), STATE.to_owned())]);
    assert!(!visit.browser.cookies.contains_key(COOKIE));
    assert!(!visit.is_in().await);
    // Nobody is signed in any more, and a client learns it without a page.
    let query = Serializer::new(String::new())
        .extend_pairs([
            ("response_type", "code"),
            ("client_id", &visit.party.client_id),
            ("redirect_uri", CALLBACK),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("prompt", "none"),
        ])
        .finish();
    let silent = format!("/oauth2/authorize?{query}");
    let silent = visit.browser.get(&silent).await;
    assert!(silent.location().contains("error=login_required"));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let app = TestApp::start().await;
    let response = app.get("/.well-known/openid-configuration").await;
    let metadata: Value = response.json().await.unwrap();
    let here = format!("{}/oauth2/logout", app.url);
    assert_eq!(metadata["end_session_endpoint"], here);
}

#[rstest]
#[case::another("https://app.example/elsewhere")]
#[case::another_host("https://evil.example/post_logout_redirect?tenant=7")]
#[case::prefix("https://app.example/post_logout_redirect")]
#[case::longer("https://app.example/post_logout_redirect?tenant=7/../x")]
#[case::capitals("https://APP.example/post_logout_redirect?tenant=7")]
#[case::port("https://app.example:443/post_logout_redirect?tenant=7")]
#[case::script("javascript:alert(1)")]
#[case::callback(CALLBACK)]
#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(#[case] uri: &str) {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let (hint, client_id) = (visit.id_token.clone(), visit.party.client_id.clone());
    for proof in [("id_token_hint", hint.as_str()), ("client_id", &client_id)] {
        let parameters = [proof, ("post_logout_redirect_uri", uri), ("state", "x")];
        let page = visit.ask(&parameters).await;
        visit.is_refused(&page).await;
    }
    // Nobody is signed in: still nowhere.
    let mut stranger = app.browser();
    let page = stranger
        .get(&url(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", uri),
        ]))
        .await;
    assert_eq!(page.status, 400);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let hint = visit.id_token.clone();
    let uri = format!("{AFTERWARDS}&more=1");
    let page = visit
        .ask(&[("id_token_hint", &hint), ("post_logout_redirect_uri", &uri)])
        .await;
    visit.is_refused(&page).await;
}

/// With `hint`, nobody is sent back, before or after they confirm.
async fn proves_nothing(hint: &str, visit: &mut Visit<'_>) {
    let client_id = visit.party.client_id.clone();
    let parameters = [
        ("id_token_hint", hint),
        ("client_id", client_id.as_str()),
        ("post_logout_redirect_uri", AFTERWARDS),
        ("state", STATE),
    ];
    for parameters in [&parameters[..], &parameters[2..], &[parameters[0]]] {
        let page = visit.ask(parameters).await;
        visit.is_asked(&page).await;
    }
    let mut stranger = visit.browser.another();
    is_said(&stranger.get(&url(&parameters)).await).await;
    let page = visit.ask(&parameters).await;
    let out = visit.confirm(&page).await;
    assert_eq!((out.status, out.location()), (303, "/oauth2/logout"));
    is_said(&visit.ask(&[]).await).await;
    assert!(!visit.is_in().await);
}

/// Abuse case 77.
#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let claims = claims(&visit.id_token);
    for alg in ["none", "None", "HS256"] {
        let key = signing_keys::list(&app.ctx).await.unwrap();
        let header = json!({ "alg": alg, "kid": key[0].key.kid });
        let hint = token(&header, &claims, "");
        let page = visit.ask(&[("id_token_hint", &hint)]).await;
        visit.is_asked(&page).await;
    }
    let hint = token(&json!({ "alg": "none" }), &claims, "");
    proves_nothing(&hint, &mut visit).await;
}

/// Abuse case 77.
#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let good = visit.id_token.clone();
    let (body, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = good.split_once('.').unwrap();
    let mut other = claims(&good);
    other["email"] = json!("eve@example.com");
    let other = URL_SAFE_NO_PAD.encode(other.to_string());
    // Signed by us, but not as an ID token; by us under another name; by somebody else.
    let logout = json!({
        "iss": app.url, "sub": visit.session.user.id.to_string(), "aud": visit.party.client_id,
        "sid": visit.session.sid, "events": { "x": {} },
    });
    let sign = async |claims: Value| {
        signing_keys::sign(&app.ctx, SigningAlgorithm::Rs256, "JWT", &claims)
            .await
            .unwrap()
    };
    let mut elsewhere = claims(&good);
    elsewhere["iss"] = json!("https://elsewhere.example");
    let secret = EncodingKey::from_secret(b"guess");
    let mut forged = Header::new(Algorithm::HS256);
    forged.kid = jsonwebtoken::decode_header(&good).unwrap().kid;
    for hint in [
        format!("{body}.{}", signature.chars().rev().collect::<String>()),
        format!("{body}."),
        format!("{header}.{other}.{signature}"),
        jsonwebtoken::encode(&forged, &claims(&good), &secret).unwrap(),
        sign(logout).await,
        sign(elsewhere).await,
        "no token at all".to_owned(),
    ] {
        let page = visit.ask(&[("id_token_hint", &hint)]).await;
        visit.is_asked(&page).await;
    }
    let hint = format!("{header}.{other}.{signature}");
    proves_nothing(&hint, &mut visit).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let page = visit
        .ask(&[("post_logout_redirect_uri", AFTERWARDS), ("state", STATE)])
        .await;
    visit.is_asked(&page).await;
    let out = visit.confirm(&page).await;
    assert_eq!((out.status, out.location()), (303, "/oauth2/logout"));
    assert!(!visit.is_in().await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let page = visit.browser.get("/oauth2/logout").await;
    visit.is_asked(&page).await;
    let out = visit.confirm(&page).await;
    assert_eq!(out.location(), "/oauth2/logout");
    is_said(&visit.browser.get("/oauth2/logout").await).await;
    assert!(!visit.is_in().await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let page = visit.ask(&[("state", STATE)]).await;
    visit.is_asked(&page).await;
    let out = visit.confirm(&page).await;
    assert_eq!(out.location(), "/oauth2/logout");
    is_said(&visit.ask(&[("state", STATE)]).await).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let hint = visit.id_token.clone();
    let out = visit
        .ask(&[("id_token_hint", &hint), ("state", STATE)])
        .await;
    assert_eq!((out.status, out.location()), (303, "/oauth2/logout"));
    is_said(&visit.ask(&[]).await).await;
    assert!(!visit.is_in().await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let hint = visit.id_token.clone();
    let out = visit
        .ask(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTERWARDS),
        ])
        .await;
    assert_eq!((out.status, out.location()), (303, AFTERWARDS));
}

#[tokio::test]
async fn a_hint_is_good_however_old_it_is() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    app.clock.advance(Duration::from_secs(20 * 86_400));
    let hint = visit.id_token.clone();
    let out = visit
        .ask(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTERWARDS),
        ])
        .await;
    assert_eq!(out.location(), AFTERWARDS);
    assert!(!visit.is_in().await);
}

#[tokio::test]
async fn a_hint_about_somebody_else_signs_nobody_out_without_asking() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let eve = Visit::of(&app, "eve@example.com", visit.party.clone()).await;
    // The same person in another browser is another session.
    app.clock.advance(Duration::from_secs(3_600));
    let elsewhere = Visit::of(&app, ADA, visit.party.clone()).await;
    for hint in [&eve.id_token, &elsewhere.id_token] {
        let parameters = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", AFTERWARDS),
            ("state", STATE),
        ];
        let page = visit.ask(&parameters).await;
        visit.is_asked(&page).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("form-action 'self' https:"));
        let shown = "Acme Reports asks you to sign out";
        assert!(page.text.contains(shown) && page.text.contains(ADA));
    }
    let hint = eve.id_token.clone();
    let page = visit
        .ask(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTERWARDS),
            ("state", STATE),
        ])
        .await;
    let out = visit.confirm(&page).await;
    assert_eq!(came_back(&out), [("state".to_owned(), STATE.to_owned())]);
    assert!(!visit.is_in().await);
    let (mut eve, mut elsewhere) = (eve, elsewhere);
    assert!(eve.is_in().await && elsewhere.is_in().await);
}

#[tokio::test]
async fn whoever_confirms_goes_back_to_the_client_that_named_itself() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let client_id = visit.party.client_id.clone();
    let parameters = [
        ("client_id", client_id.as_str()),
        ("post_logout_redirect_uri", AFTERWARDS),
    ];
    let page = visit.ask(&parameters).await;
    visit.is_asked(&page).await;
    assert_eq!(visit.confirm(&page).await.location(), AFTERWARDS);
    // Nobody asks, and nothing is proven: no way to be led on from here.
    is_said(&visit.ask(&parameters).await).await;
}

#[tokio::test]
async fn a_client_that_is_not_the_hints_is_refused() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let other = party(&app, |_| ()).await;
    let hint = visit.id_token.clone();
    for client_id in [other.client_id.as_str(), "unknown"] {
        let page = visit
            .ask(&[("id_token_hint", &hint), ("client_id", client_id)])
            .await;
        visit.is_refused(&page).await;
    }
    let page = visit
        .ask(&[
            ("client_id", "unknown"),
            ("post_logout_redirect_uri", AFTERWARDS),
        ])
        .await;
    visit.is_refused(&page).await;
}

#[tokio::test]
async fn a_client_that_was_disabled_gets_nobody_back() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    app.database
        .execute("UPDATE clients SET disabled_at = 1")
        .await;
    let hint = visit.id_token.clone();
    let page = visit
        .ask(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTERWARDS),
        ])
        .await;
    visit.is_refused(&page).await;
}

/// Whatever got into the database before it was checked.
#[tokio::test]
async fn nobody_is_sent_to_a_script() {
    let app = TestApp::start().await;
    let uris = [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://app.example/",
    ];
    let party = party(&app, |metadata| {
        metadata.post_logout_redirect_uris = uris.map(str::to_owned).to_vec();
    })
    .await;
    let mut visit = Visit::of(&app, ADA, party).await;
    let hint = visit.id_token.clone();
    for uri in uris {
        let parameters = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", uri),
        ];
        let page = visit.ask(&parameters).await;
        visit.is_refused(&page).await;
    }
}

#[tokio::test]
async fn nobody_signed_in_is_sent_back_by_a_good_hint() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let hint = visit.id_token.clone();
    visit.browser.cookies.clear();
    let out = visit
        .ask(&[
            ("id_token_hint", &hint),
            ("post_logout_redirect_uri", AFTERWARDS),
            ("state", STATE),
        ])
        .await;
    assert_eq!(came_back(&out), [("state".to_owned(), STATE.to_owned())]);
}

#[tokio::test]
async fn repeated_parameters_are_refused() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let hint = visit.id_token.clone();
    let page = visit
        .ask(&[("id_token_hint", &hint), ("id_token_hint", &hint)])
        .await;
    visit.is_refused(&page).await;
    let twice = ["a", "b"].map(|state| ("state".to_owned(), state.to_owned()));
    let page = visit.browser.post("/oauth2/logout", &twice).await;
    visit.is_refused(&page).await;
}

/// Abuse case 71. A browser leaves our cookies out of a form that another site sends; what it asks
/// is asked again in a way that brings them.
#[tokio::test]
async fn another_site_signs_nobody_out() {
    let app = TestApp::start().await;
    let mut visit = Visit::start(&app).await;
    let mut without = app.browser();
    let fields = [
        ("id_token_hint".to_owned(), visit.id_token.clone()),
        ("post_logout_redirect_uri".to_owned(), AFTERWARDS.to_owned()),
        ("state".to_owned(), STATE.to_owned()),
    ];
    let again = without.post("/oauth2/logout", &fields).await;
    assert_eq!(again.status, 303);
    assert!(!again.headers.contains_key("set-cookie"));
    let again = again.location().to_owned();
    assert!(again.starts_with("/oauth2/logout?"));
    assert!(visit.is_in().await);

    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let page = visit.browser.post_with("/oauth2/logout", &[], &cross).await;
    visit.is_asked(&page).await;
    for fields in [vec![], page.form("confirm")[1..].to_vec()] {
        let answer = visit.browser.post("/oauth2/logout/confirm", &fields).await;
        assert_eq!(answer.status, 403);
    }
    let fields = page.form("confirm");
    let answer = visit
        .browser
        .post_with("/oauth2/logout/confirm", &fields, &cross);
    assert_eq!(answer.await.status, 403);
    assert!(visit.is_in().await);

    // A hint that fits is all the proof there is.
    let out = visit.browser.get(&again).await;
    assert_eq!(came_back(&out), [("state".to_owned(), STATE.to_owned())]);
    assert!(!visit.is_in().await);
}

#[tokio::test]
async fn the_pages_are_guarded_and_hold_no_markup_of_the_client() {
    let app = TestApp::start().await;
    let party = party(&app, |metadata| {
        metadata.client_name = "<script>x</script>".to_owned();
    })
    .await;
    let mut visit = Visit::of(&app, ADA, party).await;
    let client_id = visit.party.client_id.clone();
    let asked = visit
        .ask(&[("client_id", &client_id), ("state", "\"><script>")])
        .await;
    let said = app.browser().get("/oauth2/logout").await;
    for page in [asked, said] {
        assert_eq!(page.headers["x-frame-options"], "DENY");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert!(!page.markup().contains("<script"), "{}", page.text);
    }
}
