//! How far a transcript is from its reference.

/// What is said in a bundled sample.
pub fn reference(sample: &str) -> String {
    let file = super::bundled(&format!("audio-samples/{sample}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let known: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let sentences = known["sentences"].as_array().expect("its sentences").iter();
    sentences.map(|sentence| sentence["text"].as_str().expect("text")).collect::<Vec<_>>().join(" ")
}

/// Error rate of a sample's transcript, by the measure of its language; also the reference's length in that measure.
pub fn error_rate(sample: &str, heard: &str) -> (f64, usize) {
    let reference = reference(sample);
    if sample.starts_with("zh") {
        (character_error_rate(&reference, heard), characters(&reference).len())
    } else {
        (word_error_rate(&reference, heard), words(&reference).len())
    }
}

/// Word error rate: edits over reference words, letters and digits only, case ignored.
pub fn word_error_rate(reference: &str, hypothesis: &str) -> f64 {
    rate(&words(reference), &words(hypothesis))
}

/// Character error rate, for Chinese: punctuation and spaces are ignored.
pub fn character_error_rate(reference: &str, hypothesis: &str) -> f64 {
    rate(&characters(reference), &characters(hypothesis))
}

fn characters(text: &str) -> Vec<String> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).map(String::from).collect()
}

fn words(text: &str) -> Vec<String> {
    let kept = |c: char| c.is_alphanumeric() || c == '\'';
    text.split(|c: char| !kept(c)).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

fn rate(reference: &[String], hypothesis: &[String]) -> f64 {
    let edits = edits(reference, hypothesis);
    f64::from(u32::try_from(edits).unwrap()) / f64::from(u32::try_from(reference.len().max(1)).unwrap())
}

/// Levenshtein distance.
fn edits(a: &[String], b: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal } else { 1 + diagonal.min(above).min(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[test]
fn known_distances() {
    assert!((word_error_rate("The street light is broken.", "the street is quite broken") - 0.4).abs() < 1e-9);
    assert!(character_error_rate("暖气坏了。", "暖气坏了").abs() < 1e-9);
    assert!((word_error_rate("a", "") - 1.0).abs() < 1e-9);
}
