//! Whom proxies name: the header `X-Forwarded-For`.

use std::net::{IpAddr, SocketAddr};

use super::networks::Networks;

/// A proxy that is trusted named somebody in a way that nobody can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proxy named nobody that can be read")]
pub struct UnreadableName;

/// Who is named, by the values of the header in their order: each proxy appends whom it heard, so the last
/// one that is not a proxy of ours is as far as trust goes. `None` when nobody else is named.
///
/// # Errors
/// When that one cannot be read: it is neither an address nor one with a port.
pub fn named<'v>(
    values: impl IntoIterator<Item = &'v [u8]>,
    trusted: &Networks,
) -> Result<Option<IpAddr>, UnreadableName> {
    let values: Vec<_> = values.into_iter().collect();
    let names = values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','));
    let names: Vec<_> = names.collect();
    for name in names.into_iter().rev() {
        let address = address(name).ok_or(UnreadableName)?;
        if !trusted.contains(address) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// An address, be it in brackets, and be a port behind it.
fn address(name: &[u8]) -> Option<IpAddr> {
    let name = str::from_utf8(name.trim_ascii()).ok()?;
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let address = bare.unwrap_or(name).parse::<IpAddr>();
    let address = address.or_else(|_| name.parse::<SocketAddr>().map(|both| both.ip()));
    Some(address.ok()?.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> Result<Option<IpAddr>, UnreadableName> {
        let trusted = Networks::parse(["10.0.0.0/8"]).unwrap();
        named(values.iter().map(|value| value.as_bytes()), &trusted)
    }

    #[test]
    fn the_last_stranger_is_named() {
        for (values, address) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["1.1.1.1, 203.0.113.7 , 10.0.0.2"], "203.0.113.7"),
            (
                &["1.1.1.1", "203.0.113.7", "10.0.0.2,10.0.0.3"],
                "203.0.113.7",
            ),
            (&["203.0.113.7:4711"], "203.0.113.7"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["::ffff:203.0.113.7"], "203.0.113.7"),
            (&["unknown, 203.0.113.7"], "203.0.113.7"),
        ] {
            assert_eq!(
                read(values),
                Ok(Some(address.parse().unwrap())),
                "{values:?}"
            );
        }
        for nobody in [&[][..], &["10.0.0.1"], &["10.0.0.1, ::ffff:10.0.0.2"]] {
            assert_eq!(read(nobody), Ok(None), "{nobody:?}");
        }
    }

    #[test]
    fn whoever_cannot_be_read_is_not_taken_for_a_proxy() {
        for values in [
            &["203.0.113.7, unknown"][..],
            &["203.0.113.7, unknown, 10.0.0.1"],
            &[""],
            &["203.0.113.7,"],
            &["203.0.113.7", "_hidden"],
            &["203.0.113.7:"],
            &["[203.0.113.7"],
        ] {
            assert_eq!(read(values), Err(UnreadableName), "{values:?}");
        }
        let trusted = Networks::default();
        for value in [&b"\xff"[..], b"203.0.113.7, \xff"] {
            assert_eq!(named([value], &trusted), Err(UnreadableName), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_before_a_readable_name_is_not_looked_at(
            before: Vec<u8>,
            ours: bool,
        ) {
            let trusted = Networks::parse(["10.0.0.0/8"]).unwrap();
            let mut value = before;
            value.extend_from_slice(b",203.0.113.7");
            if ours {
                value.extend_from_slice(b", 10.0.0.1");
            }
            let address: IpAddr = "203.0.113.7".parse().unwrap();
            prop_assert_eq!(named([value.as_slice()], &trusted), Ok(Some(address)));
        }
    }
}
