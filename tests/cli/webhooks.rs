//! `tokenward webhook`, `outbox digests` and `origin test`.

use serde_json::{Value, json};

use super::{Place, change, text};

fn create(place: &Place, more: &[&str]) -> Value {
    let url = ["webhook", "create", "--url", "https://hooks.example/in"];
    place.object(&[&url[..], more].concat())
}

#[test]
fn an_endpoint_is_made_shown_and_deleted() {
    let place = Place::new();
    place.object(&["user", "create", "--email", "ada@example.com"]);
    let organization = [
        "organization",
        "create",
        "--slug",
        "acme",
        "--name",
        "Acme",
        "--owner",
        "ada@example.com",
    ];
    let acme = place.object(&organization);
    let made = create(&place, &["--events", "token.revoked exposure.created"]);
    let secret = text(&made["secret"]).to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert_eq!(made["events"], json!(["exposure.created", "token.revoked"]));
    let theirs = create(&place, &["--organization", "acme"]);
    assert_eq!(theirs["organization_id"], acme["id"]);

    let id = text(&made["id"]);
    let all = place.run(&["webhook", "list", "--json"]).objects();
    assert_eq!(all.len(), 2);
    let of_acme = ["webhook", "list", "--organization", "acme"];
    assert_eq!(place.object(&of_acme)["id"], theirs["id"]);
    let shown = place.object(&["webhook", "show", "--id", id]);
    assert_eq!(shown["url"], "https://hooks.example/in");
    assert_eq!(shown.get("paused_until"), Some(&Value::Null));
    // The secret is shown once.
    let list = place.run(&["webhook", "list"]);
    for said in [shown.to_string(), list.out, format!("{all:?}")] {
        assert!(!said.contains("whsec_"), "{said}");
    }
    let rotated = place.object(&["webhook", "rotate-secret", "--id", id]);
    assert_ne!(text(&rotated["secret"]), secret);

    let gone = place.object(&["webhook", "delete", "--id", id]);
    assert_eq!((text(&gone["id"]), &gone["deleted"]), (id, &json!(true)));
    for command in [
        "show",
        "delete",
        "enable",
        "disable",
        "rotate-secret",
        "test",
    ] {
        let said = place.run(&["webhook", command, "--id", id]);
        assert_eq!(said.code, 1, "{command}: {}", said.out);
        assert!(
            said.err.contains("no such webhook endpoint"),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_disabled_endpoint_is_sent_nothing_until_it_is_enabled() {
    let place = Place::new();
    let made = create(&place, &[]);
    let id = text(&made["id"]);
    let disabled = place.object(&["webhook", "disable", "--id", id]);
    assert_eq!(disabled["disabled_why"], "operator");
    let test = place.run(&["webhook", "test", "--id", id]);
    assert!(
        test.code == 1 && test.err.contains("enable it first"),
        "{}",
        test.err
    );
    let enabled = place.object(&["webhook", "enable", "--id", id]);
    assert_eq!(enabled["disabled_at"], Value::Null);

    let message = place.object(&["webhook", "test", "--id", id]);
    let message = text(&message["message_id"]);
    let tries = place.run(&["webhook", "deliveries", "--id", id]);
    assert_eq!(tries.out, "Nothing was sent there yet.\n", "{}", tries.err);
    let again = place.object(&["webhook", "replay", "--id", id, "--message", message]);
    assert_eq!(again["replayed"], 1);
    let since = [
        "webhook",
        "replay",
        "--id",
        id,
        "--since",
        "2020-01-01T00:00:00Z",
    ];
    assert_eq!(place.object(&since)["replayed"], 1);
    let other = "0192a3c4-0000-7000-8000-000000000000";
    let unknown = place.run(&["webhook", "replay", "--id", id, "--message", other]);
    assert!(
        unknown.code == 1 && unknown.err.contains("no such message"),
        "{}",
        unknown.err
    );
}

#[test]
fn a_pause_is_shown_until_it_is_over() {
    let place = Place::new();
    let made = create(&place, &[]);
    let show = ["webhook", "show", "--id", text(&made["id"])];
    // Until 2100, and until 1970.
    for (until, moment) in [(4_102_444_800_000_i64, "2100-01-01T00:00:00Z"), (1, "-")] {
        let pause = format!("UPDATE webhook_endpoints SET paused_until = {until}");
        change(&place, &[&pause]);
        let people = place.run(&show).out;
        let line = people.lines().find_map(|l| l.strip_prefix("paused until"));
        assert_eq!(line.map(str::trim), Some(moment), "{people}");
        let told = match moment {
            "-" => Value::Null,
            moment => json!(moment),
        };
        for command in [&show[..], &["webhook", "list"]] {
            assert_eq!(place.object(command).get("paused_until"), Some(&told));
        }
        let list = place.run(&["webhook", "list"]).out;
        assert!(list.trim_end().ends_with(moment), "{list}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let place = Place::new();
    for (url, code) in [
        ("http://hooks.example/in", 1),
        ("https://127.0.0.1/in", 1),
        ("https://user:pass@hooks.example/in", 1),
        ("nowhere", 1),
    ] {
        let said = place.run(&["webhook", "create", "--url", url]);
        assert_eq!(said.code, code, "{url}: {}", said.out);
        assert!(said.err.contains("an https address"), "{}", said.err);
    }
    let unknown = create_with(&place, &["--organization", "nobody"]);
    assert_eq!(unknown, 1);
    assert_eq!(create_with(&place, &["--events", "token.eaten"]), 2);
    assert_eq!(place.run(&["webhook", "replay", "--id", "x"]).code, 2);
    let none = place.run(&["webhook", "list"]);
    assert_eq!(
        (none.code, none.out.lines().count()),
        (0, 1),
        "{}",
        none.out
    );
}

fn create_with(place: &Place, more: &[&str]) -> i32 {
    let url = ["webhook", "create", "--url", "https://hooks.example/in"];
    place.run(&[&url[..], more].concat()).code
}

#[test]
fn an_origin_is_tested_by_its_keys() {
    let mut place = Place::new();
    let file = place.path().join("tokenward.toml");
    let pem = include_str!("../data/openssl/public.pem");
    let with = |keys: &str| {
        format!(
            "[origins.in_house.night-watch]\nkey_id_header = 'X-Watch-Key'\n\
             signature_header = 'X-Watch-Signature'\n{keys}\n"
        )
    };
    std::fs::write(&file, with(&format!("keys = ['''first {pem}''']"))).unwrap();
    place.set("TOKENWARD_CONFIG", file.to_str().unwrap());
    let key = place.object(&["origin", "test", "night-watch"]);
    assert_eq!(key["origin"], "night-watch");
    assert_eq!(
        (&key["key_id"], &key["current"]),
        (&json!("first"), &json!(true))
    );

    let nobody = place.run(&["origin", "test", "nobody"]);
    assert!(
        nobody.code == 2 && nobody.err.contains("there is no origin `nobody`"),
        "{}",
        nobody.err
    );
    // Nothing listens there.
    std::fs::write(&file, with("keys_url = 'http://127.0.0.1:9/'")).unwrap();
    let silent = place.run(&["origin", "test", "night-watch"]);
    assert_eq!(silent.code, 1, "{}", silent.out);
    assert!(
        silent.err.contains("the keys cannot be fetched"),
        "{}",
        silent.err
    );
}

#[test]
fn an_origin_that_signs_nothing_is_tested_by_what_is_configured() {
    let mut place = Place::new();
    for (name, path, proof) in [
        ("possession", "/v1/credentials/revoke", "nothing"),
        ("internal", "/v1/revocations", "tokens:revoke"),
    ] {
        let tested = place.object(&["origin", "test", name]);
        assert_eq!(
            (&tested["enabled"], text(&tested["path"])),
            (&json!(true), path)
        );
        assert!(text(&tested["proven_by"]).contains(proof), "{tested}");
    }
    let file = place.path().join("tokenward.toml");
    let off = "[origins]\npossession.enabled = false\n";
    std::fs::write(&file, off).unwrap();
    place.set("TOKENWARD_CONFIG", file.to_str().unwrap());
    for (name, key) in [
        ("possession", "origins.possession.enabled"),
        ("gitlab_revocation", "origins.gitlab_revocation.token"),
        ("github", "origins.github.enabled"),
    ] {
        let said = place.run(&["origin", "test", name]);
        let why = format!("error: {name} is not enabled: see {key} in the configuration\n");
        assert_eq!((said.code, said.err), (1, why), "{}", said.out);
    }
    let secret = "0123456789abcdefghijABCDEFGHIJ0123456789";
    let on = format!("[origins]\ngitlab_revocation.token = ['{secret}']\n");
    std::fs::write(&file, on).unwrap();
    let tested = place.run(&["origin", "test", "gitlab_revocation"]);
    assert!(
        tested.out.contains("gitlab/revoke_tokens"),
        "{}",
        tested.err
    );
    assert!(!tested.out.contains(secret), "{}", tested.out);
}
