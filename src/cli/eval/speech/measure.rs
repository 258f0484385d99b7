//! One clip: recognised, timed, scored.

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

use super::folder::Clip;
use super::score::{Digits, Errors, Heard, Number, Step, align, heard, reference};
use super::times::{TimeErrors, time_errors};
use crate::call::Coverage;
use crate::cli::offline::Transcriber;
use crate::config::limits;
use crate::ops::clock::Clock;

/// What was measured of one clip.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub file: String,
    pub lang: String,
    pub condition: String,
    pub audio_ms: u64,
    pub reference: String,
    pub heard: String,
    pub errors: Errors,
    pub digits: Digits,
    /// Heard minus true.
    pub times: TimeErrors,
    pub coverage: Coverage,
    /// From handing a segment to the idle recogniser to having its words, a segment each.
    pub decode_ms: Vec<u64>,
    /// Processor time of the whole process: reading, cutting, recognising.
    pub cpu_ms: u64,
    pub wall_ms: u64,
    /// The reference and what was heard, word by word.
    pub difference: Vec<Difference>,
}

/// One word of both, or of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// Cut off or unclear in the reference: no error either way.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl Difference {
    pub fn is_same(&self) -> bool {
        self.said == self.heard
    }
}

pub(super) async fn measure(clip: &Clip, transcriber: &Transcriber, clock: &Clock) -> Result<Measured, String> {
    let said = reference(&clip.text);
    let (began, cpu_before) = (clock.instant(), clock.cpu_time());
    let mut decode_ms = Vec::new();
    // One segment at a time: the time of each is then its own.
    let transcript = transcriber
        .transcribe(&clip.path, 1, &ProgressBar::hidden(), |_, took| decode_ms.push(millis(took)))
        .await
        .map_err(|failure| failure.message)?;
    let (cpu, wall) = (clock.cpu_time().saturating_sub(cpu_before), clock.instant().duration_since(began));
    let heard = heard(&transcript.utterances);
    let cells = (said.len() + 1) * (heard.words.len() + 1);
    if cells > limits::EVAL_CELLS {
        let lengths = format!("{} words in the reference, {} heard", said.len(), heard.words.len());
        return Err(format!("too long to be compared ({lengths}); cut it into shorter files"));
    }
    let steps = align(&said, &heard.words);
    let times = if clip.timed.is_empty() {
        TimeErrors::default()
    } else {
        time_errors(&clip.timed, &said, &heard, &steps)
            .ok_or("the .json beside it times other words than its reference text has")?
    };
    let digits = numbers_alone(&Number::all(&said, &heard.words, &steps), &heard, clip, transcriber).await?;
    let difference = steps.iter().map(|step| {
        let (i, j) = match *step {
            Step::Same(i, j) | Step::Substituted(i, j) => (Some(i), Some(j)),
            Step::Deleted(i) => (Some(i), None),
            Step::Inserted(j) => (None, Some(j)),
        };
        let said = i.and_then(|i| said.get(i));
        let heard = j.and_then(|j| heard.words.get(j));
        Difference {
            said: said.map(|said| said.word.text.clone()),
            heard: heard.map(|word| word.text.clone()),
            optional: said.is_some_and(|said| said.optional),
        }
    });
    Ok(Measured {
        file: clip.file.clone(),
        lang: clip.lang.clone(),
        condition: clip.condition.clone(),
        audio_ms: transcript.duration_ms,
        reference: clip.text.clone(),
        heard: transcript
            .utterances
            .iter()
            .map(|u| u.text.as_str())
            .filter(|t| !t.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
        errors: Errors::of(&said, &steps),
        digits,
        times,
        coverage: transcript.coverage,
        decode_ms,
        cpu_ms: millis(cpu),
        wall_ms: millis(wall),
        difference: difference.collect(),
    })
}

/// The seconds that support a number must say it: each that was heard right is cut out and recognised alone.
async fn numbers_alone(
    numbers: &[Number],
    heard_before: &Heard,
    clip: &Clip,
    transcriber: &Transcriber,
) -> Result<Digits, String> {
    let mut digits = Digits::of(numbers);
    for number in numbers {
        let Some(span) = number.heard_right().and_then(|words| heard_before.span(words)) else { continue };
        let alone = transcriber.alone(&clip.path, span).await.map_err(|failure| failure.message)?;
        digits.alone += 1;
        digits.alone_right += usize::from(heard(&[alone]).digits() == number.digits);
    }
    Ok(digits)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
