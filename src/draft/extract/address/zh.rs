//! Chinese addresses, both scripts: names closed by 路, 街, 小区, 大廈 …, numbers closed by 号, 楼, 单元, 室 ….

use super::part::{Gap, Kind, Part, join};
use super::zh_phrases::{crossing, direction, extent, facility, landmark};
use super::zh_words::{CORRECTED, CUES, EITHER, FILLERS, NAMED, NOT_ENDS, NUMBERED, OTHERS, SETTLED, STOP};
use super::{Chain, areas};
use crate::draft::extract::Doc;
use crate::draft::extract::gazetteer::Named;
use crate::draft::normal::is_han;
use crate::draft::numerals::number;
use crate::draft::token::{Kind as TokenKind, PhraseList, Token, spells};

/// Characters of a name before its end.
const NAME: usize = 6;
/// Tokens that may stand between two parts of one address.
const GAP: usize = 9;

/// One line of the caller's.
pub struct Line<'t, 'a> {
    pub doc: &'t Doc<'a>,
    pub tokens: &'t [Token<'a>],
    /// Tokens inside a word of `NOT_ENDS`.
    masked: Vec<bool>,
}

/// All chains of neighbouring parts of one line; `known`: the gazetteer's names in it, from left to right.
pub fn chains(doc: &Doc<'_>, line: usize, known: &[Named]) -> Vec<Chain> {
    let tokens = doc.line(line);
    if !tokens.iter().any(|t| t.kind == TokenKind::Han) {
        return Vec::new();
    }
    let line = Line { doc, tokens, masked: masked(tokens) };
    let mut out: Vec<Chain> = Vec::new();
    let mut open: Vec<Part> = Vec::new();
    let mut from = 0;
    let (mut at, mut end) = (0, 0);
    while at < tokens.len() {
        let Some(part) = line.part(at, end, open.last(), known) else {
            at += 1;
            continue;
        };
        let joins = !open.is_empty() && line.gap(end, part.from).is_some_and(|gap| join(&mut open, &part, gap));
        if !joins {
            out.extend(line.chain(std::mem::take(&mut open), from, end));
            from = part.from;
            open.push(part.clone());
        }
        end = part.to;
        at = end;
    }
    out.extend(line.chain(open, from, end));
    if out.is_empty() {
        let place = facility(&line);
        out.extend(place.and_then(|part| Chain::new(vec![part.clone()], tokens, part.from, part.to, false)));
    }
    out
}

fn masked(tokens: &[Token<'_>]) -> Vec<bool> {
    let mut masked = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        let len = NOT_ENDS.longest(tokens, at).unwrap_or(0);
        masked.iter_mut().skip(at).take(len).for_each(|flag| *flag = true);
    }
    masked
}

/// Ends that follow each other in one name: no name has more.
const ENDS: usize = 4;

impl Line<'_, '_> {
    pub fn original(&self, from: usize, to: usize) -> String {
        self.tokens.get(from..to).unwrap_or_default().iter().map(|t| self.doc.original(t)).collect()
    }

