//! What a letter about an exposed token knows, in words.

use time::macros::format_description;

use super::brand::Brand;
use super::place::PlaceWords;
use super::shown::{Line, tame};
use crate::model::letter::{Addressee, Outcome, TokenExposed};
use crate::model::{Remedy, Timestamp, TokenKind};

/// Longest name that is written out, in the letter and in its subject.
pub(super) const LONGEST_NAME: usize = 100;
const LONGEST_NAME_IN_SUBJECT: usize = 40;
/// Most scopes that are listed.
const MOST_SCOPES: usize = 24;

/// The token that a letter is about, and the reader's relation to it.
pub(super) struct About<'a> {
    pub(super) letter: &'a TokenExposed,
    /// `None` when a newer version wrote the letter.
    pub(super) kind: Option<TokenKind>,
    pub(super) place: PlaceWords,
    pub(super) brand: String,
    pub(super) settings: String,
}

/// One line of a table.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: Line,
}

impl<'a> About<'a> {
    pub(super) fn new(letter: &'a TokenExposed, brand: &Brand) -> Self {
        Self {
            letter,
            kind: letter.token.kind.parse().ok(),
            place: PlaceWords::new(letter.url.as_deref(), letter.source.as_deref()),
            brand: tame(&brand.name, LONGEST_NAME),
            settings: tame(&brand.settings, 200),
        }
    }

    /// The subject of the mail: short names, so that the end of the sentence is seen.
    pub(super) fn subject(&self) -> String {
        self.sentence(LONGEST_NAME_IN_SUBJECT)
    }

    /// The same sentence with whole names.
    pub(super) fn headline(&self) -> Line {
        Line::new(format!("{}.", self.sentence(LONGEST_NAME)))
    }

    fn sentence(&self, longest: usize) -> String {
        let ending = match self.letter.outcome {
            Outcome::Revoked { .. } | Outcome::AlreadySuspended { .. } => " and has been revoked",
            Outcome::Quarantined { .. } => " and is in quarantine",
            Outcome::NotRevoked { .. } => ", and has NOT been revoked",
            Outcome::AlreadyExpired { .. } | Outcome::AlreadyRevoked { .. } => "",
        };
        let sentence = format!("{} {}{ending}", self.whose(longest), self.place.found());
        match self.letter.leaked_before {
            Some(_) => format!("Leaked again: {}", in_sentence(&sentence)),
            None => sentence,
        }
    }

    /// `Your expired personal access token “deploy”`, from where the reader stands.
    fn whose(&self, longest: usize) -> String {
        let adjective = match self.letter.outcome {
            Outcome::Revoked { .. } | Outcome::Quarantined { .. } | Outcome::NotRevoked { .. } => {
                ""
            }
            Outcome::AlreadyExpired { .. } => "expired ",
            Outcome::AlreadyRevoked { .. } => "revoked ",
            Outcome::AlreadySuspended { .. } => "suspended ",
        };
        let token = &self.letter.token;
        let quoted = |text: &str| format!("“{}”", tame(text, longest));
        let name = token.name.as_deref().map(quoted);
        let client = token.client.as_deref().map(quoted);
        let organization = token
            .organization
            .as_deref()
            .map(|text| tame(text, longest));
        let thing = format!("{adjective}{}", self.kind_title());
        let named = name.map_or_else(|| thing.clone(), |name| format!("{thing} {name}"));
        match (self.letter.addressee, client, organization) {
            (Addressee::Owner, Some(client), _) => format!("Your {named} for {client}"),
            (Addressee::Owner, None, _) => format!("Your {named}"),
            (Addressee::OrganizationManager, _, Some(of)) => format!("The {named} of {of}"),
            (Addressee::OrganizationManager, _, None) => {
                format!("The {named} of your organization")
            }
            (Addressee::ManagerOfOwner, Some(client), _) => {
                format!("The {named} of {} for {client}", self.owner(longest))
            }
            (Addressee::ManagerOfOwner, None, _) => {
                format!("The {named} of {}", self.owner(longest))
            }
            (Addressee::Creator, _, Some(of)) => format!("The {named} that you made for {of}"),
            (Addressee::Creator, _, None) => format!("The {named} that you made"),
            (Addressee::ClientOwner, Some(client), _) => {
                format!("The {named} of your application {client}")
            }
            (Addressee::ClientOwner, None, _) => format!("The {named} of your application"),
            (Addressee::Operator, Some(client), _) => format!("The {named} of {client}"),
            (Addressee::Operator, None, Some(of)) => format!("The {named} of {of}"),
            (Addressee::Operator, None, None) => format!("The {named}"),
        }
    }

    fn kind_title(&self) -> String {
        self.kind.map_or_else(
            || tame(&self.letter.token.kind.replace('_', " "), 40),
            |kind| kind.title().to_owned(),
        )
    }

