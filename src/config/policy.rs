//! `[sign_in]` and `[oauth]`: what operators decide about people and clients.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::read::public_url;
use super::reader::Reader;
use super::{limits, retention, shared_signals, webhooks};
use crate::model::time::parse_duration;
use crate::model::{
    Email, Networks, OAuthPolicy, Policy, RegistrationPolicy, ReviewAccount, ScopeCatalog,
    SignInPolicy, TokenKind,
};

pub(super) fn policy(from: &mut Reader<'_>) -> Option<Policy> {
    let sign_in = sign_in(from);
    let oauth = oauth(from);
    let max_token_lifetime = from.optional("tokens.max_lifetime", |text| {
        parse_duration(text).map_err(|error| error.to_string())
    });
    let max_tokens_per_owner = from.number("tokens.max_per_owner", 1..=1_000_000_u32);
    let issued_to_services = issued_to_services(from);
    let repeated_leak_within = from.optional("mail.repeated_leak_within", |text| {
        parse_duration(text).map_err(|error| error.to_string())
    });
    let digest_every = digest_every(from);
    let retention = retention::policy(from);
    let limits = limits::policy(from);
    let webhooks = webhooks::policy(from);
    let shared_signals = shared_signals::policy(from);
    Some(Policy {
        sign_in: sign_in?,
        oauth: oauth?,
        max_token_lifetime: max_token_lifetime?,
        max_tokens_per_owner: max_tokens_per_owner?,
        issued_to_services: issued_to_services?,
        repeated_leak_within: repeated_leak_within?,
        digest_every: digest_every?,
        retention: retention?,
        limits: limits?,
        webhooks: webhooks?,
        shared_signals: shared_signals?,
    })
}

/// Places are to be forgotten some time after they were told, so telling cannot take for ever.
fn digest_every(from: &mut Reader<'_>) -> Option<Option<Duration>> {
    const LONGEST: Duration = Duration::from_secs(31 * 86_400);
    from.optional("mail.digest_every", |text| match parse_duration(text) {
        Ok(every) if every > LONGEST => Err("it is 31d at most".to_owned()),
        outcome => outcome.map_err(|error| error.to_string()),
    })
}

fn issued_to_services(from: &mut Reader<'_>) -> Option<Vec<TokenKind>> {
    const PATH: &str = "tokens.issued_to_services";
    let names = from.list(PATH)?;
    let kinds = names.iter().map(|name| name.parse::<TokenKind>().ok());
    let kinds: Option<Vec<_>> = kinds
        .map(|kind| kind.filter(|k| TokenKind::ISSUABLE.contains(k)))
        .collect();
    if kinds.is_none() {
        let known = TokenKind::ISSUABLE.map(TokenKind::name).join(", ");
        from.refuse(PATH, format!("each is one of {known}"));
    }
    kinds
}

pub(super) fn issuer(from: &mut Reader<'_>) -> Option<Option<Url>> {
    from.optional("oauth.issuer", public_url)
}

pub(super) fn trusted_proxies(from: &mut Reader<'_>) -> Option<Networks> {
    const PATH: &str = "server.trusted_proxies";
    let texts = from.list(PATH)?;
    match Networks::parse(texts.iter().map(String::as_str)) {
        Ok(proxies) => Some(proxies),
        Err(error) => {
            from.refuse(PATH, error.to_string());
            None
        }
    }
}

fn sign_in(from: &mut Reader<'_>) -> Option<SignInPolicy> {
    let sign_up = from.switch("sign_in.sign_up");
    let session_lifetime = from.duration("sign_in.session_lifetime");
    let fresh_for = from.duration("sign_in.fresh_for");
    let operator_session = from.duration("sign_in.operator_session");
    let code_lifetime = from.duration("sign_in.code_lifetime");
    let review = review(from);
    let proxy_header = proxy_header(from);
    Some(SignInPolicy {
        sign_up: sign_up?,
        session_lifetime: session_lifetime?,
        fresh_for: fresh_for?,
        operator_session: operator_session?,
        code_lifetime: code_lifetime?,
        review: review?,
        proxy_header: proxy_header?,
    })
}

