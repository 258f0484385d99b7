//! How far what was heard is from what was said. Pure: no file, no clock, no recogniser.
//!
//! Both sides are normalised by [`crate::draft::spoken`] and aligned by the plain Levenshtein distance: a word too few,
//! too many or another one costs 1.

use std::ops::RangeInclusive;

use serde::Serialize;

use crate::call::{Alignment, MediaSpan, Utterance};
use crate::draft::{Piece, Spoken, spoken};

/// A word of the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub word: Spoken,
    /// Written `(word)`: cut off or unclear, so that neither its absence nor another word in its place is an error.
    pub optional: bool,
}

/// Words of a reference text; those in round brackets are optional.
pub fn reference(text: &str) -> Vec<Reference> {
    let (mut out, mut optional) = (Vec::new(), false);
    for (line, part) in text.split(['(', ')', '（', '）']).enumerate() {
        let pieces: Vec<_> = part.split_whitespace().map(|text| Piece { text, line, origin: 0 }).collect();
        out.extend(spoken(&pieces).into_iter().map(|word| Reference { word, optional }));
        optional = !optional;
    }
    out
}

/// Words that were heard; the origin of each is its place in `times`.
pub struct Heard {
    pub words: Vec<Spoken>,
    /// Of every printed word; `None` where only its segment's times are known.
    pub times: Vec<Option<MediaSpan>>,
}

pub fn heard(utterances: &[Utterance]) -> Heard {
    let (mut pieces, mut times) = (Vec::new(), Vec::new());
    for (line, utterance) in utterances.iter().enumerate() {
        for word in &utterance.words {
            pieces.push(Piece { text: &word.text, line, origin: times.len() });
            times.push((utterance.alignment == Alignment::Word).then_some(word.span));
        }
    }
    Heard { words: spoken(&pieces), times }
}

impl Heard {
    /// When these of its words are said, if that is known.
    pub fn span(&self, words: RangeInclusive<usize>) -> Option<MediaSpan> {
        let time = |at: usize| *self.times.get(self.words.get(at)?.origin)?;
        Some(MediaSpan::new(time(*words.start())?.start, time(*words.end())?.end))
    }

    /// Its digits, without what stands between them.
    pub fn digits(&self) -> String {
        self.words.iter().filter(|word| word.digit).map(|word| word.text.as_str()).collect()
    }
}

/// One step of an alignment: places in the reference and in what was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Same(usize, usize),
    Substituted(usize, usize),
    Deleted(usize),
    Inserted(usize),
}

/// The cheapest way from the reference to what was heard. Time and memory: the product of both lengths, bounded by
/// the asker.
pub fn align(reference: &[Reference], heard: &[Spoken]) -> Vec<Step> {
    let width = heard.len() + 1;
    let mut row: Vec<usize> = (0..width).collect();
    // How each cell is reached: the first row by insertions, the first column by deletions.
    let mut moves = vec![b'i'; width * (reference.len() + 1)];
    for (i, said) in reference.iter().enumerate() {
        let cost = usize::from(!said.optional);
        let mut diagonal = row[0];
        row[0] += cost;
        moves[(i + 1) * width] = b'd';
        for (j, word) in heard.iter().enumerate() {
            let same = said.word.text == word.text;
            let (across, down, left) = (diagonal + if same { 0 } else { cost }, row[j + 1] + cost, row[j] + 1);
            diagonal = row[j + 1];
            let best = across.min(down).min(left);
            row[j + 1] = best;
            moves[(i + 1) * width + j + 1] = match best {
                _ if best == across && same => b'=',
                _ if best == across => b's',
                _ if best == down => b'd',
                _ => b'i',
            };
        }
    }
    let (mut i, mut j) = (reference.len(), heard.len());
    let mut steps = Vec::with_capacity(i.max(j));
    while i + j > 0 {
        let how = moves[i * width + j];
        i -= usize::from(how != b'i');
        j -= usize::from(how != b'd');
        steps.push(match how {
            b'=' => Step::Same(i, j),
            b's' => Step::Substituted(i, j),
            b'd' => Step::Deleted(i),
            _ => Step::Inserted(j),
        });
    }
    steps.reverse();
    steps
}