    /// The application, named or not, within a sentence.
    pub(super) fn application(&self) -> String {
        self.letter.token.client.as_deref().map_or_else(
            || "the application".to_owned(),
            |client| format!("“{}”", tame(client, LONGEST_NAME)),
        )
    }

    /// The organization, named or not, within a sentence.
    pub(super) fn organization(&self) -> String {
        self.letter.token.organization.as_deref().map_or_else(
            || "the organization".to_owned(),
            |organization| tame(organization, LONGEST_NAME),
        )
    }

    /// The owner of the token, within a sentence in a copy of what they were told.
    pub(super) fn owner(&self, longest: usize) -> String {
        self.letter.copied_from.as_deref().map_or_else(
            || "somebody in your organization".to_owned(),
            |owner| tame(owner, longest),
        )
    }

    /// That this leak is not the first.
    pub(super) fn alarm(&self) -> Option<Line> {
        let before = moment(self.letter.leaked_before?);
        let whose = match self.letter.addressee {
            Addressee::Owner | Addressee::ClientOwner => "of yours".to_owned(),
            Addressee::OrganizationManager | Addressee::Creator => {
                format!("of {}", self.organization())
            }
            Addressee::ManagerOfOwner => format!("of {}", self.owner(LONGEST_NAME)),
            Addressee::Operator => "of the same owner".to_owned(),
        };
        Some(Line::new(format!(
            "This is not the first leak. Another token {whose} was reported on {before}. Once is an \
             accident; twice means that whatever lets tokens out is still open."
        )))
    }

    /// What we did, first thing.
    pub(super) fn what_we_did(&self) -> Line {
        let done = match self.letter.outcome {
            Outcome::Revoked { at } => format!(
                "We revoked it on {}. Since then it opens nothing, whoever has a copy.",
                moment(at)
            ),
            Outcome::AlreadyExpired { at } => format!(
                "It had expired on {}, so it no longer opened anything when it was found. We \
                 also revoked it for good.",
                moment(at)
            ),
            Outcome::AlreadyRevoked { at } => {
                let harmless = match self.letter.relatives_revoked {
                    0 => " Nothing of yours stops working because of this report.",
                    _ => "",
                };
                let at = moment(at);
                format!(
                    "It had been revoked on {at}, so it no longer opened anything when it was \
                     found.{harmless}"
                )
            }
            Outcome::AlreadySuspended { at } => format!(
                "{} has been blocked since {}, so it opened nothing when it was found. We \
                 revoked it for good: it stays dead when the account is unblocked.",
                self.account(),
                moment(at)
            ),
            Outcome::Quarantined { at } => format!(
                "We put it into quarantine on {}. It opens nothing, whoever has a copy, until \
                 whoever runs {} has decided: it is then revoked for good or works again.",
                moment(at),
                self.brand
            ),
            Outcome::NotRevoked { works: true } => {
                "We did not revoke it: it still works, for whoever has a copy. Whoever runs this \
                 service has decided that reports like this one are passed on and nothing more."
                    .to_owned()
            }
            Outcome::NotRevoked { works: false } => {
                "It did not work when it was found, and we did not revoke it: what keeps it from \
                 working may change."
                    .to_owned()
            }
        };
        Line::new(done)
    }

