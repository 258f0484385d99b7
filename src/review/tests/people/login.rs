use std::time::Duration;

use super::super::reader::Reader;
use super::*;
use crate::config::limits::{LOGIN_TRIES, LOGINS_PER_ACCOUNT};
use crate::review::people::token::Token;
use crate::store::people::AuditQuery;

#[tokio::test]
async fn without_accounts_everything_is_as_it_was() {
    let desk = TestDesk::start().await;
    let me = desk.get("/api/me").await.json();
    assert_eq!(me, json!({"name": "local", "role": "administrator", "accounts": false}));
    assert_eq!(desk.get("/api/calls").await.status, 200);
    let login = desk.try_login("li", PASSWORD, &[]).await;
    assert_eq!((login.status, problem(&login).as_str()), (409, "no-accounts"));
    assert!(login.header("set-cookie").is_none());
}

#[tokio::test]
async fn the_first_account_shuts_the_desk_while_it_runs() {
    let desk = TestDesk::start().await;
    assert_eq!(desk.get("/api/calls").await.status, 200);
    desk.account("li", Role::Agent).await;
    let refused = desk.get("/api/calls").await;
    assert_eq!((refused.status, problem(&refused).as_str()), (401, "login"));
    desk.change("li", AccountChange::Disable).await;
    assert_eq!(desk.get("/api/calls").await.status, 401, "a disabled account is one");
}

#[tokio::test]
async fn a_person_logs_in_is_known_and_logs_out_for_good() {
    let desk = TestDesk::start().await;
    desk.account("li.na", Role::Supervisor).await;
    let answer = desk.try_login(" Li.Na ", PASSWORD, &[]).await;
    let set = answer.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
    assert!(answer.body.is_empty());
    let cookie = cookie(&answer);
    let me = desk.as_person(&cookie, "GET", "/api/me").await.json();
    assert_eq!(me, json!({"name": "li.na", "role": "supervisor", "accounts": true}));

    let out = desk.as_person(&cookie, "POST", "/api/logout").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().starts_with("heardline_login=; Max-Age=0;"), "{}", out.head);
    assert_eq!(desk.as_person(&cookie, "GET", "/api/me").await.status, 401, "on the server too");
}

#[tokio::test]
async fn a_token_that_somebody_else_chose_is_never_anybodys() {
    let desk = TestDesk::start().await;
    desk.account("li", Role::Agent).await;
    let chosen = format!("Cookie: heardline_login={}", Token::generate().expose());
    let answer = desk.try_login("li", PASSWORD, &[&chosen]).await;
    assert_eq!(answer.status, 204);
    let first = cookie(&answer);
    assert_ne!(first, chosen);
    assert_eq!(desk.as_person(&chosen, "GET", "/api/me").await.status, 401);

    let second = cookie(&desk.try_login("li", PASSWORD, &[&first]).await);
    assert_ne!(first, second, "a new one at every login");
    assert_eq!(desk.as_person(&first, "GET", "/api/me").await.status, 401, "and the one before is over");
    assert_eq!(desk.as_person(&second, "GET", "/api/me").await.status, 200);
    // A second cookie of the name may come from another site of the domain.
    let two = format!("{second}; heardline_login={}", Token::generate().expose());
    assert_eq!(desk.as_person(&two, "GET", "/api/me").await.status, 401);
}

#[tokio::test]
async fn what_changes_an_account_ends_its_logins_and_nobody_elses() {
    let desk = TestDesk::start().await;
    let wang = desk.person("wang", Role::Agent).await;
    desk.account("li", Role::Agent).await;
    for change in [
        AccountChange::Role(Role::Administrator),
        AccountChange::Password(hashed()),
        AccountChange::Disable,
        AccountChange::Enable,
    ] {
        let before = desk.try_login("li", PASSWORD, &[]).await;
        desk.change("li", change.clone()).await;
        if change == AccountChange::Enable {
            assert_eq!(before.status, 401, "disabled");
            continue;
        }
        assert_eq!(desk.as_person(&cookie(&before), "GET", "/api/me").await.status, 401, "{change:?}");
    }
    let me = desk.as_person(&desk.login("li").await, "GET", "/api/me").await.json();
    assert_eq!(me["role"], "administrator");
    assert_eq!(desk.as_person(&wang, "GET", "/api/me").await.status, 200);
}

#[tokio::test]
async fn an_account_has_so_many_logins_and_the_one_unseen_longest_gives_way() {
    let desk = TestDesk::start().await;
    desk.account("li", Role::Agent).await;
    let mut cookies = Vec::new();
    for _ in 0..=LOGINS_PER_ACCOUNT {
        cookies.push(desk.login("li").await);
        desk.clock.step(Duration::from_secs(1));
    }
    let mut known = Vec::new();
    for cookie in &cookies {
        known.push(desk.as_person(cookie, "GET", "/api/me").await.status);
    }
    assert_eq!(known[0], 401);
    assert!(known[1..].iter().all(|status| *status == 200), "{known:?}");
}

