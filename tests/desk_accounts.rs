//! The desk with accounts, as operators set it up: the commands, what does not start, https, and what still works.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::any_phone::Certificate;
use common::served::{Served, configuration, heardline, make, plan};
use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PASSWORD: &str = "correct horse battery";

/// `heardline users …` with `typed` on standard input: (exit code, stdout, stderr).
fn users(config: &Path, arguments: &[&str], typed: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heardline"));
    command.arg("users").args(arguments).arg("--config").arg(config);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that asks for no password has ended, perhaps.
    let _unread = std::io::Write::write_all(&mut process.stdin.take().unwrap(), typed.as_bytes());
    let output = process.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn add(config: &Path, name: &str, role: &str) {
    let (code, _, error) = users(config, &["add", name, "--role", role], &format!("{PASSWORD}\n"));
    assert_eq!(code, Some(0), "{error}");
}

/// Status and `Cookie` line.
async fn login(desk: &str, name: &str, password: &str) -> (u16, Option<String>) {
    let url = format!("{desk}/api/login");
    let ask = reqwest::Client::new().post(url).header("origin", desk).header("content-type", "application/json");
    let answer = ask.body(json!({"name": name, "password": password}).to_string()).send().await.unwrap();
    let cookie =
        answer.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    (answer.status().as_u16(), cookie)
}

async fn get(desk: &str, path: &str, cookie: &str) -> (u16, String) {
    let answer = reqwest::Client::new().get(format!("{desk}{path}")).header("cookie", cookie).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[test]
fn accounts_are_made_listed_and_changed_and_no_password_is_an_argument() {
    let folder = TempDir::new().unwrap();
    let config = configuration(folder.path(), "", "");
    let (code, _, error) = users(&config, &["list"], "");
    assert!(code == Some(1) && error.contains("no such data folder"), "{error}");
    let (code, said, _) = users(&config, &["add", "Li.Na", "--role", "supervisor"], &format!("{PASSWORD}\n"));
    assert_eq!((code, said.as_str()), (Some(0), "li.na may log in as supervisor"));
    for (arguments, typed, words) in [
        (&["add", "li.na"][..], PASSWORD, "users password li.na"),
        (&["add", "wang"], "short", "12 characters"),
        (&["add", "wang"], "", "standard input"),
        (&["add", "wang"], "wang's password", "too easy"),
        (&["add", "a b"], PASSWORD, "letters, digits"),
        (&["add", "local"], PASSWORD, "taken"),
        (&["role", "nobody", "agent"], "", "users list"),
        (&["password", "nobody"], PASSWORD, "no account nobody"),
        (&["remove", "nobody"], "", "no account nobody"),
    ] {
        let (code, said, error) = users(&config, arguments, typed);
        assert_eq!(code, Some(1), "{arguments:?} {said}");
        assert!(error.contains(words) && error.lines().count() == 1, "{arguments:?}: {error}");
    }
    let (code, _, error) = users(&config, &["add", "wang", "--role", "king"], PASSWORD);
    assert!(code == Some(2) && error.contains("auditor"), "{error}");
    let (code, _, _) = users(&config, &["password", "li.na", "--password", PASSWORD], "");
    assert_eq!(code, Some(2), "there is no such option");
    for arguments in [&["role", "li.na", "auditor"][..], &["disable", "li.na"]] {
        assert_eq!(users(&config, arguments, "").0, Some(0), "{arguments:?}");
    }
    let (_, said, _) = users(&config, &["list"], "");
    let row: Vec<&str> = said.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, ["li.na", "auditor", "disabled", "never"]);
    let (_, said, _) = users(&config, &["remove", "li.na"], "");
    assert!(said.contains("last account"), "{said}");
    let (_, said, _) = users(&config, &["list"], "");
    assert!(said.contains("no accounts"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_desk_takes_accounts_over_at_once_and_commands_still_reach_it() {
    let folder = TempDir::new().unwrap();
    let config = configuration(folder.path(), "", "");
    let gateway = Served::start_with(config, |command| {
        command.env("HEARDLINE_LOG", "trace");
    });
    let (desk, config) = (format!("http://{}", gateway.desk), gateway.config.clone());
    make(plan(gateway.sip, "zh-water")).await.expect("a whole call");
    let calls = gateway.all_delivered(1).await;
    let id = calls[0]["id"].as_str().unwrap().to_owned();

    add(&config, "boss", "administrator");
    add(&config, "audrey", "auditor");
    assert_eq!(gateway.status("/api/calls").await, 401);
    assert_eq!(login(&desk, "boss", "another horse battery").await.0, 401);
    let (status, cookie) = login(&desk, "boss", PASSWORD).await;
    assert_eq!(status, 204);
    let cookie = cookie.unwrap();
    assert_eq!(get(&desk, "/api/calls", &cookie).await.0, 200);

    // The built-in endpoint takes drafts as before, for they are signed.
    make(plan(gateway.sip, "zh-water")).await.expect("a whole call");
    common::served::until("the second draft", async || {
        let (_, list) = get(&desk, "/intake/drafts", &cookie).await;
        let list: Value = serde_json::from_str(&list).unwrap();
        (list["drafts"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;

    let (code, said, error) = heardline(&["erase", &id, "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{said}{error}");
    let (_, auditor) = login(&desk, "audrey", PASSWORD).await;
    let (status, audit) = get(&desk, &format!("/api/audit?call={id}"), &auditor.unwrap()).await;
    let lines: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((status, lines.len(), &lines[0]["who"], &lines[0]["what"]), (200, 1, &json!("local"), &json!("erase")));

    assert_eq!(users(&config, &["disable", "boss"], "").0, Some(0));
    assert_eq!(get(&desk, "/api/calls", &cookie).await.0, 401, "at the next click");

    let key = std::fs::read_to_string(folder.path().join("data/heardline.lock")).unwrap();
    let key = key.lines().nth(1).unwrap();
    let token = cookie.split('=').nth(1).unwrap();
    let said = gateway.said();
    for secret in [key, token, PASSWORD, "another horse battery", "argon2"] {
        assert!(secret.len() >= 6 && !said.contains(secret), "{secret} is in the log");
    }
}

/// One answer over TLS: the whole text.
async fn over_tls(desk: std::net::SocketAddr, certificate: &Certificate, request: &str) -> String {
    let stream = TcpStream::connect(desk).await.unwrap();
    let name = ServerName::IpAddress(common::LOOPBACK.into());
    let mut stream = certificate.trusted(&[&TLS13]).connect(name, stream).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A peer that closes without close_notify has said all it had to.
    let _closed = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_it_starts_with_accounts_and_https_and_delivers_to_itself() {
    let folder = TempDir::new().unwrap();
    let certificate = Certificate::new();
    let files = format!(
        "hosts = [\"desk.example\"]\ntls_certificate = \"{}\"\ntls_key = \"{}\"\n",
        certificate.chain().display(),
        certificate.key().display()
    );
    let config = configuration(folder.path(), "", "");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replace("listen = \"127.0.0.1:0\"\n[public]", &format!("listen = \"0.0.0.0:0\"\n{files}[public]")),
    )
    .unwrap();

    let (code, _, error) = heardline(&["serve", "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, Some(64), "{error}");
    assert!(error.trim().lines().count() == 1 && error.contains("desk.listen = 0.0.0.0:0"), "{error}");
    assert!(error.contains("users add NAME --role administrator"), "{error}");
    let (code, said, _) = heardline(&["doctor", "--config", config.to_str().unwrap()]).await;
    assert!(code == Some(64) && said.contains("FAIL  desk accounts"), "{said}");

    add(&config, "boss", "administrator");
    let mut command = Command::new(env!("CARGO_BIN_EXE_heardline"));
    command.current_dir(common::bundled("")).args(["serve", "--config"]).arg(&config);
    let gateway = Served::run_as(command, config.clone(), "https://desk.example:");
    let desk = gateway.desk;
    let head = "Host: desk.example\r\nOrigin: https://desk.example\r\nConnection: close\r\n";
    let body = json!({"name": "boss", "password": PASSWORD}).to_string();
    let length = body.len();
    let request = format!(
        "POST /api/login HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = over_tls(desk, &certificate, &request).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();

    make(plan(gateway.sip, "zh-water")).await.expect("a whole call");
    let request = format!("GET /intake/drafts HTTP/1.1\r\n{head}Cookie: {cookie}\r\n\r\n");
    let held = common::served::until("the draft at the built-in endpoint", async || {
        Some(over_tls(desk, &certificate, &request).await).filter(|answer| answer.contains("draft_id"))
    })
    .await;
    assert!(held.contains("https://desk.example:"), "the recording's address is one that people can open: {held}");
    let id = held.split("\"call_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let (code, said, error) = heardline(&["erase", id, "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{said}{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_behind_a_proxy_needs_accounts_too() {
    let folder = TempDir::new().unwrap();
    let config = configuration(folder.path(), "", "");
    let text = std::fs::read_to_string(&config).unwrap();
    let proxied = "behind_proxy = true\ntrusted_proxies = [\"127.0.0.1/32\"]\nhosts = [\"desk.example\"]\n[public]";
    std::fs::write(&config, text.replace("[public]", proxied)).unwrap();
    let (code, _, error) = heardline(&["serve", "--config", config.to_str().unwrap()]).await;
    assert_eq!(code, Some(64), "{error}");
    assert!(error.contains("desk.behind_proxy") && error.contains("users add"), "{error}");
}
