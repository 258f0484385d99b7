//! What the caller asks to be done: the clause after a wish, in the caller's words.

use std::ops::Range;

use super::Doc;
use super::rule::{Hit, Rule, Said};

/// A wish. What follows it is what is wished for.
static WISH: Rule = Rule::new(concat!(
    r"\b(?:i|we)(?:'d| would)? (?:(?:just|really|only|do|all|want to) )*(?:want|need|like|love|appreciate|hope|wish|demand|expect|request)(?: it)?(?: if| that| for| to have| to see)? ",
    r"|\b(?:i'm|i am|we're|we are|im) (?:just )?(?:asking|hoping|requesting)(?: for| that| to have)? |\b(?:all i want|what i want|what i'd like|what we want|my request|our demand|what i need) is(?: that| for)? ",
    r"|\b(?:can|could|would|will) (?:someone|somebody|anyone|anybody|you guys|you people|you|they|the (?:city|council|department|police))(?: please)? |\bplease ",
    r"|\b(?:it )?(?:would be|it'd be) (?:good|great|nice|helpful) (?:if|to) |\bsomeone (?:should|needs to|has to|must) ",
    r"|(?:我的?|我们的?|我哋嘅?)?(?:诉求|要求|请求|目的|愿望)(?:就|很简单)?(?:是|系|就是|就系)|希望|请求|要求|能不能|可不可以|能否|可否|可唔可以|麻烦(?:你们?|您|你哋)?|(?:想|要)请?(?:你们|您|你哋|政府|社区|街道|部门)(?:帮忙|帮我们?|帮手)?",
    r"|请(?:你们|您|有关部门|相关部门|政府)|最好(?:能|可以|系|就)?|想叫(?:人|你哋)?|不如|(?:你们|你哋)(?:快点|快啲|赶紧|尽快|即刻)|帮(?:我们?|我哋)(?:忙|手)?|唔该(?:你哋|快啲|尽快)",
));
/// `…先得`, `…好唔好`: what goes before it is wished for; group 1.
static SUGGESTED: Rule = Rule::new(
    r"(?:你哋|你们|政府)((?:叫|派|搵|快啲|即刻|尽快|应该)[^,。?!]{3,60}?)(?:先得|先啱|得唔得|好唔好|行不行|好不好|可以吗|先至得)",
);
/// What follows is why one calls, a question, talk of the call itself, or somebody else's to do.
static TALK: Rule = Rule::new(concat!(
    r"^(?:(?:you |it |me )*(?:to )?(?:just |please )*(?:report|complain|make a|make an|file|ask|know|talk|speak|tell|say|call|inquire|enquire|check|lodge|raise|let you|suggest|find out|give you|log|register|give my|leave my|remain|stay anon|be anon|get through|",
    r"hear|repeat|explain|hold|hurry|listen|wait|slow|bear|confirm|don't|dont|do not|not |never|keep (?:my|this|it) |a (?:complaint|report|question)|an (?:interpreter|translator)|some (?:information|advice|help)|help(?: me)?\b ?$|help\b ?[.,?!]|",
    r"it\b|this\b ?[.,?!]|that\b ?[.,?!]|two |the number|how |what |why |when |who |where |if i |if we |i |my |call me|ring me|be called|quick|another ))",
    r"|^[,:]?(?:你们?|您|你哋)?(?:帮我|跟我|同我)?(?:不要|别|唔好|保密|不|透露|告诉我|话我知|话俾我|问|知道|反映|反应|投诉|投訴|举报|咨询|了解|查询|查一下|查下|查吓|听|说|讲|打|等|转|留|给我回|联系我|打给我|报|您好|你好|你了|您了|了|大家|通知我)",
    r"|^(?:吗|吧|呢|啊|呀|的|系咪)?(?:$|[,。?!])",
));
/// Before it: another's wish, or none.
static NOT_MINE: Rule = Rule::new(concat!(
    r"\b(?:don't|dont|didn't|doesn't|not|he|she|they|never|who|if|as) (?:\w+ )?$|\b(?:why|how|what|where) $",
    r"|(?:[他她它佢]们?|佢哋|房东|公司|老板|老细|物业|学校|老师|银行|对方|店家|商家|医院|开发商|业主|中介|按|按照|没有|没|冇|不|唔|无|有|管理处|符合|什么)$",
));
/// Where a clause ends that no mark ends.
static END: Rule = Rule::new(concat!(
    r"[.?!;。…]|,? (?:and |so )?my (?:number|name|phone|address) |,? (?:that's|thats|that is) (?:my|all|what|it)\b|,? ?\b(?:thank you|thanks|bye|because|cause|otherwise|you know)\b| its | it's | if you (?:can|could|don't mind)",
    r"|我叫|我姓|我的电话|电话(?:是|系|就)|谢谢|多谢|唔该晒|麻烦(?:晒|你了|您了)|因为|如果唔系|不然|否则|就这样|就咁",
));
/// Hesitation and politeness at the start of it; particles at its end.
static OPENING: Rule = Rule::new(
    r"^(?:[ ,:]|(?:like|um|uh|er|just|please|maybe|kindly|perhaps|also|is|that)\b|你们|您|你哋|能够?|可以|就是|就系|嗯|呃|那个|这个|就|请|话|呢)+",
);
static CLOSING: Rule = Rule::new(
    r"(?:[ ,.?!。]|(?:please|okay|ok|as soon as possible|asap|soon|right)$|好吗|行吗|可以吗|得唔得|好唔好|好不好|吗|吧|呢|啊|呀|啦|喇|㗎|咯|嘛|吖|哦)+$",
);
/// A clause of fewer scalars says nothing that could be done.
const SHORTEST: usize = 4;
const LONGEST: usize = 120;

