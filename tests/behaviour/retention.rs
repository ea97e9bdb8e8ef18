//! What is no longer needed goes, and what must stay known stays.

mod places;
mod rows;
mod traces;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokenward::domain::retention::Rest;

use crate::support::{TestDatabase, is_postgres};

const DAY: Duration = Duration::from_secs(86_400);

/// Goes on at once, for so many batches.
pub(crate) struct Batches(AtomicU32);

impl Batches {
    pub(crate) fn all() -> Self {
        Self::at_most(u32::MAX)
    }

    fn at_most(number: u32) -> Self {
        Self(AtomicU32::new(number))
    }
}

impl Rest for Batches {
    async fn rest(&self, _: Duration) -> bool {
        self.0.fetch_sub(1, Ordering::SeqCst) > 1
    }
}

/// Everything that the database knows, as text.
pub(crate) async fn everything(database: &TestDatabase) -> String {
    let tables = match is_postgres() {
        true => {
            "SELECT relname::text FROM pg_class WHERE relkind = 'r'
            AND relnamespace = 'public'::regnamespace"
        }
        false => "SELECT name FROM sqlite_master WHERE type = 'table'",
    };
    let mut text = String::new();
    for table in database.rows(tables).await.into_iter().flatten() {
        let row = match is_postgres() {
            true => "t::text".to_owned(),
            false => {
                let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                let columns = database.rows(&columns).await.into_iter().flatten();
                let cells = columns.map(|name| format!("quote({name})"));
                cells.collect::<Vec<_>>().join(" || ' ' || ")
            }
        };
        for cell in database
            .rows(&format!("SELECT {row} FROM {table} AS t"))
            .await
        {
            text.push_str(&cell[0]);
            text.push('\n');
        }
    }
    text
}
