//! What clients pay: exchanging codes and refresh tokens, tokens for themselves, and introspection,
//! each next to a bare handler around the same statements and one signature.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokenward::model::{
    Client, ClientId, ClientMetadata, ClientStanding, Grant, GrantRequest, GrantType, Id,
    PlainToken, RedirectUri, ScopeSet, SigningAlgorithm, Timestamp, Token, TokenFormat, TokenKind,
    User,
};
use tokenward::storage::clients::{self, NewClient};
use tokenward::storage::tokens::{self as tokens_table, NewToken};
use tokenward::storage::{Db, grants};

use super::child::Child;
use super::client::{drive, post};
use super::database::{self, Database};
use super::rounds::{Cost, Rounds};
use super::table::{Report, count};
use super::{Plan, roles, seed, tokens};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://app.example/callback";
const SCOPES: &str = "openid email orders:read";
/// Requests at a time.
const CONNECTIONS: usize = 8;
/// Requests in a round, at most: each writes, and waits for the disk.
const MOST: usize = 1_000;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Code(SigningAlgorithm),
    Refresh(SigningAlgorithm),
    ClientCredentials,
    Introspection,
}

impl What {
    const ALL: [Self; 5] = [
        Self::Code(SigningAlgorithm::Rs256),
        Self::Code(SigningAlgorithm::Es256),
        Self::Refresh(SigningAlgorithm::Es256),
        Self::ClientCredentials,
        Self::Introspection,
    ];

    fn title(self) -> String {
        match self {
            Self::Code(algorithm) => format!("code for tokens, ID token {}", algorithm.name()),
            Self::Refresh(algorithm) => {
                format!("refresh token for tokens, ID token {}", algorithm.name())
            }
            Self::ClientCredentials => "client credentials".to_owned(),
            Self::Introspection => "introspection by a client".to_owned(),
        }
    }

    const fn algorithm(self) -> SigningAlgorithm {
        match self {
            Self::Code(algorithm) | Self::Refresh(algorithm) => algorithm,
            Self::ClientCredentials | Self::Introspection => SigningAlgorithm::Es256,
        }
    }

    /// What the floor does: see `roles_oauth`.
    const fn floor(self) -> &'static str {
        match self {
            Self::Code(SigningAlgorithm::Rs256) => "code-rs256",
            Self::Code(SigningAlgorithm::Es256) => "code-es256",
            Self::Refresh(_) => "refresh-es256",
            Self::ClientCredentials => "client",
            Self::Introspection => "introspect",
        }
    }

    const fn seeded(self) -> TokenKind {
        match self {
            Self::Refresh(_) => TokenKind::RefreshToken,
            Self::Introspection => TokenKind::AccessToken,
            _ => TokenKind::AuthorizationCode,
        }
    }
}

/// A client whose requests are driven.
struct Party {
    id: Id<Client>,
    client_id: String,
    secret: String,
}

pub(crate) fn measure(
    plan: &Plan,
    databases: &[Database],
    report: &mut Report,
) -> anyhow::Result<()> {
    let number = plan.introspections.min(MOST);
    for database in databases {
        let db = database.block_on(database::connect(&database.url))?;
        let service = Child::start("service", &[&database.url, "127.0.0.1:0", "no-jobs"])?;
        let floor = Child::start("oauth", &[&database.url])?;
        let (service_at, floor_at) = (
            roles::address(&service.greeting)?,
            roles::address(&floor.greeting)?,
        );
        for what in What::ALL {
            let party = database.block_on(party(&db, what.algorithm()))?;
            let (mut floors, mut reals) = (Rounds::default(), Rounds::default());
            for round in 0..=plan.rounds {
                let texts = database.block_on(seed(&db, &party, what, number * 2))?;
                let (for_floor, for_real) = texts.split_at(number);
                let floor_cost = round_of(database, floor.pid(), floor_at, number, || {
                    bare(what, &party, for_floor)
                })?;
                let real_cost = round_of(database, service.pid(), service_at, number, || {
                    real(what, &party, for_real)
                })?;
                // The first round warms up.
                if round > 0 {
                    floors.push(floor_cost);
                    reals.push(real_cost);
                }
            }
            let title = format!(
                "{}, {}, {} tokens",
                what.title(),
                database.engine.name(),
                count(database.size)
            );
            report.compare(database, &title, &floors, &reals, Some(1.5));
        }
        database.block_on(db.close());
    }
    Ok(())
}

