//! Words around spoken digits that say what the digits are, and how they go on.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::draft::numerals;
use crate::draft::token::{Kind, Token, phrase, phrase_at};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A telephone number follows.
    Phone,
    /// A telephone number follows that rang the caller.
    Rang,
    /// A number of something follows.
    Number,
    /// The number of a thing follows: a plate, an account.
    NotPhone,
    /// A case number follows.
    Reference,
    /// The area's or the country's part of a telephone number follows.
    Area,
    Extension,
    /// Another number than the one just given follows.
    Alternate,
    Correction,
    /// What follows is what was wrong, or the right one.
    Negation,
    Confirm,
    Filler,
    /// The number goes on, if it is not whole yet: "and then".
    Then,
    /// Says nothing by itself: "it's", "that is", 应该是.
    Soft,
}

const TABLE: &[(Mark, &str)] = &[
    (
        Mark::Phone,
        "phone|telephone|cell|cellphone|mobile|landline|whatsapp|phone number|telephone number|cell number|\
         mobile number|contact number|callback number|call back number|reach me|call me|contact me|ring me|\
         text me|phone me|get me on|get me at|get hold of me|i'm on|i am on|im on|catch me|try me|reached|give me a call|\
         give me a ring|give me a bell|call back|ring back|phone back|call us|reach us|ring us|mine is|mine's|电话|电话号码|手机|手机号|手机号码|\
         座机|固话|联系方式|联系号码|联系我|找我|打给我|我的是|电话号|電話|電話號碼|手提|手機|手機號碼|手機號|\
         聯絡|聯絡我|搵我|打俾我|打畀我|打給我|我嘅係|座機|家居|手提號碼|手提電話",
    ),
    (
        Mark::Rang,
        "called me from|calling me from|calls me from|texted me from|rang me from|phoned me from|call from|\
         calls from|text from|texts from|messages from|来电|來電",
    ),
    (Mark::Number, "number|numbers|号码|號碼|冧巴|冧把"),
    (
        Mark::NotPhone,
        "license plate|licence plate|plate|date of birth|born|account|card|invoice|meter|policy|passport|licence|\
         license|zip|zip code|postcode|postal code|serial|barcode|password|pin|tracking|车牌|車牌|门牌|門牌|\
         身份证|身份證|卡号|卡號|账号|賬號|帐号|户号|戶號|表号|錶號|房号|房號|邮编|邮政编码|密码|密碼|护照|護照|\
         出生|生日|燈柱|灯杆|订单|訂單|快递|合同|发票|發票|保单|保單|学号|工号|站号",
    ),
    (
        Mark::Reference,
        "reference|ref|case|ticket|reference number|reference code|case id|ticket id|complaint id|work order|\
         工单|工单号|工單|工單號|单号|單號|档案号|檔案號|檔案號碼|档案号码|案件号|個案號碼|個案號|参考号|參考號碼|\
         受理号|案号|案號|编号|編號|流水号|個案|投诉单|投訴單",
    ),
    (Mark::Area, "area code|country code|dialling code|dialing code|区号|區號|国家代码"),
    (Mark::Extension, "extension|ext|x|分机|分機|内线|內線|转|轉"),
    (
        Mark::Alternate,
        "or|alternatively|another number|other number|second number|backup|otherwise|或者|备用|後備|另一个|\
         另外一个|第二个|第二個|另一個|另外",
    ),
    (
        Mark::Correction,
        "no|nope|sorry|wait|i mean|correction|actually|rather|scratch that|my mistake|make that|\
         let me start again|start again|start over|apologies|oops|whoops|excuse me|pardon|that's wrong|thats wrong|got that wrong|my bad|不对|错|錯|应该是|更正|等一下|等等|对不起|\
         不好意思|重新说|唔对|唔對|唔啱|應該係|應該是|對唔住|唔好意思|等陣|等等先|\
         調轉咗",
    ),
    (Mark::Negation, "not|isn't|不是|唔係|唔系|不係"),
    (Mark::Confirm, "yes|right|yeah|yep|okay|ok|correct|对|對|係|啱|嗯嗯|没错|冇錯"),
    (
        Mark::Filler,
        "uh|um|er|erm|hmm|ah|well|one sec|one second|one moment|one minute|嗯|呃|啊|呢|嘛|额|呀|吖|哦|唔|哎|誒|\
         吧|咧|啦|那个那个|那个",
    ),
    (Mark::Then, "and|and then|then|followed by|space|dash|hyphen|然后|接着|跟着|跟住|然後"),
    (
        Mark::Soft,
        "is|are|it's|its|it|that's|thats|that|the|would|be|should|have|been|let|me|see|check|look|again|last|\
         digit|digits|so|on|at|please|i'll|repeat|once|more|my|say|said|i|just|now|you|can|anytime|am|\
         good|hang|hold|plus|thank|thanks|thank you|cheers|bye|after|before|until|when|any|most|是|係|系|为|了|咗|喇|㗎|不错|為|就|的|嘅|我|看|睇|查|说|讲|講|一下|再|遍|次|重复|重複|最后|最後|尾|\
         位|两位|兩位|三位|四位|一位|应该|應該|看看|睇睇|先|即|即係|也就是|就是|系咁|就係|后面|後面|前面|这|这个|\
         呢個|個|个|号|號|打|加|到|去|在|喺",
    ),
];

