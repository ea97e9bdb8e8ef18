//! The development pages: letters of the folder, and the parts that pages are made of.

use crate::support::TestApp;

const PAGES: [&str; 3] = ["/dev/mail", "/dev/components", "/dev/mail/a.eml"];
const LETTER: &str = "To: ada@example.com\r\nSubject: <script>alert(1)</script>\r\n\
    MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n";

async fn developing(folder: &std::path::Path) -> TestApp {
    let settings = format!("[mail]\nurl = \"file://{}\"", folder.display());
    TestApp::builder().settings(&settings).start().await
}

#[tokio::test]
async fn they_are_not_there_while_mail_is_real() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let unknown = browser.get("/nothing/like/this").await;
    for path in PAGES {
        let page = browser.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        let kind = page.headers.get("content-type");
        assert_eq!(kind, unknown.headers.get("content-type"), "{path}");
    }
    assert!(!browser.get("/login").await.text.contains("/dev/"));
}

#[tokio::test]
async fn letters_are_shown_as_they_were_sent() {
    let folder = tempfile::tempdir().unwrap();
    let app = developing(folder.path()).await;
    std::fs::write(folder.path().join("a.eml"), LETTER).unwrap();
    let outside = folder.path().with_extension("eml");
    let mut browser = app.browser();
    assert!(
        browser
            .get("/login")
            .await
            .text
            .contains("href=\"/dev/mail\"")
    );
    let list = browser.get("/dev/mail").await;
    assert_eq!(list.status, 200);
    assert!(
        list.text.contains("href=\"/dev/mail/a.eml\""),
        "{}",
        list.text
    );
    assert!(!list.text.contains("<script>"), "{}", list.text);
    let letter = browser.get("/dev/mail/a.eml").await;
    assert!(
        letter.text.contains("src=\"/dev/mail/a.eml/html\" sandbox"),
        "{}",
        letter.text
    );
    let html = browser.get("/dev/mail/a.eml/html").await;
    assert_eq!(html.text.trim(), "<p>Hello</p>");
    let policy = html.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.ends_with("; sandbox"));
    std::fs::write(&outside, LETTER).unwrap();
    let outside = format!("..%2F{}", outside.file_name().unwrap().to_str().unwrap());
    for name in [
        "b.eml",
        ".part.eml",
        outside.as_str(),
        "a.eml%00.eml",
        "a.txt",
    ] {
        assert_eq!(
            browser.get(&format!("/dev/mail/{name}")).await.status,
            404,
            "{name}"
        );
    }
    std::fs::remove_file(folder.path().with_extension("eml")).unwrap();
}

#[tokio::test]
async fn a_site_that_leads_here_by_its_own_name_sees_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = developing(folder.path()).await;
    std::fs::write(folder.path().join("a.eml"), LETTER).unwrap();
    for path in [
        "/dev/mail",
        "/dev/mail/a.eml",
        "/dev/mail/a.eml/html",
        "/dev/components",
    ] {
        let request = app
            .http
            .get(format!("{}{path}", app.url))
            .header("host", "evil.example");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!answer.text().await.unwrap().contains("ada@example.com"));
    }
}
