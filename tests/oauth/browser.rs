//! A person's browser: keeps cookies, follows nothing by itself, and reads forms as they stand.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;
use url::form_urlencoded::Serializer;

use crate::support::TestApp;

/// A browser.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// What it got.
#[derive(Debug)]
pub(crate) struct PageAnswer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl PageAnswer {
    /// Where it is sent.
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get("location");
        let location = location.unwrap_or_else(|| panic!("no Location: {}", self.text));
        location.to_str().unwrap()
    }

    /// What it holds besides the script and the mark that every page has.
    pub(crate) fn markup(&self) -> String {
        let ours = Regex::new(r#"<script src="/assets/site-[0-9a-f]{16}\.js" defer></script>"#);
        let ours = ours.unwrap();
        assert_eq!(ours.find_iter(&self.text).count(), 1, "{}", self.text);
        let mark = Regex::new(r#"<img src="/assets/logo-[0-9a-f]{16}\.svg""#).unwrap();
        mark.replace(&ours.replace(&self.text, ""), "").into_owned()
    }

    /// The fields of the form with this id, as they stand on the page.
    pub(crate) fn form(&self, id: &str) -> Vec<(String, String)> {
        let start = self.text.find(&format!("id=\"{id}\""));
        let start = start.unwrap_or_else(|| panic!("no form {id}: {}", self.text));
        self.fields_from(start)
    }

    /// The fields of the form that is sent to this address.
    pub(crate) fn form_to(&self, action: &str) -> Vec<(String, String)> {
        let start = self.text.find(&format!("action=\"{action}\""));
        let start = start.unwrap_or_else(|| panic!("no form to {action}: {}", self.text));
        self.fields_from(start)
    }

    fn fields_from(&self, start: usize) -> Vec<(String, String)> {
        let end = self.text[start..].find("</form>").unwrap() + start;
        let inputs = Regex::new(r#"<input[^>]*type="hidden"[^>]*>"#).unwrap();
        let attribute = |tag: &str, name: &str| {
            let found = Regex::new(&format!(r#"{name}="([^"]*)""#)).unwrap();
            found.captures(tag).map(|found| unescape(&found[1]))
        };
        inputs
            .find_iter(&self.text[start..end])
            .map(|tag| {
                let value = attribute(tag.as_str(), "value").unwrap_or_default();
                (attribute(tag.as_str(), "name").unwrap(), value)
            })
            .collect()
    }
}

fn unescape(text: &str) -> String {
    let plain = text.replace("&#34;", "\"").replace("&quot;", "\"");
    let plain = plain
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&lt;", "<");
    let plain = plain.replace("&#62;", ">").replace("&gt;", ">");
    plain.replace("&amp;", "&#38;").replace("&#38;", "&")
}

impl TestApp {
    /// A browser that was never here.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser {
            app: self,
            cookies: BTreeMap::new(),
        }
    }

    /// The code in the latest letter to this address.
    pub(crate) async fn mailed_code(&self, email: &str) -> String {
        let mail = self.read_mail().await;
        let letters = mail.iter().filter(|mail| mail.to == email);
        let codes = Regex::new(r"(?m)^    ([A-Z0-9]{6})\r?$").unwrap();
        let found = letters.rev().find_map(|mail| codes.captures(&mail.text));
        found.unwrap_or_else(|| panic!("no code for {email}"))[1].to_owned()
    }
}

impl<'a> Browser<'a> {
    /// One that was never here, of somebody else.
    pub(crate) fn another(&self) -> Browser<'a> {
        self.app.browser()
    }
}

impl Browser<'_> {
    /// Opens a page of ours.
    pub(crate) async fn get(&mut self, path: &str) -> PageAnswer {
        let request = self.app.http.get(format!("{}{path}", self.app.url));
        self.send(request).await
    }

    /// Sends a form to a page of ours.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(String, String)]) -> PageAnswer {
        self.post_with(path, fields, &[]).await
    }

    /// Sends a form with more headers.
    pub(crate) async fn post_with(
        &mut self,
        path: &str,
        fields: &[(String, String)],
        headers: &[(&str, &str)],
    ) -> PageAnswer {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self.app.http.post(format!("{}{path}", self.app.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let form = "application/x-www-form-urlencoded";
        self.send(request.header("content-type", form).body(body))
            .await
    }

    /// Sends any request with the cookies, and keeps those that come back.
    pub(crate) async fn send(&mut self, request: reqwest::RequestBuilder) -> PageAnswer {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let request = match cookies.is_empty() {
            true => request,
            false => request.header("cookie", cookies.join("; ")),
        };
        let request = request.header("user-agent", "A browser of tests");
        let response = request.send().await.expect("the service answers");
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').unwrap();
            match rest.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        PageAnswer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// Asks for a code.
    pub(crate) async fn ask_for_code(&mut self, email: &str, return_to: &str) -> PageAnswer {
        // Nobody asks twice in one millisecond.
        self.app.clock.advance(Duration::from_millis(1));
        let encoded: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
        let page = self.get(&format!("/login?return_to={encoded}")).await;
        let mut fields = page.form("login");
        fields.push(("email".to_owned(), email.to_owned()));
        let answer = self.post("/login", &fields).await;
        self.follow(answer).await
    }

    /// Goes where an answer sends it; stays where it sends nowhere.
    pub(crate) async fn follow(&mut self, answer: PageAnswer) -> PageAnswer {
        if answer.status != 303 {
            return answer;
        }
        let location = answer.location().to_owned();
        self.get(&location).await
    }

    /// Types a code.
    pub(crate) async fn type_code(&mut self, page: &PageAnswer, code: &str) -> PageAnswer {
        let mut fields = page.form("login-code");
        fields.push(("code".to_owned(), code.to_owned()));
        self.post("/login/code", &fields).await
    }

    /// Signs in, from the first page to the last, and says where that led.
    pub(crate) async fn sign_in_to(&mut self, email: &str, return_to: &str) -> PageAnswer {
        let page = self.ask_for_code(email, return_to).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let code = self.app.mailed_code(email).await;
        let answer = self.type_code(&page, &code).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer
    }

    /// Signs in.
    pub(crate) async fn sign_in(&mut self, email: &str) {
        self.sign_in_to(email, "/settings/sessions").await;
    }
}
