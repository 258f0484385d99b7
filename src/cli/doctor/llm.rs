//! The language model that adds to drafts, and what would keep it from it.

use super::{Finding, answers, fail, good, place, warn};
use crate::config::Config;
use crate::config::secret::ApiKey;

pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    let (llm, what) = (&config.llm, "llm");
    let Some(url) = &llm.url else { return Vec::new() };
    let mut findings = Vec::new();
    if let Some(Err(error)) = llm.key_file.as_deref().map(ApiKey::load) {
        findings.push(fail(what, error.to_string()));
    }
    let Some((host, port)) = place(url) else {
        return vec![fail(what, format!("{url}: names no host"))];
    };
    if llm.sends_words_to().is_some() {
        let plain = if url.starts_with("http:") { ", and not encrypted" } else { "" };
        findings.push(warn(what, format!("callers' words leave this machine for {host}:{port}{plain}")));
    }
    findings.push(match answers(&host, port).await {
        Ok(()) => good(what, format!("{} at {host}:{port}; it answers", llm.model)),
        Err(e) => warn(what, format!("{host}:{port}: {e}; drafts are the rules' alone until it answers")),
    });
    findings
}
