//! What somebody asks for who registers a client (RFC 7591 2), and whether it may be had.

mod again;

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::client_metadata::{ApplicationType, AuthMethod, ClientMetadata, GrantType};
use super::grant::SubType;
use super::redirect_uri::RedirectUri;
use super::scope::ScopeSet;
use super::scope_catalog::ScopeCatalog;
use super::signing_key::SigningAlgorithm;

/// Longest URI that is kept.
const LONGEST_URI: usize = 2_000;
/// Longest name, and longest text of any other kind.
const LONGEST_TEXT: usize = 100;
/// So many redirect URIs, and so many to return to after signing out.
const MOST_URIS: usize = 50;
/// So many people to ask.
const MOST_CONTACTS: usize = 10;

/// Metadata as it was asked for. What was not said is absent; the names are those of the standard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described at `ClientMetadata`")]
pub struct MetadataRequest {
    pub client_name: Option<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub token_endpoint_auth_method: Option<String>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
    pub scope: Option<String>,
    pub client_uri: Option<String>,
    pub logo_uri: Option<String>,
    pub tos_uri: Option<String>,
    pub policy_uri: Option<String>,
    pub contacts: Option<Vec<String>>,
    pub application_type: Option<String>,
    pub default_sub_type: Option<String>,
    pub subject_type: Option<String>,
    pub id_token_signed_response_alg: Option<String>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: Option<bool>,
    pub software_id: Option<String>,
    pub software_version: Option<String>,
}

/// Which grant types somebody may register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRights(Vec<GrantType>);

impl GrantRights {
    /// Those of a client that nobody of ours answers for.
    #[must_use]
    pub fn of_strangers() -> Self {
        Self(vec![GrantType::AuthorizationCode, GrantType::RefreshToken])
    }

    /// Those of a client whose owner is known, so that it may act for itself.
    #[must_use]
    pub fn of_owners() -> Self {
        Self(vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
        ])
    }

    /// Those of operators: all.
    #[must_use]
    pub fn of_operators() -> Self {
        Self(GrantType::ALL.to_vec())
    }

    /// These, and what a client was given before.
    #[must_use]
    pub fn and(mut self, given: &[GrantType]) -> Self {
        self.0.extend(given);
        self
    }
}

/// Why metadata is refused (RFC 7591 3.2.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedMetadata {
    /// An answer must not go there.
    #[error("redirect_uris: {0}")]
    RedirectUri(&'static str),
    /// Another member, by its name, cannot be what it is.
    #[error("{0}: {1}")]
    Member(&'static str, &'static str),
}

type Read<T> = Result<T, RefusedMetadata>;

const fn refused<T>(member: &'static str, why: &'static str) -> Read<T> {
    Err(RefusedMetadata::Member(member, why))
}

impl MetadataRequest {
    /// What is registered of it: what was not said is what the standard says it is then, and a
    /// client that asks for no scopes may be granted every one of the catalog.
    ///
    /// # Errors
    /// See [`RefusedMetadata`].
    pub fn read(&self, scopes: &ScopeCatalog, rights: &GrantRights) -> Read<ClientMetadata> {
        let token_endpoint_auth_method = self.auth_method()?;
        let public = token_endpoint_auth_method == AuthMethod::None;
        let grant_types = self.grant_types(rights, public)?;
        self.check_response_types(&grant_types)?;
        self.check_subject_type()?;
        let application_type = self.application_type()?;
        let redirect_uris = self.redirect_uris(application_type)?;
        if redirect_uris.is_empty() && grant_types.contains(&GrantType::AuthorizationCode) {
            return Err(RefusedMetadata::RedirectUri(
                "a client that uses codes says where they go",
            ));
        }
        Ok(ClientMetadata {
            client_name: self.name(&redirect_uris)?,
            redirect_uris,
            token_endpoint_auth_method,
            grant_types,
            scope: self.scope(scopes)?,
            client_uri: page("client_uri", self.client_uri.as_deref())?,
            logo_uri: page("logo_uri", self.logo_uri.as_deref())?,
            tos_uri: page("tos_uri", self.tos_uri.as_deref())?,
            policy_uri: page("policy_uri", self.policy_uri.as_deref())?,
            contacts: self.contacts()?,
            application_type,
            default_sub_type: self.sub_type()?,
            id_token_signed_response_alg: self.signing_algorithm()?,
            post_logout_redirect_uris: self.post_logout_redirect_uris(application_type)?,
            backchannel_logout_uri: self.backchannel_logout_uri()?,
            backchannel_logout_session_required: self
                .backchannel_logout_session_required
                .unwrap_or_default(),
            software_id: text("software_id", self.software_id.as_deref())?,
            software_version: text("software_version", self.software_version.as_deref())?,
        })
    }

