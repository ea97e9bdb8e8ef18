//! Operations have names of their own, whatever their handlers are called.

use std::collections::BTreeMap;

use utoipa::Modify;
use utoipa::openapi::path::Operation;

/// Gives operations whose handlers share a name names that their paths are part of.
pub(super) struct Names;

impl Modify for Names {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut users: BTreeMap<String, usize> = BTreeMap::new();
        let mut operations: Vec<(&str, &mut Operation)> = Vec::new();
        for (path, item) in &mut document.paths.paths {
            let all = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            operations.extend(all.into_iter().flatten().map(|one| (path.as_str(), one)));
        }
        for name in operations
            .iter()
            .filter_map(|(_, one)| one.operation_id.as_ref())
        {
            *users.entry(name.clone()).or_default() += 1;
        }
        for (path, operation) in operations {
            let name = operation.operation_id.take().unwrap_or_default();
            let words = path.split(|c: char| !c.is_ascii_alphanumeric());
            let words = words.filter(|word| !word.is_empty());
            operation.operation_id = Some(match users.get(&name) {
                Some(1) => name,
                _ => [name.as_str()]
                    .into_iter()
                    .chain(words)
                    .collect::<Vec<_>>()
                    .join("_"),
            });
        }
    }
}
