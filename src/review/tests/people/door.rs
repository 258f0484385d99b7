use super::*;

#[tokio::test]
async fn the_desk_is_opened_by_its_names_and_by_no_other() {
    let desk = named().await;
    desk.account("li", Role::Agent).await;
    for host in ["desk.example", "DESK.example:8443", "localhost", "127.0.0.1:1"] {
        let answer = send(desk.address, "GET", "/", &[&format!("Host: {host}")], b"").await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in
        ["evil.example", "desk.example.evil.example", "xdesk.example", "desk.example.", "desk.example@evil.example"]
    {
        let answer = send(desk.address, "GET", "/", &[&format!("Host: {host}")], b"").await;
        assert!(matches!(answer.status, 400 | 421), "{host}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_cookie_of_an_https_desk_never_travels_in_the_clear() {
    let desk = named().await;
    desk.account("li", Role::Agent).await;
    let body = json!({"name": "li", "password": PASSWORD}).to_string();
    let afar = desk.ask_from_afar("POST", "/api/login", &["Content-Type: application/json"], body.as_bytes()).await;
    let set = afar.header("set-cookie").unwrap();
    assert!(set.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{set}");
    let here = desk.try_login("li", PASSWORD, &[]).await;
    assert!(!here.header("set-cookie").unwrap().contains("Secure"), "a browser would not keep it here");
}

#[tokio::test]
async fn beyond_this_machine_nothing_goes_without_https() {
    // As a listener on every address is: the peer counts, and in this test it is not the proxy.
    let open = Door { hosts: vec!["desk.example".into()], proxies: Vec::new(), open: false };
    let desk = TestDesk::start_beyond(open).await;
    desk.account("li", Role::Agent).await;
    for path in ["/", "/api/me", "/health/live", "/metrics"] {
        let answer = desk.ask_from_afar("GET", path, &[], b"").await;
        assert_eq!((answer.status, problem(&answer).as_str()), (403, "plain"), "{path}");
    }
}

#[tokio::test]
async fn metrics_are_for_programs_on_this_machine_and_health_for_everybody() {
    let desk = named().await;
    let cookie = desk.person("li", Role::Agent).await;
    assert_eq!(desk.get("/metrics").await.status, 200, "Prometheus' agent here needs no login");
    assert_eq!(desk.ask_from_afar("GET", "/metrics", &[], b"").await.status, 401);
    assert_eq!(desk.ask_from_afar("GET", "/metrics", &[&cookie], b"").await.status, 200);
    let brought = desk.ask("GET", "/metrics", &["X-Forwarded-For: 127.0.0.1, 192.0.2.7"], b"").await;
    assert_eq!(brought.status, 401, "by a proxy that writes its own Host");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(desk.ask_from_afar("GET", path, &[], b"").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_key_in_the_data_folder_opens_the_desk_from_this_machine_only() {
    let desk = named().await;
    desk.account("li", Role::Agent).await;
    let key = format!("Authorization: Bearer {}", desk.local_key.expose());
    let me = desk.ask("GET", "/api/me", &[&key], b"").await.json();
    assert_eq!((&me["name"], &me["role"]), (&json!("local"), &json!("administrator")));
    assert_eq!(desk.ask_from_afar("GET", "/api/me", &[&key], b"").await.status, 401);
    let other = format!("Authorization: Bearer {}", "A".repeat(43));
    for line in [&other, "Authorization: Bearer", "Authorization: Basic bGk6bGk="] {
        assert_eq!(desk.ask("GET", "/api/me", &[line], b"").await.status, 401, "{line}");
    }
}

#[tokio::test]
async fn a_desk_for_others_without_accounts_is_shut() {
    let desk = named().await;
    for path in ["/api/calls", "/api/me", "/metrics", "/intake/drafts"] {
        for answer in [desk.get(path).await, desk.ask_from_afar("GET", path, &[], b"").await] {
            assert_eq!((answer.status, problem(&answer).as_str()), (403, "no-accounts"), "{path}");
        }
    }
}
