//! Members that several bodies have.

use serde_json::Value;

use crate::http::Problem;
use crate::http::extract::Members;
use crate::model::Id;

/// Longest name of a customer.
const LONGEST_CUSTOMER: usize = 200;

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

/// A customer as the issuing service names them, if there is one.
pub(super) fn customer(members: &Members) -> Result<Option<String>, Problem> {
    let Some(name) = text(members, "customer")? else {
        return Ok(None);
    };
    let fits = (1..=LONGEST_CUSTOMER).contains(&name.len()) && !name.contains(char::is_control);
    let what = format!("Input should be 1 to {LONGEST_CUSTOMER} bytes on one line");
    let wrong = || Problem::in_body("customer", "value_error", what);
    fits.then(|| Some(name.to_owned())).ok_or_else(wrong)
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
