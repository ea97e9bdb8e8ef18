//! What queries of lists say: filters, and from where to look further back.

use std::str::FromStr;

use crate::http::OAuthError;
use crate::http::extract::{FromParameters, Parameters};
use crate::model::{Id, TokenKind};

/// The value of a parameter that says something.
pub(super) fn given<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    let value = parameters.find(name).map(str::trim);
    value.filter(|value| !value.is_empty())
}

/// An id, where there is one.
pub(super) fn id<T>(parameters: &Parameters, name: &str) -> Result<Option<Id<T>>, OAuthError> {
    let wrong = |_| OAuthError::InvalidRequest("an id cannot be read");
    given(parameters, name)
        .map(|text| text.parse().map_err(wrong))
        .transpose()
}

/// A kind of token, where there is one.
pub(super) fn kind(parameters: &Parameters) -> Result<Option<TokenKind>, OAuthError> {
    let wrong = |_| OAuthError::InvalidRequest("there is no such kind of token");
    given(parameters, "kind")
        .map(|text| text.parse::<TokenKind>().map_err(wrong))
        .transpose()
}

/// A word that a database can compare, where there is one: PostgreSQL knows no character of code zero.
pub(super) fn word(parameters: &Parameters, name: &str) -> Result<Option<String>, OAuthError> {
    let fits = |text: &&str| text.len() <= 200 && !text.contains('\0');
    match given(parameters, name) {
        None => Ok(None),
        Some(text) if fits(&text) => Ok(Some(text.to_owned())),
        Some(_) => Err(OAuthError::InvalidRequest("a parameter cannot be read")),
    }
}

/// What was just done, in the address that a form leads to: `done=…`.
pub(in crate::http) struct Done(pub(super) Option<String>);

impl FromParameters for Done {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        word(parameters, "done").map(Self)
    }
}

/// What was just done, and from where a list goes on: `after=…`.
pub(in crate::http) struct DoneAfter<P> {
    pub(super) done: Option<String>,
    pub(super) after: Option<P>,
}

impl<P: FromStr> FromParameters for DoneAfter<P> {
    fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let wrong = |_| OAuthError::InvalidRequest("where to go on cannot be read");
        let after = given(parameters, "after").map(|text| text.parse().map_err(wrong));
        Ok(Self {
            done: word(parameters, "done")?,
            after: after.transpose()?,
        })
    }
}

/// The first `most` of what was found, and from where to go on, if one more was found than that.
pub(super) fn portion<T, P>(
    mut found: Vec<T>,
    most: u32,
    place: impl Fn(&T) -> P,
) -> (Vec<T>, Option<P>) {
    let more = found.len() > most as usize;
    found.truncate(most as usize);
    let next = found.last().filter(|_| more).map(place);
    (found, next)
}

/// An address with these parameters, those left out that say nothing.
pub(super) fn address(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    match query.finish() {
        empty if empty.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
