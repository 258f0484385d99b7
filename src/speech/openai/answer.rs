//! What a transcription server wrote, as a hypothesis. Everything in it is a stranger's: times are clamped into the
//! segment, probabilities into their range, words counted. Pure.
//!
//! Servers differ. Words stand at the top (OpenAI, speaches) or within the segments (whisper.cpp, whose words are
//! tokens), with a space before them or not, with punctuation or without it; some give segments only, some nothing but
//! `text`. Without times word by word every word carries the whole segment's span, and that is declared.

use serde::Deserialize;

use crate::call::{Alignment, Hypothesis, Language, MediaSpan, Word};
use crate::config::limits;
use crate::speech::text::{is_ideograph, text_of};
use crate::speech::words::{Token, words_from_tokens};

/// Confidence of words whose server says nothing about it: to be checked by a person.
const UNKNOWN_CONFIDENCE: f32 = 0.5;
/// No segment is so long in seconds; LocalAI counts nanoseconds.
const NANOSECONDS_FROM: f64 = 1e6;

#[derive(Debug, Deserialize)]
pub struct Answer {
    text: Option<String>,
    language: Option<String>,
    words: Option<Vec<TimedWord>>,
    segments: Option<Vec<Passage>>,
}

#[derive(Debug, Deserialize)]
struct Passage {
    text: Option<String>,
    start: Option<f64>,
    end: Option<f64>,
    avg_logprob: Option<f64>,
    no_speech_prob: Option<f64>,
    words: Option<Vec<TimedWord>>,
}

#[derive(Debug, Deserialize)]
struct TimedWord {
    #[serde(alias = "text")]
    word: String,
    start: Option<f64>,
    end: Option<f64>,
    #[serde(alias = "confidence")]
    probability: Option<f64>,
}

fn bounded(words: usize) -> Result<(), String> {
    let most = limits::MAX_ENGINE_WORDS;
    if words > most {
        return Err(format!("{words} words for one segment of speech, expected at most {most}"));
    }
    Ok(())
}

