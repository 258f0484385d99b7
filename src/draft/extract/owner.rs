//! Whose telephone number: the nearest possessor before the word for it, or after it ("of the landlord").

use super::cues::one_of;
use crate::draft::token::{Kind, Token, phrase, spells};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Caller,
    /// Somebody on the caller's side: a husband, a daughter.
    Family,
    /// The other side: a landlord, whoever rang the caller.
    Other,
}

const ROLES: &str = "landlord|landlady|boss|manager|owner|shop|store|restaurant|company|agent|agency|neighbour|neighbor|driver|\
     contractor|builder|super|superintendent|management|school|hotel|plumber|seller|merchant|tenant|scammer|\
     employer|supervisor|dealer|developer|garage|bar|guy|man|woman|person|foreman|janitor|hospital|clinic|vendor|\
     teacher|房东|老板|老闆|店家|商家|店主|物业|物業|对方|對方|中介|公司|经理|經理|业主|業主|管理處|管理处|老细|\
     老細|事頭|司机|司機|店|餐厅|餐廳|骗子|騙子|卖家|賣家|包工头|判頭|工头|邻居|鄰居|楼上|樓上|楼下|樓下|学校|\
     學校|学院|师傅|師傅|老师|老師|负责人|負責人|客服|开发商|施工方|保安|他|她|它|他们|她们|佢|佢哋|人家|嗰個人|\
     那个人|那人|his|her|their|him|them|she|they|he";
const KIN: &str = "husband|wife|son|daughter|mother|father|mom|mum|dad|brother|sister|friend|partner|grandson|granddaughter|\
     roommate|flatmate|carer|helper|儿子|女儿|老公|老婆|爱人|妈|爸|妈妈|爸爸|父亲|母亲|哥|姐|弟|妹|朋友|同事|\
     同学|女兒|個仔|個女|阿仔|阿女|先生|太太|媽媽|母親|父親|阿媽|阿爸|丈夫|妻子|孙子|孫|室友|家姐|大佬|細佬";
const SELF: &str = "my|our|mine|me|i|we|我|本人|自己|咱";
/// May stand between the possessor and the word for the number.
const GLUE: &str = "own|phone|cell|mobile|home|work|new|contact|direct|current|best|personal|office|telephone|landline|callback|\
     is|s|的|嘅|个|個|那|嗰|手|机|機|提|家|新|们|們|哋|里|裏|常|用|联|系|聯|絡|個人|留|邊|边|本|部|俾|给|給";
const REACH: usize = 8;

/// A person or house that is not the caller, as one English word.
pub fn is_party(text: &str) -> bool {
    party(text).is_some()
}

fn party(text: &str) -> Option<Owner> {
    let stem = text.strip_suffix("'s").or(text.strip_suffix('\'')).unwrap_or(text);
    let listed = |list: &str| {
        let forms = [Some(text), Some(stem), stem.strip_suffix('s')];
        forms.into_iter().flatten().any(|form| one_of(list, form))
    };
    let contraction =
        matches!(stem, "it" | "that" | "what" | "here" | "there" | "who" | "let" | "she" | "he" | "number");
    match () {
        () if listed(KIN) => Some(Owner::Family),
        () if listed(ROLES) && !(contraction && stem != text) => Some(Owner::Other),
        // Whoever else has something: "Tony's number".
        () if stem != text && !contraction && !one_of(SELF, stem) => Some(Owner::Other),
        () => None,
    }
}