/// Words before "number" that leave it a telephone number.
const PHONE_KIND: &str = "phone|telephone|cell|mobile|contact|callback|call|back|my|our|the|his|her|their|a|best|own|home|work|office|\
     daytime|whatsapp|same|new|this|that|is|whose|and|landline|direct|emergency|main|only|personal|different|\
     right|correct|old|local|it's|your|caller's|evening|usual|current|got|here's|to";
const CASE_KIND: &str = "case|reference|ticket|complaint|file|request|report|incident|confirmation|ref|job|claim";
/// What 编号 numbers when it numbers a matter; anything else before it is a thing.
const MATTER: &str = "件案档檔考單单诉訴理询詢记記项項嘅的個个次前事我给給到";
/// Tokens that count or measure the digits before them.
const UNITS_HAN: &str = "岁歲块塊元蚊毛角点點號号栋棟幢座楼樓层層室房单單门月日年天周週个個分鐘钟小时時度米公斤克吨人户戶次回遍条條家盏盞\
                         辆輛张張位名台部间間只隻支级級路线線巷弄期伙口成万萬亿億十百千廿卅";
const UNITS: &str = "year|month|week|day|hour|hr|minute|min|second|sec|am|pm|a.m|p.m|oclock|o'clock|dollar|buck|cent|euro|pound|\
     percent|%|degree|people|floor|flat|storey|story|stories|time|person|kid|children|men|women|metre|meter|feet|\
     foot|mile|km|block|inch|stop|million|grand|piece|thing|more|other|of|bus|train|january|february|march|april|\
     may|june|july|august|september|october|november|december|street|avenue|road|east|west|north|south";
/// Words that a lone "one" belongs to.
const ONE_OF: &str = "this|that|the|which|another|any|every|each|only|same|other|first|second|last|new|old|some|wrong|right|\
     good|someone";
/// 一 as the beginning of an adverb, not a digit.
const ADVERB: &str = "直定共起样樣些般切旦律向边邊下会會家早齐齊路时時";

static MARKS: LazyLock<Marks> = LazyLock::new(Marks::new);

/// All marks by their first word.
pub struct Marks(HashMap<&'static str, Vec<(Vec<&'static str>, Mark)>>);

impl Marks {
    /// Built when first asked for.
    pub fn all() -> &'static Self {
        &MARKS
    }

    fn new() -> Self {
        let mut by_first: HashMap<&'static str, Vec<(Vec<&'static str>, Mark)>> = HashMap::new();
        for (mark, list) in TABLE {
            for words in list.split('|').map(phrase) {
                let Some(first) = words.first() else { continue };
                by_first.entry(first).or_default().push((words, *mark));
            }
        }
        by_first.values_mut().for_each(|list| list.sort_by_key(|(words, _)| std::cmp::Reverse(words.len())));
        Self(by_first)
    }

    /// Whether any begins with this word.
    pub fn begin(&self, word: &str) -> bool {
        self.0.contains_key(word)
    }

    /// The longest mark at `at` within one line, and the token after it. What a number is the number of is settled by
    /// the word before.
    pub fn at(&self, tokens: &[Token<'_>], at: usize) -> Option<(Mark, usize)> {
        let token = tokens.get(at).filter(|token| token.begins.mark)?;
        let list = self.0.get(token.text)?;
        let (mark, next) = list.iter().find_map(|(words, mark)| {
            let next = at + phrase_at(tokens, at, words)?;
            tokens.get(next - 1).is_some_and(|last| last.line == token.line).then_some((*mark, next))
        })?;
        let before = at.checked_sub(1).and_then(|at| tokens.get(at)).filter(|before| before.line == token.line);
        Some((settled(mark, token, before, tokens.get(next)), next))
    }
}

