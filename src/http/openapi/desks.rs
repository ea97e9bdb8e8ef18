//! What somebody keeps is kept in the same way by their organizations: the same pages under another path.

use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required, Schema};

/// Describes pages under `/settings` that organizations have as well under `/organizations/{slug}` too.
pub(super) struct Desks;

const SHARED: [&str; 2] = ["/settings/tokens", "/settings/exposures"];

impl Modify for Desks {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let paths = &mut document.paths.paths;
        let shared = |path: &&String| SHARED.iter().any(|shared| path.starts_with(shared));
        let own: Vec<String> = paths.keys().filter(shared).cloned().collect();
        for path in own {
            let Some(item) = paths.get(&path).cloned() else {
                continue;
            };
            let under = path.replacen("/settings", "/organizations/{slug}", 1);
            paths.insert(under, of_organization(item));
        }
    }
}

fn of_organization(mut item: PathItem) -> PathItem {
    for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
        name_organization(operation);
    }
    item
}

fn name_organization(operation: &mut Operation) {
    operation
        .parameters
        .get_or_insert_default()
        .insert(0, RefOr::T(slug()));
}

fn slug() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name("slug")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The organization's slug."))
        .schema(Some(RefOr::T(Schema::Object(text))))
        .build()
}
