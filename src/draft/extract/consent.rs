//! Whether the caller wants to hear back, and when.

use super::rule::{Hit, Rule, Said};
use super::{Doc, Spans};
use crate::draft::schema::Consent;

static YES: Rule = Rule::new(concat!(
    r"\b(?:call|calling|ring|phone|text|email|contact|reach|notify|inform|update|message|get back to|get hold of|follow up with|write(?: to)?) me\b",
    r"|\blet me know\b|\b(?:on )?(?:the |this |that )?same number\b|\bkeep me (?:posted|updated|informed)|\b(?:call|phone|ring) back\b",
    r"|\bmy (?:phone |cell |cellphone |mobile |telephone |callback |contact |home |work )*(?:number|phone|cell|mobile)(?:'s| is)\b",
    r"|(?:给|跟|和)我(?:们)?(?:打|回|来|一)?(?:个)?(?:电话|回复|答复|回电|回话|个信|信儿|消息|准话|说法)",
    r"|回我(?:个)?(?:电话)?|回个?电话?给我|(?:联系|通知|回复|答复|打给|打电话给)我|打我(?:的)?(?:电话|手机)|打这个(?:电话|号码)",
    r"|有(?:了)?(?:消息|结果|进展|进度)[^,。?!]{0,4}(?:通知|告诉|联系|回复|说一声)",
    r"|(?:电话|手机号?|手提|号码)(?:号码)?(?:是|系|就用|就打)|联系(?:电话|方式)是",
    r"|(?:覆|复|回覆|回复|通知|联络|打|call|搵|话)(?:返|番)?(?:个)?(?:电话)?(?:俾|畀|比|给)?我(?:知)?|(?:打|覆|复)返(?:俾|畀)",
));
/// Before a "yes": others' calls, and calls that never came.
static NOT_YES: Rule = Rule::new(concat!(
    r"\b(?:never|nobody|no one|didn't|didnt|did not|hasn't|haven't|doesn't|won't|wouldn't|he|she|they|who|would|said|keeps?|kept|told|not) (?:ever |even |to |just )*$",
    r"|\b(?:no need to|don't|dont|do not|needn't|rather you didn't) (?:bother to |have to |need to |you to |anyone to )*$",
    r"|(?:没人|没有人?|没|从来不?|未|一直|冇人?|冇|无人|都不|都唔|不|唔|别|不用|不要|不必|唔使|唔好|无需|唔洗)[^,。]{0,4}$",
    r"|(?:他|她|它|佢|佢哋|老板|房东|物业|中介|对方|业主|管理处|公司|骗子|人|客服)[^,。]{0,6}$",
));
static NO: Rule = Rule::new(concat!(
    r"\b(?:no need to|don't|dont|do not|you needn't|needn't|rather you didn't|rather nobody|not necessary to) ",
    r"(?:bother to |have to |need to |need you to |want you to |want anyone to |you to |anyone to |anybody )*",
    r"(?:call|calling|ring|phone|text|contact|get back to|follow up|reply)(?: with)?(?: me)?(?: back)?\b",
    r"|\b(?:don't|dont|do not) (?:need|want|require) (?:a |any |you to )?(?:call ?back|call-back|reply|response|follow ?up|call)\b",
    r"|\bno (?:need for (?:a |any )?)?(?:call ?back|call-back|reply|follow ?up)(?: needed| necessary| required)?\b",
    r"|(?:不用|不必|不需要|无需|别|不要|甭|不想|没必要)(?:再|你们?|麻烦)?(?:给我|跟我|和我|向我)?(?:打(?:我|这个)?电话|打给我|回电话?|回复|答复|回访|联系我?|通知我?|回我)",
    r"|(?:唔使|唔洗|唔驶|唔用|唔需要|唔好|咪|无需|唔想)(?:再|你哋?)?(?:打电话|打(?:返)?(?:俾|畀|比|给)我|打返|覆|复|回覆|回复|联络|通知|搵|跟进|call)(?:返)?(?:电话)?(?:俾|畀|比)?我?",
));
/// After a "no": it is the hour that does not suit.
static ONLY_THEN: Rule =
    Rule::new(r"^ ?(?:before|after|at|on|in the|between|during|while|until|till|too)\b|^(?:太早|太晚|之前|以前)");

