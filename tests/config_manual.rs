//! `heardline.toml` is the manual of the configuration: what it says is what the code does.

use std::path::Path;

use heardline::config::Config;

const MANUAL: &str = include_str!("../heardline.toml");

#[test]
fn the_manual_parses_and_every_value_in_it_is_the_default() {
    let shown = Config::parse(MANUAL, Path::new("heardline.toml")).expect("the manual parses");
    assert_eq!(shown, Config::standard());
}

#[test]
fn every_key_the_code_knows_stands_in_the_manual() {
    let toml::Value::Table(known) = toml::Value::try_from(Config::standard()).expect("serialisable") else {
        panic!("a configuration is a table")
    };
    let mut missing = Vec::new();
    for (section, keys) in &known {
        let table = match keys {
            toml::Value::Array(tables) => tables.first().and_then(toml::Value::as_table),
            other => other.as_table(),
        };
        for (key, value) in table.into_iter().flatten() {
            // A table within a table has its own heading, and its own keys.
            let keys = value.as_table().map_or_else(|| vec![key], |inner| inner.keys().collect());
            for key in keys {
                if !MANUAL.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} ="))) {
                    missing.push(format!("{section}.{key}"));
                }
            }
        }
    }
    // Optional keys have no default to serialise; they stand in the manual as comments.
    for optional in [
        "public_address",
        "tls_certificate",
        "tls_key",
        "model_sha256",
        "url",
        "secret_file",
        "otlp_endpoint",
        "prompts",
        "script",
        "max_calls",
        "calls_per_second",
        "addresses",
        "token_key",
        "username",
        "credential",
        "key_file",
        "taxonomy",
        "units",
        "gazetteer",
        "emergency_transfer",
    ] {
        if !MANUAL.contains(&format!("# {optional} =")) {
            missing.push(optional.into());
        }
    }
    assert!(missing.is_empty(), "not in heardline.toml: {missing:?}");
}

#[test]
fn commented_examples_in_the_manual_parse_too() {
    let uncommented: String = MANUAL
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with("[[") || rest.contains(" = ") && rest.split(' ').nth(1) == Some("=") => {
                rest.trim_start_matches("# ").to_owned()
            }
            _ => line.to_owned(),
        })
        .filter(|line| !line.starts_with("model_sha256") && !line.starts_with("prompts"))
        .map(|line| if line.starts_with("allow_remote") { "allow_remote = true".into() } else { line + "\n" })
        .collect::<Vec<_>>()
        .join("\n");
    let config = Config::parse(&uncommented, Path::new("heardline.toml")).expect("examples parse");
    assert_eq!(config.trunks.len(), 1);
    assert!(config.sip.public_address.is_some());
}
