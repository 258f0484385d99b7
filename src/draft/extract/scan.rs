//! Finds the runs of spoken digits in the token sequence.
//!
//! Separators, pauses and hesitation do not break a run, other words do (design: the spoken-digit grammar).

use super::cues::{Mark, Marks, is_currency, is_no_digit, is_unit, named_after};
use super::gloss::{as_in, gloss};
use super::owner::{self, Owner};
use super::plan::LOCAL;
use super::runs::{Cue, Digit, Link, Run, border, text};
use crate::draft::numerals;
use crate::draft::token::{Kind, Token};

/// A cue reaches this many tokens ahead.
const CUE_REACH: usize = 14;
/// A cue of something else than a telephone number, over this many words that are not "is", "it's".
const OTHER_REACH: usize = 5;
/// A correction reaches this many tokens ahead ("no, wait, let me look").
const CORRECTION_REACH: usize = 10;
/// A run with more digits is no number, however often it was read.
const MAX_DIGITS: usize = 64;
/// A case number of this many digits does not go on in the next line.
const WHOLE_CASE: usize = 7;
/// Longest extension.
const MAX_EXTENSION: usize = 6;

struct Cued {
    cue: Cue,
    seen: usize,
    /// Words between that say something.
    words: usize,
    /// A run has taken it: it goes on only to what is joined to that run.
    spent: bool,
}

struct Scan<'t, 'a> {
    tokens: &'t [Token<'a>],
    marks: &'t Marks,
    /// Whether digits are a whole number of a plan.
    whole: &'t dyn Fn(&str) -> bool,
    numeric: Vec<bool>,
    out: Vec<Run>,
    open: Option<Run>,
    /// A separator was seen since the last piece.
    parted: bool,
    cue: Option<Cued>,
    correction: Option<(Link, usize)>,
    /// Words that say something since the last run.
    words: usize,
    international: bool,
    alternate: bool,
    extension: bool,
    pieces: usize,
}

/// All runs in order. `whole` tells a whole number of the line's plans.
pub fn runs(tokens: &[Token<'_>], whole: &dyn Fn(&str) -> bool) -> Vec<Run> {
    let marks = Marks::all();
    let mut scan = Scan {
        tokens,
        marks,
        whole,
        numeric: numeric_lines(tokens, marks),
        out: Vec::new(),
        open: None,
        parted: true,
        cue: None,
        correction: None,
        words: 0,
        international: false,
        alternate: false,
        extension: false,
        pieces: 0,
    };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before.line != token.line) {
            scan.new_line(at, token.line);
        }
        at = scan.step(at);
    }
    scan.close(true);
    scan.out
}

impl Scan<'_, '_> {
    /// Reads what stands at `at`; the token after it.
    fn step(&mut self, at: usize) -> usize {
        if let Some((digit, next)) = gloss(self.tokens, at) {
            // It explains the digit just said, or says the next one.
            let said = self.open.as_ref().is_some_and(|run| {
                run.digits.last().is_some_and(|last| last.value == digit) || (self.whole)(&run.text())
            });
            if !said {
                self.piece(&digit.to_string(), at, next, false);
            }
            return next;
        }
        if let Some(next) =
            as_in(self.tokens, at).filter(|_| self.open.is_some() && self.tokens.get(at).is_some_and(|t| t.is("as")))
        {
            self.parted = true;
            return next;
        }
        let Some(token) = self.tokens.get(at) else { return at + 1 };
        let marked = self.marks.at(self.tokens, at);
        if let Some((mark, next)) = marked.filter(|(_, next)| next - at > 1 || !matches!(token.text, "to" | "two")) {
            self.mark(mark, at, next);
            return next;
        }
        if is_currency(token) {
            self.close(true);
            return amount(self.tokens, at + 1);
        }
        if !is_no_digit(self.tokens, at, self.open.is_some())
            && let Some((digits, next)) = numerals::dictated(self.tokens, at)
        {
            self.piece(&digits, at, next, false);
            return next;
        }
        if let Some(value) = numerals::homophone(token).filter(|_| self.sounds(at)) {
            self.piece(&value.to_string(), at, at + 1, true);
            return at + 1;
        }
        if token.kind == Kind::Punct {
            self.parted |= !self.inside_figure(at);
            self.international |= token.is("+") && self.open.is_none();
        } else {
            self.other(at);
        }
        at + 1
    }

