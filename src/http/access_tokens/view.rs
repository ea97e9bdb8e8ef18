//! Which part of a list a query asks for.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::domain::access_tokens::View;
use crate::http::{ApiError, Problem};
use crate::model::{Id, Organization, PageWindow, SortKey, Sorting};

/// How many there are on a page that nobody asked for.
const USUAL: u32 = 10;
/// How many there are at most, whatever is asked for.
const MOST: u32 = 100;
/// Most organizations that are named in a query.
const MOST_NAMED: usize = 100;

/// What the query says.
#[derive(Debug)]
pub(in crate::http) struct Asked {
    pub(in crate::http) view: View,
    pub(super) organizations: Vec<Id<Organization>>,
}

impl Asked {
    /// Which page.
    pub(in crate::http) const fn window(&self) -> PageWindow {
        self.view.window
    }
}

impl FromRequest for Asked {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map_err(|problem| ApiError::invalid(vec![problem])))
    }
}

pub(in crate::http) fn read(query: &str) -> Result<Asked, Problem> {
    let mut window = PageWindow {
        page: 1,
        limit: USUAL,
    };
    let mut sorting: Vec<Sorting> = Vec::new();
    let mut organizations = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "page" => window.page = whole("page", &value)?,
            "limit" => {
                let limit = whole("limit", &value)?;
                window.limit = u32::try_from(limit).unwrap_or(MOST).min(MOST);
            }
            "sorting" => {
                let step: Sorting = value.parse().map_err(|_| unknown_order())?;
                // Whatever comes after the same key changes nothing.
                if sorting.iter().all(|earlier| earlier.key != step.key) {
                    sorting.push(step);
                }
            }
            "organization_id" => {
                let wrong = "Input should be a valid UUID";
                let wrong = || Problem::in_query("organization_id", "uuid_parsing", wrong);
                let id = value
                    .parse()
                    .ok()
                    .filter(|_| organizations.len() < MOST_NAMED);
                organizations.push(id.ok_or_else(wrong)?);
            }
            _ => {}
        }
    }
    if sorting.is_empty() {
        sorting.push(Sorting {
            key: SortKey::CreatedAt,
            descending: false,
        });
    }
    let view = View { sorting, window };
    Ok(Asked {
        view,
        organizations,
    })
}

fn whole(name: &'static str, text: &str) -> Result<u64, Problem> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<i64> = digits.then(|| text.parse().ok()).flatten();
    let what = "Input should be a whole number greater than 0";
    number
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| Problem::in_query(name, "greater_than", what))
}

fn unknown_order() -> Problem {
    let what = "Input should be created_at, comment, last_used_at or organization_id, or one of \
                them after a -";
    Problem::in_query("sorting", "enum", what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_query_is_read_leniently_where_it_is_large_and_strictly_where_it_is_wrong() {
        let asked = read("limit=1000&page=2&sorting=-comment&sorting=comment&x=1").unwrap();
        assert_eq!(
            asked.view.window,
            PageWindow {
                page: 2,
                limit: 100
            }
        );
        assert_eq!(asked.view.sorting.len(), 1);
        assert!(asked.view.sorting[0].descending);
        let far = read("page=9223372036854775807&limit=9223372036854775807").unwrap();
        assert_eq!(far.view.window.offset(), i64::MAX);
        for wrong in [
            "page=0",
            "page=-1",
            "page=x",
            "page=9223372036854775808",
            "limit=",
            "sorting=id",
            "organization_id=1",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_part_is_small_and_begins_at_a_number(
            query in "((page|limit|sorting)=(-?[0-9]{0,20}|-?comment|created_at)&){0,5}",
        ) {
            if let Ok(asked) = read(&query) {
                prop_assert!((1..=MOST).contains(&asked.view.window.limit));
                prop_assert!(asked.view.window.offset() >= 0);
                prop_assert!(asked.view.sorting.len() <= 2);
            }
        }
    }
}