async fn wrong(desk: &TestDesk, name: &str, from: &str) -> Answer {
    let body = json!({"name": name, "password": "wrong horse battery"}).to_string();
    let from = format!("X-Forwarded-For: {from}");
    desk.ask_from_afar("POST", "/api/login", &["Content-Type: application/json", &from], body.as_bytes()).await
}

#[tokio::test]
async fn guessing_is_slow_for_one_account_from_everywhere_and_from_one_address_for_all() {
    let desk = named().await;
    desk.account("li", Role::Agent).await;
    desk.account("wang", Role::Agent).await;
    for n in 0..LOGIN_TRIES {
        let answer = wrong(&desk, "li", &format!("192.0.2.{n}")).await;
        assert_eq!((answer.status, problem(&answer).as_str()), (401, "credentials"));
    }
    let held = wrong(&desk, "LI", "192.0.2.99").await;
    assert_eq!((held.status, problem(&held).as_str()), (429, "throttled"));
    let wait: u64 = held.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    let right = desk.try_login("li", PASSWORD, &[]).await;
    assert_eq!(right.status, 429, "the right one is not even looked at, so it cannot be told");

    for n in 0..LOGIN_TRIES {
        assert_eq!(wrong(&desk, &format!("name{n}"), "198.51.100.7").await.status, 401);
    }
    assert_eq!(wrong(&desk, "wang", "198.51.100.7").await.status, 429);
    // What a client writes in front of what the proxy adds is its own invention.
    assert_eq!(wrong(&desk, "wang", "203.0.113.1, 198.51.100.7").await.status, 429);
    assert_eq!(desk.try_login("wang", PASSWORD, &[]).await.status, 204, "others are not held up");
}

#[tokio::test]
async fn an_unknown_name_a_disabled_account_and_a_wrong_password_look_alike() {
    let desk = named().await;
    desk.account("li", Role::Agent).await;
    desk.account("wang", Role::Agent).await;
    desk.change("wang", AccountChange::Disable).await;
    let mut seen = Vec::new();
    for (n, name) in ["li", "wang", "nobody", "", "local", "<b>", &"x".repeat(2_000)].into_iter().enumerate() {
        let answer = wrong(&desk, name, &format!("192.0.2.{n}")).await;
        seen.push((answer.status, answer.head.to_lowercase(), answer.text()));
    }
    let body = json!({"name": "wang", "password": PASSWORD}).to_string();
    let disabled = desk.try_login("wang", PASSWORD, &[]).await;
    assert_eq!((disabled.status, problem(&disabled).as_str()), (401, "credentials"), "{body}");
    let date = |head: &str| head.lines().filter(|line| !line.starts_with("date")).collect::<Vec<_>>().join("\n");
    for (status, head, text) in &seen {
        assert_eq!((*status, date(head), text), (401, date(&seen[0].1), &seen[0].2));
    }
}

#[tokio::test]
async fn what_is_no_login_request_is_told_so() {
    let desk = TestDesk::start().await;
    desk.account("li", Role::Agent).await;
    let origin = format!("Origin: {}", desk.origin());
    let json_type = "Content-Type: application/json";
    let good = json!({"name": "li", "password": PASSWORD}).to_string();
    let form = desk.ask("POST", "/api/login", &[&origin, "Content-Type: text/plain"], good.as_bytes()).await;
    assert_eq!(form.status, 422, "a form of another site can send text/plain");
    let long = json!({"name": "li", "password": "x".repeat(10_000)}).to_string();
    for junk in ["", "{}", "[]", "{\"name\": 1, \"password\": \"x\"}", "{\"name\": \"li\"}", &long] {
        let answer = desk.ask("POST", "/api/login", &[&origin, json_type], junk.as_bytes()).await;
        assert_eq!(answer.status, 422, "{junk:.40}");
    }
}

#[tokio::test]
async fn neither_tokens_nor_passwords_are_in_the_database() {
    let desk = TestDesk::start().await;
    let cookie = desk.person("li", Role::Agent).await;
    let _wrong = desk.try_login("li", "wrong horse battery", &[]).await;
    let _unknown = desk.try_login("a password typed into the name", "x", &[]).await;
    let token = cookie.split('=').nth(1).unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(desk.dir.path().join("data")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            for secret in [token, PASSWORD, "wrong horse battery", "a password typed"] {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{secret} is in {}", path.display());
            }
            files += 1;
        }
    }
    assert!(files >= 2, "the database and its log were looked at");
    let rows = desk.people.audit(&AuditQuery::default(), 0, 100).await.unwrap();
    assert!(rows.iter().any(|row| row.row.who == "?"), "{rows:?}");
}

#[tokio::test]
async fn an_event_stream_ends_when_its_login_does() {
    let desk = TestDesk::start().await;
    let cookie = desk.person("li", Role::Agent).await;
    let mut stays = Reader::open(desk.address, "/api/events", &[&desk.login("li").await]).await;
    let mut ends = Reader::open(desk.address, "/api/events", &[&cookie]).await;
    assert_eq!(desk.as_person(&cookie, "POST", "/api/logout").await.status, 204);
    ends.until_closed().await;
    let call = crate::call::CallId::new();
    desk.events.send(crate::call::CallEvent::Erased { call }).unwrap();
    stays.until("event: erased\n").await;
}
