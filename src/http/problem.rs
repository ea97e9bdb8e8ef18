//! What is wrong with one member of a request, in the shape that Polar's SDKs read (status 422).

use serde::Serialize;
use utoipa::ToSchema;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Where it is: `body`, `query` or `path`, then the member's name.
    #[schema(example = json!(["body", "expires_in"]))]
    pub loc: Vec<&'static str>,
    /// For people. Never repeats what was sent.
    #[schema(example = "Field required")]
    pub msg: String,
    /// For programs.
    #[schema(example = "missing")]
    pub r#type: &'static str,
}

impl Problem {
    /// A member of the body is wrong.
    #[must_use]
    pub fn in_body(name: &'static str, r#type: &'static str, msg: impl Into<String>) -> Self {
        Self::at(vec!["body", name], r#type, msg)
    }

    /// A parameter of the query is wrong.
    #[must_use]
    pub fn in_query(name: &'static str, r#type: &'static str, msg: impl Into<String>) -> Self {
        Self::at(vec!["query", name], r#type, msg)
    }

    /// The query as a whole is wrong.
    #[must_use]
    pub fn of_query(r#type: &'static str, msg: impl Into<String>) -> Self {
        Self::at(vec!["query"], r#type, msg)
    }

    /// A part of the path is wrong.
    #[must_use]
    pub fn in_path(name: &'static str, r#type: &'static str, msg: impl Into<String>) -> Self {
        Self::at(vec!["path", name], r#type, msg)
    }

    /// A member that must be there is missing.
    #[must_use]
    pub fn missing(name: &'static str) -> Self {
        Self::in_body(name, "missing", "Field required")
    }

    /// The body as a whole is wrong.
    #[must_use]
    pub fn of_body(r#type: &'static str, msg: impl Into<String>) -> Self {
        Self::at(vec!["body"], r#type, msg)
    }

    fn at(loc: Vec<&'static str>, r#type: &'static str, msg: impl Into<String>) -> Self {
        Self {
            loc,
            msg: msg.into(),
            r#type,
        }
    }
}