    pub fn is(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|t| words.contains(&t.text))
    }

    pub fn make(&self, kind: Kind, from: usize, to: usize, text: String, score: f32) -> Option<Part> {
        Part::new(self.tokens, kind, from, to, text, score)
    }

    /// Chains of nothing but a house number are dates, bus routes, queue numbers.
    fn chain(&self, mut parts: Vec<Part>, from: usize, to: usize) -> Option<Chain> {
        if parts.iter().all(|part| matches!(part.kind, Kind::Number | Kind::Near)) {
            return None;
        }
        let dates = parts.iter().take_while(|part| part.kind == Kind::Number).count();
        let from = parts.get(dates).map_or(from, |part| part.from).max(from);
        parts.drain(..dates);
        merge_directions(&mut parts);
        let before = self.tokens.get(from.saturating_sub(3)..from).unwrap_or_default();
        let cue = before.iter().any(|t| CUES.contains(&t.text));
        let mut chain = Chain::new(parts, self.tokens, from, to, cue)?;
        chain.others = (from.saturating_sub(4)..from).any(|at| {
            let said = OTHERS.longest(self.tokens, at).filter(|len| at + len <= from);
            said.is_some_and(|len| self.gap(at + len, from) == Some(Gap::Joined))
        });
        Some(chain)
    }

    /// The part that begins, or whose name ends, at `at`.
    fn part(&self, at: usize, free: usize, last: Option<&Part>, known: &[Named]) -> Option<Part> {
        if let Some(name) = Named::at(known, at).filter(|name| at >= free && !self.goes_on(name.to)) {
            let (kind, score) = self.kind_of(name);
            let mut part = self.make(kind, at, name.to, name.text.clone(), score)?;
            part.known = Some(name.known.clone());
            return Some(part);
        }
        let near = |at: usize| last.filter(|_| self.gap(free, at).is_some());
        if let Some(last) = near(at) {
            let more = crossing(self, last, at)
                .or_else(|| extent(self, last, at))
                .or_else(|| landmark(self, last, at))
                .or_else(|| direction(self, last, at));
            if more.is_some() {
                return more;
            }
        }
        // A number begins where it begins, not in its middle.
        let whole = |i: usize| self.tokens.get(i).is_none_or(|t| number(std::slice::from_ref(t), 0).is_none());
        if at.checked_sub(1).is_none_or(|i| i < free || whole(i))
            && let Some(part) = self.numbered(at, near(at))
        {
            return Some(part);
        }
        if let Some(part) = self.ground_floor(at, last).or_else(|| self.unending(at, last)) {
            return Some(part);
        }
        if let Some(len) = areas::chinese(self.tokens, at).filter(|len| !self.goes_on(at + len)) {
            return self.make(Kind::District, at, at + len, self.original(at, at + len), 0.7);
        }
        let (end, kind, score) = self.ending(at, NAMED)?;
        let start = self.name_start(at, free);
        // A side of the estate before it: 西区, 东区.
        let side = end == at + 1 && start + 1 == at && near(start).is_some_and(|last| last.kind == Kind::Community);
        let kind = if kind == Kind::District && side { Kind::Community } else { kind };
        let alone = start == at && !(end > at + 1 && at == free && last.is_some());
        (!alone).then(|| self.make(kind, start, end, self.original(start, end), score))?
    }

    /// 渝北区橡树湾六栋: between a district or a street and a building stands a name, whatever it ends with.
    fn unending(&self, at: usize, last: Option<&Part>) -> Option<Part> {
        last.filter(|last| {
            last.to == at && matches!(last.kind, Kind::City | Kind::District | Kind::Town | Kind::Street)
        })?;
        let plain = |at: usize| {
            let token = self.tokens.get(at).filter(|t| t.kind == TokenKind::Han && !STOP.has(t));
            token.is_some_and(|t| number(std::slice::from_ref(t), 0).is_none())
        };
        let len = (at..at + NAME).take_while(|&at| plain(at)).count();
        let building = self.numbered(at + len, last).is_some_and(|part| part.kind == Kind::Building);
        let named = (at..at + len).all(|at| self.one_end(at, NAMED).is_none());
        (len >= 2 && named && building)
            .then(|| self.make(Kind::Community, at, at + len, self.original(at, at + len), 1.0))?
    }

    /// `一百二十號地下`, in Hong Kong the ground floor.
    fn ground_floor(&self, at: usize, last: Option<&Part>) -> Option<Part> {
        let house = last.is_some_and(|last| last.to == at && matches!(last.kind, Kind::Number | Kind::Building));
        let other = self.tokens.get(at + 2).is_some_and(|t| "室车車停铁鐵水管商库庫通有".contains(t.text));
        let said = house && self.is(at, &["地"]) && self.is(at + 1, &["下"]) && !other;
        said.then(|| self.make(Kind::Floor, at, at + 2, self.original(at, at + 2), 0.4))?
    }

    /// The name of a district or of the gazetteer is only the beginning of a longer one: 觀塘道, 丰台南路.
    fn goes_on(&self, at: usize) -> bool {
        let kind = |at: usize| self.ending(at, NAMED).map(|(_, kind, _)| kind);
        matches!(kind(at), Some(Kind::Street)) || self.is(at, &["区", "區", "县", "市", "站", "圍", "城"])
    }

    fn kind_of(&self, name: &Named) -> (Kind, f32) {
        let ends = NAMED.iter().find(|(end, ..)| name.text.ends_with(end));
        ends.map_or((Kind::Community, 1.0), |(_, kind, score)| (*kind, *score))
    }

    /// The end of a name or of a number at a token: the token after it, the longest one where ends follow each other.
    fn ending(&self, at: usize, ends: &[(&str, Kind, f32)]) -> Option<(usize, Kind, f32)> {
        let mut found = vec![(at, self.one_end(at, ends)?)];
        // 望槐里小区, 花园路: the name goes on to its last end.
        while let Some((from, more)) = found
            .last()
            .filter(|(_, (_, kind, _))| ends.len() == NAMED.len() && found.len() < ENDS && *kind != Kind::City)
            .and_then(|(_, (end, ..))| Some((*end, self.one_end(*end, NAMED)?)))
        {
            found.push((from, more));
        }
        // 永安里三号楼, but 电梯里 and 店里.
        let house = |at: usize| number(self.tokens, at + usize::from(self.is(at, &[","]))).is_some();
        let side = |at: usize| at.checked_sub(1).is_some_and(|i| self.is(i, &["东", "東", "西", "南", "北", "中"]));
        let called = |at: usize| (2..=4).any(|n| at.checked_sub(n).is_some_and(|at| self.is(at, &["叫"])));
        let bare = |from: usize, end: usize| {
            self.is(from, &["里"]) && end == from + 1 && !(house(end) || side(from) || called(from))
        };
        found.into_iter().rev().find(|(from, (end, ..))| !bare(*from, *end)).map(|(_, end)| end)
    }

    fn one_end(&self, at: usize, ends: &[(&str, Kind, f32)]) -> Option<(usize, Kind, f32)> {
        if self.masked.get(at).copied().unwrap_or(true) {
            return None;
        }
        let first = self.tokens.get(at)?.text;
        let small = at.checked_sub(1).is_some_and(|i| self.is(i, &["小"]));
        if matches!(first, "区" | "區") && small {
            return None;
        }
        ends.iter()
            .filter(|(end, ..)| end.starts_with(first))
            .find_map(|(end, kind, score)| Some((at + spells(self.tokens, at, end)?, *kind, *score)))
    }

    /// A number and its end at `at`: `3号楼`, `B座`; without an end, as `501`, after a part of a building.
    fn numbered(&self, at: usize, last: Option<&Part>) -> Option<Part> {
        if self.is(at, &["甲", "乙", "丙"]) && last.is_some_and(|last| last.kind == Kind::Street) {
            let number = self.numbered(at + 1, last).filter(|part| part.kind == Kind::Number)?;
            return self.make(number.kind, at, number.to, self.original(at, at + 1) + &number.text, number.score);
        }
        let nth = usize::from(self.is(at, &["第"]));
        let below = usize::from(self.is(at + nth, &["地"]) && self.is(at + nth + 1, &["下"])) * 2;
        let token = self.tokens.get(at + nth + below)?;
        let (digits, next) = match token.kind {
            TokenKind::Word => (door(token.text)?, at + nth + 1),
            TokenKind::Han | TokenKind::Digits => self.door_number(at + nth + below)?,
            TokenKind::Punct => return None,
        };
        let lead = match (below > 0, nth > 0) {
            (true, _) => "地下",
            (_, true) => "第",
            _ => "",
        };
        if at.checked_sub(1).is_some_and(|i| self.is(i, &["月"])) {
            return None;
        }
        if let Some((end, kind, score)) = self.ending(next, NUMBERED) {
            let kind = self.numbers(kind, last)?;
            let word: String = self.tokens.get(next..end)?.iter().map(|t| t.text).collect();
            return self.make(kind, at, end, format!("{lead}{digits}{word}"), score);
        }
        let last = last.filter(|last| last.kind >= Kind::Building && last.kind <= Kind::Room)?;
        let adjacent = last.to == at;
        let letter = token.kind == TokenKind::Word;
        let fits = if letter {
            last.kind == Kind::Floor && adjacent && !self.next_is_word(next)
        } else {
            let least = if adjacent || self.begins_again(&digits, next) { 2 } else { 3 };
            (least..=4).contains(&digits.len()) && lead.is_empty() && !self.counts(next)
        };
        fits.then(|| self.make(Kind::Room, at, next, digits, 0.5))?
    }

    /// A number, and the letter that may follow it: 十二A室, 1702.
    fn door_number(&self, at: usize) -> Option<(String, usize)> {
        let (mut digits, mut next) = number(self.tokens, at)?;
        if let Some(letter) = self.tokens.get(next).filter(|t| t.kind == TokenKind::Word && t.text.len() == 1)
            && self.ending(next + 1, NUMBERED).is_some()
        {
            digits.push_str(&letter.text.to_uppercase());
            next += 1;
        }
        (digits.len() <= 6).then_some((digits, next))
    }

    /// "六零，六零三".
    fn begins_again(&self, digits: &str, next: usize) -> bool {
        let again = number(self.tokens, next + 1).filter(|_| self.is(next, &[","]));
        again.is_some_and(|(longer, _)| longer.starts_with(digits))
    }

    fn next_is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::Digits))
    }

    /// The number counts something, or is a piece of a longer one that is dictated.
    fn counts(&self, next: usize) -> bool {
        let counted = self.tokens.get(next).is_some_and(|t| "个個年天日月点點分块塊元蚊次人多度".contains(t.text));
        let pause = usize::from(self.is(next, &[","]));
        let more = number(self.tokens, next + pause).filter(|_| pause > 0);
        counted
            || more.is_some_and(|(digits, end)| {
                digits.len() > 2 && self.is(end, &[","]) && number(self.tokens, end + 1).is_some()
            })
    }

    /// What a number's end names after the part before it.
    fn numbers(&self, kind: Kind, last: Option<&Part>) -> Option<Kind> {
        Some(match (kind, last.map(|last| last.kind)) {
            // 弄 and 小区 hold buildings that have numbers.
            (Kind::Number, Some(Kind::Number | Kind::Community)) => Kind::Building,
            // 三期, 二区 only within an estate; 三组 only in a village.
            (Kind::Community, Some(Kind::Community | Kind::Building | Kind::Number | Kind::Street)) => Kind::Community,
            (Kind::Community, _) => return None,
            (kind, _) => kind,
        })
    }

    /// What parts two parts; `None`: too much.
    fn gap(&self, from: usize, to: usize) -> Option<Gap> {
        if to < from || to - from > GAP {
            return None;
        }
        let mut gap = Gap::Joined;
        let mut at = from;
        while at < to {
            let rest = self.tokens.get(..to)?;
            let said = |list: &PhraseList| list.longest(rest, at);
            if let Some(len) = said(&CORRECTED) {
                gap = Gap::Corrected;
                at += len;
            } else if let Some(len) = said(&SETTLED) {
                gap = if gap == Gap::Corrected { gap } else { Gap::Settled };
                at += len;
            } else if let Some(len) = said(&EITHER) {
                gap = Gap::Either;
                at += len;
            } else if let Some(len) = said(&FILLERS) {
                at += len;
            } else if self.is(at, &[",", "、"]) {
                at += 1;
            } else {
                return None;
            }
        }
        Some(gap)
    }

    pub fn name_start(&self, end: usize, free: usize) -> usize {
        let mut start = end;
        while start > free && end - start < NAME {
            let Some(token) = self.tokens.get(start - 1) else { break };
            let han = token.kind == TokenKind::Han && token.text.chars().all(is_han);
            let named =
                self.tokens.get(start).is_some_and(|t| "平谐諧睦顺順田泰悦悅兴興庄莊县縣风風美".contains(t.text));
            let joins = token.is("和") && !named && start >= 2 && self.ending(start - 2, NAMED).is_some();
            if !han || STOP.has(token) || self.masked.get(start - 1) == Some(&true) || joins {
                break;
            }
            start -= 1;
        }
        // "我家中山路" and "反映一下中山路": the words before the name are not part of it.
        let lead = usize::from(self.is(start, &["家", "下"])) + 2 * usize::from(self.is(start + 1, &["下"]));
        if end > start + lead + 1 {
            start += lead;
        }
        start
    }

    /// A name with its end that begins at `at`.
    pub fn named_from(&self, at: usize) -> Option<(usize, Kind)> {
        for end in at..(at + NAME + 1).min(self.tokens.len()) {
            if let Some((next, kind, _)) = self.ending(end, NAMED).filter(|_| end > at) {
                return Some((next, kind));
            }
            let token = self.tokens.get(end)?;
            if token.kind != TokenKind::Han || STOP.has(token) || self.masked.get(end) == Some(&true) {
                return None;
            }
        }
        None
    }
}

/// `B`, `5C`, `A12`: a letter, or digits with one.
fn door(word: &str) -> Option<String> {
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    (letters == 1 && word.len() <= 5 && word.is_ascii() && !word.contains('\'')).then(|| word.to_uppercase())
}

/// 梨园 and 北街 are one street.
fn merge_directions(parts: &mut Vec<Part>) {
    const SIDES: &str = "东東南西北中前后後上下一二三四五六七八九";
    let mut at = 1_usize;
    while let (Some(before), Some(part)) = (at.checked_sub(1).and_then(|i| parts.get(i)), parts.get(at)) {
        let name: Vec<char> = part.text.chars().collect();
        let side = part.kind == Kind::Street && name.len() <= 3 && name.first().is_some_and(|c| SIDES.contains(*c));
        if side && before.kind == Kind::Community && before.line == part.line && before.to == part.from {
            let mut merged = part.clone();
            merged.text = format!("{}{}", before.text, part.text);
            merged.from = before.from;
            merged.range.start = before.range.start;
            parts.splice(at - 1..=at, [merged]);
        } else {
            at += 1;
        }
    }
}
