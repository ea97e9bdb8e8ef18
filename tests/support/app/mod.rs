//! The service as tests see it: built as in production, on a fresh database of either engine, with
//! a clock that stands still, a stand-in for GitHub, and typed actors.

mod actors;
mod artifacts;
mod child;
mod clients;
mod database;
mod family;
mod github;
mod mailbox;
mod progress;
mod raw;
mod rest;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokenward::app::{Application, Seams};
use tokenward::config::Settings;
use tokenward::domain::tokens::{Issued, NewTokenRequest};
use tokenward::domain::{Context, Wake, organizations, tokens, users};
use tokenward::jobs::{DeliverEvents, DeliverLogouts, DeliverMail, DeliverWebhooks, Round};
use tokenward::model::{
    Clock, Email, Id, Organization, PlainToken, Role, Timestamp, TokenKind, TokenName, User,
};
use tokenward::telemetry::Metrics;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use actors::Cast;
pub(crate) use artifacts::{artifacts, fresh_path};
pub(crate) use child::{Child, Errand};
pub(crate) use clients::{CALLBACK, ClientBuilder, TestClient};
pub(crate) use database::{TestDatabase, is_postgres};
pub(crate) use github::{Answer, GitHub, report, report_at};
pub(crate) use mailbox::Mail;
pub(crate) use progress::eventually;
pub(crate) use raw::Raw;
pub(crate) use rest::AtOnce;

/// When every test begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// A running service.
pub(crate) struct TestApp {
    pub(crate) ctx: Arc<Context>,
    pub(crate) clock: Clock,
    pub(crate) database: TestDatabase,
    pub(crate) metrics: Metrics,
    pub(crate) mail: DeliverMail,
    pub(crate) logouts: DeliverLogouts,
    pub(crate) webhooks: DeliverWebhooks,
    pub(crate) events: DeliverEvents,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    github: Arc<GitHub>,
    stop: CancellationToken,
    running: Option<JoinHandle<anyhow::Result<()>>>,
}

/// What a test wants to be different.
pub(crate) struct Builder {
    settings: String,
    clock: Clock,
    database: Option<TestDatabase>,
    github: Option<Arc<GitHub>>,
    letters_committed: Option<Wake>,
    run_jobs: bool,
}

impl Builder {
    /// More configuration, as TOML.
    pub(crate) fn settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self.settings.push('\n');
        self
    }

    /// Another clock, for replicas that share one.
    pub(crate) fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// A database that exists already.
    pub(crate) fn database(self, database: TestDatabase) -> Self {
        Self {
            database: Some(database),
            ..self
        }
    }

    /// A GitHub that exists already.
    pub(crate) fn github(self, github: Arc<GitHub>) -> Self {
        Self {
            github: Some(github),
            ..self
        }
    }

    /// Something to call at every commit of letters.
    pub(crate) fn letters_committed(self, call: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            letters_committed: Some(Wake::new(call)),
            ..self
        }
    }

    /// Lets jobs run by themselves, on the machine's clock.
    pub(crate) fn with_jobs(self) -> Self {
        Self {
            run_jobs: true,
            clock: Clock::System,
            ..self
        }
    }

    /// Starts the service.
    pub(crate) async fn start(self) -> TestApp {
        self.try_start().await.expect("the service starts")
    }

    /// Starts the service, or says why not.
    pub(crate) async fn try_start(self) -> anyhow::Result<TestApp> {
        artifacts();
        let database = match self.database {
            Some(database) => database,
            None => TestDatabase::migrated().await,
        };
        let github = match self.github {
            Some(github) => github,
            None => Arc::new(GitHub::start().await),
        };
        let settings = settings(&self.settings, &database, &github);
        let seams = Seams {
            clock: self.clock.clone(),
            letters_committed: self.letters_committed,
            run_jobs: self.run_jobs,
            policy: None,
        };
        let app = Application::build(&settings, seams).await?;
        let stop = CancellationToken::new();
        Ok(TestApp {
            ctx: Arc::clone(&app.ctx),
            clock: self.clock,
            database,
            metrics: app.metrics.clone(),
            mail: app.deliver_mail.clone(),
            logouts: app.deliver_logouts.clone(),
            webhooks: app.deliver_webhooks.clone(),
            events: app.deliver_events.clone(),
            url: format!("http://{}", app.address()),
            http: client(),
            github,
            running: Some(tokio::spawn(app.run(stop.clone()))),
            stop,
        })
    }
}