    /// Its name or, without one, where its answers go.
    fn name(&self, redirect_uris: &[RedirectUri]) -> Read<String> {
        if let Some(name) = text("client_name", self.client_name.as_deref())? {
            return Ok(name);
        }
        match redirect_uris.first() {
            Some(uri) => Ok(uri.place().chars().take(LONGEST_TEXT).collect()),
            None => refused("client_name", "it is missing"),
        }
    }

    fn auth_method(&self) -> Read<AuthMethod> {
        let Some(name) = said(self.token_endpoint_auth_method.as_deref()) else {
            return Ok(AuthMethod::ClientSecret);
        };
        let mut methods = AuthMethod::ALL.into_iter();
        match methods.find(|method| method.name() == name) {
            Some(method) => Ok(method),
            None => refused(
                "token_endpoint_auth_method",
                "it is client_secret_basic, client_secret_post or none",
            ),
        }
    }

    fn grant_types(&self, rights: &GrantRights, public: bool) -> Read<Vec<GrantType>> {
        const MEMBER: &str = "grant_types";
        let Some(names) = &self.grant_types else {
            return Ok(ClientMetadata::default().grant_types);
        };
        let mut found = Vec::new();
        for name in names {
            let mut all = GrantType::ALL.into_iter();
            match all.find(|grant_type| grant_type.name() == name) {
                Some(GrantType::ClientCredentials) if public => {
                    return refused(MEMBER, "a public client cannot act for itself");
                }
                Some(known) if !rights.0.contains(&known) => {
                    return refused(MEMBER, "whoever registers this may not have one of them");
                }
                Some(known) if !found.contains(&known) => found.push(known),
                Some(_) => {}
                None => return refused(MEMBER, "there is no such grant type here"),
            }
        }
        let refreshes = found.contains(&GrantType::RefreshToken);
        match found.as_slice() {
            [] => refused(MEMBER, "there is none"),
            [GrantType::RefreshToken] if refreshes => {
                refused(MEMBER, "refresh_token needs another that leads to one")
            }
            _ => Ok(found),
        }
    }

    /// RFC 7591 2.1: the response types are those that the grant types need.
    fn check_response_types(&self, grant_types: &[GrantType]) -> Read<()> {
        const MEMBER: &str = "response_types";
        let Some(names) = &self.response_types else {
            return Ok(());
        };
        let codes = grant_types.contains(&GrantType::AuthorizationCode);
        match names.iter().any(|name| name != "code") {
            true => refused(MEMBER, "there is none but code"),
            false if codes == names.is_empty() => {
                refused(MEMBER, "code goes with the grant type authorization_code")
            }
            false => Ok(()),
        }
    }

    fn check_subject_type(&self) -> Read<()> {
        match said(self.subject_type.as_deref()) {
            None | Some("public") => Ok(()),
            Some(_) => refused("subject_type", "there is none but public"),
        }
    }

    /// Where it runs. A client that does not say, and waits at a scheme of its own, runs on its
    /// user's machine: nothing else can.
    fn application_type(&self) -> Read<ApplicationType> {
        match said(self.application_type.as_deref()) {
            Some("web") => Ok(ApplicationType::Web),
            Some("native") => Ok(ApplicationType::Native),
            Some(_) => refused("application_type", "it is web or native"),
            None => {
                let uris = self.redirect_uris.iter().flatten();
                let mut read = uris.map(|uri| RedirectUri::parse(uri, ApplicationType::Native));
                let native = read.any(|uri| uri.is_ok_and(|uri| uri.is_custom_scheme()));
                Ok(match native {
                    true => ApplicationType::Native,
                    false => ApplicationType::Web,
                })
            }
        }
    }

    fn redirect_uris(&self, application: ApplicationType) -> Read<Vec<RedirectUri>> {
        let asked = self.redirect_uris.as_deref().unwrap_or_default();
        if asked.len() > MOST_URIS {
            return Err(RefusedMetadata::RedirectUri("there are more than 50"));
        }
        let parse = |uri: &String| {
            RedirectUri::parse(uri, application)
                .map_err(|error| RefusedMetadata::RedirectUri(error.reason()))
        };
        asked.iter().map(parse).collect()
    }