    /// A word like "to" among digits: one right before it, one or the end of the line after it.
    fn sounds(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return false };
        let Some(last) = self.open.as_ref().and_then(|run| run.digits.last()) else { return false };
        let follows = |at: usize| match self.tokens.get(at).filter(|next| next.line == token.line) {
            None => true,
            Some(next) => next.kind == Kind::Punct || numerals::dictated(self.tokens, at).is_some(),
        };
        let after = self.tokens.get(at + 1).is_some_and(|next| numerals::homophone(next).is_some());
        // 要 is "will" far more often than a one.
        let han = token.kind == Kind::Han;
        let near =
            last.to == at || self.tokens.get(last.to..at).is_some_and(|gap| gap.iter().all(|t| t.kind == Kind::Punct));
        near && last.line == token.line
            && if han { numerals::dictated(self.tokens, at + 1).is_some() } else { after || follows(at + 1) }
    }

    /// The comma of "1,500" and the point of "3.5".
    fn inside_figure(&self, at: usize) -> bool {
        let (Some(mark), Some(next)) = (self.tokens.get(at), self.tokens.get(at + 1)) else { return false };
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let tight = before.is_some_and(|b| b.kind == Kind::Digits && b.end == mark.start && b.line == mark.line);
        matches!(mark.text, "," | ".")
            && tight
            && next.kind == Kind::Digits
            && next.start == mark.end
            && next.line == mark.line
    }

    /// A word that says something ends the run, and may say that its last digits counted something.
    fn other(&mut self, at: usize) {
        let counted = !self.parted && self.open.is_some() && is_unit(self.tokens, at);
        if counted {
            self.uncount();
        }
        let touches = !self.parted;
        self.close(!touches);
        self.words += 1;
        (self.parted, self.extension, self.international) = (false, false, false);
        self.correction = self.correction.map(|(link, seen)| match link {
            Link::Corrects => (Link::Restarts, seen),
            link => (link, seen),
        });
        if let Some(cued) = &mut self.cue {
            cued.words += 1;
            if cued.spent {
                self.cue = None;
            }
        }
    }

    /// Takes the digits that a unit counts off the open run: as few as leave a whole number, else the last group.
    fn uncount(&mut self) {
        let Some(run) = &mut self.open else { return };
        if (self.whole)(&run.text()) {
            return;
        }
        let Some(last) = run.digits.last().map(|digit| digit.group) else { return };
        let group = run.digits.iter().rposition(|digit| digit.group != last).map_or(0, |at| at + 1);
        let edges = (group.max(run.digits.len().saturating_sub(4))..run.digits.len()).rev();
        let cut = edges
            .filter(|&at| at > 0 && border(&run.digits, at))
            .find(|&at| (self.whole)(&text(run.digits.get(..at).unwrap_or_default())));
        run.digits.truncate(cut.unwrap_or(group));
        if run.digits.is_empty() {
            self.open = None;
        } else {
            run.ends = true;
            self.parted = true;
        }
    }

    fn new_line(&mut self, at: usize, line: usize) {
        self.parted = true;
        let numeric = self.numeric.get(line).copied().unwrap_or(false);
        let digits_go_on = !is_no_digit(self.tokens, at, true) && numerals::dictated(self.tokens, at).is_some();
        let goes_on = self.open.as_ref().is_some_and(|run| {
            let whole = (self.whole)(&run.text());
            // Half a number asks for the other half; seven or eight digits may be all of it.
            let half = !whole && run.digits.len() >= 2 && !LOCAL.contains(&run.digits.len());
            let expected = matches!(run.cue, Some(Cue::Phone(_))) || run.link == Link::Corrects;
            let case = run.cue == Some(Cue::NotPhone) && run.digits.len() >= WHOLE_CASE;
            if numeric { !case && (!whole || digits_go_on) } else { half && expected }
        });
        if !goes_on {
            self.close(true);
        }
        let another = |cued: &Cued| cued.spent && !matches!(cued.cue, Cue::Phone(Owner::Caller));
        if self.open.is_none() && self.cue.as_ref().is_some_and(another) {
            // "He called me from …." "It's …": another breath, the caller's own.
            let whole = self.out.last().is_some_and(|run| (self.whole)(&run.text()) || run.digits.len() >= WHOLE_CASE);
            self.cue = self.cue.take().filter(|_| !whole);
        }
    }

    fn piece(&mut self, digits: &str, from: usize, to: usize, soft: bool) {
        let (Some(first), Some(last)) = (self.tokens.get(from), self.tokens.get(to.saturating_sub(1))) else { return };
        self.pieces += 1;
        let extension = std::mem::take(&mut self.extension);
        let group =
            self.open.as_ref().and_then(|run| run.digits.last()).map_or(0, |d| d.group + usize::from(self.parted));
        let arabic = first.kind == Kind::Digits;
        let each = digits.chars().enumerate().map(|(nth, value)| Digit {
            value,
            line: first.line,
            span: if arabic { first.start + nth..first.start + nth + 1 } else { first.start..last.end },
            to,
            piece: self.pieces,
            group,
            soft,
        });
        if extension && self.open.is_none() {
            if let Some(run) = self.out.last_mut() {
                run.extension.extend(each.take(MAX_EXTENSION));
                self.extension = run.extension.len() < MAX_EXTENSION;
            }
            self.parted = false;
            return;
        }
        let each: Vec<Digit> = each.collect();
        if self.open.is_none() {
            self.open = Some(self.begin(from));
        }
        let alone = self.numeric.get(first.line).copied().unwrap_or(false);
        if let Some(run) = &mut self.open {
            run.alone &= alone;
            // What is longer than any number read four times is noise.
            if run.digits.len() <= MAX_DIGITS {
                run.digits.extend(each.into_iter().take(MAX_DIGITS + 1));
            }
        }
        self.parted = false;
    }

    fn line(&self, at: usize) -> Option<usize> {
        self.tokens.get(at).map(|token| token.line)
    }

    fn begin(&mut self, from: usize) -> Run {
        let near = |seen: usize, limit: usize| from.saturating_sub(seen) <= limit;
        let cued = self.cue.as_ref().filter(|cued| match cued.cue {
            Cue::Phone(Owner::Caller) => near(cued.seen, CUE_REACH),
            // "The landlord's phone is always busy. Mary Lee, two one two …" is her own.
            Cue::Phone(_) => near(cued.seen, CUE_REACH) && (cued.words <= 3 || self.line(cued.seen) == self.line(from)),
            Cue::Area | Cue::NotPhone => near(cued.seen, CUE_REACH) && cued.words <= OTHER_REACH,
        });
        let link = match self.correction.take().filter(|(_, seen)| near(*seen, CORRECTION_REACH)) {
            Some((link, _)) => link,
            None if self.words == 0 => Link::Joined,
            None => Link::Apart,
        };
        Run {
            digits: Vec::new(),
            cue: cued.map(|cued| cued.cue).or_else(|| owner::using(self.tokens, from).map(Cue::Phone)),
            near: cued.is_some_and(|cued| cued.words == 0),
            link,
            international: std::mem::take(&mut self.international),
            alternate: std::mem::take(&mut self.alternate),
            alone: true,
            begins: self.parted || cued.is_some_and(|cued| cued.seen == from),
            ends: true,
            extension: Vec::new(),
        }
    }

    fn mark(&mut self, mark: Mark, at: usize, next: usize) {
        if mark == Mark::Filler {
            self.parted = true;
            return;
        }
        // A unit that is a soft word as well: 个, 次, 位.
        if mark == Mark::Soft && !self.parted && self.open.is_some() && next == at + 1 && is_unit(self.tokens, at) {
            self.uncount();
        }
        let whole = self.open.as_ref().is_some_and(|run| (self.whole)(&run.text()));
        if self.open.is_some() && (mark == Mark::Then || mark == Mark::Confirm && !whole) {
            // "Two one two, yes, five five five, and then": the other side repeats each group.
            self.parted = true;
            return;
        }
        self.close(true);
        self.parted = true;
        match mark {
            Mark::Filler | Mark::Soft | Mark::Then => {
                self.international |= self.tokens.get(at).is_some_and(|t| matches!(t.text, "plus" | "加"))
            }
            Mark::Confirm => {}
            Mark::Correction | Mark::Negation => {
                let link = if mark == Mark::Negation { Link::Negates } else { Link::Corrects };
                // A correction inside a phrase about a number keeps that number's cue alive.
                if let Some(cued) = &mut self.cue {
                    cued.seen = next;
                }
                self.correction = Some((link, next));
            }
            Mark::Alternate => self.alternate = true,
            Mark::Extension => self.extension = self.words == 0 && !self.out.is_empty(),
            Mark::Phone => self.cued(Cue::Phone(owner::of(self.tokens, at, next)), next),
            Mark::Rang => self.cued(Cue::Phone(Owner::Other), next),
            Mark::Area => self.cued(Cue::Area, next),
            Mark::NotPhone | Mark::Reference => self.cued(Cue::NotPhone, next),
            Mark::Number => {
                let stands =
                    self.cue.as_ref().is_some_and(|cued| cued.cue == Cue::NotPhone && !cued.spent && cued.words <= 3);
                if !stands {
                    self.cued(Cue::Phone(owner::of(self.tokens, at, next)), next);
                }
            }
        }
    }

    fn cued(&mut self, cue: Cue, seen: usize) {
        // "My phone, that's number …" is still whose it was.
        let kept = self.cue.as_ref().filter(|cued| cued.words == 0 && !cued.spent).map(|cued| cued.cue);
        let cue = match (kept, cue) {
            (Some(Cue::Phone(kept)), Cue::Phone(Owner::Caller)) => Cue::Phone(kept),
            (_, cue) => cue,
        };
        self.cue = Some(Cued { cue, seen, words: 0, spent: false });
        self.words += 1;
        self.extension = false;
    }

    fn close(&mut self, ends: bool) {
        let Some(mut run) = self.open.take() else { return };
        run.ends = ends;
        let Some(last) = run.digits.last() else { return };
        // What follows may correct or repeat it, under the same cue.
        self.cue = match run.cue {
            Some(cue @ Cue::Phone(_)) => Some(Cued { cue, seen: last.to, words: 0, spent: true }),
            _ => None,
        };
        let amends = run.digits.len() < 2 && run.link == Link::Apart;
        if run.digits.len() <= MAX_DIGITS && !amends {
            if let Some(Cue::Phone(Owner::Caller)) | None = run.cue
                && let Some(told) = owner::told_after(self.tokens, last.to)
            {
                run.cue = Some(Cue::Phone(told));
            }
            match named_after(self.tokens, last.to, self.marks) {
                Some(Mark::Reference | Mark::NotPhone) => run.cue = Some(Cue::NotPhone),
                Some(_) if run.cue.is_none() => run.cue = Some(Cue::Phone(Owner::Caller)),
                _ => {}
            }
            self.words = 0;
            self.out.push(run);
        }
    }
}

/// The digits of a sum of money are no part of a run.
fn amount(tokens: &[Token<'_>], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        let goes_on = token.kind == Kind::Digits
            || (matches!(token.text, "," | ".") && tokens.get(at + 1).is_some_and(|next| next.start == token.end));
        if !goes_on {
            break;
        }
        at += 1;
    }
    at
}

/// Lines of nothing but digits, separators, hesitation and confirmation.
fn numeric_lines(tokens: &[Token<'_>], marks: &Marks) -> Vec<bool> {
    let lines = tokens.last().map_or(0, |token| token.line + 1);
    let mut numeric = vec![true; lines];
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let quiet = matches!(
            marks.at(tokens, at),
            Some((Mark::Filler | Mark::Confirm | Mark::Correction | Mark::Soft | Mark::Then, _))
        );
        let next = match numerals::dictated(tokens, at) {
            Some((_, next)) => next,
            None if token.kind == Kind::Punct || numerals::homophone(token).is_some() => at + 1,
            None if quiet => marks.at(tokens, at).map_or(at + 1, |(_, next)| next),
            None => {
                if let Some(flag) = numeric.get_mut(token.line) {
                    *flag = false;
                }
                at + 1
            }
        };
        at = next;
    }
    numeric
}
