//! One schema on both engines.

use crate::support::{TestApp, TestDatabase, is_postgres};

/// Every column of ours as `table.column`, with `!` where it cannot be empty, in order.
pub(super) async fn columns(database: &TestDatabase) -> Vec<String> {
    let catalog = if is_postgres() {
        "SELECT c.relname::text || '.' || a.attname::text
                || CASE WHEN a.attnotnull THEN '!' ELSE '' END
         FROM pg_attribute AS a
         JOIN pg_class AS c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace
             AND c.relkind IN ('r', 'v')
             AND c.relname NOT LIKE '\\_sqlx%'
             AND a.attnum > 0
             AND NOT a.attisdropped"
    } else {
        "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" THEN '!' ELSE '' END
         FROM sqlite_master AS m
         JOIN pragma_table_info(m.name) AS c
         WHERE m.type IN ('table', 'view')
             AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
             AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    };
    let mut columns: Vec<String> = database.rows(catalog).await.into_iter().flatten().collect();
    columns.sort_unstable();
    columns
}

/// The schema, by table. Other services rely on some of it: see docs/shared-database.md.
const SCHEMA: &[(&str, &str)] = &[
    (
        "audit_head",
        "hash_key link! one! pruned_link! pruned_seq! seal seq!",
    ),
    (
        "audit_log",
        "actor actor_kind! at! client_id detail event! exposure_id id! key_id link organization_id \
         origin request_id seq token_id user_id",
    ),
    (
        "breakers",
        "last_at! opened_at origin! revoked! window_began_at!",
    ),
    (
        "bulk_revocation_actors",
        "actor actor_kind! bulk_revocation_id! request_id",
    ),
    (
        "bulk_revocations",
        "claim counted! due_at! finished_at id! position! reason! requested_at! revoked! \
         selection! service_key_id",
    ),
    (
        "clients",
        "client_id! created_at! deleted_at disabled_at first_party! id! introspects_all! \
         metadata! modified_at name! owner_user_id registered_from require_pkce!",
    ),
    (
        "consents",
        "client_id! created_at! id! organization_id scopes! used_at! user_id!",
    ),
    (
        "deliveries",
        "body_digest! id! key_id! origin! received_at! report_count! verdicts!",
    ),
    (
        "digest_entries",
        "collected_at! digest_id exposure_id id! letter! recipient! unnamed!",
    ),
    (
        "event_messages",
        "attempts! body! created_at! error id! outcome position! settled_at stream_id! type! user_id",
    ),
    (
        "event_stream_subjects",
        "created_at! kind! stream_id! subject_id!",
    ),
    (
        "event_streams",
        "claim claimed_until! client_id created_at! default_subjects! deleted_at description \
         endpoint_url failing_since failures! format! hash_key id! method! organization_id \
         paused_until! reason requested sealed_header sees! served_at! status! status_by! token_id \
         verified_at",
    ),
    (
        "exposures",
        "decided_by decision delivery_id first_seen_at! id! organization_id origin! place_hash_key \
         place_key! revoked_at! scrubbed_at source state_before! token_id! url user_id verdict!",
    ),
    ("figures", "at! series! value!"),
    (
        "former_webhook_secrets",
        "endpoint_id! hash_key! replaced_at! secret! until!",
    ),
    (
        "grants",
        "auth_time claims client_id! code_challenge created_at! ends_at id! nonce \
         organization_id quarantined_at redirect_uri resources revoked_at scopes! sid user_id!",
    ),
    ("hash_keys", "canary! first_used_at! id!"),
    (
        "idempotency_keys",
        "answer! created_at! key_digest! request_digest! service_key_id!",
    ),
    ("leaked_use_alarms", "raised_at! token_id!"),
    (
        "leaked_uses",
        "address! first_at! last_at! times! token_id! via!",
    ),
    ("limit_uses", "limit_name! subject! whole_again!"),
    (
        "login_codes",
        "address answerable! attempts! browser_digest! created_at! email! expires_at! hash_key! id! \
         used_at",
    ),
    (
        "logout_notices",
        "attempts! claim client_id! created_at! dead_at due_at! id! last_error sent_at sid! \
         user_id!",
    ),
    ("operators", "since! user_id!"),
    (
        "organization_members",
        "created_at! organization_id! role! user_id!",
    ),
    ("organizations", "blocked_at created_at! id! name! slug!"),
    ("origin_key_sets", "address_digest etag fetched_at! origin!"),
    ("origin_keys", "is_current! key_id! origin! pem!"),
    (
        "outbox",
        "attempts! claim closed_at created_at! dead_at due_at! exposure_id id! last_error letter! \
         priority! recipient! sent_at",
    ),
    ("owner_leaks", "leaked_at owner_id! owner_kind!"),
    ("quarantined_grants", "grant_id! quarantine_id!"),
    ("quarantined_tokens", "quarantine_id! token_id!"),
    (
        "quarantines",
        "began_at! decided_by! ending! ends_at! id! origin! settled_as settled_at settled_by \
         token_id!",
    ),
    (
        "sessions",
        "address auth_time! method! sid! token_id! user_agent user_id!",
    ),
    (
        "signing_keys",
        "active_from! algorithm! created_at! hash_key! id! kid! private_key! public_jwk!",
    ),
    (
        "spent_tokens",
        "client_id created_at! customer digest! expires_at grant_id hash_key! hint! id! kind! \
         organization_id revoked_at revoked_reason spent_at! user_id",
    ),
    (
        "tokens",
        "audience client_id created_at! customer digest! expires_at grant_id hash_key! \
         hint! id! kind! last_used_at last_used_from modified_at name needed_at networks \
         organization_id parent_id redeemed_at revoked_at revoked_reason scopes! user_id",
    ),
    (
        "usable_tokens",
        "client_id created_at customer digest expires_at id kind organization_id scopes \
         user_id",
    ),
    (
        "users",
        "blocked_at created_at! email! email_verified_at id! language name",
    ),
    (
        "webhook_attempts",
        "at! endpoint_id! error id! message_id! status took_ms!",
    ),
    (
        "webhook_endpoints",
        "created_at! deleted_at disabled_at disabled_why events! failing_since failures! hash_key! \
         id! organization_id paused_until! previous_hash_key previous_secret previous_until \
         secret! served_at! url!",
    ),
    (
        "webhook_messages",
        "attempts! body! claim created_at! dead_at delivered_at due_at! endpoint_id! exposure_id \
         id! queued_at! type!",
    ),
];

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let app = TestApp::start().await;
    let expected: Vec<String> = SCHEMA
        .iter()
        .flat_map(|(table, columns)| {
            let columns = columns.split_whitespace();
            columns.map(move |column| format!("{table}.{column}"))
        })
        .collect();
    assert_eq!(columns(&app.database).await, expected);
}

