//! How far a transcript is from its reference.

use heardline::cli::eval::score;

/// What is said in a bundled sample.
pub fn reference(sample: &str) -> String {
    let file = super::bundled(&format!("audio-samples/{sample}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let known: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let sentences = known["sentences"].as_array().expect("its sentences").iter();
    sentences.map(|sentence| sentence["text"].as_str().expect("text")).collect::<Vec<_>>().join(" ")
}

/// Error rate of a sample's transcript, in words or, for Chinese, characters; also the reference's length in them.
pub fn error_rate(sample: &str, heard: &str) -> (f64, usize) {
    let errors = errors(&reference(sample), heard);
    (errors.rate().unwrap_or(0.0), errors.reference)
}

/// Word error rate (Chinese: character error rate), as `heardline eval` measures it.
pub fn word_error_rate(reference: &str, heard: &str) -> f64 {
    errors(reference, heard).rate().unwrap_or(0.0)
}

fn errors(said: &str, heard: &str) -> score::Errors {
    let said = score::reference(said);
    let heard: Vec<_> = score::reference(heard).into_iter().map(|heard| heard.word).collect();
    score::Errors::of(&said, &score::align(&said, &heard))
}
