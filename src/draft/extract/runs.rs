//! Runs of spoken digits in the token sequence, with what was said before them.
//!
//! Separators, pauses and hesitation do not break a run, other words do (design: the spoken-digit grammar).

use crate::draft::numerals;
use crate::draft::token::{Kind, Token, phrase, phrase_at};

/// What the words before a run say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    Phone,
    OtherParty,
    /// A case number, a plate, a date: not a telephone number.
    NotPhone,
}

/// One dictated group: its digits and its tokens `from..to`.
#[derive(Clone, Debug)]
pub struct Piece {
    pub digits: String,
    pub from: usize,
    pub to: usize,
    /// Counts the pauses and commas of the run.
    pub group: usize,
}

#[derive(Clone, Debug)]
pub struct Run {
    pub pieces: Vec<Piece>,
    pub cue: Option<Cue>,
    /// A correction was said just before it.
    pub corrects: bool,
    /// Its lines hold nothing but digits.
    pub alone: bool,
}

impl Run {
    pub fn digits(&self) -> String {
        self.pieces.iter().map(|piece| piece.digits.as_str()).collect()
    }

    fn count(&self) -> usize {
        self.pieces.iter().map(|piece| piece.digits.len()).sum()
    }
}

/// A cue reaches this many tokens ahead.
const CUE_REACH: usize = 14;
/// A correction reaches this many tokens ahead ("no, wait, let me look").
const CORRECTION_REACH: usize = 10;
/// A run with more digits is no number.
const MAX_DIGITS: usize = 32;

const PHONE: &[&str] = &[
    "phone",
    "telephone",
    "cell",
    "mobile",
    "reach me",
    "call me",
    "contact me",
    "ring me",
    "callback number",
    "my number",
    "电话",
    "手机",
    "联系方式",
    "联系我",
    "電話",
    "手提",
    "手機",
    "聯絡",
    "打俾我",
    "打畀我",
];
/// Say "number" of anything; a [`NOT_PHONE`] cue just before them stands.
const WEAK: &[&str] = &["number is", "the number", "号码", "號碼"];
const OTHER: &[&str] = &[
    "his number",
    "her number",
    "their number",
    "his phone",
    "her phone",
    "their phone",
    "called me from",
    "他的电话",
    "她的电话",
    "他们的电话",
    "房东的电话",
    "老板的电话",
    "物业的电话",
    "佢電話",
    "佢嘅電話",
    "業主電話",
];
const NOT_PHONE: &[&str] = &[
    "reference",
    "case number",
    "ticket number",
    "request number",
    "license plate",
    "licence plate",
    "plate",
    "date of birth",
    "account",
    "card number",
    "invoice",
    "meter number",
    "工单",
    "工單",
    "档案",
    "檔案",
    "编号",
    "編號",
    "单号",
    "單號",
    "车牌",
    "車牌",
    "门牌",
    "門牌",
    "身份证",
    "身份證",
    "卡号",
    "卡號",
    "燈柱",
];
const CORRECTION: &[&str] = &[
    "no",
    "sorry",
    "wait",
    "i mean",
    "correction",
    "not",
    "不对",
    "不是",
    "错了",
    "说错",
    "应该是",
    "更正",
    "等一下",
    "唔係",
    "唔对",
    "唔對",
    "錯咗",
    "講錯",
    "應該係",
];
const FILLER: &[&str] = &["uh", "um", "er", "erm", "hmm", "嗯", "呃", "啊", "呢", "嘛", "额"];
const CONFIRM: &[&str] = &["yes", "right", "yeah", "对", "對", "係"];

