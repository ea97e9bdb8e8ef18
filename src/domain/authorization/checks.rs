//! What each parameter of an authorization request means, and what is wrong with it. By now client
//! and redirect URI are certain, so the client hears of it.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::answer::ErrorCode;
use super::parameters::Parameters;
use crate::model::scope_catalog::{EMAIL, PROFILE};
use crate::model::{GrantType, RegisteredClient, ScopeCatalog, ScopeSet, SubType, pkce};

pub(super) type Check<T> = Result<T, (ErrorCode, &'static str)>;

/// What the person shall be asked (OpenID Connect Core 3.1.2.1, `prompt`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Nothing: answer without any page.
    pub none: bool,
    /// To sign in, although somebody is signed in.
    pub login: bool,
    /// For consent, although it is remembered.
    pub consent: bool,
}

/// Longest nonce that is kept.
const LONGEST_NONCE: usize = 1_024;
/// Longest `claims`.
const LONGEST_CLAIMS: usize = 8_192;
/// Most resources.
const MOST_RESOURCES: usize = 8;

pub(super) fn check_kind(client: &RegisteredClient, parameters: &Parameters) -> Check<()> {
    // OpenID Connect Core 6.1, 6.2, 7.2.1: said so rather than left out of account.
    if parameters.find("request").is_some() {
        return Err((
            ErrorCode::RequestNotSupported,
            "request objects are not supported",
        ));
    }
    if parameters.find("request_uri").is_some() {
        return Err((
            ErrorCode::RequestUriNotSupported,
            "request_uri is not supported",
        ));
    }
    if parameters.find("registration").is_some() {
        return Err((
            ErrorCode::RegistrationNotSupported,
            "clients register beforehand",
        ));
    }
    match parameters.find("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err((ErrorCode::UnsupportedResponseType, "response_type is code"));
        }
        None => return Err((ErrorCode::InvalidRequest, "response_type is missing")),
    }
    match client.metadata.may_use(GrantType::AuthorizationCode) {
        true => Ok(()),
        false => Err((
            ErrorCode::UnauthorizedClient,
            "the client may not use authorization codes",
        )),
    }
}

pub(super) fn scopes(
    offered: &ScopeCatalog,
    client: &RegisteredClient,
    parameters: &Parameters,
) -> Check<ScopeSet> {
    let allowed = &client.metadata.scope;
    let Some(text) = parameters.find("scope") else {
        // RFC 6749 3.3: a default that is written down: all that the client registered.
        let all = allowed.intersection(offered.all());
        return match all.is_empty() {
            true => Err((ErrorCode::InvalidScope, "scope is missing")),
            false => Ok(all),
        };
    };
    let asked: ScopeSet = text
        .parse()
        .map_err(|_| (ErrorCode::InvalidScope, "scope is no list of scopes"))?;
    // OpenID Connect Core 3.1.2.1: scopes that nobody knows are left out of account.
    let known = asked.intersection(offered.all());
    if known.is_empty() || !known.is_subset(allowed) {
        return Err((
            ErrorCode::InvalidScope,
            "the client may not have one of these scopes",
        ));
    }
    Ok(known)
}

pub(super) fn code_challenge(
    client: &RegisteredClient,
    parameters: &Parameters,
) -> Check<Option<String>> {
    let method = parameters.find("code_challenge_method");
    let Some(challenge) = parameters.find("code_challenge") else {
        if method.is_some() {
            return Err((ErrorCode::InvalidRequest, "code_challenge is missing"));
        }
        return match client.needs_pkce() {
            true => Err((
                ErrorCode::InvalidRequest,
                "a code_challenge with the method S256 is needed",
            )),
            false => Ok(None),
        };
    };
    // RFC 7636 4.3: without a method it would be `plain`.
    if method != Some("S256") {
        return Err((ErrorCode::InvalidRequest, "code_challenge_method is S256"));
    }
    match pkce::is_well_formed(challenge) && challenge.len() == 43 {
        true => Ok(Some(challenge.to_owned())),
        false => Err((
            ErrorCode::InvalidRequest,
            "code_challenge is a SHA-256 in base64url without padding",
        )),
    }
}

pub(super) fn prompt(parameters: &Parameters) -> Check<Prompt> {
    let mut prompt = Prompt::default();
    let mut values = 0;
    for value in parameters.find("prompt").unwrap_or_default().split(' ') {
        match value {
            "" => continue,
            "none" => prompt.none = true,
            // Whoever shall choose an account chooses by signing in with it.
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => {}
        }
        values += 1;
    }
    match prompt.none && values > 1 {
        true => Err((
            ErrorCode::InvalidRequest,
            "prompt is none, or something else",
        )),
        false => Ok(prompt),
    }
}

pub(super) fn max_age(parameters: &Parameters) -> Check<Option<Duration>> {
    let Some(text) = parameters.find("max_age") else {
        return Ok(None);
    };
    let digits = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| text.parse().ok()).flatten();
    seconds
        .map(|seconds| Some(Duration::from_secs(seconds)))
        .ok_or((ErrorCode::InvalidRequest, "max_age is a number of seconds"))
}

pub(super) fn claims(parameters: &Parameters) -> Check<Option<Value>> {
    let Some(text) = parameters.find("claims") else {
        return Ok(None);
    };
    let wrong = (ErrorCode::InvalidRequest, "claims is a JSON object");
    if text.len() > LONGEST_CLAIMS {
        return Err(wrong);
    }
    let claims: Value = serde_json::from_str(text).map_err(|_| wrong)?;
    match claims.is_object() {
        true => Ok(Some(claims)),
        false => Err(wrong),
    }
}

