//! The floor of the OAuth endpoints: bare handlers around the statements that an exchange cannot do
//! without, fresh tokens with their digests, and one signature with a key that is kept.

use actix_web::web::{self, Data, Path};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use std::sync::Arc;
use tokenward::model::{
    Client, Grant, HashKeys, Id, ScopeSet, Token, TokenDigest, TokenFormat, TokenKind, User,
};
use tokenward::storage::tokens::{self as tokens_table, GrantedToken, NewToken};
use tokenward::storage::{Db, Tx, client_secrets};

use super::{database, roles, tokens};

struct Floor {
    db: Db,
    keys: HashKeys,
    format: TokenFormat,
    rsa: RsaKeyPair,
    ecdsa: EcdsaKeyPair,
}

/// As long as the claims of an ID token.
const MESSAGE: [u8; 600] = [b'x'; 600];

pub(crate) async fn serve(url: &str) -> anyhow::Result<()> {
    let floor = Arc::new(Floor {
        db: database::connect(url).await?,
        keys: tokens::hash_keys()?,
        format: TokenFormat::new("polar_")?,
        rsa: RsaKeyPair::generate(KeySize::Rsa2048)?,
        ecdsa: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?,
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::from(Arc::clone(&floor)))
            .route("/{what}", web::post().to(answer))
    })
    .disable_signals()
    .bind("127.0.0.1:0")?;
    let address = *server.addrs().first().context("no address")?;
    roles::serve_until_input_ends(server.run(), address).await
}

async fn answer(floor: Data<Floor>, what: Path<String>, body: web::Bytes) -> HttpResponse {
    match work(&floor, &what, &body).await {
        Ok(token) => HttpResponse::Ok().body(format!("{{\"token\":\"{token}\"}}")),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn work(floor: &Floor, what: &str, body: &[u8]) -> anyhow::Result<String> {
    let mut words = str::from_utf8(body)?.split(' ');
    let mut next = || words.next().context("a word is missing");
    let (client_id, secret, digest) = (next()?, parse(next()?)?, parse(next()?)?);
    let presented = client_secrets::find(&floor.db, client_id, &[secret]).await?;
    let client = presented.client.context("no client")?.id;
    match what {
        "introspect" => {
            let found = tokens_table::find_by_digests(&floor.db, &[digest]).await?;
            Ok(found.len().to_string())
        }
        "client" => {
            let mut tx = floor.db.begin().await?;
            let text = insert(floor, &mut tx, TokenKind::AccessToken, client, None).await?;
            tx.commit().await?;
            Ok(text)
        }
        exchange => {
            let found = tokens_table::find_with_grant(&floor.db, &[digest]).await?;
            let found = found.context("no token")?;
            exchange_for(floor, exchange, client, &found).await
        }
    }
}

fn parse(hex: &str) -> anyhow::Result<TokenDigest> {
    let bytes: [u8; 32] = hex::decode(hex)?.as_slice().try_into()?;
    Ok(TokenDigest::from_bytes(bytes))
}

async fn exchange_for(
    floor: &Floor,
    what: &str,
    client: Id<Client>,
    found: &GrantedToken,
) -> anyhow::Result<String> {
    let token = &found.found.known.token;
    let mut tx = floor.db.begin().await?;
    let done = tokens_table::redeem(&mut tx, token.id, roles::now()).await?;
    anyhow::ensure!(done, "exchanged before");
    if let (true, Some(parent)) = (what.starts_with("refresh"), token.parent) {
        tokens_table::revoke_access_tokens(&mut tx, parent, roles::now()).await?;
    }
    let of = found
        .grant
        .as_ref()
        .map(|grant| (grant.id, grant.user, token.id));
    insert(floor, &mut tx, TokenKind::AccessToken, client, of).await?;
    let text = insert(floor, &mut tx, TokenKind::RefreshToken, client, of).await?;
    tx.commit().await?;
    let random = SystemRandom::new();
    if what.ends_with("rs256") {
        let mut signature = [0; 256];
        floor
            .rsa
            .sign(&RSA_PKCS1_SHA256, &random, &MESSAGE, &mut signature)?;
    } else {
        floor.ecdsa.sign(&random, &MESSAGE)?;
    }
    Ok(text)
}

async fn insert(
    floor: &Floor,
    tx: &mut Tx,
    kind: TokenKind,
    client: Id<Client>,
    of: Option<(Id<Grant>, Id<User>, Id<Token>)>,
) -> anyhow::Result<String> {
    let now = roles::now();
    let text = floor.format.mint(kind, false);
    let row = NewToken {
        id: Id::new(now),
        kind,
        digest: floor.keys.digest(&text),
        hash_key: floor.keys.current().id().clone(),
        grant: of.map(|(grant, ..)| grant),
        parent: of.map(|(.., parent)| parent),
        client: Some(client),
        user: of.map(|(_, user, _)| user),
        organization: None,
        customer: None,
        name: None,
        scopes: ScopeSet::from_stored("email openid orders:read"),
        audience: None,
        hint: text.hint(),
        created_at: now,
        expires_at: Some(now.plus(std::time::Duration::from_secs(3_600))),
    };
    tokens_table::insert(tx, &row).await?;
    Ok(text.reveal().to_owned())
}