struct Phrases(Vec<(Vec<&'static str>, Mark)>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Cue(Cue),
    Weak,
    Correction,
    Filler,
    Confirm,
}

impl Phrases {
    fn new() -> Self {
        let lists: [(&[&'static str], Mark); 7] = [
            (OTHER, Mark::Cue(Cue::OtherParty)),
            (PHONE, Mark::Cue(Cue::Phone)),
            (NOT_PHONE, Mark::Cue(Cue::NotPhone)),
            (WEAK, Mark::Weak),
            (CORRECTION, Mark::Correction),
            (FILLER, Mark::Filler),
            (CONFIRM, Mark::Confirm),
        ];
        Self(lists.iter().flat_map(|(list, mark)| list.iter().map(|text| (phrase(text), *mark))).collect())
    }

    fn at(&self, tokens: &[Token<'_>], at: usize) -> Option<(Mark, usize)> {
        self.0.iter().find_map(|(phrase, mark)| phrase_at(tokens, at, phrase).map(|len| (*mark, at + len)))
    }
}

/// Punctuation and hesitation between two groups of one number.
pub fn separates(token: &Token<'_>) -> bool {
    token.kind == Kind::Punct || FILLER.contains(&token.text)
}

struct Scan<'t, 'a> {
    tokens: &'t [Token<'a>],
    out: Vec<Run>,
    open: Option<Run>,
    /// A separator was seen since the last piece.
    parted: bool,
    cue: Option<(Cue, usize)>,
    correction: Option<usize>,
    numeric: Vec<bool>,
}

/// All runs in order.
pub fn runs(tokens: &[Token<'_>]) -> Vec<Run> {
    let phrases = Phrases::new();
    let numeric = numeric_lines(tokens, &phrases);
    let mut scan = Scan { tokens, out: Vec::new(), open: None, parted: false, cue: None, correction: None, numeric };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before.line != token.line) {
            scan.new_line(token.line);
        }
        if let Some((digits, next)) = gloss(tokens, at, scan.open.as_ref()) {
            if let Some(digit) = digits {
                scan.piece(digit, at, next);
            }
            at = next;
        } else if let Some((digits, next)) = numerals::dictated(tokens, at).filter(|_| scan.dictating(at)) {
            scan.piece(digits, at, next);
            at = next;
        } else if let Some((mark, next)) = phrases.at(tokens, at) {
            scan.mark(mark, at, next);
            at = next;
        } else {
            if token.kind == Kind::Punct {
                scan.parted = true;
            } else {
                scan.close();
            }
            at += 1;
        }
    }
    scan.close();
    scan.out
}

impl Scan<'_, '_> {
    /// A lone `o` is a letter unless digits went before.
    fn dictating(&self, at: usize) -> bool {
        self.open.is_some() || !self.tokens.get(at).is_some_and(|token| matches!(token.text, "o" | "oh"))
    }

    fn new_line(&mut self, line: usize) {
        self.parted = true;
        let numeric = self.numeric.get(line).copied().unwrap_or(false);
        let wanting = self.open.as_ref().is_some_and(|run| run.count() < 7 && run.count() >= 2 && run.cue.is_some());
        if !numeric && !wanting {
            self.close();
        }
    }

    fn piece(&mut self, digits: String, from: usize, to: usize) {
        let line = self.tokens.get(from).map_or(0, |token| token.line);
        let alone = self.numeric.get(line).copied().unwrap_or(false);
        let reach = |seen: usize, limit: usize| from.saturating_sub(seen) <= limit;
        let cue = self.cue.filter(|(_, seen)| reach(*seen, CUE_REACH)).map(|(cue, _)| cue);
        let corrects = self.correction.take().is_some_and(|seen| reach(seen, CORRECTION_REACH));
        let run = self.open.get_or_insert_with(|| Run { pieces: Vec::new(), cue, corrects, alone: true });
        run.alone &= alone;
        let group = run.pieces.last().map_or(0, |piece| piece.group + usize::from(self.parted));
        if run.count() <= MAX_DIGITS {
            run.pieces.push(Piece { digits, from, to, group });
        }
        self.parted = false;
    }

    fn mark(&mut self, mark: Mark, at: usize, next: usize) {
        match mark {
            Mark::Filler => self.parted = true,
            Mark::Confirm => {
                self.close();
                self.correction = None;
            }
            Mark::Correction => {
                self.close();
                // A correction inside a phrase about a number keeps that number's cue alive.
                self.cue = self.cue.map(|(cue, _)| (cue, next));
                self.correction = Some(next);
            }
            Mark::Weak => {
                self.close();
                let stands = self.cue.is_some_and(|(cue, seen)| cue != Cue::Phone && at.saturating_sub(seen) <= 3);
                if !stands {
                    self.cue = Some((Cue::Phone, next));
                }
            }
            Mark::Cue(cue) => {
                self.close();
                self.cue = Some((cue, next));
            }
        }
    }

    fn close(&mut self) {
        self.parted = false;
        if let Some(run) = self.open.take() {
            // What follows may correct or repeat it, under the same cue.
            if let (Some(cue), Some(last)) = (run.cue, run.pieces.last()) {
                self.cue = (cue != Cue::NotPhone).then_some((cue, last.to));
            }
            if run.count() >= 2 && run.count() <= MAX_DIGITS {
                self.out.push(run);
            }
        }
    }
}

/// Lines of nothing but digits, separators, hesitation and confirmation.
fn numeric_lines(tokens: &[Token<'_>], phrases: &Phrases) -> Vec<bool> {
    let lines = tokens.last().map_or(0, |token| token.line + 1);
    let mut numeric = vec![true; lines];
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = match numerals::dictated(tokens, at) {
            Some((_, next)) => next,
            None if token.kind == Kind::Punct => at + 1,
            None => match phrases.at(tokens, at) {
                Some((Mark::Filler | Mark::Confirm | Mark::Correction, next)) => next,
                _ => {
                    if let Some(flag) = numeric.get_mut(token.line) {
                        *flag = false;
                    }
                    at + 1
                }
            },
        };
        at = next;
    }
    numeric
}

/// `四是四川的四`: a digit explained by a word. Gives the digit once more only when it had not been said yet.
fn gloss(tokens: &[Token<'_>], at: usize, open: Option<&Run>) -> Option<(Option<String>, usize)> {
    let first = tokens.get(at).filter(|token| token.kind == Kind::Han)?;
    let digit = numerals::digit(first)?;
    let verb = tokens.get(at + 1).filter(|t| t.line == first.line)?;
    if !matches!(verb.text, "是" | "係") {
        return None;
    }
    let of = (at + 3..at + 7)
        .find(|&i| tokens.get(i).is_some_and(|t| matches!(t.text, "的" | "嘅") && t.line == first.line))?;
    if numerals::digit(tokens.get(of + 1).filter(|t| t.line == first.line)?) != Some(digit) {
        return None;
    }
    let said = open.and_then(|run| run.pieces.last()).is_some_and(|piece| piece.digits.ends_with(&digit.to_string()));
    Some(((!said).then(|| digit.to_string()), of + 2))
}
