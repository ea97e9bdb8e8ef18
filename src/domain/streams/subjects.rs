//! Whom a stream is about (SSF 1.0 8.1.3).

use uuid::Uuid;

use super::{StreamError, about, lock};
use crate::domain::{Context, audit};
use crate::model::stream::{DefaultSubjects, Receiver};
use crate::model::{
    Client, Deed, EventStream, Id, InvalidSubject, NamedSubject, Organization, Timestamp, User,
};
use crate::storage::{StorageError, Tx, clients, organizations, streams as table, users};

/// What a receiver does about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It wants to hear of it.
    Add,
    /// It does not.
    Remove,
}

impl Change {
    const fn event(self) -> &'static str {
        match self {
            Self::Add => "stream.subject_added",
            Self::Remove => "stream.subject_removed",
        }
    }
}

/// A subject that exists.
#[derive(Clone, Copy)]
enum Known {
    User(Id<User>),
    Organization(Id<Organization>),
    Client(Id<Client>),
}

impl Known {
    /// How it is kept: which kind, and which one.
    const fn key(self) -> (&'static str, Uuid) {
        match self {
            Self::User(id) => ("user", id.uuid()),
            Self::Organization(id) => ("organization", id.uuid()),
            Self::Client(id) => ("client", id.uuid()),
        }
    }
}

/// Adds a subject to a stream, or removes it. Of somebody whom nobody here knows, nothing is said and
/// nothing is kept: an answer would tell who has an account (SSF 1.0 9.1).
///
/// # Errors
/// [`StreamError::NotFound`], [`StreamError::UnknownSubject`] when nobody could be named like that,
/// [`StreamError::Invalid`] when it is no subject, and [`StreamError::Forbidden`] when there are too
/// many.
pub async fn change(
    ctx: &Context,
    receiver: &Receiver,
    stream: Id<EventStream>,
    (change, subject): (Change, &serde_json::Value),
) -> Result<(), StreamError> {
    let named = NamedSubject::parse(subject, &ctx.issuer).map_err(|error| match error {
        InvalidSubject::Malformed => {
            StreamError::Invalid("subject is a subject identifier as RFC 9493 writes them")
        }
        InvalidSubject::Unknown => StreamError::UnknownSubject,
    })?;
    let known = resolve(ctx, &named).await?;
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let stream = lock(&mut tx, receiver, stream).await?;
    // What is kept are exceptions: who is not heard of where everybody is, and the other way round.
    let adds = (change == Change::Add) == (stream.default_subjects == DefaultSubjects::None);
    let most = i64::from(ctx.policy.shared_signals.max_subjects);
    // Whoever is refused would learn who exists, if it were only for those.
    if adds && table::count_exceptions(&mut tx, stream.id, most).await? >= most {
        return Err(StreamError::Forbidden(
            "the stream has as many subjects as it may have",
        ));
    }
    let Some(subject) = known else {
        return Ok(());
    };
    let changed = match adds {
        true => table::add_exception(&mut tx, stream.id, subject.key(), now).await?,
        false => table::remove_exception(&mut tx, stream.id, subject.key()).await?,
    };
    if changed {
        note(&mut tx, now, change, &stream, subject);
    }
    tx.commit().await?;
    Ok(())
}

/// The row is about the subject, and about whose stream it is where that is something else: whoever asks
/// why nothing was heard of somebody finds it by them.
fn note(tx: &mut Tx, now: Timestamp, change: Change, stream: &EventStream, subject: Known) {
    let mut about = about(stream);
    match subject {
        Known::User(id) => about.user = Some(id),
        Known::Organization(id) => about.organization = Some(id),
        Known::Client(id) => about.client = Some(id),
    }
    let (kind, id) = subject.key();
    let detail = serde_json::json!({
        "stream_id": stream.id,
        "subject_kind": kind,
        "subject_id": id,
    });
    audit::note(tx, now, Deed::new(change.event(), about).with(detail));
}

/// Whom a name means, if somebody here has it.
async fn resolve(ctx: &Context, named: &NamedSubject) -> Result<Option<Known>, StorageError> {
    Ok(match named {
        NamedSubject::User(id) => {
            let user = users::find(&ctx.db, *id).await?;
            user.map(|user| Known::User(user.id))
        }
        NamedSubject::Organization(id) => {
            let organization = organizations::find(&ctx.db, *id).await?;
            organization.map(|organization| Known::Organization(organization.id))
        }
        NamedSubject::Email(email) => {
            let user = users::find_by_email(&ctx.db, email).await?;
            user.map(|user| Known::User(user.id))
        }
        NamedSubject::Client(id) => {
            let client = clients::find(&ctx.db, id.as_str()).await?;
            client.map(|client| Known::Client(client.id))
        }
    })
}
