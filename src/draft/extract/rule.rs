//! Regular expressions over the caller's lines. Lines and patterns are folded alike: width and case by [`Folded`],
//! Chinese to Simplified character by character, so that one pattern fits both scripts and a range is a range of the
//! original. Matching is linear in the text.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use regex::{Captures, Regex};

use super::{Doc, Spans};
use crate::draft::lines::Line;
use crate::draft::normal::Folded;
use crate::draft::numerals::number;
use crate::draft::script;
use crate::draft::token::tokens;

/// The text in Simplified characters, one for one, otherwise as it is.
pub fn simplified(text: &str) -> String {
    text.chars().map(script::simplified).collect()
}

/// A value and the words that say it. `score` is the share of such statements that mean it, 0 to 1.
pub struct Said<T> {
    pub value: T,
    pub spans: Spans,
    pub score: f32,
}

/// One match: its line and the scalar ranges of its groups.
pub struct Hit {
    pub line: usize,
    groups: Groups,
}

/// Scalar ranges of a match and its groups.
pub type Groups = Vec<Option<Range<usize>>>;

impl Hit {
    /// All of it.
    pub fn range(&self) -> Range<usize> {
        self.group(0).unwrap_or_default()
    }

    pub fn group(&self, at: usize) -> Option<Range<usize>> {
        self.groups.get(at)?.clone()
    }

    pub fn spans(&self) -> Spans {
        vec![(self.line, self.range())]
    }
}

/// A pattern, compiled when first used. `\b` is the border of an English word, Chinese characters are no letters to it.
pub struct Rule {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
    number: OnceLock<usize>,
}

/// Rules that have a number.
static NUMBERED: AtomicUsize = AtomicUsize::new(0);

impl Rule {
    pub const fn new(source: &'static str) -> Self {
        Self { source, compiled: OnceLock::new(), number: OnceLock::new() }
    }

    /// `None` for a pattern that is no regular expression: a fault of the build, which any test of the rule finds.
    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let folded: String = simplified(self.source).replace(r"\b", r"(?-u:\b)");
            let compiled = Regex::new(&folded);
            debug_assert!(compiled.is_ok(), "{}: {compiled:?}", self.source);
            compiled.ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Whether a text as [`Line::plain`] writes it has it.
    pub fn is_in(&self, plain: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(plain))
    }

    pub fn captures<'t>(&self, plain: &'t str) -> Option<Captures<'t>> {
        self.regex()?.captures(plain)
    }

    /// Every match in order.
    pub fn find<'d>(&'d self, doc: &'d Doc<'_>) -> impl Iterator<Item = Hit> + 'd {
        let lines = doc.segments.iter().enumerate();
        lines.flat_map(move |(line, segment)| {
            let all = self.matches(segment);
            let count = all.as_ref().map_or(0, |all| all.len());
            (0..count).filter_map(move |at| Some(Hit { line, groups: all.as_ref()?.get(at)?.clone() }))
        })
    }

    /// Looked for once in each line.
    fn matches(&self, line: &Line) -> Option<Arc<[Groups]>> {
        let number = self.number.get_or_init(|| NUMBERED.fetch_add(1, Ordering::Relaxed));
        line.kept.matches(*number, || {
            let all = self.regex().into_iter().flat_map(|regex| regex.captures_iter(&line.plain.text));
            all.map(|found| groups(&line.plain, &found)).collect()
        })
    }
}

impl Rule {
    /// Every match in one line, with its named groups.
    pub fn find_in<'d>(
        &'d self,
        doc: &'d Doc<'_>,
        line: usize,
    ) -> impl Iterator<Item = (Range<usize>, Captures<'d>)> + 'd {
        let there = doc.segments.get(line).filter(|segment| self.matches(segment).is_some());
        there.into_iter().flat_map(move |segment| {
            let all = self.regex().into_iter().flat_map(|regex| regex.captures_iter(&segment.plain.text));
            all.filter_map(move |found| Some((segment.plain.range(found.get(0)?.range()), found)))
        })
    }
}

