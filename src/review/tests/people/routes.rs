//! The table over every route: nobody, somebody with a login that is none, and each role.

use std::time::Duration;

use super::super::connect;
use super::*;
use crate::config::limits::{LOGIN_IDLE, LOGIN_LIFETIME};
use crate::review::people::rules::{For, RULES};
use crate::review::people::token::Token;
use crate::store::people::AccountChange;

/// An event stream never ends: its head is enough.
async fn ask(desk: &TestDesk, method: &str, route: &str, headers: &[&str]) -> Answer {
    let path = route.replace("{id}", "018f0000-0000-7000-8000-000000000000");
    if route != "/api/events" {
        return desk.ask_from_afar(method, &path, headers, b"").await;
    }
    use tokio::io::AsyncReadExt as _;
    let mut lines = vec!["Host: desk.example", "Origin: https://desk.example", "X-Forwarded-For: 192.0.2.7"];
    lines.extend(headers);
    let mut stream = connect(desk.address, method, &path, &lines, b"").await;
    let mut bytes = vec![0; 4096];
    let mut read = 0;
    // A refusal has its whole body in the first packets, and then the end.
    while read < bytes.len() {
        let count = stream.read(&mut bytes[read..]).await.unwrap();
        read += count;
        let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
        if count == 0 || text.starts_with("HTTP/1.1 200") && text.contains("\r\n\r\n") {
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            return Answer { status, head: head.into(), body: body.into() };
        }
    }
    panic!("no end of {}", String::from_utf8_lossy(&bytes));
}

/// Whether the door let it through: 401 and 403 of `admit`, not what a handler says.
fn refused(answer: &Answer) -> Option<u16> {
    matches!(problem(answer).as_str(), "login" | "role").then_some(answer.status)
}

#[tokio::test]
async fn every_route_asks_who_it_is_and_lets_each_role_as_far_as_its_line_says() {
    let desk = named().await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, desk.person(role.as_str(), role).await));
    }
    let gone = desk.person("gone", Role::Administrator).await;
    desk.change("gone", AccountChange::Remove).await;
    let disabled = desk.person("disabled", Role::Administrator).await;
    desk.change("disabled", AccountChange::Disable).await;
    let made_up = format!("Cookie: heardline_login={}", Token::generate().expose());
    let hash = format!("Cookie: heardline_login={}", "A".repeat(43));
    let key = format!("Authorization: Bearer {}", desk.local_key.expose());
    let nobodies: [&[&str]; 7] = [&[], &[&gone], &[&disabled], &[&made_up], &[&hash], &["Cookie: a=b"], &[&key]];

    for (method, route, whom) in RULES {
        for nobody in nobodies {
            let answer = ask(&desk, method, route, nobody).await;
            let expected = (*whom != For::Anyone).then_some(401);
            assert_eq!(refused(&answer), expected, "{method} {route} {nobody:?} {}", answer.text());
        }
        for (role, cookie) in &people {
            // Logging out is tried with a login of its own.
            let own = if *route == "/api/logout" { Some(desk.login(role.as_str()).await) } else { None };
            let answer = ask(&desk, method, route, &[own.as_ref().unwrap_or(cookie)]).await;
            let expected = (!whom.allows(*role)).then_some(403);
            assert_eq!(refused(&answer), expected, "{method} {route} as {role} {}", answer.text());
        }
    }
}

#[tokio::test]
async fn an_expired_login_opens_no_route() {
    for (step, times) in [(LOGIN_IDLE + Duration::from_secs(1), 1), (LOGIN_IDLE / 2, 50)] {
        let desk = named().await;
        let cookie = desk.person("li", Role::Administrator).await;
        for n in 1..times {
            desk.clock.step(step);
            let still = desk.ask_from_afar("GET", "/api/me", &[&cookie], b"").await;
            let within = step * n < LOGIN_LIFETIME;
            assert_eq!(still.status, if within { 200 } else { 401 }, "after {:?}, used all the time", step * n);
        }
        desk.clock.step(step);
        for (method, route, _) in RULES.iter().filter(|(_, _, whom)| *whom != For::Anyone) {
            let answer = ask(&desk, method, route, &[&cookie]).await;
            assert_eq!(refused(&answer), Some(401), "{method} {route}");
        }
    }
}

#[tokio::test]
async fn a_login_does_not_stand_for_the_origin() {
    let desk = named().await;
    let cookie = desk.person("li", Role::Administrator).await;
    let changing = RULES.iter().filter(|(method, path, _)| *method != "GET" && !path.starts_with("/intake/"));
    for (method, route, _) in changing {
        let path = route.replace("{id}", "018f0000-0000-7000-8000-000000000000");
        for line in [
            "Accept: */*",
            "Origin: https://evil.example",
            "Origin: http://desk.example",
            "Origin: https://desk.example:444",
            "Origin: null",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ] {
            let lines = ["Host: desk.example", "X-Forwarded-For: 192.0.2.7", &cookie, line];
            let answer = send(desk.address, method, &path, &lines, b"").await;
            assert_eq!((answer.status, problem(&answer).as_str()), (403, "origin"), "{method} {route} {line}");
        }
    }
    assert_eq!(desk.ask_from_afar("GET", "/api/me", &[&cookie], b"").await.status, 200, "it is still a login");
}

#[tokio::test]
async fn a_method_that_no_line_names_reaches_no_handler() {
    let desk = named().await;
    let cookie = desk.person("li", Role::Administrator).await;
    for (method, path) in [("DELETE", "/api/calls"), ("PUT", "/api/me"), ("POST", "/api/audit"), ("PATCH", "/")] {
        assert_eq!(desk.ask_from_afar(method, path, &[&cookie], b"").await.status, 405, "{method} {path}");
    }
    let head = desk.ask_from_afar("HEAD", "/api/calls", &[], b"").await;
    assert_eq!(head.status, 401, "HEAD goes with GET");
}
