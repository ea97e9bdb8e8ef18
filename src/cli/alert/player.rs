//! Whom to play.

use std::sync::Arc;

use url::Url;

use crate::cli::origin;
use crate::config::{Settings, Sources};
use crate::model::Origin;
use crate::origins::OriginSpec;

/// Who sends.
pub(super) enum Player {
    /// An origin that signs.
    Signed(Arc<OriginSpec>),
    /// A GitLab of one's own, which proves itself by a secret.
    Gitlab,
    /// Anybody who has a token.
    Possession,
    /// An internal service, which proves itself by its key.
    Internal,
}

impl Player {
    /// The one of that name. Those that everybody knows need no configuration.
    ///
    /// # Errors
    /// When the configuration cannot be read, or knows no such origin, or does not enable it.
    pub(super) fn find(name: &str, sources: &Sources) -> anyhow::Result<Self> {
        if name == Origin::GITLAB_REVOCATION.as_str() {
            return Ok(Self::Gitlab);
        }
        if name == Origin::POSSESSION.as_str() {
            return Ok(Self::Possession);
        }
        if name == Origin::INTERNAL.as_str() {
            return Ok(Self::Internal);
        }
        if let Some(spec) = OriginSpec::find(name) {
            return Ok(Self::Signed(Arc::new(spec.clone())));
        }
        let settings = Settings::load(sources)?;
        let found = settings.origins.find(name);
        let found = found.map(|origin| Self::Signed(Arc::clone(&origin.spec)));
        found.ok_or_else(|| origin::not_enabled(name, &settings))
    }

    /// Where the service takes their deliveries, unless that was said.
    pub(super) fn address(&self, to: &Url) -> Url {
        let mut to = to.clone();
        if matches!(to.path(), "" | "/") {
            match self {
                Self::Signed(spec) => to.set_path(&spec.path()),
                Self::Gitlab => to.set_path("/v1/integrations/gitlab/revoke_tokens"),
                Self::Possession => to.set_path("/v1/credentials/revoke"),
                Self::Internal => to.set_path("/v1/revocations"),
            }
        }
        to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origins::GITHUB;

    #[test]
    fn a_base_url_gets_the_origins_path_and_another_keeps_its_own() {
        let github = Player::Signed(Arc::new(GITHUB.clone()));
        for (player, text, url) in [
            (
                &github,
                "http://h:1",
                "http://h:1/v1/integrations/github/secret-scanning",
            ),
            (
                &github,
                "https://h/",
                "https://h/v1/integrations/github/secret-scanning",
            ),
            (&github, "https://h/x?y", "https://h/x?y"),
            (
                &Player::Gitlab,
                "https://h",
                "https://h/v1/integrations/gitlab/revoke_tokens",
            ),
            (
                &Player::Possession,
                "https://h",
                "https://h/v1/credentials/revoke",
            ),
            (&Player::Possession, "https://h/y", "https://h/y"),
            (&Player::Internal, "https://h", "https://h/v1/revocations"),
        ] {
            assert_eq!(player.address(&Url::parse(text).unwrap()).as_str(), url);
        }
    }
}
