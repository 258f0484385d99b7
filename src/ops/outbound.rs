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