fn settled(mark: Mark, token: &Token<'_>, before: Option<&Token<'_>>, after: Option<&Token<'_>>) -> Mark {
    let Some(before) = before.filter(|before| before.kind != Kind::Punct) else { return mark };
    match mark {
        Mark::Number if token.kind == Kind::Word => {
            if after.is_some_and(|after| after.is("of")) && before.is("a") {
                Mark::Soft
            } else if one_of(CASE_KIND, before.text) {
                Mark::Reference
            } else if one_of(PHONE_KIND, before.text) || before.kind != Kind::Word || possessive(before.text) {
                Mark::Number
            } else {
                Mark::NotPhone
            }
        }
        Mark::Number if "证證牌卡账賬户戶表房案".contains(before.text) => Mark::NotPhone,
        Mark::Reference if matches!(token.text, "编" | "編") && !MATTER.contains(before.text) => Mark::NotPhone,
        Mark::Reference if matches!(token.text, "单" | "單") && "递遞订訂运運".contains(before.text) => {
            Mark::NotPhone
        }
        // "In any case", "in case".
        Mark::Reference if token.is("case") && matches!(before.text, "in" | "any" | "just" | "worst") => Mark::Soft,
        _ => mark,
    }
}

/// Whether a list of words with bars between them has the word.
pub fn one_of(list: &str, word: &str) -> bool {
    list.split('|').any(|listed| listed == word)
}

fn possessive(text: &str) -> bool {
    text.ends_with("'s") || super::owner::is_party(text)
}

/// The digits before the token at `at` count or measure something. `last`: how the last of them was said.
pub fn is_unit(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(token) = tokens.get(at) else { return false };
    match token.kind {
        // 号码 and 号 at the end name the number itself.
        Kind::Han if matches!(token.text, "号" | "號") => {
            !tokens.get(at + 1).is_some_and(|next| matches!(next.text, "码" | "碼"))
        }
        Kind::Han => UNITS_HAN.contains(token.text),
        _ => {
            let singular = token.text.strip_suffix('s').unwrap_or(token.text);
            one_of(UNITS, token.text) || one_of(UNITS, singular)
        }
    }
}

/// A digit word at `at` that is none here: "this one", "one of them", 一直, 一共.
pub fn is_no_digit(tokens: &[Token<'_>], at: usize, open: bool) -> bool {
    let Some(token) = tokens.get(at) else { return true };
    let same_line = |at: usize| tokens.get(at).filter(|other| other.line == token.line).map_or("", |other| other.text);
    match token.text {
        // A lone "o" is a letter unless digits went before, or follow at once: "oh two oh seven".
        "o" | "oh" => !open && !(at + 1..at + 4).all(|at| tokens.get(at).is_some_and(|t| numerals::digit(t).is_some())),
        "one" => {
            let pronoun = !open && at.checked_sub(1).is_some_and(|before| one_of(ONE_OF, same_line(before)));
            pronoun || matches!(same_line(at + 1), "more" | "thing" | "of" | "last" | "other" | "day" | "time")
        }
        "一" => !same_line(at + 1).is_empty() && ADVERB.contains(same_line(at + 1)),
        _ => numerals::counts(token),
    }
}

/// What the number that ends before token `to` is said to be: "… is my case number", …是我的工单号.
pub fn named_after(tokens: &[Token<'_>], to: usize, marks: &Marks) -> Option<Mark> {
    let line = tokens.get(to.checked_sub(1)?)?.line;
    let verb = tokens.get(to).filter(|token| token.line == line)?;
    if !matches!(verb.text, "is" | "was" | "是" | "係") {
        return None;
    }
    (to + 1..to + 6)
        .take_while(|&at| tokens.get(at).is_some_and(|token| token.line == line && token.kind != Kind::Punct))
        .find_map(|at| {
            let told = marks.at(tokens, at).map(|(mark, _)| mark)?;
            matches!(told, Mark::Phone | Mark::Number | Mark::NotPhone | Mark::Reference).then_some(told)
        })
}

/// What may stand for money right before digits.
pub fn is_currency(token: &Token<'_>) -> bool {
    token.kind == Kind::Punct && matches!(token.text, "$" | "£" | "€" | "¥")
}

/// Punctuation and hesitation between two groups of one number.
pub fn separates(token: &Token<'_>) -> bool {
    let alone = |(words, mark): &(Vec<&str>, Mark)| *mark == Mark::Filler && words.len() == 1;
    token.kind == Kind::Punct
        || token.begins.mark && Marks::all().0.get(token.text).is_some_and(|list| list.iter().any(alone))
}
