//! What is particular about an origin, as a value.

use crate::model::Origin;

/// Everything that tells one origin from another. They all sign the raw body with ECDSA P-256
/// over SHA-256 and publish their keys in GitHub's format.
#[derive(Clone, Debug)]
pub struct OriginSpec {
    /// Its name: in the route, in the database, in the metrics.
    pub origin: Origin,
    /// Where its public keys are, unless configured otherwise.
    pub keys_url: &'static str,
    /// The header that names the key.
    pub key_id_header: &'static str,
    /// The header that carries the signature: DER in base64.
    pub signature_header: &'static str,
    /// Bytes that the key id may have.
    pub longest_key_id: usize,
    /// Bytes that the signature may have in base64. The longest for P-256 has 96.
    pub longest_signature: usize,
    /// What its reports look like.
    pub body: BodyShape,
    /// Whether it reads verdicts in our answer.
    pub reads_feedback: bool,
}

/// The names of a report's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyShape {
    /// The string that was found.
    pub token: &'static str,
    /// What the origin takes it for.
    pub token_type: &'static str,
    /// Where it was found, as an address.
    pub url: &'static str,
    /// Where it was found, as a kind of place.
    pub source: &'static str,
}

/// GitHub's secret scanning partner program.
pub const GITHUB: OriginSpec = OriginSpec {
    origin: Origin::GITHUB,
    keys_url: "https://api.github.com/meta/public_keys/secret_scanning",
    key_id_header: "Github-Public-Key-Identifier",
    signature_header: "Github-Public-Key-Signature",
    longest_key_id: 128,
    longest_signature: 256,
    body: BodyShape {
        token: "token",
        token_type: "type",
        url: "url",
        source: "source",
    },
    reads_feedback: true,
};

/// Every origin that signs its deliveries.
pub static ORIGINS: [OriginSpec; 1] = [GITHUB];

impl OriginSpec {
    /// The origin of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        ORIGINS.iter().find(|spec| spec.origin.as_str() == name)
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
        assert_eq!(OriginSpec::find("github").unwrap().origin, Origin::GITHUB);
        assert!(OriginSpec::find("GitHub").is_none());
    }

    #[test]
    fn another_origin_is_only_another_value() {
        let other = OriginSpec {
            origin: Origin::from_stored("elsewhere".to_owned()),
            key_id_header: "Elsewhere-Key",
            signature_header: "Elsewhere-Signature",
            body: BodyShape {
                token: "secret",
                token_type: "kind",
                url: "location",
                source: "place",
            },
            ..GITHUB
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
        let reports = parse_reports(&other, body).unwrap();
        assert_eq!(reports[0].text().reveal(), b"s");
        assert_eq!(reports[0].url(), Some("l"));
        assert_eq!(reports[0].source(), Some("p"));
        let answer = feedback(&reports, &[Verdict::TruePositive], TokenField::Raw).unwrap();
        assert_eq!(
            str::from_utf8(&answer).unwrap(),
            r#"[{"token_raw":"s","token_type":"k","label":"true_positive"}]"#
        );
    }
}
