//! `[origins]`: who may report leaks, where their keys are, and what they are answered.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::read::is_web;
use super::reader::Reader;
use crate::model::{Origin, SharedSecrets, TokenKind};
use crate::origins::{
    BodyShape, HeaderName, KeyPolicy, KeySet, ORIGINS, OriginSpec, SignatureHeaders, TokenField,
    inline_key,
};

/// Where operators describe origins of their own, a section each.
const IN_HOUSE: &str = "origins.in_house";

/// `[origins]`
#[derive(Clone, Debug)]
pub struct OriginSettings {
    /// Those that sign what they report, and are enabled.
    pub signed: Vec<SignedOrigin>,
    /// A GitLab of one's own, where a secret was agreed upon with it.
    pub gitlab_revocation: Option<GitlabRevocation>,
    /// Whether anybody may give up credentials.
    pub possession: bool,
    /// Every origin whose reports policy can speak of, whether it is enabled or not.
    pub known: Vec<Origin>,
}

/// `[origins.gitlab_revocation]`
#[derive(Clone, Debug)]
pub struct GitlabRevocation {
    /// Any of them proves who it is.
    pub secrets: SharedSecrets,
    /// The types of token that it may send.
    pub types: Vec<String>,
    /// Largest report, in bytes.
    pub max_body_bytes: usize,
}

/// `[origins.github]` and those like it: an origin that signs what it reports.
#[derive(Clone, Debug)]
pub struct SignedOrigin {
    /// What is particular about it.
    pub spec: Arc<OriginSpec>,
    /// Where its keys come from.
    pub keys: KeySource,
    /// How answers name tokens; `None` answers nothing but that it is done.
    pub feedback: Option<TokenField>,
    /// Largest delivery, in bytes.
    pub max_body_bytes: usize,
}

/// Where the keys of an origin come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// It publishes them.
    Published(PublishedKeys),
    /// They are in the configuration.
    Fixed(KeySet),
}

/// How the keys are fetched that an origin publishes.
#[derive(Clone, Debug)]
pub struct PublishedKeys {
    /// Where they are: `https`, or `http` on this machine.
    pub url: Url,
    /// What we present there, for a higher rate limit or because it is asked for.
    pub token: Option<SecretString>,
    /// How often they are fetched.
    pub refresh_interval: Duration,
    /// Longest time for one fetch.
    pub fetch_timeout: Duration,
    /// Which of them count.
    pub policy: KeyPolicy,
}

impl OriginSettings {
    /// Everybody who may report leaks, services with a key included.
    #[must_use]
    pub fn reporting(&self) -> Vec<Origin> {
        let signed = self.signed.iter().map(|origin| origin.spec.origin.clone());
        let gitlab = self.gitlab_revocation.as_ref();
        let possession = self.possession.then_some(Origin::POSSESSION);
        let mut all: Vec<_> = signed.collect();
        all.extend(gitlab.map(|_| Origin::GITLAB_REVOCATION));
        all.extend(possession);
        all.push(Origin::INTERNAL);
        all
    }

    /// The enabled origin of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&SignedOrigin> {
        let mut signed = self.signed.iter();
        signed.find(|origin| origin.spec.origin.as_str() == name)
    }
}

pub(super) fn origins(from: &mut Reader<'_>) -> Option<OriginSettings> {
    let mut read: Vec<_> = ORIGINS
        .into_iter()
        .map(|spec| built_in(from, spec))
        .collect();
    read.extend(
        from.names(IN_HOUSE)
            .into_iter()
            .map(|name| in_house(from, &name)),
    );
    let all: Option<Vec<_>> = read.into_iter().collect();
    let gitlab_revocation = gitlab_revocation(from);
    let possession = from.switch("origins.possession.enabled");
    Some(OriginSettings {
        signed: all?.into_iter().flatten().collect(),
        gitlab_revocation: gitlab_revocation?,
        possession: possession?,
        known: names(from),
    })
}

/// Every origin whose reports policy can speak of, whether it is enabled or not.
pub(super) fn names(from: &Reader<'_>) -> Vec<Origin> {
    let signed = ORIGINS.into_iter().map(|spec| spec.origin.clone());
    let others = [
        Origin::GITLAB_REVOCATION,
        Origin::POSSESSION,
        Origin::INTERNAL,
    ];
    let own = from.names(IN_HOUSE).into_iter().map(Origin::from_stored);
    signed.chain(others).chain(own).collect()
}

