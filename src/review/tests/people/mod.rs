//! Accounts at the desk, over real HTTP with the real tables: who gets in, how far, and what is written down.

mod audit;
mod door;
mod hidden;
mod login;
mod routes;

use std::sync::OnceLock;

use serde_json::json;

use super::{Answer, Door, TestDesk, send};
use crate::review::{Role, password};
use crate::store::People as _;
use crate::store::people::AccountChange;

const PASSWORD: &str = "correct horse battery";

/// Hashed once: it takes its time.
fn hashed() -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| password::hash("nobody", PASSWORD).unwrap()).clone()
}

/// A desk that is also known by a name, behind a proxy on this machine.
async fn named() -> TestDesk {
    let hosts = vec!["desk.example".to_owned()];
    TestDesk::start_behind(Door { hosts, proxies: vec!["127.0.0.1/32".parse().unwrap()], open: false }).await
}

impl TestDesk {
    async fn account(&self, name: &str, role: Role) {
        self.change(name, AccountChange::Add { role, password: hashed() }).await;
    }

    async fn change(&self, name: &str, change: AccountChange) {
        self.people.change_account(name, change, "local", self.clock.unix_ms()).await.unwrap();
    }

    async fn try_login(&self, name: &str, password: &str, headers: &[&str]) -> Answer {
        let body = json!({"name": name, "password": password}).to_string();
        let origin = format!("Origin: {}", self.origin());
        let mut lines = vec![origin.as_str(), "Content-Type: application/json"];
        lines.extend(headers);
        self.ask("POST", "/api/login", &lines, body.as_bytes()).await
    }

    /// The `Cookie` line of a new login.
    async fn login(&self, name: &str) -> String {
        let answer = self.try_login(name, PASSWORD, &[]).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        cookie(&answer)
    }

    /// A new account and the `Cookie` line of its login.
    async fn person(&self, name: &str, role: Role) -> String {
        self.account(name, role).await;
        self.login(name).await
    }

    async fn as_person(&self, cookie: &str, method: &str, path: &str) -> Answer {
        let origin = format!("Origin: {}", self.origin());
        self.ask(method, path, &[cookie, &origin], b"").await
    }

    /// As a browser beyond this machine, whose requests the proxy brings.
    async fn ask_from_afar(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let mut lines = vec!["Host: desk.example", "Origin: https://desk.example"];
        lines.extend(headers);
        if !headers.iter().any(|line| line.starts_with("X-Forwarded-For")) {
            lines.push("X-Forwarded-For: 192.0.2.7");
        }
        send(self.address, method, path, &lines, body).await
    }
}

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    format!("Cookie: {}", set.split(';').next().unwrap())
}

/// The last part of a problem's type; nothing of an answer that is none.
fn problem(answer: &Answer) -> String {
    let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    document["type"].as_str().and_then(|name| name.rsplit(':').next()).unwrap_or_default().to_owned()
}