impl Answer {
    /// Reads the body of a 200. The error says what was expected, and quotes none of it.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        // serde's own message may quote what was said.
        let answer: Self = serde_json::from_slice(body).map_err(|e| {
            let found = if e.is_data() { "JSON of another shape" } else { "no whole JSON" };
            format!("expected a transcription as JSON, found {found} (line {}, column {})", e.line(), e.column())
        })?;
        if answer.text.is_none() && answer.segments.is_none() && answer.words.is_none() {
            return Err("expected a transcription with text, segments or words; it has none of them".into());
        }
        bounded(answer.timed_words().len())?;
        Ok(answer)
    }

    /// `asked`: the one language the server was told, if any. The text may have marks that its words lack.
    pub fn hypothesis(&self, segment: MediaSpan, asked: Option<Language>) -> Result<Hypothesis, String> {
        let printed = self.printed(segment);
        bounded(printed.len())?;
        let no_speech = self.no_speech_probability();
        let text = text_of(&printed);
        let (words, alignment) = match self.measured(segment) {
            Some(timed) => (timed, Alignment::Word),
            None => (printed, Alignment::Segment),
        };
        // One timed "word" may be a whole page of characters.
        bounded(words.len())?;
        if !words.iter().any(|word| word.text.contains(char::is_alphanumeric)) {
            return Ok(Hypothesis::empty(no_speech));
        }
        Ok(Hypothesis {
            text,
            language: self.language.as_deref().and_then(language).or(asked),
            words,
            alignment,
            average_log_probability: self.average_log_probability(),
            no_speech_probability: no_speech,
            model: None,
        })
    }

    fn passages(&self) -> impl Iterator<Item = &Passage> {
        self.segments.iter().flatten()
    }

    /// Those at the top, else those within the segments.
    fn timed_words(&self) -> Vec<&TimedWord> {
        let top: Vec<_> = self.words.iter().flatten().collect();
        let within = || self.passages().flat_map(|passage| passage.words.iter().flatten()).collect();
        if top.is_empty() { within() } else { top }
    }

    /// The text as it is printed, without times.
    fn printed(&self, segment: MediaSpan) -> Vec<Word> {
        let joined = || self.passages().filter_map(|passage| passage.text.as_deref()).collect::<Vec<_>>().join(" ");
        let text = self.text.clone().unwrap_or_else(joined);
        let probability = self.average_log_probability().map_or(UNKNOWN_CONFIDENCE, f32::exp);
        let token = Token { bytes: text.into_bytes(), span: segment, probability };
        let mut words = words_from_tokens(&[token], segment);
        words.iter_mut().for_each(|word| word.span = segment);
        words
    }

    /// Words with times of their own. `None`: the server gave none, or none that can be meant.
    fn measured(&self, segment: MediaSpan) -> Option<Vec<Word>> {
        let given = self.timed_words();
        let spaced = given.iter().any(|word| word.word.starts_with(char::is_whitespace));
        let mut tokens = Vec::new();
        for timed in given {
            let span = within(segment, timed.start?, timed.end?)?;
            let space = if spaced { "" } else { " " };
            let probability =
                timed.probability.and_then(probability).unwrap_or_else(|| self.probability_at(timed.start));
            tokens.push(Token { bytes: format!("{space}{}", timed.word).into_bytes(), span, probability });
        }
        let heard = MediaSpan::new(tokens.first()?.span.start, tokens.iter().map(|t| t.span.end).max()?);
        // All words in no time at all is a server that does not know.
        (heard.millis() > 0).then(|| words_from_tokens(&tokens, heard))
    }

    /// What the passage around a word is worth.
    fn probability_at(&self, start: Option<f64>) -> f32 {
        let around = |passage: &&Passage| {
            start.zip(passage.start).zip(passage.end).is_some_and(|((at, from), to)| (from..=to).contains(&at))
        };
        let passage = self.passages().find(around).and_then(|p| log_probability(p.avg_logprob));
        passage.or_else(|| self.average_log_probability()).map_or(UNKNOWN_CONFIDENCE, f32::exp)
    }

    /// Mean over the passages, each as much as its text is long.
    fn average_log_probability(&self) -> Option<f32> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for passage in self.passages() {
            let Some(log) = log_probability(passage.avg_logprob) else { continue };
            let weight = passage.text.as_deref().map_or(1, |text| text.chars().count().max(1)) as f32;
            sum += log * weight;
            weights += weight;
        }
        (weights > 0.0).then(|| sum / weights)
    }

    fn no_speech_probability(&self) -> Option<f32> {
        self.passages().filter_map(|p| p.no_speech_prob.and_then(probability)).reduce(f32::max)
    }
}

/// The server's seconds from the start of the segment, in the call's media time and inside the segment.
fn within(segment: MediaSpan, start: f64, end: f64) -> Option<MediaSpan> {
    let millis = |value: f64| {
        let seconds = if value.abs() >= NANOSECONDS_FROM { value / 1e9 } else { value };
        seconds.is_finite().then(|| (seconds * 1_000.0).clamp(0.0, segment.millis() as f64) as u64)
    };
    let (start, end) = (millis(start)?, millis(end)?);
    Some(MediaSpan::new(segment.start + start, segment.start + end.max(start)))
}

fn probability(value: f64) -> Option<f32> {
    value.is_finite().then(|| value.clamp(0.0, 1.0) as f32)
}

fn log_probability(value: Option<f64>) -> Option<f32> {
    value.filter(|v| v.is_finite()).map(|v| v.clamp(-20.0, 0.0) as f32)
}

/// A code ("zh-CN") or a name ("chinese").
fn language(said: &str) -> Option<Language> {
    let said = said.trim().to_lowercase();
    match said.as_str() {
        "english" => Some(Language::En),
        "chinese" | "mandarin" | "cmn" => Some(Language::Zh),
        "cantonese" => Some(Language::Yue),
        code => Language::from_code(code.split(['-', '_']).next().unwrap_or(code)),
    }
}

/// What hot words the server is told to expect, as one sentence of names.
pub fn prompt(hot_words: &[String]) -> String {
    let mut prompt = String::new();
    for word in hot_words {
        let joint = match prompt.chars().next_back() {
            None => "",
            Some(last) if is_ideograph(last) => "，",
            Some(_) => ", ",
        };
        if prompt.chars().count() + joint.chars().count() + word.chars().count() > limits::MAX_ENGINE_PROMPT {
            break;
        }
        prompt.push_str(joint);
        prompt.push_str(word);
    }
    prompt
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
