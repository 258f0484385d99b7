//! What Chinese callers say after a road: the other road, from where to where, what stands there.

use super::part::{Kind, Part};
use super::zh::Line;
use super::zh_words::{FACILITIES, FILLERS, LANDMARKS, STOP};
use crate::draft::numerals::number;
use crate::draft::token::{Kind as TokenKind, spells};

/// Characters of a landmark's name before its noun, and of each end of a stretch of road.
const NAME: usize = 4;
const END: usize = 8;
const CORNERS: [&str; 8] = ["十字路口", "交叉路口", "交叉口", "交汇处", "交界处", "路口", "交界", "交口"];

/// `和解放路的路口` after a road; `和五层` after a floor.
pub fn crossing(line: &Line<'_, '_>, last: &Part, at: usize) -> Option<Part> {
    let range = last.kind == Kind::Floor && line.is(at, &["到", "至", "-"]);
    if last.to != at || !(range || line.is(at, &["和", "与", "與", "同", "跟", "及", "、"])) {
        return None;
    }
    if last.kind == Kind::Floor {
        let (digits, end) = number(line.tokens, at + 1)?;
        let same = line.is(end, &["楼", "樓", "层", "層"]).then(|| line.original(end, end + 1))?;
        let joint = if range { line.original(at, at + 1) } else { "、".to_owned() };
        return line.make(Kind::Floor, at, end + 1, format!("{joint}{digits}{same}"), 0.5);
    }
    let (mut end, kind) = line.named_from(at + 1).filter(|(_, kind)| *kind == last.kind && *kind == Kind::Street)?;
    let joint = line.original(at, at + 1);
    let mut text = format!("{joint}{}", line.original(at + 1, end));
    let of = usize::from(line.is(end, &["的", "嘅"]));
    let corner = CORNERS.iter().find_map(|word| Some((word, spells(line.tokens, end + of, word)?)));
    if let Some((word, len)) = corner {
        text.push_str(word);
        end += of + len;
    }
    debug_assert_eq!(kind, Kind::Street);
    line.make(Kind::Intersection, at, end, text, 2.0)
}

/// `从菜市场门口到十字路口` after a road.
pub fn extent(line: &Line<'_, '_>, last: &Part, at: usize) -> Option<Part> {
    if last.kind != Kind::Street || !line.is(at, &["从", "從", "由"]) {
        return None;
    }
    let han = |at: &usize| line.tokens.get(*at).is_some_and(|t| t.kind == TokenKind::Han);
    let to = (at + 1..at + 2 + END).take_while(han).find(|&i| line.is(i, &["到", "至"]))?;
    let ends = (to + 1..to + 1 + END).take_while(han).filter_map(|i| Some(i + LANDMARKS.longest(line.tokens, i)?));
    let named = line.named_from(to + 1).map(|(end, _)| end);
    let end = ends.max().or(named)?;
    line.make(Kind::Near, at, end, format!("，{}", line.original(at, end)), 0.3)
}

/// `往东大概五十米` after a road or a corner.
pub fn direction(line: &Line<'_, '_>, last: &Part, at: usize) -> Option<Part> {
    let from = at + usize::from(line.is(at, &["往", "向", "朝", "再"]));
    let side = line.is(from, &["东", "東", "西", "南", "北", "前", "后", "後", "里"]);
    let outdoors = matches!(last.kind, Kind::Street | Kind::Intersection | Kind::Number | Kind::Near);
    if from == at || !side || !outdoors {
        return None;
    }
    let mut far = from + 1;
    while far < from + END
        && line.is(far, &["大", "概", "约", "約", "走", "行", "差", "不", "多", "边", "邊", ",", "方", "向"])
    {
        far += 1;
    }
    let (digits, end) = number(line.tokens, far)?;
    let unit = line.is(end, &["米", "公"]).then(|| end + 1 + usize::from(line.is(end, &["公"])))?;
    let text = format!("{}{digits}{}", line.original(at, from + 1), line.original(end, unit));
    line.make(Kind::Near, at, unit, text, 0.3)
}

/// `小学门口`, `近輕鐵站`, `對面` after a road or a house.
pub fn landmark(line: &Line<'_, '_>, last: &Part, at: usize) -> Option<Part> {
    if last.to != at || matches!(last.kind, Kind::City | Kind::Floor | Kind::Room | Kind::Near) {
        return None;
    }
    let filler = FILLERS.longest(line.tokens, at).filter(|_| matches!(last.kind, Kind::Street | Kind::Number));
    let start = at + filler.unwrap_or(usize::from(line.is(at, &["的", "嘅"])));
    let near = usize::from(line.is(start, &["近"]));
    let most = match last.kind {
        Kind::Street => NAME,
        Kind::District | Kind::Town => NAME,
        _ => 0,
    };
    let mut noun = start + near;
    let end = loop {
        if let Some(len) = LANDMARKS.longest(line.tokens, noun) {
            break noun + len;
        }
        let token = line.tokens.get(noun).filter(|t| t.kind == TokenKind::Han && !STOP.has(t))?;
        if noun - start - near >= most || number(std::slice::from_ref(token), 0).is_some() {
            return None;
        }
        noun += 1;
    };
    let end = end + LANDMARKS.longest(line.tokens, end).unwrap_or(0);
    // "人民路塌了一座桥": a landmark with a name of its own is where the sentence pauses, or goes on with 嗰度.
    let paused = line.tokens.get(end).is_none_or(|t| t.kind == TokenKind::Punct || STOP.has(t));
    let named = noun > start + near;
    // Of a district: only what has a name there, or all the world has "a station".
    let placed = last.kind > Kind::Town || end - noun > 1;
    (placed && (!named || paused)).then(|| line.make(Kind::Near, at, end, line.original(start, end), 0.3))?
}

/// `我在地下车库`: where a caller is who says no address.
pub fn facility(line: &Line<'_, '_>) -> Option<Part> {
    (0..line.tokens.len()).find_map(|at| {
        let me = line.is(at, &["我"]) || at > 0 && line.is(at, &["们", "們", "哋"]) && line.is(at - 1, &["我"]);
        let start = at + 1 + usize::from(line.is(at + 1, &["就", "而"]));
        if !me || !line.is(start, &["在", "喺"]) {
            return None;
        }
        let end = start + 1 + FACILITIES.longest(line.tokens, start + 1)?;
        line.make(Kind::Near, start + 1, end, line.original(start + 1, end), 0.8)
    })
}
