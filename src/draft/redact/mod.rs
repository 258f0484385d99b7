//! What must not leave the house with a draft: numbers of cards, identity numbers, passwords. Covered by as many blocks as there
//! were letters, so that every position in the text stays what it was. Pure.

mod secrets;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::ptr;

use super::evidence::{Segment, segment_id};
use super::schema::{Redaction, Secret};
use super::segments;
use super::token::Token;
use crate::call::{MediaSpan, MediaTime, SegmentOutcome, Utterance};

/// One secret in one utterance; a secret said across a pause is one in each.
struct Covered {
    secret: Secret,
    /// Index of the segment, and the half-open range of scalars in it.
    line: usize,
    range: Range<usize>,
    /// When it was said, with 100 ms around it.
    span: MediaSpan,
}

impl Covered {
    fn told(&self, utterance: &Utterance) -> Redaction {
        Redaction {
            segment_id: segment_id(utterance),
            char_start: self.range.start,
            char_end: self.range.end,
            audio_start_ms: self.span.start.as_millis(),
            audio_end_ms: self.span.end.as_millis(),
            kind: self.secret,
        }
    }
}

/// Sound of a secret reaches a little past the times of its words.
const AROUND_MS: u64 = 100;

fn covered(segments: &[Segment<'_>]) -> Vec<Covered> {
    let tokens = |(line, segment)| Segment::tokens(segment, line);
    let all: Vec<Token<'_>> = segments.iter().enumerate().flat_map(tokens).collect();
    let found = secrets::secrets(&all);
    found.into_iter().flat_map(|(secret, range)| lines(segments, all.get(range).unwrap_or_default(), secret)).collect()
}

fn lines(segments: &[Segment<'_>], said: &[Token<'_>], secret: Secret) -> Vec<Covered> {
    let mut out: Vec<(usize, Range<usize>)> = Vec::new();
    for token in said {
        match out.last_mut().filter(|(line, _)| *line == token.line) {
            Some((_, range)) => range.end = token.end,
            None => out.push((token.line, token.range())),
        }
    }
    let covered = out.into_iter().filter_map(|(line, range)| {
        let heard = segments.get(line)?.evidence(range.clone());
        let (from, to) = (heard.audio_start_ms.saturating_sub(AROUND_MS), heard.audio_end_ms + AROUND_MS);
        Some(Covered { secret, line, range, span: MediaSpan::new(MediaTime(from), MediaTime(to)) })
    });
    covered.collect()
}

/// The utterances as they may leave the house, and what was covered in them: nothing, and they are the same. Every position
/// stays what it was. `segments`: of those that have text.
pub fn redact<'u>(utterances: &'u [Utterance], segments: &[Segment<'u>]) -> (Cow<'u, [Utterance]>, Vec<Redaction>) {
    let found = covered(segments);
    if found.is_empty() {
        return (Cow::Borrowed(utterances), Vec::new());
    }
    let mut ranges: HashMap<usize, Vec<Range<usize>>> = HashMap::new();
    for covered in &found {
        ranges.entry(covered.line).or_default().push(covered.range.clone());
    }
    let mut copies = utterances.to_vec();
    let mut rest = segments.iter().enumerate().peekable();
    for (utterance, copy) in utterances.iter().zip(&mut copies) {
        let Some((line, segment)) = rest.next_if(|(_, segment)| ptr::eq(segment.utterance, utterance)) else {
            continue;
        };
        if let Some(ranges) = ranges.get(&line) {
            *copy = segment.covered(|at| ranges.iter().any(|range| range.contains(&at)));
        }
    }
    let told = found.iter().filter_map(|covered| Some(covered.told(segments.get(covered.line)?.utterance)));
    (Cow::Owned(copies), told.collect())
}

/// What is silence in the copy of a call's sound that may leave the house: its secrets, and speech that nobody could make out.
pub fn secret_spans(utterances: &[Utterance]) -> Vec<MediaSpan> {
    let unknown = utterances.iter().filter(|utterance| utterance.outcome == SegmentOutcome::Unrecognised);
    let secrets = covered(&segments(utterances)).into_iter();
    secrets.map(|covered| covered.span).chain(unknown.map(|utterance| utterance.span)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Coverage;
    use crate::draft::testing::{call, facts};
    use crate::draft::{CallFacts, Drafter};

    fn shown(texts: &[&str]) -> Vec<String> {
        let utterances = call(texts);
        let (redacted, told) = redact(&utterances, &segments(&utterances));
        assert_eq!(told.is_empty(), matches!(redacted, Cow::Borrowed(_)));
        for (before, after) in utterances.iter().zip(redacted.iter()) {
            assert_eq!(before.text.chars().count(), after.text.chars().count(), "every position stays");
            let words: String = after.words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(words, after.text.replace(' ', ""), "the words hide what the text hides");
        }
        redacted.iter().map(|utterance| utterance.text.clone()).collect()
    }

    #[test]
    fn cards_identity_numbers_and_passwords_are_covered_however_they_are_said() {
        for (texts, left) in [
            (&["my card is 4111 1111 1111 1111 ok"][..], &["my card is ████ ████ ████ ████ ok"][..]),
            (
                &["four one one one, one one one one", "one one one one one one one one"],
                &["████ ███ ███ ███, ███ ███ ███ ███", "███ ███ ███ ███ ███ ███ ███ ███"],
            ),
            (&["我的号码是一一零一零五一九四九一二三一零零二X"], &["我的号码是██████████████████"]),
            (&["my id is A 1 2 3 4 5 6 3"], &["my id is A █ █ █ █ █ █ █"]),
            (&["my social security number is 078 05 1120."], &["my social security number is ███ ██ ████."]),
            (&["the password is open sesame, thanks"], &["the password is ████ ██████, thanks"]),
            (&["密碼係一二三四，唔該"], &["密碼係████，唔該"]),
            (&["my card number is 4111 1111 1111 1112"], &["my card number is ████ ████ ████ ████"]),
            (&["my HKID is A123456(3)"], &["my HKID is ███████(█)"]),
            (&["id 11010519491231002X it is"], &["id ██████████████████ it is"]),
            (
                &["身份证号码是110105194912310021，电话是13800138000"],
                &["身份证号码是██████████████████，电话是13800138000"],
            ),
        ] {
            assert_eq!(shown(texts), left);
        }
    }

    #[test]
    fn numbers_to_call_back_places_and_references_stay() {
        for text in [
            "my number is 212 555 0134",
            "電話九八七六五四三二",
            "我的电话是13800138000",
            "case 20261105001234",
            "my number is 5105 1051 0510 5100",
            "五一零五一零五一五一零五一零五一",
            "the password is not working",
            "418 West 147th Place",
            "I forgot my password",
            "card 4111 1111 1111 1112",
            "they charged my credit card 2500 dollars",
            "我身份证丢了，打电话13800138000",
            "the glass number 4021 is broken",
        ] {
            assert_eq!(shown(&[text]), [text]);
        }
    }

    #[test]
    fn no_part_of_a_draft_tells_a_secret_and_what_else_was_said_is_found() {
        let utterances = call(&[
            "there is no heat at 418 West 147th Place, my password is open sesame",
            "they charged my card 4111 1111 1111 1111 twice",
            "my number is 212 555 0134",
        ]);
        let drafter = Drafter::new().unwrap();
        let draft = |redact| {
            let draft = drafter.draft(&CallFacts { redact, ..facts() }, &utterances, Coverage::default());
            (serde_json::to_string(&draft).unwrap(), draft.transcript.redactions.len())
        };
        let (plain, none) = draft(false);
        assert!(plain.contains("4111 1111") && plain.contains("sesame") && none == 0);
        let (covered, both) = draft(true);
        assert!(!covered.contains("1111") && !covered.contains("sesame") && both == 2, "{covered}");
        assert!(covered.contains("2125550134") && covered.contains("418 West 147th Place"), "{covered}");
    }

    #[test]
    fn speech_that_nobody_could_make_out_is_silent_in_the_copy() {
        let span = MediaSpan::new(MediaTime(500), MediaTime(900));
        let wordless = |outcome| Utterance::wordless(0, span, outcome, "test");
        assert_eq!(secret_spans(&[wordless(SegmentOutcome::Unrecognised), wordless(SegmentOutcome::NoSpeech)]), [span]);
    }
}