/// A number that was given to be called on (`reached`: its words) says yes too; a "no" in so many words stands.
pub fn follow_up(doc: &Doc<'_>, reached: &Spans) -> Option<Said<Consent>> {
    let no = NO.find(doc).find(|hit| !ONLY_THEN.is_in(doc.after(hit.line, &hit.range(), 12)));
    if let Some(hit) = no {
        return Some(Said { value: Consent::No, spans: hit.spans(), score: 0.85 });
    }
    let yes = YES.find(doc).find(|hit| asked(doc, hit));
    // The digits only where nothing else says it: whether one of them is in doubt is no doubt of this.
    let spans = yes.as_ref().map_or_else(|| reached.iter().take(2).cloned().collect(), Hit::spans);
    let score = if yes.is_some() { 0.85 } else { 0.7 };
    (!spans.is_empty()).then_some(Said { value: Consent::Yes, spans, score })
}

fn asked(doc: &Doc<'_>, hit: &Hit) -> bool {
    !NOT_YES.is_in(doc.before(hit.line, &hit.range(), 20))
}

macro_rules! hour_en {
    () => {
        concat!(
            r"(?:(?:half past |quarter (?:past|to) )?(?:\d{1,2}(?::\d\d)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midday|midnight|lunch(?:time)?|work|dinner|school|breakfast)",
            r"(?: thirty| fifteen| forty five| o'clock| oclock)?(?: ?(?:a\.?m|p\.?m)\b\.?)?(?: in the (?:morning|afternoon|evening)| at night)?)"
        )
    };
}
macro_rules! when_en {
    () => {
        concat!(
            r"(?:(?:any ?time |best |only |on (?:a )?|every )?(?:(?:week ?days?|week ?ends?|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|tomorrow|tonight|today|this (?:morning|afternoon|evening)),? ?)?",
            r"(?:(?:any ?time )?(?:after|before|between|until|till|from|around|past|at)(?: about| around)? ", hour_en!(),
            r"(?: (?:and|to|till|until|or|-) ", hour_en!(), r")?",
            r"|in the (?:mornings?|afternoons?|evenings?)|mornings?|afternoons?|evenings?|at night|at lunch ?time)",
            r"|(?:on |at )?(?:weekdays|weekends|the weekend)|any ?time|tomorrow)"
        )
    };
}
macro_rules! when_zh {
    () => {
        concat!(
            r"(?:(?:工作日|周末|平时|平日|每天|明天|今天|后天|听日|今晚|明早|听朝|(?:周|星期|礼拜)[一二三四五六日天](?:[到至](?:周|星期|礼拜)?[一二三四五六日天])?)的?)?",
            r"(?:(?:早上|上午|中午|下午|晚上|傍晚|白天|夜晚黑?|夜里|晏昼|下昼|朝早|放学|下班|收工|饭后|吃完饭)",
            r"(?:[一二三四五六七八九十两\d]{1,3}点(?:钟|半|[一二三四五\d]{1,3}分?)?)?|[一二三四五六七八九十两\d]{1,3}点(?:钟|半)?)",
            r"(?:[到至](?:早上|上午|中午|下午|晚上|夜晚)?[一二三四五六七八九十两\d]{1,3}点(?:钟|半)?)?(?:之后|以后|过后|后|之前|以前|前|之间|左右|都得|都可以)?"
        )
    };
}
static WINDOW: Rule = Rule::new(concat!(
    r"\b(?:call|ring|phone|reach|contact|text|catch|get) (?:me|back)(?: back)?(?: on (?:this|that|the same) (?:number|one))?,? ?(?:please |anytime |only |but )*(",
    when_en!(),
    r")\b",
    r"|\b(?:call|ring|phone|reach|contact|text) me (?:back )?(?:on|at) [^.?!]{4,90}? ((?:any ?time )?(?:after|before|between) ",
    hour_en!(),
    r"(?: and ",
    hour_en!(),
    r")?)",
    r"|\b(?:i'm|im|i am|i'll be|i will be)(?: only| usually| always)? (?:home|free|available|in|around|up|off work|reachable|at home|back)(?: only)? (",
    when_en!(),
    r")\b",
    r"|\b(?:best|good) time (?:to (?:call|reach|ring) (?:me )?)?(?:is|would be) (",
    when_en!(),
    r")\b",
    r"|\b(",
    when_en!(),
    r") (?:is|are|would be) (?:best|better|good|fine) (?:for me|to call)",
    r"|(",
    when_zh!(),
    r")(?:[你们再都先请可以才会能就系是的好]{0,4})(?:给我|打给?我|打俾我|打畀我|打(?:这个)?电话|打返|联系我|回电|回我|找我|搵我|覆我|联络我|通知我|我?(?:才|都|先)?(?:有空|有时间|方便(?:接|听)|得闲|在家|喺屋企|接电话|听电话))",
    r"|(?:打给我|打俾我|打畀我|联系我|回电话?|回我|找我|搵我|覆我|联络我|通知我|call我|打电话|方便接电话的时间|得闲时间)(?:给我|俾我|畀我)?[,的话请最好要就在喺是系得]{0,4}(",
    when_zh!(),
    r")",
));