fn settings(more: &str, database: &TestDatabase, github: &GitHub) -> Settings {
    let mut merged: toml::Table = toml::from_str(more).expect("a test's settings are TOML");
    let base = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nworkers = 1\nrequest_timeout = \"30s\"\n\
         [database]\nurl = \"{}\"\nmax_connections = 8\n\
         [tokens]\nhash_keys = [\"super secret jwt secret\"]\n\
         [mail]\nurl = \"memory:\"\nsecurity_contact = \"security@tokenward.test\"\n\
         from = \"Tokenward <tokens@tokenward.test>\"\n\
         [origins.github]\nkeys_url = \"{}\"\n",
        database.url(),
        github.keys_url(),
    );
    let base: toml::Table = toml::from_str(&base).expect("the base is TOML");
    merge(&mut merged, base);
    Settings::from_overlay(&merged.to_string()).expect("a test's settings are settings")
}

/// What a test says wins over the base.
fn merge(over: &mut toml::Table, base: toml::Table) {
    for (key, value) in base {
        match (over.get_mut(&key), value) {
            (Some(toml::Value::Table(mine)), toml::Value::Table(theirs)) => merge(mine, theirs),
            (Some(_), _) => {}
            (None, value) => {
                over.insert(key, value);
            }
        }
    }
}

fn client() -> reqwest::Client {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::none())
        // Reading the machine's certificates takes longer than many a test, and nothing here is
        // encrypted.
        .tls_certs_only([])
        .no_proxy();
    client.build().expect("a client for tests")
}

impl TestApp {
    /// A service in which nothing is special.
    pub(crate) async fn start() -> Self {
        Self::builder().start().await
    }

    /// A service in which something is.
    pub(crate) fn builder() -> Builder {
        Builder {
            settings: String::new(),
            clock: Clock::manual(START),
            database: None,
            github: None,
            letters_committed: None,
            run_jobs: false,
        }
    }

