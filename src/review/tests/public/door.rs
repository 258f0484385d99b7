//! What stands on every answer, and which routes there are.

use utoipa::OpenApi as _;

use super::super::super::openapi::Document;
use super::super::super::public_guard::HEADERS;
use super::{Answer, TestPublic};

const CITY: &str = "https://city.example";

fn stamped(answer: &Answer, what: &str) {
    let own_policy = what.contains("/call/");
    for (name, value) in HEADERS {
        let said = answer.header(name.as_str());
        match name.as_str() {
            "content-security-policy" => {
                let shared = value.strip_suffix("'none'").unwrap();
                assert!(said.unwrap().starts_with(shared), "{what}: {said:?}");
                assert_eq!(said == Some(value), !own_policy, "{what}: {said:?}");
            }
            "x-frame-options" => assert_eq!(said, (!own_policy).then_some(value), "{what}"),
            "cross-origin-resource-policy" if what.contains("/embed.js") => assert_eq!(said, Some("cross-origin")),
            "cache-control" if what.contains("/assets/call") || what.contains("/embed.js") => {
                assert!(said.unwrap().starts_with("public, max-age="), "{what}: {said:?}");
            }
            _ => assert_eq!(said, Some(value), "{what}: {name}"),
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_every_error_of_a_program_is_a_problem() {
    let public = TestPublic::with(|parts| parts.demo = super::demo()).await;
    let call = public.call().await;
    let bearer = call.authorization();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/status"),
        ("GET", "/page.css"),
        ("GET", "/icon.svg"),
        ("GET", "/call/default"),
        ("GET", "/call/nowhere"),
        ("GET", "/assets/call-1a2b.js"),
        ("GET", "/assets/other.js"),
        ("GET", "/embed.js"),
        ("GET", "/lines/default"),
        ("GET", "/lines/nowhere"),
        ("GET", "/lines/%ff"),
        ("GET", "/samples/en-heating.wav"),
        ("GET", "/samples/none.wav"),
        ("GET", "/whip/default"),
        ("POST", "/whip/default"),
        ("OPTIONS", "/whip/default"),
        ("PUT", "/whip/default/none"),
        ("GET", "/whip/default/none"),
        ("GET", "/whip/default/none/events"),
        ("GET", &call.path()),
        ("GET", "/nothing"),
        ("POST", "/"),
    ] {
        let answer = public.ask(method, path, &[&bearer]).await;
        let what = format!("{method} {path} {}", answer.status);
        stamped(&answer, &what);
        if answer.status >= 400 && !path.starts_with("/call/") {
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
            assert_eq!(answer.json()["status"], answer.status, "{what}");
            assert!(!answer.text().contains("desk"), "{what}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn no_route_of_the_desk_is_here() {
    let public = TestPublic::start().await;
    let document = serde_json::to_value(Document::openapi()).unwrap();
    let mut routes =
        vec![("get".to_owned(), "/desk.html".to_owned()), ("get".to_owned(), "/assets/desk-5e6f.js".to_owned())];
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "018f0000-0000-7000-8000-000000000000");
        routes.extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    assert!(routes.len() > 12, "{routes:?}");
    for (method, path) in routes {
        for prefix in ["", "/assets", "/samples", "/call/default", "/call/..", "/lines/.."] {
            let path = format!("{prefix}{path}");
            let answer = public.ask(&method.to_uppercase(), &path, &[]).await;
            assert!(matches!(answer.status, 404 | 405), "{method} {path}: {}", answer.status);
        }
        assert_eq!(public.ask(&method.to_uppercase(), &path, &[]).await.status, 404, "{method} {path}");
    }
}

/// Says anything to another site's script.
fn shares(answer: &Answer) -> bool {
    answer.head.lines().any(|line| line.to_lowercase().starts_with("access-control-"))
}

#[tokio::test]
async fn scripts_of_the_configured_sites_may_call_and_no_others() {
    let public = TestPublic::with(|parts| parts.origins = vec![CITY.into()]).await;
    let asks = ["Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: heardline-call-info"];
    let call = public.call().await;
    let preflight = async |origin: &str, path: &str| {
        public.ask("OPTIONS", path, &[&format!("Origin: {origin}"), asks[0], asks[1]]).await
    };
    for path in ["/whip/default", "/whip/default/some", "/whip/default/some/events", "/lines/default"] {
        let allowed = preflight(CITY, path).await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some(CITY), "{path}");
        let methods = allowed.header("access-control-allow-methods").unwrap();
        assert!(["GET", "POST", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)), "{methods}");
        let headers = allowed.header("access-control-allow-headers").unwrap();
        for wanted in ["authorization", "content-type", "heardline-call-info"] {
            assert!(headers.contains(wanted), "{path}: {headers}");
        }
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        for other in ["https://evil.example", "http://city.example", "https://city.example:444", "null"] {
            let refused = preflight(other, path).await;
            assert!(!shares(&refused), "{path} {other}: {}", refused.head);
        }
        assert_eq!(allowed.header("accept-post"), path.starts_with("/whip/").then_some("application/sdp"), "{path}");
    }
    let (city, bearer) = (format!("Origin: {CITY}"), call.authorization());
    for (method, path) in [("POST", "/whip/default"), ("GET", &call.path()), ("GET", "/lines/nowhere")] {
        let answer = public.ask(method, path, &[&city, &bearer]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(CITY), "{path}");
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for wanted in ["location", "heardline-token", "retry-after"] {
            assert!(exposed.contains(wanted), "{path}: {exposed}");
        }
    }
    for path in ["/", "/status", "/call/default", "/embed.js", "/samples/en-heating.wav"] {
        let answer = public.ask("GET", path, &[&city]).await;
        assert!(!shares(&answer), "{path}: {}", answer.head);
    }
}

#[tokio::test]
async fn what_the_door_answers_and_what_is_read_share_a_path() {
    let public = TestPublic::start().await;
    let call = public.call().await;
    assert_eq!(public.ask("POST", "/whip/default", &[]).await.status, 204);
    for (method, status) in [("PATCH", 204), ("DELETE", 204), ("GET", 200), ("PUT", 405)] {
        let answer = public.ask(method, &call.path(), &[&call.authorization()]).await;
        assert_eq!(answer.status, status, "{method}");
    }
    let closed = TestPublic::with(|parts| parts.whip = None).await;
    assert_eq!(closed.ask("POST", "/whip/default", &[]).await.status, 404);
}