/// Errors against a reference of so many words (English) or characters (Chinese).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Errors {
    pub reference: usize,
    pub substitutions: usize,
    pub deletions: usize,
    pub insertions: usize,
}

impl Errors {
    pub fn of(reference: &[Reference], steps: &[Step]) -> Self {
        let counts = |i: &usize| reference.get(*i).is_some_and(|word| !word.optional);
        let mut errors = Self { reference: reference.iter().filter(|word| !word.optional).count(), ..Self::default() };
        for step in steps {
            match step {
                Step::Same(..) => {}
                Step::Substituted(i, _) => errors.substitutions += usize::from(counts(i)),
                Step::Deleted(i) => errors.deletions += usize::from(counts(i)),
                Step::Inserted(_) => errors.insertions += 1,
            }
        }
        errors
    }

    /// Of two texts.
    pub fn between(said: &str, written: &str) -> Self {
        let said = reference(said);
        let written: Vec<Spoken> = reference(written).into_iter().map(|word| word.word).collect();
        Self::of(&said, &align(&said, &written))
    }

    pub fn wrong(&self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// 0 is perfect; above 1 when more was invented than said. `None` when nothing was said.
    pub fn rate(&self) -> Option<f64> {
        (self.reference > 0).then(|| self.wrong() as f64 / self.reference as f64)
    }

    pub fn add(&mut self, other: &Self) {
        self.reference += other.reference;
        self.substitutions += other.substitutions;
        self.deletions += other.deletions;
        self.insertions += other.insertions;
    }
}

/// A number of a reference: a run of two digits or more, for a lone "one" is more often a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    pub digits: String,
    /// Digits of it that were heard.
    right: usize,
    added: bool,
    /// First and last word that was heard of it.
    heard: Option<(usize, usize)>,
}

impl Number {
    /// All numbers of a reference, in order.
    pub fn all(reference: &[Reference], heard: &[Spoken], steps: &[Step]) -> Vec<Self> {
        let digit = |i: usize| reference.get(i).filter(|r| r.word.digit && !r.optional).map(|r| r.word.text.as_str());
        let (mut numbers, mut open) = (Vec::new(), Self::default());
        for step in steps {
            match *step {
                Step::Same(i, j) if digit(i).is_some() => {
                    open.digits.extend(digit(i));
                    open.right += 1;
                    open.heard = Some((open.heard.map_or(j, |(first, _)| first), j));
                }
                Step::Substituted(i, _) | Step::Deleted(i) if digit(i).is_some() => open.digits.extend(digit(i)),
                Step::Inserted(j) => open.added |= heard.get(j).is_some_and(|word| word.digit),
                _ => numbers.push(std::mem::take(&mut open)),
            }
        }
        numbers.push(open);
        numbers.retain(|number| number.digits.len() >= 2);
        numbers
    }

    /// The words that say it, when every digit is right and none is added.
    pub fn heard_right(&self) -> Option<RangeInclusive<usize>> {
        let (first, last) = self.heard?;
        (self.right == self.digits.len() && !self.added).then_some(first..=last)
    }
}

/// Digits in the numbers of a reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Digits {
    pub digits: usize,
    pub digits_right: usize,
    pub numbers: usize,
    /// Every digit right and none added.
    pub numbers_right: usize,
    /// Of those right: cut out of the sound by their words' times and recognised with nothing around them.
    pub alone: usize,
    /// They said the same digits then.
    pub alone_right: usize,
}

