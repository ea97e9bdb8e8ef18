//! The only source of randomness: the operating system's CSPRNG.

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `N` random bytes.
///
/// # Panics
/// When the operating system has no randomness to give: nothing may be issued then.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// `length` characters, each uniform over `A-Za-z0-9`.
#[must_use]
pub fn alphanumeric(length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut pool = [0; 64];
    while text.len() < length {
        fill(&mut pool);
        // 248 is the largest multiple of 62 in a byte; higher values would favour some characters.
        let fresh = pool.iter().filter(|byte| **byte < 248);
        let missing = length - text.len();
        text.extend(
            fresh
                .filter_map(|byte| ALPHANUMERIC.get(usize::from(byte % 62)))
                .map(|byte| char::from(*byte))
                .take(missing),
        );
    }
    text
}

/// A number in `0.0..1.0`, for jitter.
#[must_use]
pub fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
#[expect(
    clippy::expect_used,
    reason = "without randomness every token would be guessable"
)]
fn fill(target: &mut [u8]) {
    getrandom::fill(target).expect("the operating system provides randomness");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphanumeric_text_uses_all_62_characters_evenly() {
        let sample = alphanumeric(62_000);
        for character in ALPHANUMERIC {
            let count = sample.bytes().filter(|byte| byte == character).count();
            assert!(
                (800..1200).contains(&count),
                "{} came {count} times",
                char::from(*character)
            );
        }
    }

    #[test]
    fn a_fraction_stays_below_one() {
        assert!(
            (0..10_000)
                .map(|_| fraction())
                .all(|value| (0.0..1.0).contains(&value))
        );
    }
}
