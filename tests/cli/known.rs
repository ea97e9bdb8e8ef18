//! Names that say what to list: a misspelt one is an error, a known one may have nothing.

use super::{Place, change, place_with_token, report_under};

const ORIGIN: &str = "error: there is no origin `gihub`; did you mean `github`?\n";

#[test]
fn a_misspelt_name_is_no_list_without_anything() {
    let place = Place::new();
    place.object(&["migrate"]);
    for (wrong, code, why) in [
        (
            &["quarantine", "finish", "--origin", "gihub"][..],
            2,
            ORIGIN,
        ),
        (&["quarantine", "release", "--origin", "gihub"], 2, ORIGIN),
        (&["exposure", "list", "--origin", "gihub"], 2, ORIGIN),
        (
            &["exposure", "list", "--origin", "moon"],
            2,
            "it is one of github, gitlab, depsdev, gitlab_revocation, possession, internal, replay\n",
        ),
        (
            &[
                "alert",
                "send",
                "--origin",
                "gihub",
                "--to",
                "http://127.0.0.1:9",
            ],
            2,
            ORIGIN,
        ),
        (
            &["exposure", "list", "--client", "polar_ci_x"],
            1,
            "no client with this client_id",
        ),
        (
            &["audit", "list", "--event", "token.revokd"],
            2,
            "there is no event `token.revokd`; did you mean `token.revoked`?\n",
        ),
        (
            &["audit", "list", "--actor", "organisation"],
            2,
            "possible values: operator, service, user, client, organization, origin, job, stranger",
        ),
    ] {
        let said = place.run(wrong);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{wrong:?}");
        assert!(said.err.contains(why), "{}", said.err);
    }
}

#[test]
fn a_known_name_may_have_nothing() {
    let place = Place::new();
    place.object(&["migrate"]);
    // GitHub is not enabled here.
    for (nothing, said) in [
        (
            &["quarantine", "finish", "--origin", "github"][..],
            "Nothing that this origin reported is in quarantine.\n",
        ),
        (
            &["exposure", "list", "--origin", "github"],
            "No token was seen anywhere.\n",
        ),
        (
            &["audit", "list", "--event", "token.quarantined"],
            "Nothing of the kind happened.\n",
        ),
        (
            &["audit", "list", "--actor", "organization"],
            "Nothing of the kind happened.\n",
        ),
    ] {
        let run = place.run(nothing);
        assert_eq!((run.code, run.out.as_str()), (0, said), "{}", run.err);
    }
}

/// Everything that was reported, in the name of another one.
fn rename(place: &Place, table: &str) {
    change(
        place,
        &[&format!("UPDATE {table} SET origin = 'night-watch'")],
    );
}

/// An origin of the configuration's own that is removed from it leaves behind what it reported.
#[test]
fn a_name_that_was_removed_is_known_by_what_it_left() {
    let (place, id, token) = place_with_token();
    let finish = ["quarantine", "finish", "--origin", "night-watch"];
    let list = ["exposure", "list", "--origin", "night-watch"];
    let late = [&list[..], &["--since", "2100-01-01T00:00:00Z"]].concat();
    assert_eq!(place.run(&finish).code, 2);
    report_under(&place, &token, "policy.default = 'quarantine'");
    rename(&place, "exposures");
    assert_eq!(place.object(&list)["token_id"], id.as_str());
    let none = place.run(&late);
    assert_eq!(none.out, "No token was seen anywhere.\n", "{}", none.err);
    let none = place.run(&finish);
    assert!(none.out.starts_with("Nothing that"), "{}", none.err);
    rename(&place, "quarantines");
    assert_eq!(place.object(&finish)["ended_as"], "finished");
    let again = place.run(&finish);
    assert!(again.out.starts_with("Nothing that"), "{}", again.err);
}