pub fn find(doc: &Doc<'_>) -> Option<Said<String>> {
    let suggested = SUGGESTED.find(doc).filter_map(|hit| Some((hit.line, hit.group(1)?)));
    let wished =
        WISH.find(doc).filter(|hit| !NOT_MINE.is_in(doc.before(hit.line, &hit.range(), 14))).filter_map(|hit| {
            let clause = clause(doc, &hit)?;
            Some((hit.line, clause))
        });
    // What is wanted is said late, and the last word on it counts.
    let (line, range) = wished.chain(suggested).max_by_key(|(line, range)| (*line, range.start))?;
    let value = doc.quoted(line, range.clone());
    Some(Said { value, spans: vec![(line, range)], score: 0.75 })
}

fn clause(doc: &Doc<'_>, hit: &Hit) -> Option<Range<usize>> {
    let from = hit.range().end;
    let text = doc.around(hit.line, &(from..from), 0, LONGEST);
    if TALK.is_in(text) {
        return None;
    }
    let opening = OPENING.captures(text).and_then(|found| Some(found.get(0)?.end())).unwrap_or(0);
    let rest = text.get(opening..)?;
    let end = END.captures(rest).and_then(|found| Some(found.get(0)?.start())).unwrap_or(rest.len());
    let rest = cut(rest.get(..end)?);
    let rest = CLOSING.captures(rest).and_then(|found| rest.get(..found.get(0)?.start())).unwrap_or(rest);
    let start = from + text.get(..opening)?.chars().count();
    let length = rest.chars().count();
    (length >= SHORTEST && !TALK.is_in(rest)).then_some(start..start + length)
}

/// Up to the first comma that leaves something to do before it.
fn cut(text: &str) -> &str {
    let commas = text.match_indices([',', '、']).map(|(at, _)| at);
    let english = text.is_ascii();
    let enough =
        |at: &usize| text.get(..*at).is_some_and(|head| head.chars().count() >= if english { 12 } else { SHORTEST });
    commas.into_iter().find(enough).and_then(|at| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::rule::testing::read;

    fn of(text: &str) -> Option<String> {
        read(&[text], |doc| find(doc).map(|said| said.value))
    }

    #[test]
    fn what_is_wished_for_is_quoted_without_the_wish() {
        for (text, wanted) in [
            ("I just want somebody to come and get the boiler going.", "somebody to come and get the boiler going"),
            ("can someone like measure the noise on a weekend", "measure the noise on a weekend"),
            ("could you please fix the lamp, thank you", "fix the lamp"),
            ("I'd like the bin to be emptied, my number is five", "the bin to be emptied"),
            ("希望今天能有人上门看看。", "今天能有人上门看看"),
            ("我的诉求就是退还剩余的会费", "退还剩余的会费"),
            ("你们能不能联系社区帮忙开个门？", "联系社区帮忙开个门"),
            ("我們要求公司把工資發了，謝謝", "公司把工資發了"),
            ("想你哋派人嚟做色粉測試。", "派人嚟做色粉測試"),
            ("可唔可以派人嚟清走啲垃圾呀", "派人嚟清走啲垃圾"),
            ("你哋叫屋宇署嚟睇吓先得㗎", "叫屋宇署嚟睇吓"),
        ] {
            assert_eq!(of(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn reasons_for_calling_questions_and_the_wishes_of_others_are_not_wishes() {
        for text in [
            "I want to report a broken lamp",
            "can you hear me",
            "please don't tell them who called",
            "the landlord wants me to move out",
            "我想投诉楼上噪音",
            "能不能告诉我怎么办理",
            "希望你们保密",
            "公司要求我们自己付钱",
            "可唔可以話我知點申請",
            "我想問下",
            "唔該",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
