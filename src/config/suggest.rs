//! What somebody may have meant.

/// The one of `known` that `given` is most likely a slip of.
pub(crate) fn closest<'k>(given: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let name = last(given);
    known
        .map(|candidate| {
            // The right name in the wrong section is as near as a slip of the pen.
            let moved = if last(candidate) == name {
                1
            } else {
                usize::MAX
            };
            (distance(given, candidate).min(moved), candidate)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 6)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out or replaced (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (removed, old) in from.chars().enumerate() {
        let mut diagonal = removed;
        let mut left = removed + 1;
        let mut next = vec![left];
        for (new, above) in to.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(*new != old))
                .min(left + 1)
                .min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_single_changes() {
        for (from, to, changes) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("listen", "listne", 2),
        ] {
            assert_eq!(distance(from, to), changes, "{from} {to}");
            assert_eq!(distance(to, from), changes, "{to} {from}");
        }
    }

    #[test]
    fn a_slip_is_understood_and_a_stranger_is_not() {
        let known = || ["server.listen", "tokens.hash_keys", "mail.url"].into_iter();
        assert_eq!(closest("server.lisen", known()), Some("server.listen"));
        assert_eq!(closest("hash_keys", known()), Some("tokens.hash_keys"));
        assert_eq!(
            closest("server.hash_keys", known()),
            Some("tokens.hash_keys")
        );
        assert_eq!(closest("colour.of.the.moon", known()), None);
    }
}
