//! Chinese addresses, both scripts: names closed by 路, 街, 小区, 大廈 …, numbers closed by 号, 楼, 单元, 室 ….

use super::address::Found;
use super::{Doc, Spans};
use crate::draft::normal::is_han;
use crate::draft::numerals::number;
use crate::draft::token::{Kind, Token, phrase, phrase_at};

/// Ends of names, longest first where one holds another.
const NAMED: &[(&str, f32)] = &[
    ("街道", 0.6),
    ("大街", 2.0),
    ("大道", 2.0),
    ("胡同", 2.0),
    ("小区", 1.5),
    ("小區", 1.5),
    ("家园", 1.5),
    ("花园", 1.5),
    ("花園", 1.5),
    ("公寓", 1.5),
    ("大厦", 1.5),
    ("大廈", 1.5),
    ("广场", 1.2),
    ("新村", 1.5),
    ("路", 2.0),
    ("街", 2.0),
    ("巷", 2.0),
    ("道", 1.5),
    ("里", 1.0),
    ("苑", 1.5),
    ("邨", 1.5),
    ("閣", 1.5),
    ("樓", 1.2),
    ("村", 1.0),
    ("镇", 0.6),
    ("区", 0.5),
    ("區", 0.5),
    ("县", 0.5),
    ("市", 0.4),
    ("省", 0.4),
    ("府", 0.8),
    ("园", 0.8),
];
/// Ends of numbers.
const NUMBERED: &[(&str, f32)] = &[
    ("号楼", 1.5),
    ("號樓", 1.5),
    ("号院", 1.2),
    ("单元", 1.0),
    ("單元", 1.0),
    ("号", 1.2),
    ("號", 1.2),
    ("栋", 1.0),
    ("棟", 1.0),
    ("幢", 1.0),
    ("座", 0.8),
    ("期", 0.4),
    ("楼", 0.9),
    ("樓", 0.9),
    ("层", 0.6),
    ("層", 0.6),
    ("室", 0.8),
    ("户", 0.5),
    ("门", 0.4),
    ("弄", 1.0),
];
/// Words that hold one of these ends without being one.
const NOT_ENDS: &[&str] = &[
    "占道",
    "下水道",
    "人行道",
    "消防通道",
    "楼道",
    "樓道",
    "盲道",
    "管道",
    "车道",
    "車道",
    "通道",
    "频道",
    "知道",
    "味道",
    "公道",
    "道路",
    "路灯",
    "路燈",
    "路面",
    "路口",
    "马路",
    "馬路",
    "走路",
    "修路",
    "铁路",
    "公路",
    "线路",
    "路線",
    "路线",
    "堵路",
    "电路",
    "网路",
    "行路",
    "細路",
    "细路",
    "过路",
    "過路",
    "套路",
    "路边",
    "路邊",
    "路人",
    "里面",
    "家里",
    "这里",
    "那里",
    "哪里",
    "屋里",
    "楼里",
    "村里",
    "心里",
    "夜里",
    "公里",
    "城里",
    "城市",
    "超市",
    "市场",
    "市民",
    "市政",
    "市里",
    "城区",
    "社区",
    "地区",
    "小区门口",
    "街坊",
    "逛街",
    "街燈",
    "街招",
    "行人路",
    "政府",
    "楼上",
    "楼下",
    "樓上",
    "樓下",
    "一楼道",
    "公园",
    "幼儿园",
    "校园",
    "乐园",
    "房署",
    "业主",
    "管理",
    "棟樓",
    "栋楼",
    "號碼",
    "号码",
    "信号",
    "工单号",
    "车牌号",
    "手机号",
    "门牌号",
    "账号",
    "型号",
    "几号",
    "星期",
    "日期",
    "学期",
    "长期",
    "定期",
    "部门",
    "大门",
    "开门",
    "关门",
    "门口",
    "教室",
    "办公室",
    "地下室",
    "客户",
    "住户",
    "用户",
    "账户",
    "街市",
    "門口",
    "整座",
    "成座",
    "间樓",
    "間樓",
    "大维修",
];
/// A name does not reach back over these.
const STOP: &[&str] = &[
    "诉", "訴", "映", "举", "舉", "报", "報", "要", "想", "占", "在", "住", "是", "到", "叫", "从", "從", "於", "于",
    "位", "我", "你", "您", "他", "她", "它", "们", "們", "咱", "的", "嘅", "了", "这", "這", "那", "个", "個", "就",
    "跟", "与", "與", "有", "去", "来", "來", "请", "請", "址", "离", "喺", "係", "啲", "嗰", "呢", "哋", "佢", "么",
    "吗", "整", "每", "全", "嗯", "呃", "停", "没", "冇", "为", "把", "被", "出", "问", "不", "对",
];
const CUES: &[&str] = &["住", "在", "址", "喺", "位于", "是", "家"];
/// Characters of a name before its end.
const NAME: usize = 6;