/// Claims of userinfo, each with the scope that it belongs to (OpenID Connect Core 5.4).
const CLAIMS: [(&str, &str); 3] = [
    ("name", PROFILE),
    ("email", EMAIL),
    ("email_verified", EMAIL),
];

/// Takes out of `claims` what this client may not ask for one by one, because it may not have the
/// scope that the claim belongs to. Tells the scopes of the rest: whoever is asked for a claim is
/// asked as for its scope.
pub(super) fn claimed_scopes(client: &RegisteredClient, claims: &mut Value) -> ScopeSet {
    let Some(Value::Object(wanted)) = claims.get_mut("userinfo") else {
        return ScopeSet::default();
    };
    let mut scopes = Vec::new();
    for (claim, scope) in CLAIMS {
        match client.metadata.scope.contains(scope) {
            true if wanted.contains_key(claim) => scopes.push(scope),
            true => {}
            false => {
                wanted.remove(claim);
            }
        }
    }
    scopes.join(" ").parse().unwrap_or_default()
}

/// Who must be signed in according to `claims` (OpenID Connect Core 5.5.1).
pub(super) fn claimed_subs(claims: &Value) -> impl Iterator<Item = String> {
    let value = |place| claims.get(place)?.get("sub")?.get("value")?.as_str();
    let named = ["id_token", "userinfo"].into_iter().filter_map(value);
    named.map(str::to_owned)
}

pub(super) fn resources(parameters: &Parameters) -> Check<Vec<String>> {
    let named: Vec<String> = parameters.find_all("resource").map(str::to_owned).collect();
    let absolute = |text: &String| {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        plain && text.len() <= 2_000 && !text.contains('#') && Url::parse(text).is_ok()
    };
    match named.len() <= MOST_RESOURCES && named.iter().all(absolute) {
        true => Ok(named),
        false => Err((
            ErrorCode::InvalidTarget,
            "resource is an absolute URI without fragment",
        )),
    }
}

pub(super) fn nonce(parameters: &Parameters) -> Check<Option<String>> {
    let nonce = parameters.find("nonce");
    // PostgreSQL has no text with NUL.
    match nonce.is_none_or(|nonce| nonce.len() <= LONGEST_NONCE && !nonce.contains('\0')) {
        true => Ok(nonce.map(str::to_owned)),
        false => Err((
            ErrorCode::InvalidRequest,
            "nonce is too long, or holds a NUL",
        )),
    }
}

pub(super) fn sub_type(client: &RegisteredClient, parameters: &Parameters) -> Check<SubType> {
    match parameters.find("sub_type") {
        Some(text) => text.parse().map_err(|_| {
            (
                ErrorCode::InvalidRequest,
                "sub_type is user or organization",
            )
        }),
        None => Ok(client.metadata.default_sub_type),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{ClientId, ClientMetadata, ClientStanding, Id, Timestamp};

    fn client(scope: &str) -> RegisteredClient {
        let now = Timestamp::from_millis(0);
        RegisteredClient {
            id: Id::new(now),
            client_id: ClientId::from_stored("a".to_owned()),
            owner: None,
            metadata: ClientMetadata {
                scope: scope.parse().unwrap(),
                ..ClientMetadata::named("A")
            },
            standing: ClientStanding::default(),
            created_at: now,
            modified_at: None,
            disabled_at: None,
        }
    }

    #[test]
    fn prompts_are_read_and_none_stands_alone() {
        let read = |text: &str| prompt(&Parameters::parse(text).unwrap());
        assert!(read("prompt=none").unwrap().none);
        let both = read("prompt=login%20consent").unwrap();
        assert!(both.login && both.consent && !both.none);
        assert!(read("prompt=select_account").unwrap().login);
        assert_eq!(read("prompt=strange").unwrap(), Prompt::default());
        assert!(read("prompt=none%20login").is_err());
    }

    proptest! {
        #[test]
        fn any_parameter_is_read_without_harm(text: String) {
            for name in ["prompt", "max_age", "claims", "resource", "nonce"] {
                let parameters = Parameters::parse("").unwrap().with(name, &text);
                let _ = (prompt(&parameters), max_age(&parameters), claims(&parameters));
                let _ = (resources(&parameters), nonce(&parameters));
            }
        }

        #[test]
        fn what_is_kept_of_a_parameter_is_bounded(text in "\\PC{0,30}|[0-9]{0,14}|(none|login| ){0,4}") {
            let with = |name| Parameters::parse("").unwrap().with(name, &text);
            if let Ok(Some(age)) = max_age(&with("max_age")) {
                prop_assert!(age.as_secs() < 10_u64.pow(12));
            }
            if let Ok(prompt) = prompt(&with("prompt")) {
                prop_assert!(!prompt.none || !(prompt.login || prompt.consent));
            }
            for uri in resources(&with("resource")).into_iter().flatten() {
                prop_assert!(uri.is_ascii() && !uri.contains('#'));
            }
        }

        #[test]
        fn no_claim_is_kept_that_the_client_may_not_ask_for(name in "[a-z_]{0,8}|email|name|email_verified") {
            let client = client("openid profile");
            let asked = json!({ "userinfo": { (name.as_str()): null }, "id_token": {} });
            let text = asked.to_string();
            let mut kept = claims(&Parameters::parse("").unwrap().with("claims", &text))
                .unwrap()
                .unwrap();
            let scopes = claimed_scopes(&client, &mut kept);
            prop_assert!(scopes.is_subset(&client.metadata.scope));
            let is_kept = kept["userinfo"].get(&name).is_some();
            prop_assert_eq!(is_kept, !["email", "email_verified"].contains(&&*name));
            prop_assert_eq!(scopes.is_empty(), name != "name");
        }
    }
}
