//! `tokenward quarantine`: all of an origin, one after the other.

use super::{Place, change, create_token, place_with_token, report_under, text};

/// A place where an origin has reported two tokens, which are in quarantine.
fn place_with_two() -> Place {
    let (place, _, first) = place_with_token();
    let second = place.object(&create_token(""));
    for token in [&first, text(&second["token"])] {
        report_under(&place, token, "policy.default = 'quarantine'");
    }
    assert_eq!(
        place.run(&["quarantine", "list", "--json"]).objects().len(),
        2
    );
    place
}

const FINISH: [&str; 4] = ["quarantine", "finish", "--origin", "github"];

#[test]
fn people_are_told_of_each_and_of_how_many() {
    let place = place_with_two();
    let said = place.run(&FINISH);
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(lines.len(), 5, "{}{}", said.out, said.err);
    assert!(
        lines[0].starts_with("ID ") && lines[2].contains("finished"),
        "{}",
        said.out
    );
    assert_eq!(lines[3..], ["", "2 of 2 are finished."]);
}

/// Lets one quarantine end, and none after it.
fn refuse_more_than_one(place: &Place) {
    let postgres = [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF EXISTS (SELECT 1 FROM quarantines WHERE settled_at IS NOT NULL) THEN
                 RAISE EXCEPTION 'no more';
             END IF;
             RETURN NEW;
         END $$",
        "CREATE TRIGGER refused BEFORE UPDATE ON quarantines
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    ];
    let sqlite = ["CREATE TRIGGER refused BEFORE UPDATE ON quarantines
         WHEN EXISTS (SELECT 1 FROM quarantines WHERE settled_at IS NOT NULL)
         BEGIN SELECT RAISE(ABORT, 'no more'); END"];
    match place.database_url().starts_with("postgres") {
        true => change(place, &postgres),
        false => change(place, &sqlite),
    }
}

#[test]
fn what_was_ended_is_told_when_the_rest_cannot_be() {
    let place = place_with_two();
    refuse_more_than_one(&place);
    let said = place.run(&[&FINISH[..], &["--json"]].concat());
    assert_eq!(
        (said.code, said.out.lines().count()),
        (1, 1),
        "{}",
        said.err
    );
    assert!(said.out.contains("\"finished\""), "{}", said.out);
    assert!(
        said.err
            .contains("1 of 2 are finished, the next one failed"),
        "{}",
        said.err
    );
    assert_eq!(
        place.run(&["quarantine", "list", "--json"]).objects().len(),
        1
    );
}
