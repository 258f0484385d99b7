//! A turn as the model reads it: what tells who somebody is stands there as a placeholder, and every position leads back
//! to the caller's own words.

use std::collections::HashMap;
use std::ops::Range;

use crate::draft::evidence::Segment;
use crate::draft::extract::{Doc, scan};
use crate::draft::normal::fold;
use crate::draft::schema::{Evidence, TicketDraft};

/// Digits from which a number tells who somebody is (telephone, identity card, bank card); a house number does not.
const TELLING: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Number,
    Name,
    Reference,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Number => "NUMBER",
            Self::Name => "NAME",
            Self::Reference => "REFERENCE",
        }
    }
}

/// Ranges to hide, by line, ascending and apart.
pub struct Hidden(Vec<Vec<(Range<usize>, Kind)>>);

impl Hidden {
    /// The telephone numbers, the name and the case number that the rules found, the name wherever else it is said, and
    /// every long run of digits, printed or spoken.
    pub fn of(draft: &TicketDraft, segments: &[Segment<'_>]) -> Self {
        let mut hidden: Vec<Vec<(Range<usize>, Kind)>> = vec![Vec::new(); segments.len()];
        let mut hide = |line: usize, range: Range<usize>, kind: Kind| {
            if let Some(ranges) = hidden.get_mut(line).filter(|_| !range.is_empty()) {
                ranges.push((range, kind));
            }
        };
        let ids: HashMap<String, usize> = segments.iter().enumerate().map(|(line, s)| (s.id(), line)).collect();
        let cited =
            |evidence: &Evidence| Some((*ids.get(&evidence.segment_id)?, evidence.char_start..evidence.char_end));
        let name = &draft.caller.name;
        let found = [(Kind::Name, &name.evidence), (Kind::Reference, &draft.quoted_reference.evidence)];
        let phones = draft.caller.phones.iter().map(|phone| (Kind::Number, &phone.evidence));
        for (kind, evidence) in found.into_iter().chain(phones) {
            for (line, range) in evidence.iter().filter_map(cited) {
                hide(line, range, kind);
            }
        }
        for (line, segment) in segments.iter().enumerate() {
            for range in name.value.iter().flat_map(|name| occurrences(segment.chars(), name)) {
                hide(line, range, Kind::Name);
            }
        }
        let doc = Doc::new(segments, false);
        // Whatever plan it fits: what is long enough to tell somebody is hidden.
        for run in scan::runs(&doc.tokens, &|_| false).iter().filter(|run| run.digits.len() >= TELLING) {
            for digit in &run.digits {
                hide(digit.line, digit.span.clone(), Kind::Number);
            }
        }
        hidden.iter_mut().zip(segments).for_each(|(ranges, segment)| *ranges = joined(ranges, segment.chars()));
        Self(hidden)
    }
}

/// Every place of a name that is not part of a longer word.
fn occurrences(text: &[char], name: &str) -> Vec<Range<usize>> {
    let name: Vec<char> = name.chars().map(fold).collect();
    let mut found = Vec::new();
    if name.len() < 2 {
        return found;
    }
    let whole = |range: &Range<usize>| {
        let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(char::is_ascii_alphanumeric);
        !(text[range.start].is_ascii() && letter(range.start.checked_sub(1)) || letter(Some(range.end)))
    };
    for (start, window) in text.windows(name.len()).enumerate() {
        let range = start..start + name.len();
        if window.iter().map(|&c| fold(c)).eq(name.iter().copied()) && whole(&range) {
            found.push(range);
        }
    }
    found
}

/// Ranges that touch, or have only spaces and marks between them, become one.
fn joined(ranges: &[(Range<usize>, Kind)], text: &[char]) -> Vec<(Range<usize>, Kind)> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out: Vec<(Range<usize>, Kind)> = Vec::new();
    for (range, kind) in sorted {
        let range = range.start.min(text.len())..range.end.min(text.len());
        match out.last_mut() {
            Some((last, known))
                if range.start < last.end || (*known == kind && apart_by_marks(text, last.end, range.start)) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => out.push((range, kind)),
        }
    }
    out
}

fn apart_by_marks(text: &[char], from: usize, to: usize) -> bool {
    text.get(from..to).is_some_and(|between| !between.iter().any(|c| c.is_alphanumeric()))
}

/// Names each hidden thing once for the whole call.
#[derive(Default)]
pub struct Placeholders {
    known: HashMap<(Kind, String), usize>,
    counts: HashMap<Kind, usize>,
}

impl Placeholders {
    fn text(&mut self, kind: Kind, hidden: &[char]) -> String {
        let bare: String = hidden.iter().filter(|c| c.is_alphanumeric()).map(|&c| fold(c)).collect();
        let counts = &mut self.counts;
        let number = *self.known.entry((kind, bare)).or_insert_with(|| {
            let count = counts.entry(kind).or_insert(0);
            *count += 1;
            *count
        });
        format!("[{}-{number}]", kind.label())
    }
}

/// The masked text of a turn.
#[derive(Clone, Debug)]
pub struct Masked {
    pub chars: Vec<char>,
    /// For every scalar of it the range of the original that it stands for.
    origin: Vec<Range<usize>>,
}

impl Masked {
    pub fn new(line: usize, segment: &Segment<'_>, hidden: &Hidden, placeholders: &mut Placeholders) -> Self {
        let mut masked = Self { chars: Vec::new(), origin: Vec::new() };
        let text = segment.chars();
        let mut at = 0;
        for (range, kind) in hidden.0.get(line).into_iter().flatten() {
            masked.copy(text, at..range.start);
            for c in placeholders.text(*kind, &text[range.clone()]).chars() {
                masked.chars.push(c);
                masked.origin.push(range.clone());
            }
            at = range.end;
        }
        masked.copy(text, at..text.len());
        masked
    }

    fn copy(&mut self, text: &[char], range: Range<usize>) {
        for at in range {
            self.chars.push(text[at]);
            self.origin.push(at..at + 1);
        }
    }

    /// The caller's own words behind a range of the masked text.
    pub fn original(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let (first, last) = (self.origin.get(range.start)?, self.origin.get(range.end.checked_sub(1)?)?);
        Some(first.start..last.end)
    }

    /// At most so many scalars of it.
    pub fn cut(&mut self, most: usize) {
        self.chars.truncate(most);
        self.origin.truncate(most);
    }
}
