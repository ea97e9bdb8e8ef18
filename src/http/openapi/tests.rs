use std::collections::{BTreeMap, BTreeSet};

use regex::{Captures, Regex};

use super::*;

/// Methods by path, as the table of routes names them to callers and as it routes them.
fn routes() -> BTreeMap<String, [BTreeSet<String>; 2]> {
    let table = concat!(
        include_str!("../routes.rs"),
        include_str!("../routes/pages.rs")
    );
    let start = Regex::new(r#"(?:resource|list)\(\s*"(/[^"]*)",\s*"([A-Z, ]+)"\s*\)"#).unwrap();
    let routed = Regex::new(r"web::([a-z]+)\(\)\.to\(").unwrap();
    let starts: Vec<_> = start.captures_iter(table).collect();
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| next.get(0).unwrap().start());
    let ends = ends.chain([table.len()]);
    let entry = |(start, end): (&Captures<'_>, usize)| {
        let rest = &table[start.get(0).unwrap().end()..end];
        let named = start[2].split(", ").map(str::to_lowercase).collect();
        let routed = routed.captures_iter(rest).map(|found| found[1].to_owned());
        (start[1].to_owned(), [named, routed.collect()])
    };
    starts.iter().zip(ends).map(entry).collect()
}

#[test]
fn the_document_describes_every_method_of_every_route_and_no_other() {
    let document = openapi().unwrap();
    let described = document["paths"].as_object().unwrap();
    let routes = routes();
    // None is hidden from this test by the way in which it is written down.
    let table = include_str!("../routes/pages.rs");
    assert!(!table.contains("macro_rules"), "routes are written out");
    assert!(routes.contains_key("/admin/outbox/{id}/requeue"));
    for (path, [named, routed]) in &routes {
        assert_eq!(named, routed, "{path} answers to what it says");
        let item = described.get(path);
        let item = item.unwrap_or_else(|| panic!("{path} is not described"));
        let mut methods: BTreeSet<_> = item.as_object().unwrap().keys().cloned().collect();
        // RFC 9110 9.3.2: a HEAD is described by its GET.
        methods.extend(named.get("head").cloned());
        assert_eq!(&methods, named, "{path} is described");
    }
    for path in described.keys() {
        assert!(routes.contains_key(path), "{path} is no route");
    }
}

#[test]
fn operations_have_names_of_their_own_and_say_what_can_go_wrong() {
    let document = openapi().unwrap();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} has no summary");
            let responses = operation["responses"].as_object().unwrap();
            assert!(!responses.is_empty(), "{what} answers nothing");
        }
    }
    for links in links(&document) {
        for (link, target) in links.as_object().unwrap() {
            let name = target["operationId"].as_str().unwrap();
            assert!(names.contains(name), "{link} leads to {name}");
        }
    }
}

#[test]
fn bodies_that_may_have_no_other_members_say_so() {
    let document = openapi().unwrap();
    let schemas = &document["components"]["schemas"];
    for name in [
        "RevocationsBody",
        "BulkRevocationBody",
        "IssuedTokenBody",
        "NewWebhookBody",
        "ChangedWebhookBody",
        "ReplayBody",
    ] {
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
}

#[test]
fn every_address_for_signed_reports_says_how_it_refuses() {
    let document = openapi().unwrap();
    let paths = document["paths"].as_object().unwrap();
    let signed = paths
        .iter()
        .filter(|(path, _)| path.ends_with("/secret-scanning"));
    let signed: Vec<_> = signed.collect();
    assert_eq!(signed.len(), 4);
    for (path, item) in signed {
        let responses = item["post"]["responses"].as_object().unwrap();
        for status in ["400", "403", "404", "408", "413", "415", "429", "503"] {
            assert!(responses.contains_key(status), "{path}: {status}");
        }
    }
}

fn links(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(members) => {
            let own = members
                .get("links")
                .filter(|_| members.contains_key("description"));
            own.into_iter()
                .chain(members.values().flat_map(links))
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(links).collect(),
        _ => Vec::new(),
    }
}
