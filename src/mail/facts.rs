//! What a letter about an exposed token knows, in words.

use super::place::PlaceWords;
use super::shown::{Line, tame};
use super::voice::{Badge, Fact, Foot, LONGEST_NAME, LONGEST_NAME_IN_SUBJECT, Tone, Voice};
use crate::model::letter::{Addressee, Outcome, TokenExposed};
use crate::model::{Remedy, TokenKind};

/// Most scopes that are listed.
const MOST_SCOPES: usize = 24;

/// The token that a letter is about, and the reader's relation to it.
pub(super) struct About<'a> {
    pub(super) letter: &'a TokenExposed,
    /// `None` when a newer version wrote the letter.
    pub(super) kind: Option<TokenKind>,
    pub(super) place: PlaceWords,
    pub(super) voice: Voice<'a>,
}

impl<'a> About<'a> {
    pub(super) fn new(letter: &'a TokenExposed, voice: Voice<'a>) -> Self {
        Self {
            letter,
            kind: letter.token.kind.parse().ok(),
            place: PlaceWords::new(letter.url.as_deref(), letter.source.as_deref(), voice),
            voice,
        }
    }

    /// The subject of the mail: short names, so that the end of the sentence is seen.
    pub(super) fn subject(&self) -> String {
        self.sentence(LONGEST_NAME_IN_SUBJECT)
    }

    /// The same sentence with whole names.
    pub(super) fn headline(&self) -> String {
        format!("{}.", self.sentence(LONGEST_NAME))
    }

