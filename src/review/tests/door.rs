use super::super::guard::HEADERS;
use super::super::openapi::Document;
use super::super::page::{DRAFT_SCRIPT, HTML, SCRIPT, STYLE};
use super::{Answer, TestDesk, send};
use crate::call::CallState;
use utoipa::OpenApi as _;

fn stamped(answer: &Answer, what: &str) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name.as_str()), Some(value), "{what}: {name}");
    }
    let known = ["content-type", "content-length", "allow", "date", "connection", "transfer-encoding"];
    for (name, _) in answer.head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        let listed = known.contains(&name) || HEADERS.iter().any(|(ours, _)| ours.as_str() == name);
        assert!(listed, "{what}: unlisted header {name}");
    }
}

/// Every (method, path) of the published document, with ids that exist nowhere.
fn routes() -> Vec<(String, String)> {
    let document = serde_json::to_value(Document::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.replace("{id}", "018f0000-0000-7000-8000-000000000000")));
        }
    }
    routes
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_every_error_is_a_problem() {
    let desk = TestDesk::start().await;
    let mut all = routes();
    all.extend(
        [
            "/",
            "/page.js",
            "/draft.js",
            "/page.css",
            "/icon.svg",
            "/no/such/page",
            "/api/calls?limit=x",
            "/api/calls?limit=0",
            "/api/calls?before=x",
            "/api/deliveries?state=pending",
            "/api/events?call=x",
            "/api/calls/%ff",
        ]
        .map(|path| ("GET".to_owned(), path.to_owned())),
    );
    all.push(("DELETE".to_owned(), "/api/calls".to_owned()));
    for (method, path) in all {
        if path == "/api/events" {
            continue; // never ends; looked at in events.rs
        }
        let origin = format!("Origin: {}", desk.origin());
        let answer = desk.ask(&method, &path, &[&origin], b"").await;
        let what = format!("{method} {path} {}", answer.status);
        stamped(&answer, &what);
        if answer.status >= 400 {
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
            let problem = answer.json();
            assert_eq!(problem["status"], answer.status, "{what}");
            assert!(problem["type"].as_str().unwrap().starts_with("urn:heardline:problem:"), "{what}");
        }
    }
}

#[tokio::test]
async fn only_loopback_names_reach_the_desk() {
    let desk = TestDesk::start().await;
    let port = desk.address.port();
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]", "[::1]:9", &format!("127.0.0.1:{port}")] {
        let answer = send(desk.address, "GET", "/health/live", &[&format!("Host: {host}")], b"").await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "10.0.0.1",
        "[::2]",
        "0.0.0.0",
        "user@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.1",
        "2130706433",
        "",
    ] {
        let answer = send(desk.address, "GET", "/api/calls", &[&format!("Host: {host}")], b"").await;
        assert!(matches!(answer.status, 400 | 421), "{host}: {}", answer.status);
    }
    let two = send(desk.address, "GET", "/api/calls", &["Host: localhost", "Host: evil.example"], b"").await;
    assert!(matches!(two.status, 400 | 421), "{}", two.status);
    let split = send(desk.address, "GET", "http://evil.example/api/calls", &["Host: localhost"], b"").await;
    assert_eq!(split.status, 421);
}

#[tokio::test]
async fn another_site_can_neither_read_nor_change_anything() {
    let desk = TestDesk::start().await;
    let port = desk.address.port();
    let foreign = [
        "Origin: http://evil.example".to_owned(),
        "Origin: null".into(),
        format!("Origin: http://localhost:{port}"),
        "Origin: http://127.0.0.1:1".into(),
        "Origin: file://".into(),
        format!("Origin: ftp://127.0.0.1:{port}"),
        "Sec-Fetch-Site: cross-site".into(),
        "Sec-Fetch-Site: same-site".into(),
        "Sec-Fetch-Site: nonsense".into(),
    ];
    for line in &foreign {
        for (method, path) in routes() {
            let answer = desk.ask(&method, &path, &[line], b"").await;
            assert_eq!(answer.status, 403, "{method} {path} {line}");
        }
    }
    let both = [format!("Origin: {}", desk.origin()), "Origin: http://evil.example".into()];
    assert_eq!(desk.ask("GET", "/api/calls", &[&both[0], &both[1]], b"").await.status, 403);
    let link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    assert_eq!(desk.ask("GET", "/", &link, b"").await.status, 200, "a link may open the page");
    assert_eq!(desk.ask("GET", "/api/calls", &link, b"").await.status, 403, "and nothing below it");
}

#[tokio::test]
async fn a_change_must_say_that_it_comes_from_the_desk() {
    let desk = TestDesk::start().await;
    for (method, path) in routes().into_iter().filter(|(method, _)| method != "GET") {
        let silent = desk.ask(&method, &path, &[], b"").await.status;
        let own = desk.ask(&method, &path, &[&format!("Origin: {}", desk.origin())], b"").await.status;
        let fetched = desk.ask(&method, &path, &["Sec-Fetch-Site: same-origin"], b"").await.status;
        if matches!(path.as_str(), "/intake/drafts" | "/intake/emergencies") {
            assert_eq!(silent, 401, "its signature stands for the origin");
        } else {
            assert_eq!((silent, own, fetched), (403, 404, 404), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_page_holds_no_inline_code_and_prints_text_only_as_text() {
    let desk = TestDesk::start().await;
    desk.add_call(CallState::Live);
    assert_eq!(desk.get("/").await.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(HTML.matches("<script").count(), 2);
    for file in ["draft", "page"] {
        assert!(HTML.contains(&format!("<script src=\"/{file}.js\" defer></script>")), "{file}");
    }
    assert!(!HTML.contains("<style"));
    for attribute in [" onclick", " onload", " onerror", " style=", "javascript:", "http://", "https://"] {
        assert!(!HTML.contains(attribute), "{attribute}");
    }
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "srcdoc",
        "DOMParser",
        "createContextualFragment",
    ] {
        assert!(!SCRIPT.contains(sink) && !DRAFT_SCRIPT.contains(sink), "{sink}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}
