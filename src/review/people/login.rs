//! `POST /api/login`, `POST /api/logout`, `GET /api/me`.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics::counter;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore, watch};
use utoipa::ToSchema;

use super::agent::Agent;
use super::throttle::Tries;
use super::token::{Token, clear_cookie, set_cookie};
use super::{over_before, password};
use crate::config::limits;
use crate::ingress::buckets::neighbourhood;
use crate::intake::problem::Problem;
use crate::review::Desk;
use crate::review::guard::Came;
use crate::review::inbox::{is_json, unprocessable};
use crate::store::people::{NewAuditRow, NewLogin, What};

/// Bytes of the request.
const MOST_BYTES: usize = 4 << 10;
/// In the audit, for a name that is no account's: what was typed may be a password.
const UNKNOWN: &str = "?";
/// Of those, one row in so long.
const UNKNOWN_QUIET_MS: i64 = 60_000;

/// What stands before the accounts: how often and how many at once.
pub(in crate::review) struct Gate {
    tries: Mutex<Tries>,
    waiting: Semaphore,
    checking: Semaphore,
    /// The hash that an unknown name is checked against.
    nobodys: OnceCell<String>,
    /// Told when a login ends here, so that what it keeps open ends at once.
    pub ended: watch::Sender<()>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            tries: Mutex::default(),
            waiting: Semaphore::new(limits::LOGINS_WAITING),
            checking: Semaphore::new(limits::LOGINS_AT_ONCE),
            nobodys: OnceCell::new(),
            ended: watch::Sender::new(()),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::review) struct Credentials {
    name: String,
    password: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::review) struct Me {
    name: String,
    /// `agent`, `supervisor`, `administrator` or `auditor`.
    role: &'static str,
    /// `false`: nobody has an account, and whoever sits at this machine is `local`, an administrator.
    accounts: bool,
}

#[utoipa::path(get, path = "/api/me", tag = "people", operation_id = "me",
    responses((status = 200, description = "who is logged in", body = Me),
              (status = 401, description = "nobody", body = Problem)))]
pub(in crate::review) async fn me(agent: Agent) -> Json<Me> {
    let accounts = !agent.is_local();
    Json(Me { name: agent.name, role: agent.role.as_str(), accounts })
}

#[utoipa::path(post, path = "/api/login", tag = "people", operation_id = "login",
    request_body(content = Credentials, content_type = "application/json"),
    responses((status = 204, description = "logged in; the cookie heardline_login has a new token"),
              (status = 401, description = "name or password is wrong", body = Problem),
              (status = 403, description = "not from this desk", body = Problem),
              (status = 409, description = "there are no accounts, and none is needed", body = Problem),
              (status = 422, description = "a body that is none", body = Problem),
              (status = 429, description = "too many wrong tries; see Retry-After", body = Problem),
              (status = 503, description = "too many log in at this moment; see Retry-After", body = Problem)))]
pub(in crate::review) async fn login(
    State(desk): State<Desk>,
    Extension(came): Extension<Came>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let credentials = read(&headers, &body)?;
    if !desk.parts.people.has_accounts().await? {
        let detail = "the desk has no accounts; heardline users add NAME makes the first";
        return Err(Problem::new(StatusCode::CONFLICT, "no-accounts", detail));
    }
    let busy = || later(StatusCode::SERVICE_UNAVAILABLE, "busy", "many people log in at this moment", 1);
    let Ok(_waits) = desk.gate.waiting.try_acquire() else { return Ok(busy()) };
    let Ok(_place) = desk.gate.checking.acquire().await else { return Ok(busy()) };

    let typed: String = credentials.name.chars().take(limits::MAX_ACCOUNT_NAME * 4).collect();
    let name = password::account_name(&typed).unwrap_or_default();
    let keys = [format!("name {name}"), source(came.client)];
    let at = desk.parts.clock.instant();
    if let Err(wait) = tries(&desk, |tries| tries.take(&keys, at)) {
        counter!("heardline_logins_total", "result" => "throttled").increment(1);
        let detail = "too many wrong names or passwords; wait, then try again";
        return Ok(later(StatusCode::TOO_MANY_REQUESTS, "throttled", detail, wait.as_secs() + 1));
    }
    match checked(&desk, &name, credentials.password, came.client).await? {
        Some(token) => {
            tries(&desk, |tries| tries.forgive(&keys, at));
            counter!("heardline_logins_total", "result" => "in").increment(1);
            // What this browser had before is over, whoever gave it to it.
            if let Some(before) = Token::of_cookie(&headers) {
                end(&desk, &before).await?;
            }
            Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie(&token, came.https))]).into_response())
        }
        None => {
            counter!("heardline_logins_total", "result" => "refused").increment(1);
            Err(Problem::new(StatusCode::UNAUTHORIZED, "credentials", "the name or the password is wrong"))
        }
    }
}

