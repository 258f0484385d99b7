//! What our HTTP clients have in common: they go where they are told and nowhere else, and say in one line what failed.

use reqwest::{Client, ClientBuilder, Response, Url};

use crate::config::limits;

/// A client for this URL's scheme: no redirects, no proxies, no retries of its own, no Referer.
pub fn builder(url: &Url) -> ClientBuilder {
    // `main` installs the provider; a second installation is refused and changes nothing, so tests are safe too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("heardline/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy();
    match url.scheme() {
        // No certificate will be looked at, so a machine without any can still talk to its own loopback.
        "http" => builder.tls_certs_only([]),
        _ => builder,
    }
}

/// Asks one place again and again, for the benchmark.
#[derive(Clone)]
pub struct Asker {
    client: Client,
    base: Url,
}

impl Asker {
    /// `base`: where the paths are.
    pub fn new(base: &str) -> Result<Self, String> {
        let base = Url::parse(base).map_err(|e| format!("{base}: {e}"))?;
        Ok(Self { client: builder(&base).build().map_err(describe)?, base })
    }

    /// The body, or the status and what it says.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        body_of(path, self.client.get(self.url(path)?)).await
    }

    /// Posts JSON as the desk's own page would, as a change of that revision.
    pub async fn post(&self, path: &str, revision: Option<u64>, body: &str) -> Result<Vec<u8>, String> {
        let origin = self.base.origin().ascii_serialization();
        let request = self.client.post(self.url(path)?).header("Origin", origin);
        let request = request.header("Content-Type", "application/json").body(body.to_owned());
        let request = match revision {
            Some(revision) => request.header("If-Match", format!("\"{revision}\"")),
            None => request,
        };
        body_of(path, request).await
    }

    /// Reads a stream line by line until it ends.
    pub async fn follow(&self, path: &str, mut line: impl FnMut(&str)) -> Result<(), String> {
        let failed = |error| format!("{path}: {}", describe(error));
        let mut answer = self.client.get(self.url(path)?).send().await.map_err(failed)?;
        let mut rest = String::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            rest.push_str(&String::from_utf8_lossy(&chunk));
            while let Some((one, after)) = rest.split_once('\n') {
                line(one);
                rest = after.to_owned();
            }
        }
        Ok(())
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.base.join(path).map_err(|e| format!("{path}: {e}"))
    }
}

async fn body_of(path: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, String> {
    let failed = |error| format!("{path}: {}", describe(error));
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(failed)?.to_vec();
    if status.is_success() { Ok(body) } else { Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body))) }
}

/// The chain of causes without the URL, whose query may hold a token.
pub fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { error.to_string() };
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// At most `most` bytes of the body, and whether there was more; the connection is dropped with the rest unread.
///
/// # Errors
/// The body broke off or took too long; what came before is lost.
pub async fn read_bounded(response: &mut Response, most: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = most - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok((body, true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, false))
}

/// Control characters become spaces, length is bounded: a stranger's text goes to logs, the store and the desk.
pub fn one_line(text: &str) -> String {
    text.chars().take(limits::MAX_PROBLEM_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