/// A GitLab of one's own; the inner `None` says that no secret was agreed upon.
fn gitlab_revocation(from: &mut Reader<'_>) -> Option<Option<GitlabRevocation>> {
    const TOKEN: &str = "origins.gitlab_revocation.token";
    let secrets = match SharedSecrets::parse(from.list(TOKEN)?) {
        Ok(secrets) => Some(secrets),
        Err((index, error)) => {
            let wrong = format!("secret {} does not fit", index + 1);
            from.problem(TOKEN, wrong, error.to_string());
            None
        }
    };
    let types = from.list("origins.gitlab_revocation.types");
    let prefix = from.text("tokens.prefix");
    let max_body_bytes = from.number(
        "origins.gitlab_revocation.max_body_bytes",
        1_024..=1_073_741_824_usize,
    );
    let types = match types? {
        [] => gitlab_types(prefix?),
        some => some.to_vec(),
    };
    let settings = GitlabRevocation {
        secrets: secrets?,
        types,
        max_body_bytes: max_body_bytes?,
    };
    Some((!settings.secrets.is_empty()).then_some(settings))
}

/// What GitLab calls findings of rules that are called like our tokens: with hyphens, as rules of
/// Gitleaks are, or with underscores.
fn gitlab_types(prefix: &str) -> Vec<String> {
    let spelled = |kind: TokenKind| {
        let rule = format!("{prefix}{kind}").to_lowercase();
        let hyphens = rule.replace('_', "-");
        [rule, hyphens].map(|rule| format!("gitleaks_rule_id_{rule}"))
    };
    TokenKind::ALL.into_iter().flat_map(spelled).collect()
}

/// An origin as it stands in its section; the inner `None` is one that is switched off.
fn built_in(from: &mut Reader<'_>, spec: &OriginSpec) -> Option<Option<SignedOrigin>> {
    let section = format!("origins.{}", spec.origin);
    let enabled = from.switch(&format!("{section}.enabled"));
    let keys = published(from, &section);
    let answers = answers(from, &section);
    let (feedback, max_body_bytes) = answers?;
    let keys = match (enabled?, keys?) {
        (false, _) => return Some(None),
        (true, Some(keys)) => keys,
        (true, None) => {
            let right = format!(
                "{} tells its partners where its keys are",
                spec.origin.title()
            );
            from.refuse(&format!("{section}.keys_url"), right);
            return None;
        }
    };
    Some(Some(SignedOrigin {
        spec: Arc::new(spec.clone()),
        keys: KeySource::Published(keys),
        feedback,
        max_body_bytes,
    }))
}

fn in_house(from: &mut Reader<'_>, name: &str) -> Option<Option<SignedOrigin>> {
    let section = format!("{IN_HOUSE}.{name}");
    let enabled = from.switch(&format!("{section}.enabled"));
    let spec = in_house_spec(from, &section, name);
    let keys = key_source(from, &section);
    let answers = answers(from, &section);
    let (feedback, max_body_bytes) = answers?;
    let origin = SignedOrigin {
        spec: Arc::new(spec?),
        keys: keys?,
        feedback,
        max_body_bytes,
    };
    Some(enabled?.then_some(origin))
}

fn in_house_spec(from: &mut Reader<'_>, section: &str, name: &str) -> Option<OriginSpec> {
    let origin = name.parse();
    if let Err(error) = &origin {
        from.problem(
            section,
            "has a name that does not fit".to_owned(),
            format!("{error}"),
        );
    }
    let key_id = header(from, &format!("{section}.key_id_header"));
    let signature = header(from, &format!("{section}.signature_header"));
    let mut member = |name: &str| {
        from.optional(&format!("{section}.{name}_member"), |text| {
            Ok::<Cow<'static, str>, String>(text.to_owned().into())
        })
    };
    let (token, token_type) = (member("token"), member("type"));
    let (url, source) = (member("url"), member("source"));
    let headers = SignatureHeaders {
        key_id: key_id?,
        signature: signature?,
    };
    if headers.key_id.eq_ignore_ascii_case(&headers.signature) {
        let right = "it is another header than key_id_header".to_owned();
        from.refuse(&format!("{section}.signature_header"), right);
        return None;
    }
    let usual = BodyShape::GITHUB;
    Some(OriginSpec {
        origin: origin.ok()?,
        headers,
        other_headers: Cow::default(),
        body: BodyShape {
            token: token?.unwrap_or(usual.token),
            token_type: token_type?.unwrap_or(usual.token_type),
            url: url?.unwrap_or(usual.url),
            source: source?.or(usual.source),
        },
    })
}

