//! Numbers painted on things in the street: lamp posts, bus stops, manholes, meter boxes.

use super::part::{Kind, Part};
use crate::draft::extract::Doc;
use crate::draft::lines::copies;
use crate::draft::numerals::dictated;
use crate::draft::token::{Kind as TokenKind, Token, phrase, spells};

/// Things with a number, as callers call them.
const THINGS: [&str; 30] = [
    "燈柱",
    "灯柱",
    "燈杆",
    "灯杆",
    "路燈",
    "路灯",
    "街燈",
    "街灯",
    "電線杆",
    "电线杆",
    "电杆",
    "巴士站",
    "公交站",
    "站牌",
    "站台",
    "沙井",
    "井盖",
    "井蓋",
    "渠蓋",
    "电表箱",
    "lamp post",
    "lamppost",
    "light pole",
    "utility pole",
    "street light",
    "pole",
    "bus stop",
    "stop",
    "manhole",
    "hydrant",
];
/// Words between the thing and its number.
const BETWEEN: [&str; 40] = [
    "編", "编", "號", "号", "碼", "码", "係", "是", "叫", "嘅", "的", "我", "影", "咗", "相", "第", "支", "个", "個",
    "一", ",", ":", "杆", "柱", "牌", "上", "面", "写", "寫", "着", "住", "number", "no", "id", "is", "the", "it",
    "says", "it's", "reads",
];
const REACH: usize = 14;
/// Tokens that a number is spelled in.
const LENGTH: usize = 12;

/// Two letters that are words and begin no number.
const WORDS: [&str; 18] =
    ["am", "an", "as", "at", "by", "do", "go", "he", "if", "in", "me", "my", "of", "on", "or", "so", "to", "we"];

/// The first number of a thing in the call; a number needs a letter, or three digits.
pub fn find(doc: &Doc<'_>) -> Option<Part> {
    doc.segments.iter().enumerate().find_map(|(line, segment)| {
        let tokens = doc.line(line);
        let find = || (0..tokens.len()).find_map(|at| of_thing(doc, tokens, at)).into_iter().collect();
        copies(&segment.kept.asset, find, |part| part.line = line).pop()
    })
}

fn of_thing(doc: &Doc<'_>, tokens: &[Token<'_>], at: usize) -> Option<Part> {
    let first = tokens.get(at)?.text;
    let names = THINGS.iter().filter(|name| name.starts_with(first));
    let len = names.filter_map(|name| spells(tokens, at, name)).max()?;
    let mut start = at + len;
    let mut named = false;
    while start < at + len + REACH {
        let said = tokens.get(start).is_some_and(|t| t.kind == TokenKind::Word && BETWEEN.contains(&t.text));
        if let Some((code, end)) = code(tokens, start).filter(|_| !said)
            && (code.len() > 3 || named && code.len() == 3)
        {
            let thing: String = if tokens.get(at)?.kind == TokenKind::Han {
                tokens.get(at..at + len)?.iter().map(|t| doc.original(t)).collect()
            } else {
                format!("{} ", phrase(THINGS.iter().find(|name| spells(tokens, at, name) == Some(len))?).join(" "))
            };
            return Part::new(tokens, Kind::Asset, at, end, format!("{thing}{code}"), 1.0);
        }
        let between = tokens.get(start).filter(|t| BETWEEN.contains(&t.text))?;
        named |= matches!(between.text, "編" | "编" | "號" | "号" | "碼" | "码" | "number" | "no" | "id");
        start += 1;
    }
    None
}

/// `F E 一零八八`, `FE1088`, `4421`: at most two letters before the digits.
fn code(tokens: &[Token<'_>], at: usize) -> Option<(String, usize)> {
    let (mut code, mut end) = (String::new(), at);
    let (mut letters, mut digits) = (0, 0);
    while let Some(token) = tokens.get(end).filter(|_| end < at + LENGTH) {
        let letter = |c: char| c.is_ascii_alphabetic();
        if let Some((more, next)) = dictated(tokens, end).filter(|_| !matches!(token.text, "oh" | "o") || digits > 0) {
            digits += more.len();
            code.push_str(&more);
            end = next;
        } else if token.kind == TokenKind::Word && token.text.is_ascii() && digits == 0 && letters < 3 {
            let (alpha, rest) = token.text.split_at(token.text.find(|c| !letter(c)).unwrap_or(token.text.len()));
            let number = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
            if alpha.len() > 2
                || WORDS.contains(&token.text)
                || !(rest.is_empty() && alpha.len() == 1 || number || alpha.len() == 2 && rest.is_empty())
            {
                break;
            }
            letters += alpha.len();
            digits += rest.len();
            code.push_str(&token.text.to_uppercase());
            end += 1;
        } else if token.is("-") && !code.is_empty() {
            end += 1;
        } else {
            break;
        }
    }
    (2..=8).contains(&digits).then_some((code, end))
}