fn round_of(
    database: &Database,
    pid: u32,
    address: SocketAddr,
    number: usize,
    requests: impl FnOnce() -> anyhow::Result<(Vec<Vec<u8>>, &'static [u8])>,
) -> anyhow::Result<Cost> {
    let (requests, expected) = requests()?;
    Cost::measure(database, pid, number, || {
        drive(address, CONNECTIONS, &requests, expected)
    })
}

async fn party(db: &Db, algorithm: SigningAlgorithm) -> anyhow::Result<Party> {
    let format = TokenFormat::new("polar_")?;
    let keys = tokens::hash_keys()?;
    let now = roles::now();
    let id = Id::new(now);
    let client = NewClient {
        id,
        client_id: ClientId::fresh(&format),
        owner: None,
        metadata: ClientMetadata {
            redirect_uris: vec![RedirectUri::from_stored(CALLBACK.to_owned())],
            grant_types: GrantType::ALL.to_vec(),
            scope: SCOPES.parse()?,
            id_token_signed_response_alg: algorithm,
            ..ClientMetadata::named("Bench")
        },
        standing: ClientStanding::default(),
        registered_from: None,
        created_at: now,
    };
    let secret = format.mint(TokenKind::ClientSecret, false);
    let row = NewToken {
        client: Some(id),
        ..row(&keys, TokenKind::ClientSecret, &secret, now)
    };
    let mut tx = db.begin().await?;
    clients::insert(&mut tx, &client).await?;
    tokens_table::insert(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(Party {
        id,
        client_id: client.client_id.to_string(),
        secret: secret.reveal().to_owned(),
    })
}

/// Codes, refresh tokens or access tokens, each of a grant of its own: they work once.
async fn seed(db: &Db, party: &Party, what: What, number: usize) -> anyhow::Result<Vec<String>> {
    if what == What::ClientCredentials {
        return Ok(vec![String::new(); number]);
    }
    let format = TokenFormat::new("polar_")?;
    let keys = tokens::hash_keys()?;
    let now = roles::now();
    let mut texts = Vec::with_capacity(number);
    let mut tx = db.begin().await?;
    for _ in 0..number {
        let grant = grant(party, now)?;
        grants::insert(&mut tx, &grant).await?;
        let text = format.mint(what.seeded(), false);
        let row = NewToken {
            grant: Some(grant.id),
            parent: Some(Id::<Token>::new(now)),
            client: Some(party.id),
            user: Some(grant.user),
            scopes: grant.scopes,
            expires_at: Some(now.plus(std::time::Duration::from_secs(3_600))),
            ..row(&keys, what.seeded(), &text, now)
        };
        tokens_table::insert(&mut tx, &row).await?;
        texts.push(text.reveal().to_owned());
    }
    tx.commit().await?;
    Ok(texts)
}

fn grant(party: &Party, now: Timestamp) -> anyhow::Result<Grant> {
    Ok(Grant {
        id: Id::new(now),
        client: party.id,
        user: Id::<User>::from_uuid(seed::user(0)),
        organization: None,
        scopes: SCOPES.parse()?,
        created_at: now,
        request: GrantRequest {
            sid: Some(tokens::id("session")),
            auth_time: Some(now),
            redirect_uri: Some(CALLBACK.to_owned()),
            code_challenge: Some(CHALLENGE.to_owned()),
            nonce: Some("n-0S6_WzA2Mj".to_owned()),
            ..GrantRequest::default()
        },
    })
}

fn row(
    keys: &tokenward::model::HashKeys,
    kind: TokenKind,
    text: &PlainToken,
    now: Timestamp,
) -> NewToken {
    NewToken {
        id: Id::new(now),
        kind,
        digest: keys.digest(text),
        hash_key: keys.current().id().clone(),
        grant: None,
        parent: None,
        client: None,
        user: None,
        organization: None,
        customer: None,
        name: None,
        scopes: ScopeSet::default(),
        audience: None,
        hint: text.hint(),
        created_at: now,
        expires_at: None,
    }
}

type Requests = (Vec<Vec<u8>>, &'static [u8]);

/// Everything prepared: what is done, the client, and the digests.
fn bare(what: What, party: &Party, texts: &[String]) -> anyhow::Result<Requests> {
    let keys = tokens::hash_keys()?;
    let secret = keys.current().digest(party.secret.as_bytes()).to_hex();
    let requests = texts.iter().map(|text| {
        let digest = keys.current().digest(text.as_bytes()).to_hex();
        let body = format!("{} {secret} {digest}", party.client_id);
        post(&format!("/{}", what.floor()), &[], body.as_bytes())
    });
    Ok((requests.collect(), b"{"))
}

fn real(what: What, party: &Party, texts: &[String]) -> anyhow::Result<Requests> {
    let credentials = STANDARD.encode(format!("{}:{}", party.client_id, party.secret));
    let authorization = format!("Basic {credentials}");
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let path = match what {
        What::Introspection => "/v1/oauth2/introspect",
        _ => "/v1/oauth2/token",
    };
    let requests = texts.iter().map(|text| {
        let body = match what {
            What::Code(_) => format!(
                "grant_type=authorization_code&code={text}&code_verifier={VERIFIER}\
                 &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback"
            ),
            What::Refresh(_) => format!("grant_type=refresh_token&refresh_token={text}"),
            What::ClientCredentials => "grant_type=client_credentials".to_owned(),
            What::Introspection => format!("token={text}"),
        };
        post(path, &headers, body.as_bytes())
    });
    let expected: &[u8] = match what {
        What::Introspection => b"{\"active\":true",
        _ => b"{\"token_type\":\"Bearer\"",
    };
    Ok((requests.collect(), expected))
}
