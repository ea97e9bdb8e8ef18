//! The form that makes an application or changes it.

use url::form_urlencoded::Serializer;

use crate::http::OAuthError;
use crate::http::extract::{Again, FromParameters, Parameters};
use crate::model::{
    ApplicationType, AuthMethod, Client, ClientMetadata, GrantType, Id, MetadataRequest,
    RedirectUri,
};

/// What an application is, as people choose it: what that means to the protocol follows from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ApplicationKind {
    /// Has a server that keeps a secret.
    #[default]
    Server,
    /// Runs in its user's browser.
    Browser,
    /// Runs on its user's device.
    Native,
    /// Has no users, and acts for itself (RFC 6749 4.4).
    Service,
}

impl ApplicationKind {
    pub(super) const ALL: [Self; 4] = [Self::Server, Self::Browser, Self::Native, Self::Service];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Browser => "browser",
            Self::Native => "native",
            Self::Service => "service",
        }
    }

    /// What it is called; with `-hint`, what it is good for.
    pub(super) const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Server => ("own-kind-server", "own-kind-server-hint"),
            Self::Browser => ("own-kind-browser", "own-kind-browser-hint"),
            Self::Native => ("own-kind-native", "own-kind-native-hint"),
            Self::Service => ("own-kind-service", "own-kind-service-hint"),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a client is of these.
    pub(super) fn of(metadata: &ClientMetadata) -> Self {
        match (metadata.is_public(), metadata.application_type) {
            (_, ApplicationType::Native) => Self::Native,
            (true, ApplicationType::Web) => Self::Browser,
            (false, ApplicationType::Web) if metadata.redirect_uris.is_empty() => Self::Service,
            (false, ApplicationType::Web) => Self::Server,
        }
    }

    const fn application_type(self) -> ApplicationType {
        match self {
            Self::Native => ApplicationType::Native,
            Self::Server | Self::Browser | Self::Service => ApplicationType::Web,
        }
    }

    /// Asks for a client of this kind.
    fn ask(self, request: &mut MetadataRequest) {
        let (method, grants): (_, &[GrantType]) = match self {
            Self::Server => (
                AuthMethod::ClientSecret,
                &[GrantType::AuthorizationCode, GrantType::RefreshToken],
            ),
            Self::Browser | Self::Native => (
                AuthMethod::None,
                &[GrantType::AuthorizationCode, GrantType::RefreshToken],
            ),
            Self::Service => (AuthMethod::ClientSecret, &[GrantType::ClientCredentials]),
        };
        request.token_endpoint_auth_method = method.said().map(str::to_owned);
        request.application_type = Some(self.application_type().name().to_owned());
        let names = grants.iter().map(|grant| grant.name().to_owned());
        request.grant_types = Some(names.collect());
    }
}

/// What somebody typed.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct ApplicationForm {
    /// The id of the form, which its application gets.
    pub(super) id: Option<Id<Client>>,
    pub(super) kind: ApplicationKind,
    pub(super) name: String,
    /// One in each line.
    pub(super) redirect_uris: String,
    pub(super) post_logout_redirect_uris: String,
    pub(super) client_uri: String,
    pub(super) logo_uri: String,
    pub(super) policy_uri: String,
    pub(super) tos_uri: String,
}

impl FromParameters for ApplicationForm {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let text = |name| parameters.find(name).unwrap_or_default().trim().to_owned();
        let kind = ApplicationKind::parse(&text("kind"));
        Ok(Self {
            id: text("id").parse().ok(),
            kind: kind.unwrap_or_default(),
            name: text("client_name"),
            redirect_uris: text("redirect_uris"),
            post_logout_redirect_uris: text("post_logout_redirect_uris"),
            client_uri: text("client_uri"),
            logo_uri: text("logo_uri"),
            policy_uri: text("policy_uri"),
            tos_uri: text("tos_uri"),
        })
    }
}

impl Again for ApplicationForm {
    fn again(&self, path: &str) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("kind", self.kind.name());
        for (name, value) in [
            ("client_name", &self.name),
            ("redirect_uris", &self.redirect_uris),
            ("post_logout_redirect_uris", &self.post_logout_redirect_uris),
            ("client_uri", &self.client_uri),
            ("logo_uri", &self.logo_uri),
            ("policy_uri", &self.policy_uri),
            ("tos_uri", &self.tos_uri),
        ] {
            query.append_pair(name, value);
        }
        format!("{path}?{}", query.finish())
    }
}

impl ApplicationForm {
    /// Whether links, logo or addresses for signing out are filled in.
    pub(super) fn has_more(&self) -> bool {
        let more = [
            &self.client_uri,
            &self.logo_uri,
            &self.policy_uri,
            &self.tos_uri,
            &self.post_logout_redirect_uris,
        ];
        more.into_iter().any(|text| !text.is_empty())
    }

    /// The first redirect URI that an application of this kind cannot have.
    pub(super) fn wrong_redirect_uri(&self, kind: ApplicationKind) -> Option<&str> {
        let mut uris = self.redirect_uris.split_whitespace();
        uris.find(|uri| RedirectUri::parse(uri, kind.application_type()).is_err())
    }

    /// The form of an application that there is.
    pub(super) fn of(metadata: &ClientMetadata) -> Self {
        let text = |uri: &Option<String>| uri.clone().unwrap_or_default();
        let uris: Vec<_> = metadata
            .redirect_uris
            .iter()
            .map(|uri| uri.as_str())
            .collect();
        Self {
            id: None,
            kind: ApplicationKind::of(metadata),
            name: metadata.client_name.clone(),
            redirect_uris: uris.join("\n"),
            post_logout_redirect_uris: metadata.post_logout_redirect_uris.join("\n"),
            client_uri: text(&metadata.client_uri),
            logo_uri: text(&metadata.logo_uri),
            policy_uri: text(&metadata.policy_uri),
            tos_uri: text(&metadata.tos_uri),
        }
    }

    /// A new application.
    pub(super) fn asked(&self) -> MetadataRequest {
        let mut request = MetadataRequest::default();
        self.kind.ask(&mut request);
        self.fill(&mut request);
        request
    }

    /// An application with these changes; what the form does not hold stays as it is.
    pub(super) fn changed(&self, metadata: &ClientMetadata) -> MetadataRequest {
        let mut request = MetadataRequest::of(metadata);
        self.fill(&mut request);
        request
    }

    fn fill(&self, request: &mut MetadataRequest) {
        let lines = |text: &str| Some(text.split_whitespace().map(str::to_owned).collect());
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        // Without a name, a client is called after where its answers go; here, people give one.
        request.client_name = Some(self.name.clone());
        request.redirect_uris = lines(&self.redirect_uris);
        request.post_logout_redirect_uris = lines(&self.post_logout_redirect_uris);
        request.client_uri = text(&self.client_uri);
        request.logo_uri = text(&self.logo_uri);
        request.policy_uri = text(&self.policy_uri);
        request.tos_uri = text(&self.tos_uri);
    }
}