impl Digits {
    pub fn of(numbers: &[Number]) -> Self {
        Self {
            digits: numbers.iter().map(|number| number.digits.len()).sum(),
            digits_right: numbers.iter().map(|number| number.right).sum(),
            numbers: numbers.len(),
            numbers_right: numbers.iter().filter(|number| number.heard_right().is_some()).count(),
            alone: 0,
            alone_right: 0,
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.digits += other.digits;
        self.digits_right += other.digits_right;
        self.numbers += other.numbers;
        self.numbers_right += other.numbers_right;
        self.alone += other.alone;
        self.alone_right += other.alone_right;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Spoken> {
        reference(text).into_iter().map(|said| said.word).collect()
    }

    fn digits(said: &str, heard: &str) -> (usize, usize, usize, usize) {
        let (said, heard) = (reference(said), words(heard));
        let numbers = Number::all(&said, &heard, &align(&said, &heard));
        let Digits { digits, digits_right, numbers, numbers_right, .. } = Digits::of(&numbers);
        (digits, digits_right, numbers, numbers_right)
    }

    fn known(reference: usize, substitutions: usize, deletions: usize, insertions: usize) -> Errors {
        Errors { reference, substitutions, deletions, insertions }
    }

    #[test]
    fn known_distances() {
        for (said, heard, expected) in [
            ("The street light is broken.", "the street light is broken", known(5, 0, 0, 0)),
            ("The street light is broken.", "the street is broken now", known(5, 0, 1, 1)),
            ("a b c", "a x c d", known(3, 1, 0, 1)),
            ("a b c", "", known(3, 0, 3, 0)),
            ("", "thank you", known(0, 0, 0, 2)),
            ("我家暖气坏了。", "我家 暖气怀了", known(6, 1, 0, 0)),
            ("Number forty two", "number 42", known(3, 0, 0, 0)),
        ] {
            assert_eq!(Errors::between(said, heard), expected, "{said} | {heard}");
        }
        assert_eq!(Errors::between("a b c d", "a b").rate(), Some(0.5));
        assert_eq!(Errors::between("", "thank you").rate(), None);
    }

    #[test]
    fn an_optional_word_costs_nothing_absent_whole_or_misheard() {
        for heard in ["in front of the", "in front of the library", "in front of the lie"] {
            assert_eq!(Errors::between("In front of the (library).", heard), known(4, 0, 0, 0), "{heard}");
        }
        assert_eq!(Errors::between("in front of the (library)", "in front of a lie berry"), known(4, 1, 0, 1));
        assert_eq!(Errors::between("在电梯(里)", "在电梯"), known(3, 0, 0, 0));
    }

    #[test]
    fn the_distance_is_the_least_one_whatever_is_compared() {
        use rand::{Rng as _, SeedableRng as _};
        let seed: u64 = 20_261_127;
        println!("seed {seed}");
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let mut any = |most: usize| {
            let length = random.random_range(0..=most);
            (0..length).map(|_| ["a", "b", "c"][random.random_range(0..3)]).collect::<Vec<_>>().join(" ")
        };
        for _ in 0..500 {
            let (said, heard) = (any(5), any(5));
            let (a, b) = (words(&said), words(&heard));
            let errors = Errors::between(&said, &heard);
            assert_eq!(errors.wrong(), least(&a, &b), "{said} | {heard}");
            assert_eq!(errors.reference + errors.insertions, b.len() + errors.deletions);
        }
    }

    /// By the definition, without a table.
    fn least(a: &[Spoken], b: &[Spoken]) -> usize {
        match (a.split_first(), b.split_first()) {
            (None, _) => b.len(),
            (_, None) => a.len(),
            (Some((x, more)), Some((y, others))) => {
                let across = least(more, others) + usize::from(x.text != y.text);
                across.min(least(more, b) + 1).min(least(a, others) + 1)
            }
        }
    }

    #[test]
    fn digits_count_as_said_or_as_written() {
        assert_eq!(digits("call five five five, zero one", "call 555 01"), (5, 5, 1, 1));
        assert_eq!(digits("flat forty two on the second floor", "flat forty on the second floor"), (2, 1, 1, 0));
        assert_eq!(digits("call five five five", "call nine five five five"), (3, 3, 1, 0));
        assert_eq!(digits("call five five five now", "call five five five five now"), (3, 3, 1, 0));
        assert_eq!(digits("one moment at 12 and 34", "at 12 and 43"), (4, 2, 2, 1));
        assert_eq!(digits("电话八三四", "电话 八三"), (3, 2, 1, 0));
    }
}