    /// The outcome in a word: what texts choose by.
    const fn outcome(&self) -> &'static str {
        match self.letter.outcome {
            Outcome::Revoked { .. } | Outcome::AlreadySuspended { .. } => "revoked",
            Outcome::Quarantined { .. } => "quarantined",
            Outcome::NotRevoked { .. } => "spared",
            Outcome::AlreadyExpired { .. } => "expired",
            Outcome::AlreadyRevoked { .. } => "dead",
        }
    }

    pub(super) fn badge(&self) -> Badge {
        let tone = match self.letter.outcome {
            Outcome::Revoked { .. } | Outcome::AlreadySuspended { .. } => Tone::Good,
            Outcome::AlreadyExpired { .. } | Outcome::AlreadyRevoked { .. } => Tone::Calm,
            Outcome::Quarantined { .. } => Tone::Warning,
            Outcome::NotRevoked { .. } => Tone::Alarm,
        };
        let words = self.voice.say("letter-badge");
        let words = words.put("outcome", self.outcome()).to_string();
        Badge { tone, words }
    }

    fn sentence(&self, longest: usize) -> String {
        let said = self.voice.say("letter-exposed");
        let said = said.put("whose", self.whose(longest));
        let said = said.put("found", self.place.found(self.voice));
        let sentence = said.put("outcome", self.outcome()).to_string();
        match self.letter.leaked_before {
            Some(_) => {
                let again = self.voice.say("letter-exposed-again");
                again.put("sentence", sentence).to_string()
            }
            None => sentence,
        }
    }

    /// `Your personal access token “deploy”`, from where the reader stands.
    fn whose(&self, longest: usize) -> String {
        let token = &self.letter.token;
        let name = token.name.as_deref();
        let client = token.client.as_deref();
        let client = client.map(|client| self.voice.quoted(client, longest));
        let of = token.organization.as_deref();
        let of = of.map(|text| tame(text, longest));
        let thing = match self.letter.addressee {
            Addressee::Owner => self.voice.thing(token, name, longest),
            _ => self.voice.the_thing(token, name, longest),
        };
        let (id, who) = match (self.letter.addressee, &client, of) {
            (Addressee::Owner, Some(_), _) => ("letter-whose-own-for", None),
            (Addressee::Owner, None, _) => ("letter-whose-own", None),
            (Addressee::OrganizationManager, _, Some(of)) => ("letter-whose-of", Some(of)),
            (Addressee::OrganizationManager, _, None) => ("letter-whose-of-organization", None),
            (Addressee::ManagerOfOwner, Some(_), _) => {
                ("letter-whose-of-for", Some(self.owner(longest)))
            }
            (Addressee::ManagerOfOwner, None, _) => ("letter-whose-of", Some(self.owner(longest))),
            (Addressee::Creator, _, Some(of)) => ("letter-whose-made-for", Some(of)),
            (Addressee::Creator, _, None) => ("letter-whose-made", None),
            (Addressee::ClientOwner, Some(_), _) => ("letter-whose-of-application-named", None),
            (Addressee::ClientOwner, None, _) => ("letter-whose-of-application", None),
            (Addressee::Operator, Some(client), _) => ("letter-whose-of", Some(client.clone())),
            (Addressee::Operator, None, Some(of)) => ("letter-whose-of", Some(of)),
            (Addressee::Operator, None, None) => return thing,
        };
        let said = self.voice.say(id).put("thing", thing);
        let said = said.put("client", client.unwrap_or_default());
        said.put("who", who.unwrap_or_default()).to_string()
    }

    /// The application, named or not, within a sentence.
    pub(super) fn application(&self) -> String {
        match self.letter.token.client.as_deref() {
            Some(client) => self.voice.quoted(client, LONGEST_NAME),
            None => self.voice.say("letter-the-application").to_string(),
        }
    }

    /// The organization, named or not, within a sentence.
    pub(super) fn organization(&self) -> String {
        match self.letter.token.organization.as_deref() {
            Some(organization) => tame(organization, LONGEST_NAME),
            None => self.voice.say("letter-the-organization").to_string(),
        }
    }

    /// The owner of the token, within a sentence in a copy of what they were told.
    pub(super) fn owner(&self, longest: usize) -> String {
        match self.letter.copied_from.as_deref() {
            Some(owner) => tame(owner, longest),
            None => self.voice.say("letter-somebody").to_string(),
        }
    }

    /// That this leak is not the first.
    pub(super) fn alarm(&self) -> Option<Line> {
        let before = self.voice.moment(self.letter.leaked_before?);
        let named = self.letter.token.organization.is_some();
        let of = |who| self.voice.say("letter-alarm-of").put("who", who);
        let whose = match self.letter.addressee {
            Addressee::Owner | Addressee::ClientOwner => self.voice.say("letter-alarm-own"),
            Addressee::OrganizationManager | Addressee::Creator if named => of(self.organization()),
            Addressee::ManagerOfOwner => of(self.owner(LONGEST_NAME)),
            _ => self.voice.say("letter-alarm-same"),
        };
        let said = self.voice.say("letter-alarm");
        let said = said.put("whose", whose.to_string());
        Some(Line::new(said.put("moment", before).to_string()))
    }

    /// What we did, first thing.
    pub(super) fn what_we_did(&self) -> Vec<Line> {
        let owner = self.letter.addressee == Addressee::Owner;
        let (id, at) = match self.letter.outcome {
            Outcome::Revoked { at } => ("letter-did-revoke", Some(at)),
            Outcome::AlreadyExpired { at } => ("letter-did-expired", Some(at)),
            Outcome::AlreadyRevoked { at } => ("letter-did-nothing", Some(at)),
            Outcome::AlreadySuspended { at } if owner => ("letter-did-suspended", Some(at)),
            Outcome::AlreadySuspended { at } => ("letter-did-suspended-other", Some(at)),
            Outcome::Quarantined { at } => ("letter-did-quarantine", Some(at)),
            Outcome::NotRevoked { works: true } => ("letter-did-spare", None),
            Outcome::NotRevoked { works: false } => ("letter-did-spare-dead", None),
        };
        let at = at.map(|at| self.voice.moment(at)).unwrap_or_default();
        let said = self.voice.say(id).put("moment", at);
        let did = said.put("brand", self.voice.name()).to_string();
        let dead = matches!(self.letter.outcome, Outcome::AlreadyRevoked { .. });
        let harmless = dead && self.letter.relatives_revoked == 0;
        let did = match harmless {
            true => format!("{did} {}", self.voice.say("letter-did-no-harm")),
            false => did,
        };
        let lines = std::iter::once(Line::new(did)).chain(self.relatives());
        lines.collect()
    }

    /// What else died, if anything did.
    fn relatives(&self) -> Option<Line> {
        let count = self.letter.relatives_revoked;
        let went = matches!(self.letter.outcome, Outcome::Quarantined { .. });
        let id = match (self.kind.map(TokenKind::remedy), went) {
            (Some(Remedy::UserSessions), false) => "letter-ended-session",
            (Some(Remedy::UserSessions), true) => "letter-went-session",
            (Some(Remedy::Family), false) => "letter-ended-family",
            (Some(Remedy::Family), true) => "letter-went-family",
            (_, false) => "letter-ended-related",
            (_, true) => "letter-went-related",
        };
        let said = self.voice.say(id).with("count", count);
        (count > 0).then(|| Line::new(said.to_string()))
    }

    /// The token as its owner knows it.
    pub(super) fn token(&self) -> Vec<Fact> {
        let (token, voice) = (&self.letter.token, self.voice);
        let name = |text: &Option<String>| text.as_deref().map(|text| tame(text, LONGEST_NAME));
        let expiry = match (self.letter.outcome, token.expires_at) {
            (Outcome::AlreadyExpired { .. }, _) => None,
            (_, Some(at)) => Some(voice.moment(at)),
            (_, None) => Some(voice.say("letter-never").to_string()),
        };
        let created = voice.moment(token.created_at);
        self.facts([
            ("letter-fact-name", name(&token.name)),
            ("letter-fact-kind", Some(voice.kind(token))),
            // Of a token that was brought in from elsewhere, maybe only the digest was left.
            (
                "letter-fact-hint",
                Some(last_four(&token.hint)).filter(|hint| !hint.is_empty()),
            ),
            ("letter-fact-organization", name(&token.organization)),
            ("letter-fact-application", name(&token.client)),
            ("letter-fact-customer", name(&token.customer)),
            ("letter-fact-power", Some(self.power())),
            ("letter-fact-created", Some(created)),
            ("letter-fact-expiry", expiry),
            ("letter-fact-used", Some(self.last_use())),
        ])
    }

    /// Where, when and by whom it was seen, but for the address.
    pub(super) fn sighting(&self) -> Vec<Fact> {
        let reporter = tame(&self.letter.reported_by, LONGEST_NAME);
        let seen_at = self.voice.moment(self.letter.seen_at);
        self.facts([
            ("letter-fact-place", self.place.kind.clone()),
            ("letter-fact-reporter", Some(reporter)),
            ("letter-fact-reported", Some(seen_at)),
        ])
    }

    fn facts<const N: usize>(&self, facts: [(&str, Option<String>); N]) -> Vec<Fact> {
        let known = facts
            .into_iter()
            .filter_map(|(id, value)| Some((id, value?)));
        let written = known.map(|(id, value)| self.voice.fact(id, value));
        written.collect()
    }

    fn power(&self) -> String {
        let scopes = &self.letter.token.scopes;
        let listed = scopes.iter().take(MOST_SCOPES).map(|scope| tame(scope, 60));
        let mut listed: Vec<String> = listed.collect();
        let more = scopes.len().saturating_sub(MOST_SCOPES);
        if more > 0 {
            let said = self.voice.say("letter-more-scopes").with("count", more);
            listed.push(said.to_string());
        }
        if !listed.is_empty() {
            return listed.join(", ");
        }
        let id = match self.kind {
            Some(TokenKind::UserSessionToken) => "letter-power-session",
            Some(TokenKind::CustomerSessionToken) => "letter-power-customer",
            Some(TokenKind::ClientSecret) => "letter-power-secret",
            Some(TokenKind::ClientRegistrationToken) => "letter-power-registration",
            Some(TokenKind::AuthorizationCode) => "letter-power-code",
            _ => "letter-power-none",
        };
        self.voice.say(id).to_string()
    }

    fn last_use(&self) -> String {
        let token = &self.letter.token;
        match (token.last_used_at, token.last_used_from.as_deref()) {
            (Some(at), Some(from)) => {
                let said = self.voice.say("letter-used-from");
                let said = said.put("moment", self.voice.moment(at));
                said.put("address", tame(from, 60)).to_string()
            }
            (Some(at), None) => self.voice.moment(at),
            (None, _) => self.voice.say("letter-not-used").to_string(),
        }
    }

    /// A warning about places whose pages could be made to trap the reader.
    pub(super) fn caution(&self) -> Option<Line> {
        let unknown = self.place.address.is_some() && self.place.link.is_none();
        unknown.then(|| self.voice.line("letter-unknown-site"))
    }

    /// How the reader tells this letter from a fake, whom they ask, and why they are told.
    pub(super) fn foot(&self) -> Foot {
        let genuine = match self.letter.addressee {
            Addressee::ManagerOfOwner => {
                let check = self.voice.say("letter-check-owner");
                let check = check.put("owner", self.owner(LONGEST_NAME));
                self.voice.genuine_if(check.to_string())
            }
            other => self.voice.genuine(Voice::check_of(other)),
        };
        let contact = self
            .voice
            .contact_about("letter-contact-token", &self.letter.token.id);
        let named = self.letter.token.organization.is_some();
        let id = match self.letter.addressee {
            Addressee::OrganizationManager if named => "letter-because-manager-of",
            Addressee::ManagerOfOwner => "letter-because-manager-of-owner",
            Addressee::Creator if named => "letter-because-creator-for",
            Addressee::ClientOwner => "letter-because-client",
            other => {
                let why_you = self.voice.because(other);
                return Foot {
                    genuine,
                    contact,
                    why_you,
                };
            }
        };
        let why_you = self.voice.say(id).put("organization", self.organization());
        let why_you = why_you.put("application", self.application()).to_string();
        Foot {
            genuine,
            contact,
            why_you,
        }
    }
}

/// Never more of the secret than four characters, whatever the letter holds.
pub(super) fn last_four(hint: &str) -> String {
    let skipped = hint.chars().count().saturating_sub(4);
    let last: String = hint.chars().skip(skipped).collect();
    tame(&last, 4)
}
