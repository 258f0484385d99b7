//! Chinese names: a surname and up to two characters, a surname with a title, and the surname told by its parts.

use super::Doc;
use super::name::{Found, beside_number, found};
use super::rule::Rule;
use crate::draft::numerals::digit;
use crate::draft::token::{Kind, Token, phrase, spells};

const CUES: &[(&str, f32)] = &[
    ("我叫做", 0.9),
    ("我叫", 0.9),
    ("名字是", 0.8),
    ("名字叫", 0.8),
    ("我名叫", 0.9),
    ("我的名字是", 0.9),
    ("我个名系", 0.9),
    ("我嘅名系", 0.9),
    ("我全名", 0.8),
    ("姓名是", 0.8),
    ("姓名", 0.6),
    ("本人叫", 0.8),
    ("免贵姓", 0.75),
    ("敝姓", 0.75),
    ("本人姓", 0.75),
    ("我姓", 0.75),
    ("小姓", 0.75),
    ("称呼我", 0.65),
    ("叫我", 0.65),
    ("我系", 0.6),
    ("我是", 0.6),
    ("姓", 0.5),
    ("叫", 0.4),
];
const SURNAMES: &str = "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林高罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖萧蕭田董\
    潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖石金韦韋贾賈夏付傅方邹鄒熊白孟秦邱侯江尹薛闫段雷龙龍\
    黎史陶贺賀毛郝顾顧龚龔邵万萬覃武钱錢戴严嚴莫孔向常汤湯康易乔喬赖賴文庞龐樊兰殷施倪关關霍甘温溫章洪俞柳毕畢屈游伍阮冼邝鄺古鲍鮑佘\
    麦麥容丘尤柯翁翟詹涂凌宁祝童梅季荣榮欧歐聂聶焦岳齐齊葛庄莊牛纪紀项項骆駱裴鲁魯苗滕穆阎閻盛臧戚桂隋席封宗祁佟岑湛蒙卓辛耿柴蓝藍甄匡栾冉";
const DOUBLE: &[&str] = &["欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "司徒", "东方", "皇甫", "尉迟"];
/// Follows "surname" and is none.
const NO_SURNAME: &str = "名什么咩乜氏的嘅就是系都也不唔啥哪";
/// A given name ends before these.
const AFTER: &str = "住在是的地打要想说这那你就也又跟她他了我係系叫嘅喺呀啊吖呢喇啦吧嘛嗰哋佢";
/// And before these.
const AFTER_WORDS: &[&str] = &[
    "电话", "手机", "手提", "号码", "联系", "联络", "反映", "反应", "先生", "女士", "小姐", "太太", "家里", "家住",
    "今年", "身份", "微信", "投诉", "地址", "单位", "现在", "昨天", "今天", "因为", "谢谢", "麻烦", "希望", "请问",
    "业主", "和我", "同埋", "而家", "先至", "女儿", "小区",
];
/// Words between a cue and the name.
const BETWEEN: &[&str] = &["这个", "那个", "叫", "嗯", "呃", "做"];
const TITLES: &[&str] =
    &["先生", "小姐", "女士", "太太", "阿姨", "师傅", "老师", "医生", "同志", "大爷", "大妈", "太", "生"];
/// Words that begin like a name.
const NOT_NAMES: &[&str] = &[
    "马上", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "周末", "方便", "许多", "任何", "严重", "常常",
    "高兴", "何时", "万一", "温度", "关门", "时候", "安全", "康复", "文明", "金额", "江边", "马路", "石头", "高楼",
    "包括", "白天", "龙头", "汤水", "水", "易", "向",
];
/// In the clause before a cue without "I": somebody or something else is called that.
static OTHERS: Rule = Rule::new(
    r"房东|业主|老板|老细|经理|司机|医生|邻居|公司|店|[他她佢它]|对方|物业|负责人|包工头|个人|人员|老师|主任|小区|学校|间嘢|餐厅|儿子|女儿|老公|老婆|仔|女|妈|爸|街|路|个|中介|工头|法团|有个|者|救命|楼上|楼下|人",
);
/// Surnames told by their parts; the last character is the surname.
const GLOSSES: &[&str] = &[
    "双木林",
    "木子李",
    "立早章",
    "弓长张",
    "耳东陈",
    "古月胡",
    "口天吴",
    "人可何",
    "言午许",
    "身寸谢",
    "走肖赵",
    "干勾于",
    "干钩于",
    "禾呈程",
    "双口吕",
    "口口吕",
    "二马冯",
    "三画王",
    "三横王",
    "草头黄",
    "大肚黄",
    "草头蒋",
    "草头苏",
    "草头叶",
    "草头范",
    "木易杨",
    "卯金刀刘",
    "文刀刘",
    "十八子李",
    "双人徐",
    "美女姜",
    "水工江",
    "三点水江",
    "三点水汪",
    "三点水沈",
    "三点水潘",
    "丘耳邱",
    "西早谭",
    "言西早谭",
    "田共黄",
    "言成诚",
    "示右祝",
    "单人何",
    "竹字头",
    "女兆姚",
    "马奇",
    "牛一朱",
    "撇未朱",
    "公羽翁",
    "关耳郑",
    "奠耳郑",
    "土也地",
    "山今岑",
    "言射谢",
    "金戈钱",
    "金童钟",
    "日月明",
    "上下卡",
    "吉言詹",
    "走之连",
    "草头萧",
    "四维罗",
    "示申神",
    "鬼魏",
    "委鬼魏",
    "千口舌",
    "人尔你",
    "木寸村",
    "目少省",
    "文武斌",
    "贝武",
    "采彡彭",
    "壴彡彭",
    "余未",
    "白水泉",
];

pub struct Cues(Vec<(Vec<String>, f32)>);

impl Cues {
    pub fn new() -> Self {
        let own = |cue: &&str| phrase(cue).into_iter().map(super::rule::simplified).collect();
        Self(CUES.iter().map(|(cue, score)| (own(cue), *score)).collect())
    }

    /// A name after a cue at `at`, else a clause of just a name beside a number.
    pub fn name(&self, doc: &Doc<'_>, line: usize, at: usize) -> Option<Found> {
        let tokens = doc.line(line);
        if tokens.get(at)?.kind != Kind::Han {
            return None;
        }
        let scan = Scan { doc, line, tokens };
        let cued = self.0.iter().find_map(|(cue, score)| {
            let fits = cue.iter().enumerate().all(|(n, text)| scan.text(at + n) == text);
            if !fits || scan.others(at, cue) {
                return None;
            }
            let (value, from, to, full) = scan.after(at + cue.len(), cue)?;
            Some(found(tokens, value, from..to, if full { *score } else { *score * 0.8 }))
        });
        cued.or_else(|| scan.bare(at))
    }
}

struct Scan<'s, 'a> {
    doc: &'s Doc<'a>,
    line: usize,
    tokens: &'s [Token<'a>],
}

