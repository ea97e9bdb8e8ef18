//! Whom a stream is about (SSF 1.0 8.1.3).

use uuid::Uuid;

use super::{StreamError, lock};
use crate::domain::Context;
use crate::model::stream::{DefaultSubjects, Receiver};
use crate::model::{EventStream, Id, InvalidSubject, NamedSubject};
use crate::storage::{StorageError, clients, streams as table, users};

/// What a receiver does about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It wants to hear of it.
    Add,
    /// It does not.
    Remove,
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
    let key = resolve(ctx, &named).await?;
    let now = ctx.clock.now();
    let mut tx = ctx.db.begin().await?;
    let stream = lock(&mut tx, receiver, stream).await?;
    let Some(key) = key else {
        return Ok(());
    };
    // What is kept are exceptions: who is not heard of where everybody is, and the other way round.
    let adds = (change == Change::Add) == (stream.default_subjects == DefaultSubjects::None);
    if adds {
        let most = i64::from(ctx.policy.shared_signals.max_subjects);
        if table::count_exceptions(&mut tx, stream.id, most).await? >= most {
            return Err(StreamError::Forbidden(
                "the stream has as many subjects as it may have",
            ));
        }
        table::add_exception(&mut tx, stream.id, key, now).await?;
    } else {
        table::remove_exception(&mut tx, stream.id, key).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// How a subject is kept: which kind, and which one.
async fn resolve(
    ctx: &Context,
    subject: &NamedSubject,
) -> Result<Option<(&'static str, Uuid)>, StorageError> {
    Ok(match subject {
        NamedSubject::User(id) => Some(("user", id.uuid())),
        NamedSubject::Organization(id) => Some(("organization", id.uuid())),
        NamedSubject::Email(email) => {
            let user = users::find_by_email(&ctx.db, email).await?;
            user.map(|user| ("user", user.id.uuid()))
        }
        NamedSubject::Client(id) => {
            let client = clients::find(&ctx.db, id.as_str()).await?;
            client.map(|client| ("client", client.id.uuid()))
        }
    })
}