fn groups(plain: &Folded, found: &Captures<'_>) -> Groups {
    found.iter().map(|group| group.map(|group| plain.range(group.range()))).collect()
}

impl Doc<'_> {
    /// Folded, simplified text around a range: `before` scalars before it, and after it.
    pub fn around(&self, line: usize, range: &Range<usize>, before: usize, after: usize) -> &str {
        let Some(segment) = self.segments.get(line) else { return "" };
        segment.plain.slice(range.start.saturating_sub(before)..(range.end + after).min(segment.len()))
    }

    /// What stands before it in the same clause, at most `reach` scalars.
    pub fn before(&self, line: usize, range: &Range<usize>, reach: usize) -> &str {
        let text = self.around(line, &(range.start..range.start), reach, 0);
        text.rsplit(CLAUSE_END).next().unwrap_or_default()
    }

    /// What stands after it in the same clause, at most `reach` scalars.
    pub fn after(&self, line: usize, range: &Range<usize>, reach: usize) -> &str {
        let text = self.around(line, &(range.end..range.end), 0, reach);
        text.split(CLAUSE_END).next().unwrap_or_default()
    }

    pub fn plain_text(&self, line: usize, range: Range<usize>) -> &str {
        self.segments.get(line).map_or("", |segment| segment.plain.slice(range))
    }

    /// The caller's own words in a range, gaps where they were not understood.
    pub fn quoted(&self, line: usize, range: Range<usize>) -> String {
        self.segments.get(line).map(|segment| segment.quoted(range)).unwrap_or_default()
    }
}

const CLAUSE_END: [char; 8] = ['.', ',', '?', '!', ';', '。', '、', '…'];

/// A whole text that says one number in words or digits: `eighty four`, `两百`, `84`.
pub fn count(text: &str) -> Option<u32> {
    let folded = Folded::new(text.trim());
    let tokens = tokens(&folded, 0);
    let hyphenless: Vec<_> = tokens.into_iter().filter(|token| !token.is("-")).collect();
    let (digits, end) = number(&hyphenless, 0)?;
    (end == hyphenless.len()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::evidence::Segment;
    use crate::draft::testing::call;

    #[test]
    fn one_pattern_finds_both_scripts_and_its_range_is_that_of_the_original() {
        static RULE: Rule = Rule::new(r"(?:說|讲)(\w{2})|\bno name\b");
        let spoken = call(&["我講廣東話", "我说广东话", "讲no name得", "casino names"]);
        let segments: Vec<_> = spoken.iter().filter_map(Segment::new).collect();
        let doc = Doc::new(&segments, true);
        let found: Vec<_> = RULE.find(&doc).map(|hit| doc.quoted(hit.line, hit.range())).collect();
        assert_eq!(found, ["講廣東", "说广东", "讲no"]);
        assert_eq!(RULE.find(&doc).next().and_then(|hit| hit.group(1)), Some(2..4));
    }

    #[test]
    fn a_number_is_counted_only_when_it_is_all_of_the_text() {
        for (text, number) in [("eighty four", Some(84)), ("两百", Some(200)), ("八十", Some(80)), ("八十岁", None)]
        {
            assert_eq!(count(text), number, "{text}");
        }
    }
}

/// What the tests of the rules share.
#[cfg(test)]
pub mod testing {
    use crate::draft::evidence::Segment;
    use crate::draft::extract::Doc;
    use crate::draft::testing::call;

    /// What `with` finds in a call of these lines; Cantonese as its words say.
    pub fn read<T>(lines: &[&str], with: impl FnOnce(&Doc<'_>) -> T) -> T {
        let spoken = call(lines);
        let segments: Vec<_> = spoken.iter().filter_map(Segment::new).collect();
        let cantonese = lines.iter().any(|line| line.contains(['嘅', '係', '喺', '冇', '唔', '咗', '佢', '哋', '㗎']));
        with(&Doc::new(&segments, cantonese))
    }
}
