//! Strangers' words, fit to stand in a letter.

use std::fmt;

/// One line of a letter. Whatever strangers wrote into it can neither break the line, turn the
/// reading direction, hide itself nor become markup; in HTML it is no link either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(String);

impl Line {
    /// Our own words around words that [`tame`] has seen.
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().chars().map(visible).collect())
    }

    /// As HTML text.
    pub(super) fn escaped(&self) -> String {
        let mut html = String::with_capacity(self.0.len() + 16);
        self.0.chars().for_each(|c| push_escaped(&mut html, c));
        html
    }

    /// As HTML text that is no link. Mail programs turn what looks like an address into one; a
    /// break opportunity inside it keeps them from it. The class `whole` keeps an address on one line
    /// where it fits; a longer one breaks before a dot, where it still reads as one address.
    pub(super) fn html(&self) -> String {
        let words = self.0.split(' ').map(|word| {
            let html = unlinked(word);
            match html.contains("<wbr>") {
                true => format!("<span class=\"whole\">{html}</span>"),
                false => html,
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Broken into lines of at most `width` characters where there are spaces, each after the
    /// first behind `indent`.
    pub(super) fn wrapped(&self, width: usize, indent: &str) -> String {
        let mut text = String::with_capacity(self.0.len() + 16);
        let mut column = 0;
        for word in self.0.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                text.push('\n');
                text.push_str(indent);
                column = 0;
            } else if column > 0 {
                text.push(' ');
                column += 1;
            }
            text.push_str(word);
            column += length;
        }
        text
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn unlinked(word: &str) -> String {
    let mut html = String::with_capacity(word.len() + 16);
    let mut rest = word.chars().peekable();
    let mut before = ' ';
    while let Some(character) = rest.next() {
        let breaks = match (before, character, rest.peek()) {
            (_, '.' | '@', Some(next)) => next.is_alphabetic(),
            (':', '/', _) => true,
            _ => false,
        };
        if breaks {
            html.push_str("<wbr>");
        }
        push_escaped(&mut html, character);
        before = character;
    }
    html
}

fn push_escaped(html: &mut String, character: char) {
    match character {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        other => html.push(other),
    }
}

/// A stranger's text on one line, at most `longest` characters of it, every character visible.
pub(super) fn tame(text: &str, longest: usize) -> String {
    let mut rest = text.trim().chars().map(visible);
    let mut tamed: String = rest.by_ref().take(longest).collect();
    if rest.next().is_some() {
        tamed.pop();
        tamed.push('…');
    }
    tamed
}

/// The character, or a replacement for one that acts on its surroundings or cannot be seen:
/// controls, line and paragraph separators, bidirectional controls, zero-width characters, fillers,
/// tags, private use.
fn visible(c: char) -> char {
    let unseen = c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{0600}'..='\u{0605}' | '\u{061c}' | '\u{06dd}'
            | '\u{070f}' | '\u{0890}' | '\u{0891}' | '\u{08e2}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}');
    if unseen { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_text_ends_in_an_ellipsis() {
        assert_eq!(tame("abcdef", 6), "abcdef");
        assert_eq!(tame("abcdefg", 6), "abcde…");
    }

    #[test]
    fn what_acts_on_its_surroundings_is_replaced() {
        assert_eq!(
            tame("a\r\nb\u{202e}c\u{200b}d\0", 99),
            "a\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"
        );
        assert_eq!(tame("שלום ❤️ 名前", 99), "שלום ❤️ 名前");
    }

    #[test]
    fn html_is_text_and_no_address() {
        assert_eq!(
            Line::new("<b>\"x\"&'y' https://evil.example a@b.c 12:00. End.").html(),
            "&lt;b&gt;&quot;x&quot;&amp;&#39;y&#39; \
             <span class=\"whole\">https:<wbr>//evil<wbr>.example</span> \
             <span class=\"whole\">a<wbr>@b<wbr>.c</span> 12:00. End."
        );
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(
            Line::new("aa bb cccccc d").wrapped(5, "> "),
            "aa bb\n> cccccc\n> d"
        );
    }

    proptest! {
        #[test]
        fn no_text_survives_that_is_more_than_one_visible_line(text in any::<String>(), longest in 1_usize..200) {
            let unseen = regex::Regex::new(r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]").unwrap();
            let tamed = tame(&text, longest);
            prop_assert!(!unseen.is_match(&tamed), "{:?}", tamed);
            prop_assert!(tamed.chars().count() <= longest);
        }
    }
}