/// When to call back, in the caller's words.
pub fn window(doc: &Doc<'_>) -> Option<Said<String>> {
    let hit = WINDOW.find(doc).find(|hit| asked(doc, hit))?;
    let range = (1..=7).find_map(|group| hit.group(group))?;
    let value = doc.quoted(hit.line, range.clone()).trim().to_owned();
    Some(Said { value, spans: vec![(hit.line, range)], score: 0.85 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::rule::testing::read;

    fn consent(text: &str) -> Option<Consent> {
        read(&[text], |doc| follow_up(doc, &Vec::new()).map(|said| said.value))
    }

    #[test]
    fn who_asks_to_hear_back_consents() {
        for text in [
            "can someone call me back",
            "please let me know what happens",
            "my number is two one two",
            "有消息通知我",
            "麻烦给我回个电话",
            "處理完打電話給我",
            "有消息打返俾我",
            "搞掂通知我吖",
            "电话系一三八",
        ] {
            assert_eq!(consent(text), Some(Consent::Yes), "{text}");
        }
    }

    #[test]
    fn who_wants_no_call_says_so() {
        for text in [
            "there's no need to call me back",
            "I don't need a call back",
            "no callback needed",
            "不用回电",
            "不用给我回复了",
            "別給我打電話",
            "唔使覆我",
            "唔使打返俾我",
            "my number is five five five but don't bother to call me",
        ] {
            assert_eq!(consent(text), Some(Consent::No), "{text}");
        }
    }

    #[test]
    fn the_calls_of_others_say_nothing() {
        for text in [
            "they never call me back",
            "he would ring me every night",
            "老板从来不联系我",
            "没人给我回电话",
            "佢打電話俾我話要加租",
            "the lamp is out",
        ] {
            assert_eq!(consent(text), None, "{text}");
        }
    }

    #[test]
    fn the_hour_is_in_the_callers_words() {
        let of = |text: &str| read(&[text], |doc| window(doc).map(|said| said.value));
        for (text, when) in [
            ("you can call me after six", "after six"),
            ("call me back between 9 and 5 please", "between 9 and 5"),
            ("I'm home in the evenings", "in the evenings"),
            ("下午三点以后打给我", "下午三点以后"),
            ("打给我最好晚上八点以后", "晚上八点以后"),
            ("夜晚七點後搵我啦", "夜晚七點後"),
            ("我收工之後先得閒", "收工之後"),
        ] {
            assert_eq!(of(text).as_deref(), Some(when), "{text}");
        }
        for text in
            ["the music goes on after six", "晚上八点以后他在家唱歌", "夜晚七點後好嘈", "they call me after six"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
