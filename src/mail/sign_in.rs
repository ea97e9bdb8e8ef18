//! The letter that brings a code for signing in, in words.

use askama::Template;

use super::shown::{Line, tame};
use super::voice::{Foot, Frame, Voice};
use super::words::Words;
use crate::model::letter::LoginCode;

/// Everything both templates show.
struct Page<'a> {
    frame: Frame<'a>,
    paragraphs: Vec<Line>,
    code: String,
    after: Vec<Line>,
}

#[derive(Template)]
#[template(
    path = "login_code.txt",
    config = "src/mail/askama.toml",
    escape = "none"
)]
struct TextPage<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "login_code.html", config = "src/mail/askama.toml")]
struct HtmlPage<'a> {
    page: &'a Page<'a>,
}

pub(super) fn login_code(letter: &LoginCode, voice: Voice<'_>) -> Result<Words, askama::Error> {
    let say = |id| voice.say(id).put("brand", voice.name()).to_string();
    // The code itself stays out of the subject, which shows on locked screens.
    let subject = say("letter-code");
    let expires_at = voice.moment(letter.expires_at);
    let once = voice.say("letter-code-once").put("moment", expires_at);
    let asked = letter.asked_from.as_deref().map(|address| {
        let asked = voice.say("letter-code-asked");
        format!(" {}", asked.put("address", tame(address, 64)))
    });
    let code = letter.code.as_ref().map(|code| code.reveal().to_owned());
    let foot = Foot {
        genuine: say("letter-code-no-link"),
        contact: voice.contact(),
        why_you: say("letter-because-code"),
    };
    let page = Page {
        frame: voice.frame(format!("{subject}."), None, foot),
        paragraphs: vec![voice.line("letter-code-type")],
        code: code.unwrap_or_default(),
        after: vec![
            Line::new(format!("{once}{}", asked.unwrap_or_default())),
            voice.line("letter-code-not-you"),
        ],
    };
    Ok(Words {
        subject,
        text: TextPage { page: &page }.render()?,
        html: HtmlPage { page: &page }.render()?,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::mail::samples::{at, brand};
    use crate::model::{Language, LoginCodeText};

    #[test]
    fn somebody_reads_their_code() {
        let letter = LoginCode {
            ticket: Uuid::from_u128(1),
            hash_key: "k".to_owned(),
            expires_at: at(0),
            asked_from: Some("203.0.113.7".to_owned()),
            language: None,
            code: Some(LoginCodeText::typed("K7MQ2X")),
        };
        let words = login_code(&letter, Voice::new(Language::English, &brand())).unwrap();
        assert!(!words.subject.contains("K7MQ2X"));
        insta::assert_snapshot!(
            "login_code.txt",
            format!("Subject: {}\n\n{}", words.subject, words.text)
        );
    }
}
