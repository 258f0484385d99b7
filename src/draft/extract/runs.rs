//! Runs of spoken digits, with what was said before them; [`super::scan`] finds them.

use std::ops::Range;

use super::owner::Owner;

/// What the words before a run say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    Phone(Owner),
    /// The area's or country's part of a telephone number.
    Area,
    /// A case number, a plate, a date: not a telephone number.
    NotPhone,
}

/// One digit, and where it was said.
#[derive(Clone, Debug)]
pub struct Digit {
    pub value: char,
    pub line: usize,
    /// Scalars of the word, or of the one Arabic digit.
    pub span: Range<usize>,
    /// Token after its word.
    pub to: usize,
    /// Digits said as one ("double five") share it.
    pub piece: usize,
    /// Counts the pauses and commas of the run.
    pub group: usize,
    /// Only its sound is a digit's: "to", "for".
    pub soft: bool,
}

/// How a run hangs together with the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Other words between.
    Apart,
    /// Nothing but pauses, "yes", "it's".
    Joined,
    /// A correction right before it.
    Corrects,
    /// A correction somewhere before it: only a whole number is meant.
    Restarts,
    /// "Not …": what was wrong, or the right one.
    Negates,
}

#[derive(Clone, Debug)]
pub struct Run {
    pub digits: Vec<Digit>,
    pub cue: Option<Cue>,
    /// Only words like "it's" between the cue and the digits.
    pub near: bool,
    pub link: Link,
    /// "+" or "plus" before it.
    pub international: bool,
    /// A second number to reach the caller on.
    pub alternate: bool,
    /// Its lines hold nothing but digits.
    pub alone: bool,
    /// No word touches its first, its last digit: a pause, a mark, the line's end.
    pub begins: bool,
    pub ends: bool,
    /// Digits of the extension after it.
    pub extension: Vec<Digit>,
}

impl Run {
    pub fn text(&self) -> String {
        text(&self.digits)
    }

    /// Said digit by digit, or in two halves as a number of eight is: a number that is to be written down.
    pub fn is_dictated(&self) -> bool {
        let mut pieces: Vec<usize> = Vec::new();
        for at in 0..self.digits.len() {
            match pieces.last_mut().filter(|_| !border(&self.digits, at)) {
                Some(last) => *last += 1,
                None => pieces.push(1),
            }
        }
        self.ends && (pieces.iter().all(|digits| *digits <= 3) || pieces == [4, 4])
    }
}

pub fn text(digits: &[Digit]) -> String {
    digits.iter().map(|digit| digit.value).collect()
}

/// Whether a digit string may be cut before digit `at`.
pub fn border(digits: &[Digit], at: usize) -> bool {
    match (at.checked_sub(1).and_then(|before| digits.get(before)), digits.get(at)) {
        (Some(before), Some(after)) => before.piece != after.piece,
        _ => true,
    }
}
