//! The caller's name: a cue, then capitalised words in English, or a surname and up to two characters in Chinese.

use super::{Doc, Spans};
use crate::draft::numerals::digit;
use crate::draft::token::{Kind, Token, phrase, phrase_at};

pub struct Found {
    pub value: String,
    pub spans: Spans,
    pub score: f32,
}

const EN_CUES: &[(&str, f32)] = &[
    ("my name is", 0.9),
    ("my name's", 0.9),
    ("the name is", 0.8),
    ("the name's", 0.8),
    ("my surname is", 0.8),
    ("surname is", 0.7),
    ("my name", 0.6),
    ("i am called", 0.7),
    ("this is", 0.6),
    ("it's", 0.5),
    ("its", 0.5),
];
/// Cues after which many things may come: two capitalised words are wanted.
const WEAK: &[&str] = &["this is", "it's", "its"];
const NOT_NAMES: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "street",
    "road",
    "avenue",
    "lane",
    "i",
    "and",
    "the",
    "a",
    "not",
    "about",
    "on",
    "in",
    "at",
    "is",
    "so",
    "just",
    "but",
    "it",
    "my",
    "number",
    "phone",
    "from",
    "very",
    "of",
    "for",
    "calling",
    "to",
];
const ZH_CUES: &[(&str, f32)] = &[
    ("我叫", 0.9),
    ("名字是", 0.85),
    ("名字叫", 0.85),
    ("我的名字是", 0.9),
    ("免贵姓", 0.75),
    ("免貴姓", 0.75),
    ("我姓", 0.75),
    ("小姓", 0.75),
    ("我係", 0.6),
    ("我是", 0.6),
    ("姓", 0.5),
    ("叫", 0.4),
];
const SURNAMES: &str = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖萧蕭田董\
    潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖石金韦韋贾賈夏付傅方邹鄒熊白孟秦邱侯江尹薛闫段雷龙龍\
    黎史陶贺賀毛郝顾顧龚龔邵万萬覃武钱錢戴严嚴莫孔向常汤湯康易乔喬赖賴文庞龐樊兰殷施倪关關霍甘温溫";
