//! People at the desk: who they are (`login`), what each may do (`rules`), what is hidden from whom (`mask`), and what is
//! written down about it (`audit`).
//!
//! Without accounts everything is for this machine's own user, who is an administrator called `local`. With the first
//! account every route asks for a login, but for those that [`rules`] lists for anyone.
//!
//! Our own and not axum-login with tower-sessions: a login here is one row that the account's role is joined to, so a
//! changed role or a disabled account counts at the next request; the table holds hashes of tokens and no tokens; and
//! what bounds it (idle, absolute, so many an account) would be ours with those crates as well.

mod agent;
pub(in crate::review) mod audit;
pub(in crate::review) mod login;
pub(in crate::review) mod mask;
pub mod password;
pub(in crate::review) mod rules;
mod shown;
mod throttle;
pub(in crate::review) mod token;

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::counter;

use self::agent::not_logged_in;
use self::rules::{For, RULES, rule};
use super::guard::Came;
use super::{Desk, Inner};
use crate::config::limits::{LOGIN_IDLE, LOGIN_LIFETIME, LOGIN_NOTED};
use crate::intake::problem::Problem;
use crate::store::StoreError;
use crate::store::people::{Login, TokenHash};

pub use agent::{Agent, LOCAL, Role};
pub use token::Token;

/// In the extensions of a request that came with a login.
#[derive(Clone, Copy)]
pub(super) struct LoginKey(TokenHash);

/// Lets through whom the route is for, with their [`Agent`] in the request's extensions.
pub(super) async fn admit(State(desk): State<Desk>, route: MatchedPath, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match who(&desk, route.as_str(), &parts).await {
        Ok(Who::Nobody) => {}
        Ok(Who::Local) => {
            parts.extensions.insert(Agent::local());
        }
        Ok(Who::Account(agent, key)) => {
            parts.extensions.insert(agent);
            parts.extensions.insert(key);
        }
        Err(problem) => {
            counter!("heardline_review_refused_total", "reason" => "login").increment(1);
            return problem.into_response();
        }
    }
    next.run(Request::from_parts(parts, body)).await
}

enum Who {
    /// And it need not be anybody.
    Nobody,
    Local,
    Account(Agent, LoginKey),
}

async fn who(desk: &Desk, route: &str, request: &Parts) -> Result<Who, Problem> {
    let whom = rule(&request.method, route);
    if whom == Some(For::Anyone) {
        return Ok(Who::Nobody);
    }
    if !desk.parts.people.has_accounts().await? {
        return if desk.parts.door.open { Ok(Who::Local) } else { Err(nobody_yet()) };
    }
    let whom = whom.ok_or_else(|| unruled(route, &request.method))?;
    let here = request.extensions.get::<Came>().is_some_and(|came| came.here);
    if here && Token::of_bearer(&request.headers).is_some_and(|key| key.hash() == desk.parts.local_key.hash()) {
        return Ok(Who::Local);
    }
    if here && whom == For::ThisMachine {
        return Ok(Who::Nobody);
    }
    let token = Token::of_cookie(&request.headers).ok_or_else(not_logged_in)?;
    let login = current(desk, &token.hash()).await?.ok_or_else(not_logged_in)?;
    if !whom.allows(login.role) {
        let detail = format!("this is for {}; you are logged in as {} ({})", whom.told(), login.account, login.role);
        return Err(Problem::new(StatusCode::FORBIDDEN, "role", detail));
    }
    let agent = Agent { name: login.account, role: login.role };
    Ok(Who::Account(agent, LoginKey(token.hash())))
}

/// The login that the token stands for, as long as it lasts. That it was used is noted once a minute.
async fn current(desk: &Inner, token: &TokenHash) -> Result<Option<Login>, StoreError> {
    let (people, now) = (&desk.parts.people, desk.parts.clock.unix_ms());
    let login = people.login(token).await?.filter(|login| lasts(login, now));
    if let Some(login) = &login
        && now.saturating_sub(login.seen_unix_ms) >= millis(LOGIN_NOTED)
    {
        people.seen(token, now).await?;
    }
    Ok(login)
}

/// Whether an answer that goes on for long (an event stream) may still go on. Asking counts as use: an open desk is there to
/// tell of emergencies, so it is the absolute limit that ends it.
pub(super) async fn still_logged_in(desk: &Inner, key: LoginKey) -> bool {
    // A store that cannot answer now is no reason to cut off everybody who listens.
    current(desk, &key.0).await.map_or(true, |login| login.is_some())
}

/// Wall time, because logins outlive the process.
fn lasts(login: &Login, now: i64) -> bool {
    let (began, seen) = over_before(now);
    login.began_unix_ms >= began && login.seen_unix_ms >= seen
}

/// A login is over when it began before the first, or was last seen before the second.
fn over_before(now: i64) -> (i64, i64) {
    (now.saturating_sub(millis(LOGIN_LIFETIME)), now.saturating_sub(millis(LOGIN_IDLE)))
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Beyond this machine, after the last account was removed.
fn nobody_yet() -> Problem {
    let detail = "the desk has no accounts; on its machine: heardline users add NAME --role administrator";
    Problem::new(StatusCode::FORBIDDEN, "no-accounts", detail)
}

/// Not even for an administrator: a route must say whom it is for.
fn unruled(route: &str, method: &Method) -> Problem {
    if RULES.iter().any(|(_, path, _)| *path == route) {
        return Problem::of_status(StatusCode::METHOD_NOT_ALLOWED);
    }
    tracing::error!(route, %method, "this route says nowhere whom it is for, so it is for nobody");
    Problem::new(StatusCode::FORBIDDEN, "role", "this is for nobody; the log of the gateway says why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_when_it_is_idle_and_when_it_is_old() {
        let now = 1_700_000_000_000;
        let login = |began: i64, seen: i64| Login {
            account: "li".into(),
            role: Role::Agent,
            began_unix_ms: now - began,
            seen_unix_ms: now - seen,
        };
        let (idle, life) = (millis(LOGIN_IDLE), millis(LOGIN_LIFETIME));
        assert!(lasts(&login(idle, idle), now) && lasts(&login(life, 0), now));
        assert!(!lasts(&login(idle + 1, idle + 1), now), "idle");
        assert!(!lasts(&login(life + 1, 0), now), "old, however busy");
        assert!(millis(LOGIN_NOTED) * 2 < idle, "noting its use seldom must not end it");
    }
}