/// The review account, which a service that is open to everybody must be told about twice.
fn review(from: &mut Reader<'_>) -> Option<Option<ReviewAccount>> {
    let email = from.optional("sign_in.review_email", |text| {
        text.parse::<Email>()
            .map_err(|_| "it is an e-mail address".to_owned())
    })?;
    let code = from.secret("sign_in.review_code")?;
    let in_public = from.switch("sign_in.review_in_public")?;
    let public = !from.text("server.public_url")?.is_empty();
    let text = code.expose_secret();
    let Some(email) = email else {
        if text.is_empty() {
            return Some(None);
        }
        from.refuse(
            "sign_in.review_code",
            "a review code needs sign_in.review_email".to_owned(),
        );
        return None;
    };
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        from.refuse(
            "sign_in.review_code",
            "it is six letters or digits".to_owned(),
        );
        return None;
    }
    if public && !in_public {
        from.refuse(
            "sign_in.review_email",
            "with a server.public_url, everybody can try the code: set sign_in.review_in_public \
             as well if that is meant"
                .to_owned(),
        );
        return None;
    }
    Some(Some(ReviewAccount { email, code }))
}

fn proxy_header(from: &mut Reader<'_>) -> Option<Option<String>> {
    const PATH: &str = "sign_in.proxy_header";
    let header = from.optional(PATH, |text| {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match text.len() <= 64 && text.bytes().all(token) {
            true => Ok(text.to_ascii_lowercase()),
            false => Err("it is the name of a header, such as X-Forwarded-Email".to_owned()),
        }
    })?;
    let trusted = !from.list("server.trusted_proxies")?.is_empty();
    if header.is_some() && !trusted {
        from.refuse(
            PATH,
            "without server.trusted_proxies nobody's header is believed".to_owned(),
        );
        return None;
    }
    Some(header)
}

fn oauth(from: &mut Reader<'_>) -> Option<OAuthPolicy> {
    let scopes = scopes(from);
    let code_lifetime = from.duration("oauth.code_lifetime");
    let access_token_lifetime = from.duration("oauth.access_token_lifetime");
    let id_token_lifetime = from.duration("oauth.id_token_lifetime");
    let refresh_token_idle_lifetime = from.duration("oauth.refresh_token_idle_lifetime");
    let refresh_token_lifetime = from.duration("oauth.refresh_token_lifetime");
    let registration = from.with("oauth.registration", |text| match text {
        "open" => Ok(RegistrationPolicy::Open),
        "signed_in" => Ok(RegistrationPolicy::SignedIn),
        "closed" => Ok(RegistrationPolicy::Closed),
        _ => Err("it is open, signed_in or closed".to_owned()),
    });
    let clients_per_user = from.number("oauth.clients_per_user", 1..=1_000_000_u32);
    let signing_key_rotation = from.duration("oauth.signing_key_rotation");
    let signing_key_lead = from.duration("oauth.signing_key_lead");
    let private_callbacks = from.switch("oauth.private_callbacks");
    let personal_tokens = from.switch("oauth.global_revocation_of_personal_tokens");
    Some(OAuthPolicy {
        scopes: scopes?,
        code_lifetime: code_lifetime?,
        access_token_lifetime: access_token_lifetime?,
        id_token_lifetime: id_token_lifetime?,
        refresh_token_idle_lifetime: refresh_token_idle_lifetime?,
        refresh_token_lifetime: refresh_token_lifetime?,
        registration: registration?,
        clients_per_user: clients_per_user?,
        signing_key_rotation: signing_key_rotation?,
        signing_key_lead: signing_key_lead?,
        private_callbacks: private_callbacks?,
        global_revocation_of_personal_tokens: personal_tokens?,
    })
}

/// Scopes of event streams, which exist whatever the product offers.
const STREAM_SCOPES: [&str; 2] = [
    "ssf.read See which security events it is sent, and fetch them",
    "ssf.manage Be sent security events",
];

fn scopes(from: &mut Reader<'_>) -> Option<ScopeCatalog> {
    const PATH: &str = "oauth.scopes";
    let entries = from.list(PATH)?;
    let entries = entries.iter().map(String::as_str);
    let of_streams = match from.switch("shared_signals.enabled")? {
        true => STREAM_SCOPES.as_slice(),
        false => &[],
    };
    match ScopeCatalog::new(entries.chain(of_streams.iter().copied())) {
        Ok(catalog) => risky(from, catalog),
        Err(error) => {
            from.refuse(PATH, error.to_string());
            None
        }
    }
}

fn risky(from: &mut Reader<'_>, catalog: ScopeCatalog) -> Option<ScopeCatalog> {
    const PATH: &str = "oauth.risky_scopes";
    let names = from.list(PATH)?.join(" ");
    let risky = names
        .parse()
        .map_err(|_| "it is a list of scopes".to_owned());
    match risky.and_then(|risky| catalog.with_risky(risky).map_err(|error| error.to_string())) {
        Ok(catalog) => Some(catalog),
        Err(right) => {
            from.refuse(PATH, right);
            None
        }
    }
}
