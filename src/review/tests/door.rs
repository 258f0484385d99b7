use std::path::{Path, PathBuf};

use super::super::built::BUILT;
use super::super::guard::HEADERS;
use super::super::openapi::Document;
use super::super::page::STYLE;
use super::{Answer, TestDesk, send};
use utoipa::OpenApi as _;

fn stamped(answer: &Answer, what: &str) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name.as_str()), Some(value), "{what}: {name}");
    }
    let known = ["content-type", "content-length", "allow", "date", "connection", "transfer-encoding"];
    for (name, _) in answer.head.lines().skip(1).filter_map(|line| line.split_once(": ")) {
        let listed = known.contains(&name)
            || HEADERS.iter().any(|(ours, _)| ours.as_str() == name)
            || name == "set-cookie" && what.contains(" /api/logout ");
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
            "/assets/desk-5e6f.js",
            "/assets/none.js",
            "/desk.html",
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
        } else if path == "/api/queue/next" {
            assert_eq!((silent, own, fetched), (403, 204, 204), "nothing waits");
        } else {
            // There is no such call; a login without a body is none; logging out is always done.
            let done = match path.as_str() {
                "/api/login" => 422,
                "/api/logout" => 204,
                _ => 404,
            };
            assert_eq!((silent, own, fetched), (403, done, done), "{method} {path}");
        }
    }
}

/// What puts text into a page as code.
const SINKS: [&str; 10] = [
    "{@html",
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
    "srcdoc",
    "DOMParser",
    "createContextualFragment",
];

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_pages_of_web_print_text_only_as_text_and_ask_nobody_else_for_anything() {
    let mut files = Vec::new();
    sources(Path::new("web/src"), &mut files);
    assert!(files.len() > 60, "{}", files.len());
    for (path, source) in &files {
        for sink in SINKS {
            assert!(!source.contains(sink), "{}: {sink}", path.display());
        }
        let own = path.extension().is_some_and(|kind| kind == "css" || kind == "svelte");
        assert!(!(own && (source.contains("url(\"") || source.contains("url('"))), "{}", path.display());
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[tokio::test]
async fn the_page_holds_no_inline_code() {
    let desk = TestDesk::start().await;
    let page = desk.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let script = desk.get("/assets/desk-5e6f.js").await;
    assert_eq!((script.status, script.header("content-type")), (200, Some("text/javascript; charset=utf-8")));
    // As it was built, where it was built.
    let Some(built) = BUILT("desk.html") else { return };
    let built = String::from_utf8(built.into_owned()).unwrap();
    assert_eq!(
        built.matches("<script").count(),
        built.matches("<script type=\"module\" crossorigin src=\"/assets/").count()
    );
    for inline in ["<style", " onclick", " onload", " onerror", " style=", "javascript:", "http://", "https://"] {
        assert!(!built.contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn without_its_files_the_desk_says_what_is_missing_and_how_to_build_it() {
    let desk = TestDesk::with_files(|_| None).await;
    let page = desk.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (503, Some("text/html; charset=utf-8")));
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("scripts/setup web") && text.contains("make build"), "{text}");
    assert_eq!(desk.get("/api/calls").await.status, 200, "the API answers all the same");
}
