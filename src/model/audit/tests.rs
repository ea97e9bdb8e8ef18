use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn record() -> AuditRecord {
    AuditRecord {
        id: Uuid::from_u128(1),
        at: Timestamp::from_millis(1_700_000_000_000),
        event: "token.revoked".to_owned(),
        actor_kind: "origin".to_owned(),
        actor: Some("github".to_owned()),
        origin: Some("github".to_owned()),
        key_id: Some("k1".to_owned()),
        request_id: None,
        token_id: Some(Uuid::from_u128(2)),
        exposure_id: None,
        user_id: None,
        organization_id: None,
        client_id: None,
        detail: Some(r#"{"reason":"exposed"}"#.to_owned()),
    }
}

#[test]
fn a_link_is_what_the_documentation_says() {
    // printf over 32 zero bytes and the text, through sha256sum.
    let text = r#"[1,"00000000-0000-0000-0000-000000000001",1700000000000,"token.revoked","origin","github","github","k1",null,"00000000-0000-0000-0000-000000000002",null,null,null,null,"{\"reason\":\"exposed\"}"]"#;
    let expected: Link = Sha256::digest([FIRST.as_slice(), text.as_bytes()].concat()).into();
    assert_eq!(record().link(1, &FIRST), expected);
}

proptest! {
    #[test]
    fn whatever_is_edited_changes_the_link(
        which in 0..14_usize, text in "[a-z]{1,8}", number in 3..u128::MAX,
    ) {
        let mut edited = record();
        let id = Uuid::from_u128(number);
        match which {
            0 => edited.id = id,
            1 => edited.at = Timestamp::from_millis(5),
            2 => edited.event = text,
            3 => edited.actor_kind = text,
            4 => edited.actor = Some(text),
            5 => edited.origin = None,
            6 => edited.key_id = Some(text),
            7 => edited.request_id = Some(id),
            8 => edited.token_id = None,
            9 => edited.exposure_id = Some(id),
            10 => edited.user_id = Some(id),
            11 => edited.organization_id = Some(id),
            12 => edited.client_id = Some(id),
            _ => edited.detail = None,
        }
        prop_assume!(edited != record());
        prop_assert_ne!(edited.link(1, &FIRST), record().link(1, &FIRST));
    }
}

#[test]
fn the_place_and_the_row_before_are_part_of_the_link() {
    assert_ne!(record().link(1, &FIRST), record().link(2, &FIRST));
    assert_ne!(record().link(1, &FIRST), record().link(1, &[1; 32]));
}

#[rstest]
#[case::words(
    r#"{"kind":"refresh_token","reason":"exposed"}"#,
    "kind=refresh_token reason=exposed"
)]
#[case::several(r#"{"by":"a b"}"#, r#"by="a b""#)]
#[case::sham(r#"{"by":"a\" reason=b"}"#, r#"by="a\" reason=b""#)]
#[case::empty(r#"{"by":""}"#, r#"by="""#)]
#[case::others(r#"{"count":3,"list":["x"]}"#, r#"count=3 list=["x"]"#)]
#[case::no_object("[1]", "[1]")]
#[case::no_json("words", "words")]
fn details_are_told_apart(#[case] detail: &str, #[case] expected: &str) {
    assert_eq!(flat(detail), expected);
}

#[test]
fn a_summary_ends_where_it_is_told_to() {
    let record = AuditRecord {
        detail: Some(r#"{"name":"äöü"}"#.to_owned()),
        ..record()
    };
    assert_eq!(record.summary(8).as_deref(), Some("name=äöü"));
    assert_eq!(record.summary(7).as_deref(), Some("name=äö…"));
    let bare = AuditRecord {
        detail: None,
        ..record
    };
    assert_eq!(bare.summary(8), None);
}