/// As long as no index holds any of it, PostgreSQL changes the row alone (a heap-only tuple), and leaves
/// every index of the table as it is.
#[tokio::test]
async fn no_index_of_tokens_holds_what_changes_when_one_is_used_or_dies() {
    let app = TestApp::start().await;
    let indexes = app
        .rows(if is_postgres() {
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'tokens'"
        } else {
            "SELECT sql FROM sqlite_master
             WHERE type = 'index' AND tbl_name = 'tokens' AND sql IS NOT NULL"
        })
        .await;
    assert!(indexes.len() > 5, "{indexes:?}");
    for index in indexes.iter().flatten() {
        for changing in ["revoked_", "last_used_"] {
            assert!(!index.contains(changing), "{index}");
        }
    }
}

/// `UUID` is a number to SQLite and `BLOB` is none: an index of one is of no use for finding the other, and
/// a join of both reads a whole table. A migration says `BLOB` for SQLite.
#[tokio::test]
async fn ids_are_of_one_type_on_sqlite() {
    if is_postgres() {
        return;
    }
    let app = TestApp::start().await;
    let numbers = "SELECT m.name || '.' || c.name
         FROM sqlite_master AS m
         JOIN pragma_table_info(m.name) AS c
         WHERE m.type = 'table' AND c.type = 'UUID'";
    let numbers = app.rows(numbers).await.concat();
    assert!(numbers.is_empty(), "{numbers:?}");
    let token_of_an_exposure = "EXPLAIN QUERY PLAN
         SELECT t.id FROM exposures AS e JOIN tokens AS t ON t.id = e.token_id WHERE e.id = x'00'";
    for step in app.rows(token_of_an_exposure).await {
        assert!(step[3].starts_with("SEARCH "), "{step:?}");
    }
}
