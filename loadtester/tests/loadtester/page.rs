//! The page of gates, as a browser asks for it: only with the token, and never for another site.

use reqwest::{
    Method,
    header::{CONTENT_SECURITY_POLICY, COOKIE, LOCATION, ORIGIN, SET_COOKIE},
};
use serde_json::json;

use crate::program::{LoadTester, run};

const TOKEN: &str = "correct horse battery";

/// A load tester with a page.
async fn with_page() -> (tempfile::NamedTempFile, LoadTester) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{TOKEN}\n")).unwrap();
    let flag = format!("-page-token-file={}", file.path().display());
    let tester = LoadTester::start(&[&flag]).await;
    (file, tester)
}

/// Sends a form; the status and the cookie that is set.
async fn send(
    tester: &LoadTester,
    path: &str,
    form: &str,
    origin: &str,
    cookie: &str,
) -> (u16, Option<String>) {
    let request = tester.request(Method::POST, path).header(ORIGIN, origin).header(COOKIE, cookie);
    let answer = request.body(form.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    if status == 303 {
        assert_eq!(answer.headers()[LOCATION], "/page");
    }
    let cookie = answer.headers().get(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned());
    (status, cookie)
}

#[test]
fn the_page_opens_a_gate_with_the_token_and_says_who_closed_it() {
    run(async {
        let (_file, tester) = with_page().await;
        let own = format!("http://{}", tester.address());
        tester.hook("/gate/close", json!({})).await;
        let get = async |cookie: &str| {
            let answer = tester.request(Method::GET, "/page").header(COOKIE, cookie).send().await.unwrap();
            let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let (status, login) = get("").await;
        assert!(status == 401 && login.contains("Log in") && !login.contains("web.prod"), "{login}");

        let form = format!("token={}", TOKEN.replace(' ', "+"));
        let (status, cookie) = send(&tester, "/page/login", &form, &own, "").await;
        let cookie = cookie.unwrap();
        assert!(
            status == 303 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
            "{cookie}"
        );
        let cookie = cookie.split(';').next().unwrap();
        let (status, page) = get(cookie).await;
        assert!(
            status == 200 && page.contains("web.prod") && page.contains("a request from 127.0.0.1"),
            "{page}"
        );

        let open = "gate=gate.web.prod&state=open";
        assert_eq!(send(&tester, "/page/gate", open, &own, cookie).await.0, 303);
        assert_eq!(tester.hook("/gate/check", json!({})).await.0, 200);
        assert!(get(cookie).await.1.contains("this page"));
    });
}

#[test]
fn without_the_token_or_from_another_site_nothing_is_opened() {
    run(async {
        let (_file, tester) = with_page().await;
        let own = format!("http://{}", tester.address());
        let form = format!("token={}", TOKEN.replace(' ', "+"));
        let cookie = send(&tester, "/page/login", &form, &own, "").await.1.unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let open = "gate=gate.web.prod&state=open";
        for (path, form, origin, cookie, status) in [
            ("/page/login", "token=a+wrong+token+of+some+length", own.as_str(), "", 403),
            ("/page/login", "", own.as_str(), "", 403),
            ("/page/login", form.as_str(), "http://evil.test", "", 403),
            ("/page/gate", open, own.as_str(), "", 401),
            ("/page/gate", open, own.as_str(), "serin-loadtester-page=forged", 401),
            ("/page/gate", open, "http://evil.test", cookie, 403),
            ("/page/gate", open, "null", cookie, 403),
            ("/page/gate", "gate=door.web.prod&state=open", own.as_str(), cookie, 400),
            ("/page/gate", "gate=gate.web.prod&state=ajar", own.as_str(), cookie, 400),
        ] {
            let answer = send(&tester, path, form, origin, cookie).await;
            assert_eq!(answer, (status, None), "{path} {form} {origin}");
        }
        assert_eq!(tester.hook("/gate/check", json!({})).await.0, 403);
        tester.until_measured("serin_loadtester_refused_requests_total{reason=\"page-token\"} 2").await;
        assert!(!tester.log().contains(TOKEN));
    });
}

#[test]
fn what_a_task_printed_is_on_the_page_as_text() {
    run(async {
        let (_file, tester) = with_page().await;
        let own = format!("http://{}", tester.address());
        let form = format!("token={}", TOKEN.replace(' ', "+"));
        let cookie = send(&tester, "/page/login", &form, &own, "").await.1.unwrap();
        tester.hook("/", json!({"type": "bash", "cmd": "echo '<script>alert(1)</script>'; exit 4"})).await;
        let page = tester.request(Method::GET, "/page").header(COOKIE, cookie.split(';').next().unwrap());
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
        assert!(page.contains("exit status 4"), "{page}");
    });
}

#[test]
fn without_a_token_there_is_no_page_and_a_short_one_is_refused() {
    run(async {
        let tester = LoadTester::start(&[]).await;
        assert_eq!(tester.request(Method::GET, "/page").send().await.unwrap().status().as_u16(), 400);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "short").unwrap();
        let flag = format!("-page-token-file={}", file.path().display());
        let refused =
            std::process::Command::new(crate::program::PROGRAM).arg(&flag).arg("-port=0").output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        let why = String::from_utf8(refused.stderr).unwrap();
        assert!(why.contains("the token has 5 characters; it needs at least 16"), "{why}");
    });
}