fn header(from: &mut Reader<'_>, path: &str) -> Option<HeaderName> {
    from.with(path, |text| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            true => Ok(text.to_owned().into()),
            false => Err("it is the name of a header, such as X-Scanner-Key".to_owned()),
        }
    })
}

/// Published or handed over, but not both: which of them counted would be anybody's guess.
fn key_source(from: &mut Reader<'_>, section: &str) -> Option<KeySource> {
    let path = format!("{section}.keys");
    let published = published(from, section);
    let fixed = fixed(from, &path);
    match (published?, fixed?) {
        (Some(published), None) => Some(KeySource::Published(published)),
        (None, Some(keys)) => Some(KeySource::Fixed(keys)),
        (published, _) => {
            let wrong = match published {
                Some(_) => "there is keys_url as well",
                None => "there is no key to prove its reports with",
            };
            let right = "it needs either keys_url or keys".to_owned();
            from.problem(&path, wrong.to_owned(), right);
            None
        }
    }
}

fn fixed(from: &mut Reader<'_>, path: &str) -> Option<Option<KeySet>> {
    let texts = from.list(path)?;
    let mut keys = Vec::new();
    for (number, text) in (1..).zip(texts) {
        match inline_key(text) {
            Ok(key) => keys.push(key),
            Err(error) => {
                from.problem(
                    path,
                    format!("key {number} does not fit"),
                    error.to_string(),
                );
            }
        }
    }
    if keys.len() < texts.len() {
        return None;
    }
    Some((!keys.is_empty()).then(|| KeySet::new(keys, None)))
}

/// How keys are fetched; the inner `None` says that there is no address.
fn published(from: &mut Reader<'_>, section: &str) -> Option<Option<PublishedKeys>> {
    let path = |key: &str| format!("{section}.{key}");
    let url = from.optional(&path("keys_url"), keys_url);
    let token = from.secret(&path("token"));
    // It becomes a header, where a line break would start another.
    let legal = token
        .as_ref()
        .is_some_and(|token| token.expose_secret().bytes().all(|b| b.is_ascii_graphic()));
    if !legal {
        let right = "it is printable ASCII without spaces".to_owned();
        from.refuse(&path("token"), right);
    }
    let refresh_interval = from.duration(&path("refresh_interval"));
    let fetch_timeout = from.duration(&path("fetch_timeout"));
    let require_current_key = from.switch(&path("require_current_key"));
    let policy = match require_current_key? {
        true => KeyPolicy::Current,
        false => KeyPolicy::Listed,
    };
    let (token, refresh_interval) = (token?, refresh_interval?);
    let fetch_timeout = fetch_timeout?;
    Some(url?.map(|url| PublishedKeys {
        url,
        token: Some(token).filter(|token| !token.expose_secret().is_empty()),
        refresh_interval,
        fetch_timeout,
        policy,
    }))
}

/// Whoever answers here decides whose reports are believed, so the way there is proven or local.
fn keys_url(text: &str) -> Result<Url, String> {
    let right = "it is an https:// address, or http:// on this machine";
    let url = Url::parse(text).map_err(|_| right.to_owned())?;
    let local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if is_web(&url) && (url.scheme() == "https" || local) {
        return Ok(url);
    }
    Err(right.to_owned())
}

/// What the origin is answered, and how much of it is read.
fn answers(from: &mut Reader<'_>, section: &str) -> Option<(Option<TokenField>, usize)> {
    let feedback = from.with(&format!("{section}.feedback"), |text| match text {
        "token_hash" => Ok(Some(TokenField::Hash)),
        "token_raw" => Ok(Some(TokenField::Raw)),
        "none" => Ok(None),
        _ => Err("it is token_hash, token_raw or none".to_owned()),
    });
    let max_body_bytes = from.number(
        &format!("{section}.max_body_bytes"),
        1_024..=1_073_741_824_usize,
    );
    Some((feedback?, max_body_bytes?))
}

#[cfg(test)]
mod tests;