struct Line<'t, 'a> {
    tokens: &'t [Token<'a>],
    /// Tokens inside a word of `NOT_ENDS`.
    masked: Vec<bool>,
}

/// All chains of neighbouring parts of one line.
pub fn chains(doc: &Doc<'_>, line: usize) -> Vec<Found> {
    let tokens = doc.line(line);
    if !tokens.iter().any(|t| t.kind == Kind::Han) {
        return Vec::new();
    }
    let text = Line { tokens, masked: masked(tokens) };
    let mut out: Vec<Found> = Vec::new();
    let (mut at, mut free) = (0, 0);
    while at < tokens.len() {
        match text.chain(doc, at, free) {
            Some((mut found, end)) => {
                let first = found.spans.first().map_or(0, |(_, range)| range.start);
                let before = tokens.get(..tokens.partition_point(|t| t.end <= first)).unwrap_or_default();
                if before.iter().rev().take(3).any(|t| CUES.contains(&t.text)) {
                    found.score += 1.0;
                }
                out.push(found);
                free = end;
                at = end;
            }
            None => at += 1,
        }
    }
    out
}

fn masked(tokens: &[Token<'_>]) -> Vec<bool> {
    let words: Vec<Vec<&str>> = NOT_ENDS.iter().map(|word| phrase(word)).collect();
    let mut masked = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        for len in words.iter().filter_map(|word| phrase_at(tokens, at, word)) {
            masked.iter_mut().skip(at).take(len).for_each(|flag| *flag = true);
        }
    }
    masked
}

impl Line<'_, '_> {
    fn ending(&self, at: usize, ends: &[(&str, f32)]) -> Option<(usize, f32)> {
        if self.masked.get(at).copied().unwrap_or(true) {
            return None;
        }
        let first = self.tokens.get(at)?.text;
        // 永安里三号楼, but 电梯里 and 店里.
        if first == "里" && number(self.tokens, at + 1).is_none() {
            return None;
        }
        // The end of 小区 begins at its first character.
        let small = at.checked_sub(1).and_then(|i| self.tokens.get(i)).is_some_and(|t| t.is("小"));
        if matches!(first, "区" | "區") && small {
            return None;
        }
        ends.iter()
            .filter(|(end, _)| end.starts_with(first))
            .find_map(|(end, score)| phrase_at(self.tokens, at, &phrase(end)).map(|len| (at + len, *score)))
    }

    /// A number and its end at `at`: value, token after it, score. `3号楼`, `B座`, and `501` after a unit.
    fn numbered(&self, at: usize, bare: bool) -> Option<(String, usize, f32)> {
        let nth = usize::from(self.tokens.get(at)?.is("第"));
        let at = at + nth;
        let token = self.tokens.get(at)?;
        let below = usize::from(token.is("地") && self.tokens.get(at + 1).is_some_and(|t| t.is("下"))) * 2;
        let (digits, next) = match token.kind {
            Kind::Word if token.text.len() == 1 => (token.text.to_uppercase(), at + 1),
            Kind::Han | Kind::Digits => number(self.tokens, at + below)?,
            _ => return None,
        };
        let lead = if below > 0 {
            "地下"
        } else if nth > 0 {
            "第"
        } else {
            ""
        };
        let month = at.checked_sub(1).and_then(|i| self.tokens.get(i)).is_some_and(|t| t.is("月"));
        match self.ending(next, NUMBERED) {
            Some(_) if month => None,
            Some((end, score)) => {
                let word: String = self.tokens.get(next..end)?.iter().map(|t| t.text).collect();
                Some((format!("{lead}{digits}{word}"), end, score))
            }
            None if bare && lead.is_empty() && (2..=4).contains(&digits.len()) => Some((digits, next, 0.5)),
            None => None,
        }
    }