/// Owner of the number that the words in tokens `from..to` name.
pub fn of(tokens: &[Token<'_>], from: usize, to: usize) -> Owner {
    after(tokens, to).or_else(|| rang(tokens, from, to)).or_else(|| before(tokens, from)).unwrap_or(Owner::Caller)
}

/// "The number of my landlord", "for the shop".
fn after(tokens: &[Token<'_>], to: usize) -> Option<Owner> {
    let line = tokens.get(to)?.line;
    let word = |at: usize| tokens.get(at).filter(|token| token.line == line).map_or("", |token| token.text);
    if !matches!(word(to), "of" | "for") {
        return None;
    }
    let at = to + 1 + usize::from(matches!(word(to + 1), "the" | "my" | "our" | "a" | "this" | "that"));
    party(word(at))
}

/// "The number that called me", 打给我的号码, 打嚟嘅電話; the caller's own line is the one that *I* ring from.
fn rang(tokens: &[Token<'_>], from: usize, to: usize) -> Option<Owner> {
    let line = tokens.get(from)?.line;
    let text = |at: usize| tokens.get(at).filter(|token| token.line == line).map_or("", |token| token.text);
    let relative = matches!(text(to), "that" | "which" | "who" | "he" | "she" | "they");
    let rings = (to..to + 4).any(|at| {
        matches!(text(at), "called" | "calls" | "texted" | "rang" | "phoned" | "calling" | "gave" | "left" | "messaged")
    });
    let by_caller = (to..to + 4).any(|at| matches!(text(at), "i" | "i'm" | "im" | "we"));
    if relative && rings && !by_caller {
        return Some(Owner::Other);
    }
    // 打給我嘅(嗰個)電話
    let mut at = from;
    for _ in 0..3 {
        match at.checked_sub(1).map(text) {
            Some("个" | "個" | "那" | "嗰" | "呢" | "这") => at -= 1,
            _ => break,
        }
    }
    let at = at.checked_sub(1).filter(|&at| matches!(text(at), "的" | "嘅"))?;
    let verb = (at.saturating_sub(5)..at).rev().find(|&at| matches!(text(at), "打" | "来" | "發" | "发"))?;
    let own = verb.checked_sub(1).is_some_and(|at| matches!(text(at), "我" | "家" | "在"));
    let towards_caller = (verb..at).any(|at| matches!(text(at), "我" | "来" | "嚟"));
    (towards_caller && !own).then_some(Owner::Other)
}

/// Whose number digits at `from` are by what is said right before: "he rang from …", 对方用….
pub fn using(tokens: &[Token<'_>], from: usize) -> Option<Owner> {
    let at = from.checked_sub(1)?;
    if !matches!(tokens.get(at)?.text, "用" | "拿" | "由" | "从" | "從" | "from") {
        return None;
    }
    before(tokens, at).filter(|owner| *owner == Owner::Other)
}

/// What is said of the number after it, from token `to` on: "keeps calling me", 一直给我打电话.
pub fn told_after(tokens: &[Token<'_>], to: usize) -> Option<Owner> {
    const RINGS: &str = "called me|keeps calling|kept calling|calling me|was calling|rang me|texted me|keeps texting|给我打|\
         打给我|骚扰|騷擾|打嚟|打來|打来|打过来|打過嚟|打俾我|打畀我";
    let line = tokens.get(to.checked_sub(1)?)?.line;
    let clause =
        (to..to + REACH).take_while(|&at| tokens.get(at).is_some_and(|t| t.line == line && !t.ends_sentence()));
    let rings = |at: usize| {
        let first = tokens.get(at).map_or("", |token| token.text);
        let mut alike = RINGS.split('|').filter(|text| text.starts_with(first));
        alike.any(|text| spells(tokens, at, text).is_some())
    };
    let mut by_caller = false;
    for at in clause {
        if !by_caller && rings(at) {
            return Some(Owner::Other);
        }
        by_caller |=
            tokens.get(at).is_some_and(|token| matches!(token.text, "i" | "i'm" | "can" | "you" | "你" | "您" | "我"));
    }
    None
}

fn before(tokens: &[Token<'_>], from: usize) -> Option<Owner> {
    let line = tokens.get(from)?.line;
    let mut glued = true;
    let mut crossed = false;
    for back in 1..=REACH {
        let at = from.checked_sub(back)?;
        let token = tokens.get(at).filter(|token| token.line == line && !token.ends_sentence())?;
        if token.kind == Kind::Punct {
            (glued, crossed) = (false, true);
            continue;
        }
        if one_of(SELF, token.text) {
            return Some(Owner::Caller);
        }
        if let Some(owner) = ending(tokens, at) {
            // Across a clause only who was just named: "the landlord is called Lee, number …", 房东姓李，电话….
            let named = (at + 1..from).any(|at| {
                tokens
                    .get(at)
                    .is_some_and(|t| matches!(t.text, "姓" | "叫" | "名" | "is" | "called" | "named" | "是" | "係"))
            });
            if glued && !crossed || named {
                return Some(owner);
            }
        }
        glued &= one_of(GLUE, token.text);
    }
    None
}

/// The person whose name or role ends with the token at `end`.
fn ending(tokens: &[Token<'_>], end: usize) -> Option<Owner> {
    let token = tokens.get(end)?;
    if token.kind == Kind::Word {
        return party(token.text);
    }
    let ends = |text: &&str| {
        if !text.ends_with(token.text) {
            return false;
        }
        let words = phrase(text);
        (end + 1).checked_sub(words.len()).is_some_and(|from| {
            tokens.get(from..=end).is_some_and(|found| found.iter().zip(&words).all(|(token, word)| token.is(word)))
        })
    };
    let han = |list: &'static str| list.split('|').filter(ends).map(|text| text.chars().count()).max();
    match (han(KIN), han(ROLES)) {
        (Some(kin), role) if role.is_none_or(|role| role < kin) => Some(Owner::Family),
        (_, Some(_)) => Some(Owner::Other),
        _ => None,
    }
}