const DOUBLE: &[&str] = &["欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "司徒", "东方", "皇甫", "尉迟"];
/// A given name ends before these.
const AFTER: &str = "电電手我住在是的地打要想说說反这這那先女小号號联聯，。,.、係嘅喺你就也又和跟她他了";
/// Words between a cue and the name.
const BETWEEN: &[&str] = &["这个", "這個", "那个", "嗯", "呃"];

pub fn find(doc: &Doc<'_>) -> Option<Found> {
    let english: Vec<(Vec<&str>, f32, bool)> =
        EN_CUES.iter().map(|(cue, score)| (phrase(cue), *score, WEAK.contains(cue))).collect();
    let chinese: Vec<(Vec<&str>, f32)> = ZH_CUES.iter().map(|(cue, score)| (phrase(cue), *score)).collect();
    let mut best: Option<Found> = None;
    for line in 0..doc.segments.len() {
        let tokens = doc.line(line);
        let capitals = tokens.iter().filter(|t| t.kind == Kind::Word).take(64).any(|t| starts_upper(&doc.original(t)));
        for at in 0..tokens.len() {
            let english = english.iter().find_map(|(cue, score, weak)| {
                let len = phrase_at(tokens, at, cue)?;
                english_name(doc, tokens, at + len, *weak || capitals, *weak)
                    .map(|(value, to)| (value, at + len, to, *score))
            });
            let found = english
                .or_else(|| {
                    chinese.iter().find_map(|(cue, score)| {
                        let len = phrase_at(tokens, at, cue)?;
                        chinese_name(doc, tokens, at + len, cue)
                            .map(|(value, from, to, full)| (value, from, to, if full { *score } else { *score / 2.0 }))
                    })
                })
                .or_else(|| bare_name(doc, tokens, at));
            if let Some((value, from, to, score)) = found
                && best.as_ref().is_none_or(|best| score > best.score)
                && let (Some(first), Some(last)) = (tokens.get(from), tokens.get(to.saturating_sub(1)))
            {
                best = Some(Found { value, spans: vec![(line, first.start..last.end)], score });
            }
        }
    }
    best
}

/// Up to three words; capitals decide when the recogniser prints them at all.
fn english_name(
    doc: &Doc<'_>,
    tokens: &[Token<'_>],
    from: usize,
    capitals: bool,
    weak: bool,
) -> Option<(String, usize)> {
    let mut words: Vec<String> = Vec::new();
    let mut at = from;
    while let Some(token) = tokens.get(at).filter(|t| t.kind == Kind::Word && words.len() < 3) {
        let original = doc.original(token);
        let fits = if capitals { starts_upper(&original) } else { words.len() < 2 };
        if !fits || NOT_NAMES.contains(&token.text) || digit(token).is_some() {
            break;
        }
        words.push(original);
        at += 1;
    }
    let street = tokens.get(at).is_some_and(|t| matches!(t.text, "street" | "road" | "avenue"));
    let enough = if weak { words.len() >= 2 } else { !words.is_empty() };
    (enough && !street).then(|| (words.join(" "), at))
}

fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

fn surname_len(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    if let Some(len) = DOUBLE.iter().find_map(|name| phrase_at(tokens, at, &phrase(name))) {
        return Some(len);
    }
    tokens.get(at).filter(|t| t.kind == Kind::Han && SURNAMES.contains(t.text)).map(|_| 1)
}

/// Surname and given name at `at`: token after it, and whether a given name was said.
fn full_name(tokens: &[Token<'_>], at: usize) -> Option<(usize, bool)> {
    let line = tokens.get(at)?.line;
    let mut to = at + surname_len(tokens, at)?;
    let given = to;
    while let Some(token) = tokens.get(to).filter(|t| t.kind == Kind::Han && t.line == line && to < given + 2) {
        let number = digit(token).is_some() && tokens.get(to + 1).is_some_and(|next| digit(next).is_some());
        if AFTER.contains(token.text) || number {
            break;
        }
        to += 1;
    }
    Some((to, to > given))
}

fn chinese_name(
    doc: &Doc<'_>,
    tokens: &[Token<'_>],
    from: usize,
    cue: &[&str],
) -> Option<(String, usize, usize, bool)> {
    let skipped = BETWEEN.iter().find_map(|word| phrase_at(tokens, from, &phrase(word))).unwrap_or(0);
    let from = from + skipped;
    let (to, full) = full_name(tokens, from)?;
    let closed = tokens.get(to).is_none_or(|t| t.kind == Kind::Punct);
    // "我是高中老师" is no name: after a cue of many uses the clause must end with it.
    if matches!(cue, ["我", "是" | "係"] | ["叫"]) && !(closed && full) {
        return None;
    }
    let text =
        |from: usize, to: usize| tokens.get(from..to).unwrap_or_default().iter().map(|t| doc.original(t)).collect();
    // "我姓孙，孙丽华": the whole name follows the surname.
    if cue.last() == Some(&"姓") {
        let surname = tokens.get(from)?.text;
        let again = (from + 1..from + 5).filter(|&at| tokens.get(at).is_some_and(|t| t.is(surname)));
        for at in again {
            if let Some((end, true)) = full_name(tokens, at) {
                return Some((text(at, end), at, end, true));
            }
        }
    }
    Some((text(from, to), from, to, full))
}

/// A clause of just a name beside a number: `冯玉兰，一九四五五零二…`.
fn bare_name(doc: &Doc<'_>, tokens: &[Token<'_>], at: usize) -> Option<(String, usize, usize, f32)> {
    let opens = at == 0 || tokens.get(at - 1).is_some_and(|t| t.kind == Kind::Punct);
    let (to, full) = if opens { full_name(tokens, at)? } else { return None };
    let comma = tokens.get(to).is_some_and(|t| t.kind == Kind::Punct);
    let number = (1..=3).all(|n| tokens.get(to + n).is_some_and(|t| digit(t).is_some()));
    (full && to - at == 3 && comma && number)
        .then(|| (tokens.get(at..to).unwrap_or_default().iter().map(|t| doc.original(t)).collect(), at, to, 0.6))
}