#[utoipa::path(post, path = "/api/logout", tag = "people", operation_id = "logout",
    responses((status = 204, description = "logged out, here and on the server"),
              (status = 403, description = "not from this desk", body = Problem)))]
pub(in crate::review) async fn logout(
    State(desk): State<Desk>,
    Extension(came): Extension<Came>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = Token::of_cookie(&headers) {
        end(&desk, &token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, clear_cookie(came.https))]).into_response())
}

async fn end(desk: &Desk, token: &Token) -> Result<(), Problem> {
    desk.parts.people.log_out(&token.hash()).await?;
    desk.gate.ended.send_replace(());
    Ok(())
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Credentials, Problem> {
    let read = if is_json(headers) && body.len() <= MOST_BYTES { serde_json::from_slice(body).ok() } else { None };
    read.ok_or_else(|| unprocessable("body", "expected application/json: {\"name\": \"…\", \"password\": \"…\"}"))
}

/// The same work for every name. `None`: no such account, disabled, or another password.
async fn checked(desk: &Desk, name: &str, typed: String, from: Option<IpAddr>) -> Result<Option<Token>, Problem> {
    let people = &desk.parts.people;
    let found = people.credentials(name).await?;
    let kept = match &found {
        Some((_, hash)) => hash.clone(),
        None => desk.gate.nobodys().await?,
    };
    let hash = kept.clone();
    let fits = tokio::task::spawn_blocking(move || password::fits(&typed, &hash)).await.unwrap_or(false);
    let (token, at_unix_ms) = (Token::generate(), desk.parts.clock.unix_ms());
    let from = from.map_or_else(|| UNKNOWN.to_owned(), |address| address.to_string());
    if fits && found.is_some() {
        let login = NewLogin {
            token_sha256: token.hash(),
            account: name.to_owned(),
            password: kept,
            at_unix_ms,
            over_before: over_before(at_unix_ms),
            most: limits::LOGINS_PER_ACCOUNT,
            from: from.clone(),
        };
        if people.log_in(login).await? {
            return Ok(Some(token));
        }
    }
    let (who, quiet_ms) = match found {
        Some(_) => (name, 0),
        None => (UNKNOWN, UNKNOWN_QUIET_MS),
    };
    let detail = Some(format!("from {from}"));
    let row = NewAuditRow { at_unix_ms, who: who.to_owned(), what: What::LoginFailed, call: None, detail };
    people.add_audit(row, quiet_ms).await?;
    Ok(None)
}

impl Gate {
    async fn nobodys(&self) -> Result<String, Problem> {
        let make = || async {
            let made = tokio::task::spawn_blocking(password::nobodys).await;
            made.map_err(|error| error.to_string()).and_then(|made| made.map_err(|error| error.to_string()))
        };
        let hash = self.nobodys.get_or_try_init(make).await.cloned();
        hash.map_err(|error| {
            tracing::error!(error, "nobody can log in");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "login", "the log of the gateway says why")
        })
    }
}

fn tries<T>(desk: &Desk, with: impl FnOnce(&mut Tries) -> T) -> T {
    with(&mut desk.gate.tries.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whom a try is counted to, beside the name.
fn source(client: Option<IpAddr>) -> String {
    client.map_or_else(|| "from somewhere".to_owned(), |ip| format!("from {}", neighbourhood(ip)))
}

fn later(status: StatusCode, name: &str, detail: &str, seconds: u64) -> Response {
    ([(header::RETRY_AFTER, seconds.to_string())], Problem::new(status, name, detail)).into_response()
}