    fn account(&self) -> &'static str {
        match self.letter.addressee {
            Addressee::Owner => "Your account",
            _ => "The account behind it",
        }
    }

    /// What else died, if anything did.
    pub(super) fn relatives(&self) -> Option<Line> {
        let count = self.letter.relatives_revoked;
        let one = count == 1;
        let what = match self.kind.map(TokenKind::remedy) {
            Some(Remedy::UserSessions) if one => "other session or token of the same account",
            Some(Remedy::UserSessions) => "other sessions and tokens of the same account",
            Some(Remedy::Family) if one => "other token that came from the same authorization",
            Some(Remedy::Family) => "other tokens that came from the same authorization",
            _ if one => "related token",
            _ => "related tokens",
        };
        let did = match self.letter.outcome {
            Outcome::Quarantined { .. } => "went",
            _ => "we ended",
        };
        (count > 0).then(|| Line::new(format!("With it {did} {count} {what}.")))
    }

    /// The token as its owner knows it.
    pub(super) fn token(&self) -> Vec<Fact> {
        let token = &self.letter.token;
        let name = |text: &Option<String>| text.as_deref().map(|text| tame(text, LONGEST_NAME));
        let expiry = match (self.letter.outcome, token.expires_at) {
            (Outcome::AlreadyExpired { .. }, _) => None,
            (_, Some(at)) => Some(moment(at)),
            (_, None) => Some("never, it had no end".to_owned()),
        };
        [
            ("Name", name(&token.name)),
            ("Kind", Some(self.kind_title())),
            // Of a token that was brought in from elsewhere, maybe only the digest was left.
            (
                "Ends in",
                Some(last_four(&token.hint)).filter(|hint| !hint.is_empty()),
            ),
            ("Organization", name(&token.organization)),
            ("Application", name(&token.client)),
            ("Customer", name(&token.customer)),
            ("Could do", Some(self.power())),
            ("Created", Some(moment(token.created_at))),
            ("Would expire", expiry),
            ("Last used", Some(self.last_use())),
        ]
        .into_iter()
        .filter_map(fact)
        .collect()
    }

    /// Where, when and by whom it was seen, but for the address.
    pub(super) fn sighting(&self) -> Vec<Fact> {
        [
            ("In", self.place.kind.clone()),
            (
                "Reported by",
                Some(tame(&self.letter.reported_by, LONGEST_NAME)),
            ),
            ("Reported on", Some(moment(self.letter.seen_at))),
        ]
        .into_iter()
        .filter_map(fact)
        .collect()
    }

    fn power(&self) -> String {
        let scopes = &self.letter.token.scopes;
        let mut listed: Vec<String> = scopes
            .iter()
            .take(MOST_SCOPES)
            .map(|scope| tame(scope, 60))
            .collect();
        if let Some(more) = scopes
            .len()
            .checked_sub(MOST_SCOPES)
            .filter(|more| *more > 0)
        {
            listed.push(format!("and {more} more"));
        }
        if !listed.is_empty() {
            return listed.join(", ");
        }
        match self.kind {
            Some(TokenKind::UserSessionToken) => "everything its user can do when signed in",
            Some(TokenKind::CustomerSessionToken) => "what the customer can do when signed in",
            Some(TokenKind::ClientSecret) => "obtain tokens in the name of the application",
            Some(TokenKind::ClientRegistrationToken) => "read and change the registration",
            Some(TokenKind::AuthorizationCode) => "be exchanged once for tokens",
            _ => "nothing: it had no scopes",
        }
        .to_owned()
    }

    fn last_use(&self) -> String {
        let token = &self.letter.token;
        match (token.last_used_at, token.last_used_from.as_deref()) {
            (Some(at), Some(from)) => format!("{}, from {}", moment(at), tame(from, 60)),
            (Some(at), None) => moment(at),
            (None, _) => "we saw no use of it".to_owned(),
        }
    }

    /// A warning about places whose pages could be made to trap the reader.
    pub(super) fn caution(&self) -> Option<Line> {
        let unknown = self.place.address.is_some() && self.place.link.is_none();
        unknown.then(|| {
            Line::new("We do not know this site: look at it with care, and enter nothing there.")
        })
    }

    /// How the reader tells this letter from a fake.
    pub(super) fn genuine(&self) -> Line {
        let check = match self.letter.addressee {
            Addressee::Operator => format!("look the token up in {} yourself", self.brand),
            Addressee::ManagerOfOwner => format!(
                "ask {}, in a way that you know, whether they got a letter as well",
                self.owner(LONGEST_NAME)
            ),
            _ => format!(
                "type the address of {} into your browser yourself and go to {}; what happened is \
                 told there under Exposures",
                self.brand, self.settings
            ),
        };
        Line::new(format!(
            "It has no login link, and it never asks for a password or for a token. You need not \
             click anything: {check}."
        ))
    }

    /// Why this reader is written to.
    pub(super) fn why_you(&self) -> Line {
        let because = match self.letter.addressee {
            Addressee::Owner => "the token was yours".to_owned(),
            Addressee::OrganizationManager => {
                format!("you own or manage {}", self.organization())
            }
            Addressee::ManagerOfOwner => format!(
                "you own or manage {}, for which the token could act, and its owner leaked one before",
                self.organization()
            ),
            Addressee::Creator => format!("you made this token for {}", self.organization()),
            Addressee::ClientOwner => format!("you own {}", self.application()),
            Addressee::Operator => format!("you run {}", self.brand),
        };
        // Names such as "Acme Inc." bring their own full stop.
        let because = because.trim_end_matches('.');
        Line::new(format!("You receive this letter because {because}."))
    }
}

fn fact((label, value): (&'static str, Option<String>)) -> Option<Fact> {
    let value = Line::new(value?);
    Some(Fact { label, value })
}

/// A sentence that goes on after a colon.
fn in_sentence(sentence: &str) -> String {
    match sentence.split_once(' ') {
        Some((first, rest)) => format!("{} {rest}", first.to_lowercase()),
        None => sentence.to_owned(),
    }
}

/// Never more of the secret than four characters, whatever the letter holds.
pub(super) fn last_four(hint: &str) -> String {
    let skipped = hint.chars().count().saturating_sub(4);
    let last: String = hint.chars().skip(skipped).collect();
    tame(&last, 4)
}

/// `1 January 2026, 12:00 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_utc()
        .format(format_description!(
            "[day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
        ))
        .unwrap_or_else(|_| at.to_string())
}
