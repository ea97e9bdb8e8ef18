//! Members that several bodies have.

use serde_json::Value;

use crate::http::Problem;
use crate::http::extract::Members;
use crate::model::Id;

/// A text, if there is one.
pub(super) fn text<'m>(
    members: &'m Members,
    name: &'static str,
) -> Result<Option<&'m str>, Problem> {
    match members.given(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            let what = "Input should be a valid string";
            Err(Problem::in_body(name, "string_type", what))
        }
    }
}

/// An id, if there is one.
pub(super) fn id<T>(members: &Members, name: &'static str) -> Result<Option<Id<T>>, Problem> {
    let wrong = |_| Problem::in_body(name, "uuid_parsing", "Input should be a valid UUID");
    let text = text(members, name)?;
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A switch, which is off unless it is said.
pub(super) fn switch(members: &Members, name: &'static str) -> Result<bool, Problem> {
    match members.given(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => {
            let what = "Input should be true or false";
            Err(Problem::in_body(name, "bool_type", what))
        }
    }
}