    /// A name of up to [`NAME`] characters and its end, beginning exactly at `at`.
    fn named(&self, doc: &Doc<'_>, at: usize) -> Option<(String, usize, f32)> {
        let mut best = None;
        for end in at..(at + NAME + 1).min(self.tokens.len()) {
            if let Some((next, score)) = self.ending(end, NAMED).filter(|_| end > at || self.attaches(end)) {
                best = Some((next, score));
                break;
            }
            let token = self.tokens.get(end)?;
            if token.kind != Kind::Han || STOP.contains(&token.text) || self.masked[end] && end == at {
                break;
            }
        }
        let (next, score) = best?;
        let text = self.tokens.get(at..next)?.iter().map(|t| doc.original(t)).collect();
        Some((text, next, score))
    }

    /// `小区` after `望槐里`: an end without a name of its own.
    fn attaches(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| matches!(t.text, "小" | "大" | "公" | "花" | "家" | "街"))
    }

    /// The chain whose first part ends or begins at `at`.
    fn chain(&self, doc: &Doc<'_>, at: usize, free: usize) -> Option<(Found, usize)> {
        // A number begins where it begins, not in its middle.
        let whole = |i: usize| self.tokens.get(i).is_none_or(|t| number(std::slice::from_ref(t), 0).is_none());
        let opens = at.checked_sub(1).is_none_or(whole);
        let (start, mut value, mut end, mut score) = match self.numbered(at, false).filter(|_| opens) {
            Some((text, end, score)) => (at, text, end, score),
            None => {
                let (end, score) = self.ending(at, NAMED)?;
                let start = self.name_start(at, free);
                if start == at {
                    return None;
                }
                let text = self.tokens.get(start..end)?.iter().map(|t| doc.original(t)).collect();
                (start, text, end, score)
            }
        };
        let mut numbered = start == at;
        loop {
            let gap = self
                .tokens
                .get(end..)
                .map_or(0, |rest| rest.iter().take_while(|t| matches!(t.text, "," | "、")).count());
            let next = end + gap;
            if let Some((text, stop)) = self.crossing(doc, end).filter(|_| !numbered) {
                value.push_str(&text);
                score += 2.0;
                end = stop;
                continue;
            }
            let part = self.numbered(next, numbered && gap == 0).map(|part| (part, true));
            let part = part.or_else(|| self.named(doc, next).map(|part| (part, false)));
            let Some(((text, stop, more), number)) = part else { break };
            value.push_str(&text);
            score += more;
            end = stop;
            numbered = number;
        }
        let first = self.tokens.get(start)?;
        let last = self.tokens.get(end.checked_sub(1)?)?;
        let spans: Spans = vec![(first.line, first.start..last.end)];
        Some((Found { value, spans, score }, end))
    }

    /// `和解放路的路口` after a road.
    fn crossing(&self, doc: &Doc<'_>, at: usize) -> Option<(String, usize)> {
        self.tokens.get(at).filter(|t| matches!(t.text, "和" | "与" | "與" | "同"))?;
        let (name, mut end, _) = self.named(doc, at + 1)?;
        let of = usize::from(self.tokens.get(end).is_some_and(|t| matches!(t.text, "的" | "嘅")));
        let mut text = format!("和{name}");
        for word in ["路口", "交叉口", "交口"] {
            if let Some(len) = phrase_at(self.tokens, end + of, &phrase(word)) {
                text.push_str(word);
                end += of + len;
                break;
            }
        }
        Some((text, end))
    }

    fn name_start(&self, end: usize, free: usize) -> usize {
        let mut start = end;
        while start > free && end - start < NAME {
            let Some(token) = self.tokens.get(start - 1) else { break };
            let han = token.kind == Kind::Han && token.text.chars().all(is_han);
            let joins = token.is("和") && start >= 2 && self.ending(start - 2, NAMED).is_some();
            if !han || STOP.contains(&token.text) || self.masked[start - 1] || joins {
                break;
            }
            start -= 1;
        }
        // "我家中山路" and "反映一下中山路": the words before the name are not part of it.
        for lead in ["家", "下"] {
            if self.tokens.get(start).is_some_and(|t| t.is(lead)) && end - start > 2 {
                start += 1;
            }
        }
        start
    }
}
