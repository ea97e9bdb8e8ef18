//! An ID token says who is meant to sign in or out, and anybody sends one. Nobody but us signs what is
//! read, and a hint is what an ID token of this issuer says.
#![no_main]

use std::sync::LazyLock;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use tokenward::domain::logout::Hint;
use tokenward::domain::signing_keys::KeySet;
use tokenward::model::{HashKey, HashKeys, Id, SigningAlgorithm, SigningKey, Timestamp};

const ISSUER: &str = "https://tokens.example";
const PRIVATE: &[u8] = include_bytes!("../../tests/data/openssl/pkcs8.pem");
const PUBLIC: &[u8] = include_bytes!("../../tests/data/openssl/public.pem");

static SIGNER: LazyLock<EncodingKey> =
    LazyLock::new(|| EncodingKey::from_ec_pem(PRIVATE).expect("a private key"));

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let hash_key = HashKey::parse("a key that opens nothing").expect("a hash key");
    let now = Timestamp::from_millis(1_790_000_000_000);
    let public = json!({
        "kty": "EC", "use": "sig", "alg": "ES256", "kid": "k", "crv": "P-256",
        "x": "vIaI-QUhwkhMBPfGl4Rm6HJYJnTefWA5oj3O0z20cm8",
        "y": "j0SgFx0P4QJslvc5xtVEv0-AikR_35wQtRLiJF-GedU",
    });
    let key = SigningKey {
        id: Id::new(now),
        kid: "k".to_owned(),
        algorithm: SigningAlgorithm::Es256,
        public_jwk: public.to_string(),
        sealed: Vec::new(),
        hash_key: hash_key.id().clone(),
        created_at: now,
        active_from: now,
    };
    KeySet::open(vec![key], &HashKeys::new(hash_key, Vec::new()), now)
});

fn signed(algorithm: Algorithm, kid: &str, claims: &Value, key: &EncodingKey) -> String {
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, key).expect("claims that can be signed")
}

/// Whether these are claims of the types that RFC 7519 4.1 gives them. Others may be read as well, or not.
fn is_plain(claims: &Value) -> bool {
    let mut texts = ["iss", "sub", "aud"]
        .iter()
        .filter_map(|name| claims.get(name));
    let mut moments = ["exp", "nbf"].iter().filter_map(|name| claims.get(name));
    claims.is_object() && texts.all(Value::is_string) && moments.all(Value::is_u64)
}

fuzz_target!(|input: &str| {
    // No seed was signed.
    assert!(KEYS.claims::<Value>(input).is_none());
    let Ok(said) = serde_json::from_str::<Value>(input) else {
        return;
    };
    let token = signed(Algorithm::ES256, "k", &said, &SIGNER);
    match KEYS.claims::<Value>(&token) {
        Some(read) => {
            let mut texts = ["iss", "sub", "aud"]
                .iter()
                .filter(|name| said[*name].is_string());
            assert!(said.is_object() && texts.all(|name| read[name] == said[name]));
        }
        None => assert!(!is_plain(&said)),
    }
    if KEYS
        .claims::<Hint>(&token)
        .is_some_and(|hint| hint.is_from(ISSUER))
    {
        assert_eq!(said["iss"], ISSUER);
        assert!(said["sub"].is_string() && said["aud"].is_string());
        assert!(said["events"].is_null());
    }
    let stranger = signed(Algorithm::ES256, "another", &said, &SIGNER);
    assert!(KEYS.claims::<Value>(&stranger).is_none());
    // The public key is no secret, whatever the header makes of it.
    let forger = EncodingKey::from_secret(PUBLIC);
    let forged = signed(Algorithm::HS256, "k", &said, &forger);
    assert!(KEYS.claims::<Value>(&forged).is_none());
});
