//! How far what was heard is from what was said. Pure: no file, no clock, no recogniser.
//!
//! Both sides are normalised by [`crate::draft::spoken`] and aligned by the plain Levenshtein distance: a word too few,
//! too many or another one costs 1.

use serde::Serialize;

use crate::call::{Utterance, Word};
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

/// Words that were heard, with the place of each in `printed`.
pub struct Heard {
    pub words: Vec<Spoken>,
    pub printed: Vec<Word>,
}

pub fn heard(utterances: &[Utterance]) -> Heard {
    let lines = utterances.iter().enumerate().flat_map(|(line, u)| u.words.iter().map(move |word| (line, word)));
    let pieces: Vec<_> =
        lines.clone().enumerate().map(|(origin, (line, word))| Piece { text: &word.text, line, origin }).collect();
    Heard { words: spoken(&pieces), printed: lines.map(|(_, word)| word.clone()).collect() }
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

/// Digits in the numbers of a reference: runs of two digits or more, for a lone "one" is more often a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Digits {
    pub digits: usize,
    pub digits_right: usize,
    pub numbers: usize,
    /// Every digit right and none added.
    pub numbers_right: usize,
}

impl Digits {
    pub fn of(reference: &[Reference], heard: &[Spoken], steps: &[Step]) -> Self {
        let mut sums = Self::default();
        let mut run = Self::default();
        let mut added = false;
        let close = |run: &mut Self, added: &mut bool, sums: &mut Self| {
            if run.digits >= 2 {
                sums.digits += run.digits;
                sums.digits_right += run.digits_right;
                sums.numbers += 1;
                sums.numbers_right += usize::from(run.digits_right == run.digits && !*added);
            }
            (*run, *added) = (Self::default(), false);
        };
        let is_digit = |i: usize| reference.get(i).is_some_and(|r| r.word.digit && !r.optional);
        for step in steps {
            match *step {
                Step::Same(i, _) if is_digit(i) => {
                    (run.digits, run.digits_right) = (run.digits + 1, run.digits_right + 1)
                }
                Step::Substituted(i, _) | Step::Deleted(i) if is_digit(i) => run.digits += 1,
                Step::Inserted(j) => added |= heard.get(j).is_some_and(|word| word.digit),
                _ => close(&mut run, &mut added, &mut sums),
            }
        }
        close(&mut run, &mut added, &mut sums);
        sums
    }

    pub fn add(&mut self, other: &Self) {
        self.digits += other.digits;
        self.digits_right += other.digits_right;
        self.numbers += other.numbers;
        self.numbers_right += other.numbers_right;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Spoken> {
        reference(text).into_iter().map(|said| said.word).collect()
    }

    fn errors(said: &str, heard: &str) -> Errors {
        let said = reference(said);
        Errors::of(&said, &align(&said, &words(heard)))
    }

    fn digits(said: &str, heard: &str) -> (usize, usize, usize, usize) {
        let (said, heard) = (reference(said), words(heard));
        let Digits { digits, digits_right, numbers, numbers_right } = Digits::of(&said, &heard, &align(&said, &heard));
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
            assert_eq!(errors(said, heard), expected, "{said} | {heard}");
        }
        assert_eq!(errors("a b c d", "a b").rate(), Some(0.5));
        assert_eq!(errors("", "thank you").rate(), None);
    }

    #[test]
    fn an_optional_word_costs_nothing_absent_whole_or_misheard() {
        for heard in ["in front of the", "in front of the library", "in front of the lie"] {
            assert_eq!(errors("In front of the (library).", heard), known(4, 0, 0, 0), "{heard}");
        }
        assert_eq!(errors("in front of the (library)", "in front of a lie berry"), known(4, 1, 0, 1));
        assert_eq!(errors("在电梯(里)", "在电梯"), known(3, 0, 0, 0));
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
            let errors = errors(&said, &heard);
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
