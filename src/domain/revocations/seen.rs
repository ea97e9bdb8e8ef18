//! Which of the tokens that a service names are ours.

use std::collections::HashMap;

use super::{Cause, Item, Named, RevocationRequest};
use crate::domain::Context;
use crate::domain::cases::{Case, Sightings};
use crate::model::{Id, Report, Timestamp, Token};
use crate::storage::StorageError;
use crate::storage::spent_tokens::{self, IssuedToken};

/// What of a request is ours.
pub(super) struct Seen {
    /// One per item that can be read, at its place; the others are empty.
    reports: Vec<Report>,
    sightings: Sightings,
    pub(super) found: Vec<IssuedToken>,
}

impl Seen {
    pub(super) async fn find(
        ctx: &Context,
        request: &RevocationRequest,
    ) -> Result<Self, StorageError> {
        let mut sightings = Sightings::default();
        let mut by_id: HashMap<Id<Token>, Vec<usize>> = HashMap::new();
        let mut reports = Vec::with_capacity(request.items.len());
        for (index, item) in request.items.iter().enumerate() {
            reports.push(item.as_ref().map(Item::report).unwrap_or_default());
            match item.as_ref().map(|item| &item.token) {
                Ok(Named::Text(text)) => {
                    if let Some(candidate) = ctx.detector.whole(text.reveal()) {
                        sightings.add_text(ctx, candidate.text.as_bytes(), index);
                    }
                }
                Ok(Named::Digest(digest)) => sightings.add_digest(*digest, index),
                Ok(Named::Id(id)) => by_id.entry(*id).or_default().push(index),
                Err(_) => {}
            }
        }
        let mut found = match sightings.is_empty() {
            true => Vec::new(),
            false => spent_tokens::find_issued(&ctx.db, &sightings.digests()).await?,
        };
        let ids: Vec<_> = by_id.keys().copied().collect();
        if !ids.is_empty() {
            for named in spent_tokens::find_issued_by_ids(&ctx.db, &ids).await? {
                let digest = named.found.digest;
                let indices = by_id.get(&named.found.known.token.id).into_iter().flatten();
                indices.for_each(|index| sightings.add_digest(digest, *index));
                let is_new = |other: &IssuedToken| other.found.digest != digest;
                if found.iter().all(is_new) {
                    found.push(named);
                }
            }
        }
        Ok(Self {
            reports,
            sightings,
            found,
        })
    }

    /// The tokens by why they are revoked. Of several reasons for one, the first counts; but what is revoked
    /// for another one as well dies whatever policy makes of its exposure.
    pub(super) fn groups<'s>(
        &'s self,
        ctx: &Context,
        request: &RevocationRequest,
        now: Timestamp,
    ) -> Vec<(Cause, Vec<Case<'s>>)> {
        let mut groups: Vec<_> = Cause::ALL.map(|cause| (cause, Vec::new())).into();
        for issued in &self.found {
            let found = &issued.found;
            let mut case = Case::new(ctx, &self.reports, found, &self.sightings, now);
            let items = case
                .seen
                .iter()
                .filter_map(|(at, _)| request.items.get(*at));
            let causes: Vec<_> = items.flatten().map(|item| item.cause).collect();
            let cause = causes.iter().copied().min();
            case.is_doomed = causes.iter().any(|cause| *cause != Cause::Exposed);
            let group = groups.iter_mut().find(|(other, _)| Some(*other) == cause);
            if let Some((_, cases)) = group {
                cases.push(case);
            }
        }
        groups.retain(|(_, cases)| !cases.is_empty());
        groups
    }
}

impl Item {
    fn report(&self) -> Report {
        Report {
            url: self.url.clone(),
            source: self.source.clone(),
            ..Report::default()
        }
    }
}
