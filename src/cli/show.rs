//! Utterances and drafts as people read them in a terminal.

use std::fmt::Write as _;

use serde_json::Value;

use crate::call::{Coverage, SegmentOutcome, Utterance};

/// `[  4.2 -  7.7]  I would like to report …`
pub(super) fn utterance(utterance: &Utterance) -> String {
    let span = utterance.spoken_span();
    let seconds = |ms: u64| ms as f64 / 1000.0;
    let text = match utterance.outcome {
        SegmentOutcome::Text => utterance.text.as_str(),
        SegmentOutcome::NoSpeech => "(no words)",
        SegmentOutcome::Unrecognised => "(not recognised: needs listening)",
    };
    format!("[{:5.1} -{:5.1}]  {text}", seconds(span.start.as_millis()), seconds(span.end.as_millis()))
}

pub(super) fn coverage(coverage: &Coverage) -> String {
    let seconds = |ms: u64| ms as f64 / 1000.0;
    let mut text = format!(
        "{:.1} s of audio: {:.1} s words, {:.1} s silence",
        seconds(coverage.total_ms()),
        seconds(coverage.text_ms),
        seconds(coverage.silence_ms)
    );
    for (millis, what) in [
        (coverage.unrecognised_ms, "not recognised"),
        (coverage.lost_ms, "lost on the line"),
        (coverage.not_recorded_ms, "not recorded by policy"),
    ] {
        if millis > 0 {
            let _infallible = write!(text, ", {:.1} s {what}", seconds(millis));
        }
    }
    text
}

/// Fields of a draft with what supports them, missing ones too.
pub(super) fn draft(draft: &Value) -> String {
    let mut out = String::new();
    let issue = draft.pointer("/issues/0").unwrap_or(&Value::Null);
    row(&mut out, "category", issue.get("category"));
    said(&mut out, "request", issue.get("request_type"));
    row(&mut out, "place", issue.pointer("/location/address_text"));
    said(&mut out, "when", issue.pointer("/occurred_at/text"));
    time_row(&mut out, issue.get("occurred_at"));
    said(&mut out, "against", issue.get("respondent"));
    said(&mut out, "affected", issue.get("affected_count"));
    said(&mut out, "for several", issue.get("group_demand"));
    said(&mut out, "wants", issue.get("desired_outcome"));
    row(&mut out, "name", draft.pointer("/caller/name"));
    said(&mut out, "anonymity", draft.pointer("/caller/anonymity"));
    for phone in draft.pointer("/caller/phones").and_then(Value::as_array).into_iter().flatten() {
        phone_row(&mut out, phone);
    }
    said(&mut out, "call back", draft.pointer("/caller/follow_up_consent"));
    said(&mut out, "call when", draft.pointer("/caller/callback_window"));
    said(&mut out, "vulnerable", draft.pointer("/caller/vulnerability"));
    said(&mut out, "interpreter", draft.pointer("/language/needs_interpreter"));
    said(&mut out, "speaks", draft.pointer("/language/interpreter_language"));
    row(&mut out, "urgency", issue.get("urgency"));
    row(&mut out, "emergency", draft.pointer("/emergency/flag"));
    row(&mut out, "title", issue.get("title"));
    row(&mut out, "description", issue.get("description"));
    for other in draft["issues"].as_array().into_iter().flatten().skip(1) {
        row(&mut out, "also", other.get("category"));
        said(&mut out, "", other.pointer("/location/address_text"));
    }
    said(&mut out, "case number", draft.get("quoted_reference"));
    if let Some(disposition) = draft.get("disposition_suggestion").and_then(Value::as_str) {
        let _infallible = writeln!(out, "  {:12} {disposition}", "suggestion");
    }
    out
}

/// A row of what need not be said in a call: none without a value.
fn said(out: &mut String, label: &str, field: Option<&Value>) {
    row(out, label, field.filter(|field| field.get("value").is_some_and(|value| !value.is_null())));
}

fn time_row(out: &mut String, occurred: Option<&Value>) {
    let text = |key: &str| occurred.and_then(|occurred| occurred.get(key)?.as_str());
    if let Some(start) = text("start") {
        let end = text("end").map(|end| format!(" to {end}")).unwrap_or_default();
        let precision = text("precision").unwrap_or_default().replace('_', " ");
        let _infallible = writeln!(out, "  {:12} {start}{end} ({precision})", "");
    }
}

fn row(out: &mut String, label: &str, field: Option<&Value>) {
    let Some(field) = field else { return };
    let value = match field.get("value") {
        None | Some(Value::Null) => "(caller did not say)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(flag)) => if *flag { "YES" } else { "no" }.to_owned(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Some(other) => other.to_string(),
    };
    line(out, label, &value, field);
}

fn phone_row(out: &mut String, phone: &Value) {
    let text = |key: &str| phone.get(key).and_then(Value::as_str);
    let Some(number) = text("e164").or(text("number")).or(text("raw")) else { return };
    let origin = text("origin").unwrap_or_default();
    line(out, "number", &format!("{number} ({origin})"), phone);
}

fn line(out: &mut String, label: &str, value: &str, field: &Value) {
    let check = if field.get("needs_review") == Some(&Value::Bool(true)) { "  <- check" } else { "" };
    let mut evidence = String::new();
    for piece in field.get("evidence").and_then(Value::as_array).into_iter().flatten().take(2) {
        let at = |key: &str| piece.get(key).and_then(Value::as_u64).unwrap_or(0) as f64 / 1000.0;
        let quote: String = piece.get("text").and_then(Value::as_str).unwrap_or_default().chars().take(60).collect();
        let _infallible = write!(
            evidence,
            "\n  {:12} \u{2570} {:.1}-{:.1} s: \"{quote}\"",
            "",
            at("audio_start_ms"),
            at("audio_end_ms")
        );
    }
    let _infallible = writeln!(out, "  {label:12} {value}{check}{evidence}");
}
