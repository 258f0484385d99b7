//! "Call me back on the number I'm calling from": a wish without digits.

use std::ops::Range;

use super::cues::{Mark, Marks, one_of};
use super::{Doc, Spans};
use crate::draft::numerals;
use crate::draft::token::{Kind, Token, phrase, phrase_at};

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

/// Where the caller last asks to be called on the line of this call.
pub fn find(doc: &Doc<'_>) -> Option<Spans> {
    let marks = Marks::new();
    let mut found: Option<Range<usize>> = None;
    let mut before = 0..0;
    for clause in clauses(&doc.tokens) {
        if asks(&doc.tokens, &clause, &before, &marks) {
            found = Some(clause.clone());
        }
        before = clause;
    }
    let clause = found?;
    let (from, to) = (doc.tokens.get(clause.start)?, doc.tokens.get(clause.end.checked_sub(1)?)?);
    Some(vec![(from.line, from.start..to.end)])
}

/// Stretches without punctuation.
fn clauses(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        let line_ends = tokens.get(at + 1).is_none_or(|next| next.line != token.line);
        if token.kind == Kind::Punct || line_ends {
            let to = if token.kind == Kind::Punct { at } else { at + 1 };
            if from < to {
                out.push(from..to);
            }
            from = at + 1;
        }
    }
    out
}

fn asks(tokens: &[Token<'_>], clause: &Range<usize>, before: &Range<usize>, marks: &Marks) -> bool {
    let has = |range: &Range<usize>, list: &str| {
        range.clone().any(|at| {
            let first = tokens.get(at).map_or("", |token| token.text);
            let mut alike = list.split('|').filter(|text| text.starts_with(first));
            alike.any(|text| phrase_at(tokens, at, &phrase(text)).is_some())
        })
    };
    // Digits are a number of their own.
    let digits = clause.clone().filter(|&at| numerals::dictated(tokens, at).is_some_and(|(digits, _)| digits != "1"));
    let words = |list: &str| clause.clone().any(|at| tokens.get(at).is_some_and(|token| one_of(list, token.text)));
    if digits.count() > 2 || words(OTHERWISE) {
        return false;
    }
    if has(clause, ITSELF) {
        return true;
    }
    let english = clause
        .clone()
        .any(|at| marks.at(tokens, at).is_some_and(|(mark, _)| matches!(mark, Mark::Phone | Mark::Number)));
    let telephone = english || has(clause, TELEPHONE) || has(before, TELEPHONE) && has(clause, "这个|這個|呢個|呢个");
    has(clause, THIS) && telephone && words(CALLS)
}