    fn post_logout_redirect_uris(&self, application: ApplicationType) -> Read<Vec<String>> {
        const MEMBER: &str = "post_logout_redirect_uris";
        let asked = self.post_logout_redirect_uris.as_deref();
        let asked = asked.unwrap_or_default();
        if asked.len() > MOST_URIS {
            return refused(MEMBER, "there are more than 50");
        }
        let parse = |uri: &String| match RedirectUri::parse(uri, application) {
            Ok(uri) => Ok(uri.as_str().to_owned()),
            Err(error) => refused(MEMBER, error.reason()),
        };
        asked.iter().map(parse).collect()
    }

    fn scope(&self, catalog: &ScopeCatalog) -> Read<ScopeSet> {
        const MEMBER: &str = "scope";
        // Spaces name no scope, so nothing was said.
        let Some(text) = said(self.scope.as_deref().map(str::trim)) else {
            return Ok(catalog.all().clone());
        };
        match text.parse::<ScopeSet>() {
            Ok(scopes) if scopes.is_subset(catalog.all()) => Ok(scopes),
            Ok(_) => refused(MEMBER, "there is no such scope here: see scopes_supported"),
            Err(_) => refused(MEMBER, "it is names with spaces between them"),
        }
    }

    fn contacts(&self) -> Read<Vec<String>> {
        const MEMBER: &str = "contacts";
        let asked = self.contacts.as_deref().unwrap_or_default();
        if asked.len() > MOST_CONTACTS {
            return refused(MEMBER, "there are more than 10");
        }
        let read = asked.iter().map(|contact| text(MEMBER, Some(contact)));
        read.filter_map(Result::transpose).collect()
    }

    fn sub_type(&self) -> Read<SubType> {
        match said(self.default_sub_type.as_deref()).map(str::parse) {
            None => Ok(SubType::default()),
            Some(Ok(sub_type)) => Ok(sub_type),
            Some(Err(_)) => refused("default_sub_type", "it is user or organization"),
        }
    }

    fn signing_algorithm(&self) -> Read<SigningAlgorithm> {
        match said(self.id_token_signed_response_alg.as_deref()).map(str::parse) {
            None => Ok(SigningAlgorithm::default()),
            Some(Ok(algorithm)) => Ok(algorithm),
            Some(Err(_)) => refused("id_token_signed_response_alg", "it is RS256 or ES256"),
        }
    }

    /// Where logout tokens go: tokens, so they are encrypted on their way unless they stay on the
    /// machine (OpenID Connect Back-Channel Logout 1.0, 2.2).
    fn backchannel_logout_uri(&self) -> Read<Option<String>> {
        const MEMBER: &str = "backchannel_logout_uri";
        let Some(text) = said(self.backchannel_logout_uri.as_deref()) else {
            return Ok(None);
        };
        let url = address(MEMBER, text)?;
        match url.scheme() {
            "https" => Ok(Some(text.to_owned())),
            "http" if is_loopback(&url) => Ok(Some(text.to_owned())),
            _ => refused(MEMBER, "it is an https address"),
        }
    }
}

/// What was said; without a value it was not.
fn said(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

/// One line of text that people read, and that cannot steer what shows it.
fn text(member: &'static str, value: Option<&str>) -> Read<Option<String>> {
    let Some(text) = said(value) else {
        return Ok(None);
    };
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().count() > LONGEST_TEXT {
        return refused(member, "it is longer than 100 characters");
    }
    match text.chars().any(steers) || text.trim().is_empty() {
        true => refused(member, "it is one line of text"),
        false => Ok(Some(text.trim().to_owned())),
    }
}

/// The address of a page or picture for people.
fn page(member: &'static str, value: Option<&str>) -> Read<Option<String>> {
    let Some(text) = said(value) else {
        return Ok(None);
    };
    address(member, text)?;
    Ok(Some(text.to_owned()))
}

fn address(member: &'static str, text: &str) -> Read<Url> {
    const WHAT: &str = "it is an http or https address without a user or a fragment, and no longer \
                        than 2000 characters";
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(url) = Url::parse(text).ok().filter(|_| plain) else {
        return refused(member, WHAT);
    };
    let anonymous = url.username().is_empty() && url.password().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    match web && anonymous && url.fragment().is_none() && text.len() <= LONGEST_URI {
        true => Ok(url),
        false => refused(member, WHAT),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}

#[cfg(test)]
mod tests;
