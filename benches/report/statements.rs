//! The floor of deliveries: everything prepared but the proof and the statements.

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::VerifyingKey;
use tokenward::model::{
    ChecksumRules, Delivery, Detector, Email, Exposure, HashKey, Id, Origin, Place, Timestamp,
    TokenDigest, TokenFormat, Verdict, random,
};
use tokenward::origins::signing::OriginSigner;
use tokenward::storage::exposures::NewExposure;
use tokenward::storage::outbox::NewLetter;
use tokenward::storage::tokens::{self as tokens_table, ExposedSet};
use tokenward::storage::{Db, deliveries};

use super::deliveries::{body, foreign_body, numbers, url};
use super::{letters, roles, tokens};

/// A body and its signature.
pub(crate) struct Signed {
    pub(crate) body: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// A round's deliveries.
pub(crate) enum Work {
    /// Their tokens are revoked.
    Ours(Vec<Bare>),
    /// Their digests are looked up, and nothing is found.
    Foreign(Vec<(Signed, Vec<TokenDigest>)>),
}

/// The bare statements of a delivery, ready to be said.
pub(crate) struct Bare {
    pub(crate) signed: Signed,
    pub(crate) delivery: Id<Delivery>,
    pub(crate) at: Timestamp,
    pub(crate) exposed: ExposedSet,
    pub(crate) exposures: Vec<NewExposure>,
    pub(crate) letters: Vec<NewLetter>,
    pub(crate) seal: HashKey,
}

/// Prepares everything that is not a statement.
pub(crate) struct Statements {
    db: Db,
    signer: OriginSigner,
    detector: Detector,
}

impl Statements {
    pub(crate) fn new(db: &Db) -> anyhow::Result<Self> {
        Ok(Self {
            db: db.clone(),
            signer: OriginSigner::generate(),
            detector: Detector::new(&TokenFormat::new("polar_")?, ChecksumRules::strict())?,
        })
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        self.signer.verifying_key()
    }

    /// Prepares what a line asks for: reports in a delivery, deliveries, the round, and 1 when the
    /// tokens are ours.
    pub(crate) async fn prepare(&self, line: &str) -> anyhow::Result<Work> {
        let mut words = line.split(' ').map(str::parse::<u64>);
        let mut next = || anyhow::Ok(words.next().context("a word is missing")??);
        let (size, number, round, ours) = (next()?, next()?, next()?, next()?);
        let round = usize::try_from(round)?;
        if ours == 1 {
            let mut all = Vec::new();
            for place in 0..number {
                all.push(self.one(size, place, round).await?);
            }
            return Ok(Work::Ours(all));
        }
        let keys = tokens::hash_keys()?;
        let mut all = Vec::new();
        for place in 0..number {
            let mut digests = Vec::new();
            for number in size * place..size * (place + 1) {
                digests.push(keys.current().digest(tokens::stranger(number)?.as_bytes()));
            }
            all.push((self.sign(foreign_body(size, place, round)?)?, digests));
        }
        Ok(Work::Foreign(all))
    }

    fn sign(&self, body: Vec<u8>) -> anyhow::Result<Signed> {
        let signature = STANDARD.decode(self.signer.sign(&body))?;
        Ok(Signed { body, signature })
    }

    async fn one(&self, size: u64, place: u64, round: usize) -> anyhow::Result<Bare> {
        let body = body(size, place, round)?;
        let at = roles::now();
        let delivery = Delivery {
            id: Id::new(at),
            origin: Origin::GITHUB,
            key_id: self.signer.key_id().as_str().to_owned(),
            body_digest: Some(random::bytes()),
            received_at: at,
            reports: Vec::new(),
        };
        let mut tx = self.db.begin().await?;
        deliveries::insert(&mut tx, &delivery, &[]).await?;
        tx.commit().await?;
        let mut bare = Bare {
            signed: self.sign(body)?,
            delivery: delivery.id,
            at,
            exposed: ExposedSet::default(),
            exposures: Vec::new(),
            letters: Vec::new(),
            seal: tokens::hash_keys()?.current().clone(),
        };
        let keys = tokens::hash_keys()?;
        let mut digests = Vec::new();
        for number in numbers(size, place) {
            digests.push(keys.current().digest(tokens::text(number)?.as_bytes()));
        }
        let found = tokens_table::find_by_digests(&self.db, &digests).await?;
        ensure!(found.len() == digests.len(), "the table lacks tokens");
        for (found, number) in found.iter().zip(numbers(size, place)) {
            let known = &found.known;
            let url = url(round, number);
            let exposure = Exposure {
                id: Id::new(at),
                token: known.token.id,
                origin: Origin::GITHUB,
                place: Place::new(Some(&url), Some("content"), &self.detector),
                first_seen_at: at,
                revoked_at: Some(at),
                decision: tokenward::model::Decision::always(),
                verdict: Verdict::TruePositive,
            };
            let recipient = known.user.as_ref().map(|user| user.email.clone());
            bare.exposed.tokens.push(known.token.id);
            bare.letters.push(NewLetter {
                id: Id::new(at),
                exposure: Some(exposure.id),
                recipient: recipient.unwrap_or_else(|| Email::from_stored("x@y.example".into())),
                letter: letters::letter(Some(known), Some(&exposure), at),
            });
            bare.exposures.push(NewExposure {
                exposure,
                state_before: "live",
                concerned: tokenward::model::Concerned::by(known),
                is_told: true,
            });
        }
        Ok(bare)
    }
}
