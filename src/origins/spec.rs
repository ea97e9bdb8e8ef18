//! What is particular about an origin, as a value.

use std::borrow::Cow;

use crate::model::Origin;

/// Everything that tells one origin from another. They all sign the raw body with ECDSA P-256
/// over SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginSpec {
    /// Its name: in the route, in the database, in the metrics.
    pub origin: Origin,
    /// The headers that it signs with.
    pub headers: SignatureHeaders,
    /// Others that it has been met with. They count where a request has none of `headers`.
    pub other_headers: Cow<'static, [SignatureHeaders]>,
    /// What its reports look like.
    pub body: BodyShape,
}

/// The two headers of a signed request, whose names count in any letter case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// The header that names the key.
    pub key_id: HeaderName,
    /// The header that carries the signature: DER in base64.
    pub signature: HeaderName,
}

/// A header's name, for comparing and for telling what is wrong.
pub type HeaderName = Cow<'static, str>;

impl SignatureHeaders {
    /// Headers of an origin that is known when this is compiled.
    #[must_use]
    pub const fn fixed(key_id: &'static str, signature: &'static str) -> Self {
        Self {
            key_id: Cow::Borrowed(key_id),
            signature: Cow::Borrowed(signature),
        }
    }
}

/// The names of a report's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyShape {
    /// The string that was found.
    pub token: Cow<'static, str>,
    /// What the origin takes it for.
    pub token_type: Cow<'static, str>,
    /// Where it was found, as an address.
    pub url: Cow<'static, str>,
    /// Where it was found, as a kind of place, where the origin tells that.
    pub source: Option<Cow<'static, str>>,
}

impl BodyShape {
    /// GitHub's, which others have taken over.
    pub const GITHUB: Self = Self {
        token: Cow::Borrowed("token"),
        token_type: Cow::Borrowed("type"),
        url: Cow::Borrowed("url"),
        source: Some(Cow::Borrowed("source")),
    };

    /// What a GitLab of one's own sends.
    pub const GITLAB_REVOCATION: Self = Self {
        url: Cow::Borrowed("location"),
        source: None,
        ..Self::GITHUB
    };
}

/// GitHub's secret scanning partner program.
pub static GITHUB: OriginSpec = OriginSpec {
    origin: Origin::GITHUB,
    headers: GITHUB_HEADERS,
    other_headers: Cow::Borrowed(&[]),
    body: BodyShape::GITHUB,
};

const GITHUB_HEADERS: SignatureHeaders = SignatureHeaders::fixed(
    "Github-Public-Key-Identifier",
    "Github-Public-Key-Signature",
);

/// GitLab's partner API: what GitLab.com found in public projects.
pub static GITLAB: OriginSpec = OriginSpec {
    origin: Origin::GITLAB,
    headers: GITLAB_HEADERS,
    other_headers: Cow::Borrowed(&[]),
    body: BodyShape {
        source: None,
        ..BodyShape::GITHUB
    },
};

const GITLAB_HEADERS: SignatureHeaders = SignatureHeaders::fixed(
    "Gitlab-Public-Key-Identifier",
    "Gitlab-Public-Key-Signature",
);

/// Google's deps.dev: what was found in published packages.
pub static DEPSDEV: OriginSpec = OriginSpec {
    origin: Origin::DEPSDEV,
    headers: DEPSDEV_HEADERS,
    other_headers: Cow::Borrowed(&DEPSDEV_OTHER_HEADERS),
    body: BodyShape::GITHUB,
};

// RubyGems knows it by these headers, PyPI by the others.
const DEPSDEV_HEADERS: SignatureHeaders = SignatureHeaders::fixed(
    "DepsDev-Public-Key-Identifier",
    "DepsDev-Public-Key-Signature",
);

static DEPSDEV_OTHER_HEADERS: [SignatureHeaders; 1] = [SignatureHeaders::fixed(
    "GOSST-PUBLIC-KEY-IDENTIFIER",
    "GOSST-PUBLIC-KEY-SIGNATURE",
)];

/// Every origin that is known without configuration and signs its deliveries.
pub static ORIGINS: [&OriginSpec; 3] = [&GITHUB, &GITLAB, &DEPSDEV];

impl OriginSpec {
    /// The origin of that name, of those that are known without configuration.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        ORIGINS
            .into_iter()
            .find(|spec| spec.origin.as_str() == name)
    }

    /// Where its deliveries are taken.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/v1/integrations/{}/secret-scanning", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::origins::signing::OriginSigner;
    use crate::origins::{Envelope, TokenField, feedback, parse_reports, verify};

    #[test]
    fn an_origin_is_found_by_its_name() {
        assert_eq!(OriginSpec::find("github"), Some(&GITHUB));
        assert_eq!(OriginSpec::find("depsdev"), Some(&DEPSDEV));
        assert!(OriginSpec::find("GitHub").is_none());
        assert_eq!(GITLAB.path(), "/v1/integrations/gitlab/secret-scanning");
    }

    #[test]
    fn another_origin_is_only_another_value() {
        let other = OriginSpec {
            origin: "elsewhere".parse().unwrap(),
            headers: SignatureHeaders {
                key_id: "Elsewhere-Key".into(),
                signature: "Elsewhere-Signature".into(),
            },
            other_headers: Cow::default(),
            body: BodyShape {
                token: "secret".into(),
                token_type: "kind".into(),
                url: "location".into(),
                source: Some("place".into()),
            },
        };
        let signer = OriginSigner::generate();
        let body = br#"[{"secret":"s","kind":"k","location":"l","place":"p","token":"no"}]"#;
        let headers = signer.headers(&other, body);

        let pairs = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        let envelope = Envelope::read(&other, pairs).unwrap();
        assert_eq!(&envelope.key_id, signer.key_id());
        verify(signer.verifying_key(), &envelope.signature, body).unwrap();
        let reports = parse_reports(&other.body, body).unwrap();
        assert_eq!(reports[0].text().reveal(), b"s");
        assert_eq!(reports[0].url(), Some("l"));
        assert_eq!(reports[0].source(), Some("p"));
        let answer = feedback(&reports, &[Verdict::TruePositive], TokenField::Raw).unwrap();
        assert_eq!(
            str::from_utf8(&answer).unwrap(),
            r#"[{"token_raw":"s","token_type":"k","label":"true_positive"}]"#
        );
    }

    #[test]
    fn where_an_origin_tells_no_source_none_is_read() {
        let body = br#"[{"token":"t","url":"u","source":"s"}]"#;
        let source = |spec: &OriginSpec| {
            let reports = parse_reports(&spec.body, body).unwrap();
            reports[0].source().map(str::to_owned)
        };
        assert_eq!(source(&GITHUB).as_deref(), Some("s"));
        assert_eq!(source(&GITLAB), None);
    }
}