impl Scan<'_, '_> {
    /// Simplified text of one token.
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| self.doc.plain_text(self.line, token.range()))
    }

    /// Simplified text of up to `count` tokens from `at`.
    fn ahead(&self, at: usize, count: usize) -> String {
        (at..at + count).map(|at| self.text(at)).collect()
    }

    fn original(&self, from: usize, to: usize) -> String {
        self.tokens.get(from..to).unwrap_or_default().iter().map(|token| self.doc.original(token)).collect()
    }

    fn others(&self, at: usize, cue: &[String]) -> bool {
        let own = cue.first().is_some_and(|first| matches!(first.as_str(), "我" | "本" | "免" | "敝" | "小" | "称"));
        let before = self.tokens.get(at).map_or("", |token| self.doc.before(self.line, &token.range(), 10));
        !own && !before.ends_with('我') && OTHERS.is_in(before)
    }

    fn gloss(&self, at: usize) -> Option<usize> {
        let ahead = self.ahead(at, 4);
        GLOSSES.iter().find(|gloss| ahead.starts_with(**gloss)).map(|gloss| gloss.chars().count())
    }

    fn title(&self, at: usize) -> Option<usize> {
        let ahead = self.ahead(at, 2);
        TITLES.iter().find(|title| ahead.starts_with(**title)).map(|title| title.chars().count())
    }

    fn surname(&self, at: usize) -> Option<usize> {
        if let Some(len) = DOUBLE.iter().find_map(|name| spells(self.tokens, at, name)) {
            return Some(len);
        }
        self.tokens.get(at).filter(|t| t.kind == Kind::Han && SURNAMES.contains(t.text)).map(|_| 1)
    }

    /// Surname and given name at `at`: token after it, and whether a given name was said. `told`: what stands there was
    /// said to be a surname, so a rare one is one too.
    fn full(&self, at: usize, told: bool) -> Option<(usize, bool)> {
        let ahead = self.ahead(at, 2);
        if NOT_NAMES.contains(&ahead.as_str()) && !told {
            return None;
        }
        let rare =
            || self.tokens.get(at).filter(|t| told && t.kind == Kind::Han && !NO_SURNAME.contains(self.text(at)));
        let given = at + self.surname(at).or_else(|| rare().map(|_| 1))?;
        let mut to = given;
        while self.tokens.get(to).is_some_and(|t| t.kind == Kind::Han) && to < given + 2 {
            let number = self.tokens.get(to..to + 2).is_some_and(|two| two.iter().all(|t| digit(t).is_some()));
            let words = AFTER_WORDS.contains(&self.ahead(to, 2).as_str());
            let particle = AFTER.contains(self.text(to));
            if particle || number || words || self.gloss(to).is_some() {
                break;
            }
            to += 1;
        }
        Some((to, to > given))
    }

    /// Two or three characters that are all of what follows "my name is": a name whose surname is a rare one.
    fn rare(&self, from: usize, cue: &[String]) -> Option<(usize, bool)> {
        let own = cue.len() > 1
            && cue.first().is_some_and(|first| first == "我")
            && !cue.iter().any(|c| c == "是" || c == "系");
        let (to, full) = self.full(from, true).filter(|_| own && self.surname(from).is_none())?;
        let closed = self.tokens.get(to).is_none_or(|t| t.kind != Kind::Han) || self.ahead(to, 2) == "电话";
        (full && closed).then_some((to, full))
    }

    fn after(&self, from: usize, cue: &[String]) -> Option<(String, usize, usize, bool)> {
        let skip = |at: usize| {
            BETWEEN.iter().find(|word| self.ahead(at, 2).starts_with(**word)).map_or(0, |w| w.chars().count())
        };
        let from = from + skip(from);
        if let Some(len) = self.gloss(from) {
            let last = from + len - 1;
            return Some((self.original(last, last + 1), last, last + 1, false));
        }
        let told = cue.last().is_some_and(|last| last == "姓");
        // "我姓关关咏诗": the whole name right behind the surname.
        let from = from + usize::from(told && !self.text(from).is_empty() && self.text(from) == self.text(from + 1));
        let (to, full) = self.full(from, told).or_else(|| self.rare(from, cue))?;
        let surname = self.text(from).to_owned();
        if let Some(title) = self.title(to).filter(|_| !full) {
            return Some((self.original(from, to + title), from, to + title, false));
        }
        let cue: Vec<&str> = cue.iter().map(String::as_str).collect();
        let closed = self.tokens.get(to).is_none_or(|t| t.kind != Kind::Han);
        // "我是高中老师" is no name: after a cue of many uses the clause must end with it.
        if matches!(cue.as_slice(), ["我", "是" | "系"] | ["叫"] | ["叫", "我"] | ["称", "呼", "我"] | ["姓", "名"])
            && !(closed && full)
        {
            return None;
        }
        // "我是韩国人": what one is, not what one is called.
        let is = matches!(cue.as_slice(), ["我", "是" | "系"]);
        if is && to.checked_sub(1).is_some_and(|last| "人民生员师工户主客长家".contains(self.text(last))) {
            return None;
        }
        // "我姓孙，孙丽华": the whole name follows the surname; "我姓陈，陈小姐" its title.
        if cue.last() == Some(&"姓") && !full {
            for again in (to..to + 5).filter(|again| self.text(*again) == surname || self.text(*again) == "叫") {
                let at = if self.text(again) == "叫" { again + 1 } else { again };
                // "我姓门，门卫的门" is a gloss.
                let glossed = |end: usize| self.text(end) == "的" || self.text(end) == "嘅";
                let full = self.full(at, true).filter(|(end, _)| self.text(at) == surname && !glossed(*end));
                if let Some((end, true)) = full {
                    return Some((self.original(at, end), at, end, true));
                }
                if let Some(title) = self.title(at + 1).filter(|_| self.text(at) == surname) {
                    return Some((self.original(at, at + 1 + title), at, at + 1 + title, false));
                }
            }
        }
        Some((self.original(from, to), from, to, full))
    }

    /// `冯玉兰，一九四五五零二…`: also without the comma, or with the number in the next line.
    fn bare(&self, at: usize) -> Option<Found> {
        let opens = at == 0 || self.tokens.get(at - 1).is_some_and(|t| t.kind == Kind::Punct);
        let (to, full) = if opens { self.full(at, false)? } else { return None };
        let next = self.tokens.get(to);
        let punct = next.is_none_or(|t| t.kind == Kind::Punct);
        let number = (0..3).all(|n| self.tokens.get(to + n + usize::from(punct)).is_some_and(|t| digit(t).is_some()));
        let phone =
            self.ahead(to + usize::from(punct), 2) == "电话" || self.ahead(to + usize::from(punct), 2) == "手机";
        let next_line = next.is_none() && beside_number(self.doc, self.line, to);
        // "鄺美蓮，鄺係…": the surname is told again.
        let again = to + usize::from(punct);
        let told = punct && self.text(again) == self.text(at) && matches!(self.text(again + 1), "系" | "是" | "就");
        (full && (number || phone || next_line || told)).then(|| found(self.tokens, self.original(at, to), at..to, 0.6))
    }
}

/// The surname as its parts tell it: `我姓章，弓长张` is 张.
pub fn glossed(doc: &Doc<'_>, best: Option<Found>) -> Option<Found> {
    let best = best?;
    let (line, range) = best.spans.first()?.clone();
    let han = best.value.chars().next().is_some_and(crate::draft::normal::is_han);
    let scan = Scan { doc, line, tokens: doc.line(line) };
    let after = scan.tokens.iter().position(|token| token.start >= range.end);
    let gloss = after.filter(|_| han).and_then(|after| {
        let at = (after..after + 4).find(|at| scan.gloss(*at).is_some())?;
        scan.tokens.get(at + scan.gloss(at)? - 1)
    });
    let Some(surname) = gloss else { return Some(best) };
    let said = doc.original(surname);
    let rest: String = best.value.chars().skip(1).collect();
    if best.value.starts_with(&said) {
        return Some(Found { score: best.score.max(0.85), ..best });
    }
    let mut spans = vec![(line, surname.range())];
    if range.len() > 1 {
        spans.push((line, range.start + 1..range.end));
    }
    Some(Found { value: format!("{said}{rest}"), spans, score: best.score })
}
