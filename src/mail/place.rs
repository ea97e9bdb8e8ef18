//! Where a token was seen, in words.

use url::Url;

use super::shown::{Line, tame};
use super::voice::Voice;

/// Hosts that may be linked to: strangers put code there, but their pages cannot pose as ours.
const KNOWN_HOSTS: [&str; 9] = [
    "github.com",
    "gist.github.com",
    "gitlab.com",
    "bitbucket.org",
    "codeberg.org",
    "www.npmjs.com",
    "pypi.org",
    "rubygems.org",
    "crates.io",
];

/// Longest address that is written out.
const LONGEST_ADDRESS: usize = 500;

/// Where a token was seen.
pub(super) struct PlaceWords {
    /// The address as text.
    pub(super) address: Option<Line>,
    /// The same address, when its host is one that may be linked to.
    pub(super) link: Option<String>,
    /// What kind of place: `a commit`.
    pub(super) kind: Option<String>,
    host: Option<String>,
}

impl PlaceWords {
    pub(super) fn new(url: Option<&str>, source: Option<&str>, voice: Voice<'_>) -> Self {
        let url = url.map(str::trim).filter(|url| !url.is_empty());
        let parsed = url.and_then(|url| Url::parse(url).ok());
        let host = parsed
            .as_ref()
            .filter(|url| matches!(url.scheme(), "https" | "http"))
            .and_then(Url::host_str)
            .map(|host| tame(host, 60));
        Self {
            address: url.map(|url| Line::new(tame(url, LONGEST_ADDRESS))),
            link: url.zip(parsed).and_then(|(text, url)| link(text, &url)),
            kind: source.and_then(|source| kind_of_place(source, voice)),
            host,
        }
    }

    /// Completes "your token …".
    pub(super) fn found(&self, voice: Voice<'_>) -> String {
        let said = match (&self.host, &self.kind) {
            (Some(host), _) => voice.say("letter-found-on").put("host", host),
            (None, Some(kind)) => voice.say("letter-found-in").put("place", kind),
            (None, None) => voice.say("letter-found-in-public"),
        };
        said.to_string()
    }
}

/// The address to link to: https, a known host, no user, no port, and a text that says just that.
fn link(text: &str, url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| KNOWN_HOSTS.contains(host))?;
    let plain = url.scheme() == "https"
        && url.port().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let honest = text.strip_prefix("https://")?.strip_prefix(host)?;
    let honest = honest.is_empty() || honest.starts_with(['/', '?', '#']);
    (plain && honest).then(|| url.as_str().to_owned())
}

/// What an origin calls a place, in words. Origins add kinds; an unknown one is told as it came.
fn kind_of_place(source: &str, voice: Voice<'_>) -> Option<String> {
    match source.trim() {
        "" | "unknown" => None,
        source => {
            let said = voice.say("letter-place").put("source", tame(source, 40));
            Some(said.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::mail::brand::Brand;
    use crate::model::Language;

    fn words(url: Option<&str>, source: Option<&str>, language: Language) -> (PlaceWords, String) {
        let brand = Brand::default();
        let voice = Voice::new(language, &brand);
        let words = PlaceWords::new(url, source, voice);
        let found = words.found(voice);
        (words, found)
    }

    #[rstest]
    #[case("https://github.com/a/b/blob/main/x.py#L3")]
    #[case("https://gist.github.com/a/1")]
    #[case("https://www.npmjs.com/package/x?activeTab=code")]
    fn a_known_code_host_is_linked(#[case] url: &str) {
        let (words, _) = words(Some(url), None, Language::English);
        assert_eq!(words.link.as_deref(), Some(url));
    }

    #[rstest]
    #[case("http://github.com/a")]
    #[case("https://github.com.evil.example/a")]
    #[case("https://github.com@evil.example/a")]
    #[case("https://evil@github.com/a")]
    #[case("https://github.com:8443/a")]
    #[case("https://evil.example/https://github.com/a")]
    #[case("https://raw.github.com/a")]
    #[case("https:\\\\github.com\\a")]
    #[case("https://github.com\\@evil.example/")]
    #[case("https://github.com%2eevil.example/")]
    #[case("https://gıthub.com/a")]
    #[case("javascript:alert(1)//github.com")]
    #[case("//github.com/a")]
    #[case("github.com/a")]
    fn anything_else_is_text(#[case] url: &str) {
        let (words, _) = words(Some(url), None, Language::English);
        assert_eq!(words.link, None);
        assert_eq!(words.address.unwrap().to_string(), url);
    }

    #[test]
    fn a_place_is_named_by_its_host_or_its_kind() {
        let found = |url, source| words(url, source, Language::English).1;
        assert_eq!(
            found(Some("https://github.com/a"), Some("commit")),
            "was found on github.com"
        );
        assert_eq!(found(None, Some("npm")), "was found in an npm package");
        assert_eq!(found(Some("mailto:x"), Some("fax")), "was found in “fax”");
        assert_eq!(found(None, Some("unknown")), "was found in public");
        let german = words(None, Some("wiki_commit"), Language::German).1;
        assert_eq!(german, "wurde in der Geschichte eines Wikis gefunden");
    }
}