    /// GitHub, which knows where this service is.
    pub(crate) fn github(&self) -> github::Sender<'_> {
        github::Sender {
            app: self,
            github: &self.github,
        }
    }

    /// GitHub itself.
    pub(crate) fn origin(&self) -> &Arc<GitHub> {
        &self.github
    }

    /// A new user.
    pub(crate) async fn user(&self, email: &str) -> User {
        users::create(&self.ctx, address(email))
            .await
            .expect("the address is new")
    }

    /// A new organization.
    pub(crate) async fn organization(&self, slug: &str, owner: &User) -> Organization {
        let name = format!("The {slug} company").parse().unwrap();
        organizations::create(&self.ctx, slug.parse().unwrap(), name, &owner.email)
            .await
            .unwrap()
    }

    /// A new member.
    pub(crate) async fn member(&self, organization: &Organization, user: &User, role: Role) {
        organizations::add_member(&self.ctx, &organization.slug, &user.email, role)
            .await
            .unwrap();
    }

    /// A new token.
    pub(crate) async fn token(&self, request: NewTokenRequest) -> Issued {
        tokens::create(&self.ctx, request)
            .await
            .expect("the token can be made")
    }

    /// A new personal access token.
    pub(crate) async fn personal_token(&self, user: &User, name: &str) -> Issued {
        self.token(NewTokenRequest {
            user: Some(user.id),
            name: Some(token_name(name)),
            scopes: "orders:read orders:write".parse().unwrap(),
            ..NewTokenRequest::new(TokenKind::PersonalAccessToken)
        })
        .await
    }

    /// A new organization access token, made by `creator`.
    pub(crate) async fn organization_token(
        &self,
        organization: Id<Organization>,
        creator: Option<&User>,
        name: &str,
    ) -> Issued {
        self.token(NewTokenRequest {
            organization: Some(organization),
            user: creator.map(|user| user.id),
            name: Some(token_name(name)),
            scopes: "products:read".parse().unwrap(),
            ..NewTokenRequest::new(TokenKind::OrganizationAccessToken)
        })
        .await
    }

    /// A service key with these scopes.
    pub(crate) async fn service_key(&self, scopes: &str) -> Issued {
        self.token(NewTokenRequest {
            name: Some(token_name("a service")),
            scopes: scopes.parse().unwrap(),
            ..NewTokenRequest::new(TokenKind::ServiceKey)
        })
        .await
    }

    /// Whether a token works, asked through the public door.
    pub(crate) async fn is_active(&self, token: &PlainToken) -> bool {
        let key = self.service_key("tokens:introspect").await;
        let answer = self.introspect(&key.token, token.reveal()).await;
        answer["active"]
            .as_bool()
            .expect("an introspection answers active")
    }

    /// What introspection says.
    pub(crate) async fn introspect(&self, key: &PlainToken, token: &str) -> Value {
        let response = self.introspection(key, &[("token", token)]).await;
        assert_eq!(response.status(), 200);
        response
            .json()
            .await
            .expect("an introspection answers JSON")
    }

    /// An introspection with any parameters.
    pub(crate) async fn introspection(
        &self,
        key: &PlainToken,
        parameters: &[(&str, &str)],
    ) -> reqwest::Response {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let request = self.http.post(format!("{}/v1/oauth2/introspect", self.url));
        request
            .bearer_auth(key.reveal())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("the service answers")
    }

    /// Delivers what is due and tells how the round ended.
    pub(crate) async fn deliver_mail(&self) -> Round {
        self.mail.round(&CancellationToken::new()).await
    }

    /// Tells clients of the logouts that are due, and tells how the round ended.
    pub(crate) async fn deliver_logouts(&self) -> Round {
        self.logouts.round(&CancellationToken::new()).await
    }

    /// Tells machines what is due, and tells how the round ended.
    pub(crate) async fn deliver_webhooks(&self) -> Round {
        self.webhooks.round(&CancellationToken::new()).await
    }

    /// Pushes security events that are due, and tells how the round ended.
    pub(crate) async fn deliver_events(&self) -> Round {
        self.events.round(&CancellationToken::new()).await
    }

    /// Delivers what is due into memory and reads everything that ever arrived there.
    pub(crate) async fn read_mail(&self) -> Vec<Mail> {
        assert_eq!(self.deliver_mail().await, Round::Done);
        let mailbox = self.mail.mailer.memory().expect("mail goes to memory");
        mailbox
            .messages()
            .iter()
            .map(|message| Mail::parse(message))
            .collect()
    }

    /// The rows that a statement returns, each column as text.
    pub(crate) async fn rows(&self, statement: &str) -> Vec<Vec<String>> {
        self.database.rows(statement).await
    }

    /// Every token was written down when it was made and when it ended, however that came about.
    pub(crate) async fn everything_is_in_the_audit_log(&self) {
        let unknown = "SELECT kind, revoked_reason FROM tokens AS t WHERE NOT EXISTS (
                 SELECT 1 FROM audit_log AS a
                 WHERE a.token_id = t.id AND a.event = 'token.issued'
             )";
        assert_eq!(
            self.rows(unknown).await,
            Vec::<Vec<String>>::new(),
            "issued"
        );
        let unknown = "SELECT kind, revoked_reason FROM tokens AS t
             WHERE revoked_at IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM audit_log AS a
                 WHERE a.token_id = t.id AND a.event = 'token.revoked' AND a.at = t.revoked_at
             )";
        assert_eq!(
            self.rows(unknown).await,
            Vec::<Vec<String>>::new(),
            "revoked"
        );
    }

    /// One number.
    pub(crate) async fn number(&self, statement: &str) -> i64 {
        self.rows(statement).await[0][0]
            .parse()
            .expect("the statement returns a number")
    }

    /// A GET, for operations.
    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .expect("the service answers")
    }

    /// Stops as an operator would, and tells whether it ended well.
    pub(crate) async fn stop(mut self) -> TestDatabase {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            running
                .await
                .expect("the service does not panic")
                .expect("the service ends well");
        }
        self.database.clone()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        artifacts::keep("metrics", self.metrics.render().as_bytes());
        if let Some(mailbox) = self.mail.mailer.memory() {
            for message in mailbox.messages() {
                artifacts::keep("mail", &message);
            }
        }
        self.stop.cancel();
    }
}

/// An e-mail address.
pub(crate) fn address(text: &str) -> Email {
    text.parse().expect("a test's address is one")
}

/// A token's name.
pub(crate) fn token_name(text: &str) -> TokenName {
    text.parse().expect("a test's name is one")
}
