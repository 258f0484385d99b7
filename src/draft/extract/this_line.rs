//! "Call me back on the number I'm calling from": a wish without digits.

use std::ops::Range;

use super::cues::{Mark, Marks, one_of};
use super::{Doc, Spans};
use crate::draft::numerals;
use crate::draft::token::{Kind, Token, spells};

/// The line itself, however it is named.
const ITSELF: &str = "number i'm calling|number im calling|number i am calling|number that i'm calling|one i'm calling from|\
     one im calling from|one i am calling from|phone i'm calling|phone i am calling|line i'm calling|number i called from|\
     number i'm ringing|number i am ringing|one i'm ringing from|one i'm on now|number i'm on|caller id|on your screen|\
     来电显示|來電顯示|本机|本機|来电号码|來電號碼";
/// "This number", which is the line only if it is to be called.
const THIS: &str = "this number|this phone|this line|this same number|this cell|this mobile|this one|这个|這個|呢個|呢个|呢部|\
     这部|这号|这电话|呢條線";
/// What a telephone is called in the clause or in the one before.
const TELEPHONE: &str = "电话|電話|号|號|手机|手機|线|線|手提";
const CALLS: &str =
    "call|reach|back|use|fine|best|good|works|ok|okay|get|contact|ring|text|is|just|就|用|打|回|覆|联|聯|搵|即|得|行";
/// Not a wish, or not about being called back.
const OTHERWISE: &str = "not|don't|dont|never|stop|isn't|no|keeps|they|he|she|scam|不|别|別|唔|没|冇|勿|骚|騷|骗|騙|佢|他|她|想|反|投|咨|人";

/// A wish is no longer than this to either side of its words for the line.
const REACH: usize = 12;

/// Where the caller last asks to be called on the line of this call.
pub fn find(doc: &Doc<'_>) -> Option<Spans> {
    let marks = Marks::all();
    let wish = (0..doc.tokens.len()).rev().find_map(|at| wish(&doc.tokens, at, marks))?;
    let (from, to) = (doc.tokens.get(wish.start)?, doc.tokens.get(wish.end.checked_sub(1)?)?);
    Some(vec![(from.line, from.start..to.end)])
}

fn says(tokens: &[Token<'_>], at: usize, list: &str) -> bool {
    let first = tokens.get(at).map_or("", |token| token.text);
    let mut alike = list.split('|').filter(|text| text.starts_with(first));
    alike.any(|text| spells(tokens, at, text).is_some())
}

/// The clause around the words for the line at `at`, if it asks for a call on it.
fn wish(tokens: &[Token<'_>], at: usize, marks: &Marks) -> Option<Range<usize>> {
    let token = tokens.get(at)?;
    // Cheap, and rare enough for the rest.
    if !matches!(
        token.text,
        "this" | "这" | "這" | "呢" | "number" | "one" | "phone" | "line" | "caller" | "on" | "来" | "來" | "本"
    ) {
        return None;
    }
    let (itself, this) = (says(tokens, at, ITSELF), says(tokens, at, THIS));
    if !itself && !this {
        return None;
    }
    let inside = |other: &usize| tokens.get(*other).is_some_and(|t| t.line == token.line && t.kind != Kind::Punct);
    let from = (at.saturating_sub(REACH)..at).rev().take_while(inside).last().unwrap_or(at);
    let to = (at..at + REACH).take_while(inside).last()? + 1;
    let clause = from..to;
    // Digits are a number of their own.
    let digits = clause.clone().filter(|&at| numerals::dictated(tokens, at).is_some_and(|(digits, _)| digits != "1"));
    let word = |list: &str| clause.clone().any(|at| tokens.get(at).is_some_and(|token| one_of(list, token.text)));
    if digits.count() > 2 || word(OTHERWISE) {
        return None;
    }
    let before = from.saturating_sub(REACH)..from;
    let telephone = |range: &Range<usize>| {
        let mark = |at| marks.at(tokens, at).is_some_and(|(mark, _)| matches!(mark, Mark::Phone | Mark::Number));
        range.clone().any(|at| mark(at) || says(tokens, at, TELEPHONE))
    };
    // "My phone? This one." names the telephone in the clause before.
    let named = telephone(&clause) || telephone(&before);
    (itself || named && word(CALLS)).then_some(clause)
}
