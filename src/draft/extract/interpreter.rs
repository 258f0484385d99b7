//! Whether the caller asks for another language than the call is held in.

use super::Doc;
use super::rule::{Hit, Rule, Said};

macro_rules! tongue {
    () => {
        r"(spanish|mandarin|cantonese|chinese|putonghua|english|french|russian|arabic|portuguese|korean|japanese|vietnamese|tagalog|filipino|hindi|urdu|punjabi|bengali|nepali|polish|turkish|haitian creole|creole|ukrainian|thai|indonesian|malay|fujianese|hokkien|italian|german|español|普通话|国语|中文|汉语|华语|粤语|广东话|白话|英语|英文|闽南语|客家话|日语|日文|韩语|韩文|法语|法文|西班牙语|西班牙文|俄语|阿拉伯语|印尼话|印尼文|尼泊尔话|乌尔都语|菲律宾话|泰文|越南话|藏语|维吾尔语|蒙古语|手语)"
    };
}

/// The language is asked for; its first set group names it.
static ASKED: Rule = Rule::new(concat!(
    r"\b(?:can|could|may|do|does|is there|have you|you have|anyone|anybody|someone|somebody|person|who|that|want to|prefer to|like to|to)(?: \w+){0,4} (?:speaks?|talk(?: in| to me in)?|in) ",
    tongue!(),
    r"\b",
    r"|\b",
    tongue!(),
    r",? please\b|\b(?:need|want|get|have|with|for|a|an) ",
    tongue!(),
    r"[- ](?:interpreter|translator|speaker|speaking)",
    r"|\bhabla(?:n|s)? ",
    tongue!(),
    r"|\b(?:en )?",
    tongue!(),
    r" por favor",
    r"|(?:可以|可不可以|可唔可以|能不能|能|能否)(?:跟我|同我|用)?(?:说|讲|用)",
    tongue!(),
    r"(?:吗|么|嘛|呀|沟通|说|讲)?",
    r"|(?:有没有|有冇|有无)(?:人|谁|边个)?[^,。?!]{0,4}?(?:会|能|识|懂|听得懂)?(?:说|讲|听|听得懂)?",
    tongue!(),
    r"|(?:说|讲)",
    tongue!(),
    r"(?:行不行|行吗|可以吗|得唔得|得吗|好不好|好唔好)",
    r"|(?:要|找|搵|安排|转)(?:个|一个|位)?(?:会|识|懂)?(?:说|讲)?",
    tongue!(),
    r"(?:的|嘅)?(?:翻译|传译|客服|同事|人)",
));
/// The language of the call is not understood.
static LOST: Rule = Rule::new(concat!(
    r"(?:^|[,.?!] ?|\bi |\bsorry |\bmy |\bme |\bi'm |\bi have )(?:no (?:speak )?(?:good )?english|english (?:is )?(?:not|no|very|so|really) (?:so |very )?(?:good|bad|poor|well)|(?:don't|dont|do not|can't|cannot|not) (?:speak|understand) (?:much |good |any |very good |the )?english|(?:only )?speak little english|little english)\b",
    r"|\b(?:i |we |me )?(?:need|want|get me|have) an? (?:interpreter|translator)\b",
    r"|我(?:的)?(?:不太|不大|不|唔系几|唔|不怎么)(?:会|识|懂|熟|听得懂)(?:说|讲|听)?(?:普通话|国语|中文|汉语|英文|英语|广东话|粤语|白话)",
    r"|我(?:听不懂|听唔明|听唔懂)(?:你)?(?:说的?|讲嘅?)?(?:普通话|国语|中文|英文|英语|广东话|粤语|白话)|我(?:的|嘅)?(?:普通话|中文|英文|英语|广东话)(?:说|讲)?(?:得)?(?:不好|不太好|唔好|很差|好差)",
    r"|(?:需要|要|有没有|有冇|帮我(?:找|搵)|安排)(?:个|一个|一位)?(?:翻译|传译)",
));
/// Said of somebody else.
static OTHERS: Rule = Rule::new(concat!(
    r"\b(?:neighbou?rs?|landlord|driver|tenants?|boss|he|she|they|their|his|her|workers?|nobody|staff|guard|teacher|doctor|clerk|officer)\b",
    r"|邻居|房东|司机|[他她佢]|老板|老细|租客|隔离|楼上|楼下|工人|店员|护士|医生|老师|保安",
));

/// `primary`: BCP 47 of the language spoken. Whoever only asks whether the language they already speak is understood
/// needs nobody.
pub fn find(doc: &Doc<'_>, primary: Option<&str>) -> Option<(Said<bool>, Option<Said<String>>)> {
    let own = |hit: &Hit| {
        !OTHERS.is_in(doc.before(hit.line, &hit.range(), 24)) && !OTHERS.is_in(doc.plain_text(hit.line, hit.range()))
    };
    let named = |hit: &Hit| (1..=9).find_map(|group| hit.group(group));
    let asked = ASKED.find(doc).filter(own).find_map(|hit| {
        let range = named(&hit)?;
        let foreign = !spoken(doc.plain_text(hit.line, range.clone()), primary);
        foreign.then_some((hit, range))
    });
    let lost = LOST.find(doc).find(own);
    let mut spans: super::Spans = lost.iter().flat_map(Hit::spans).collect();
    spans.extend(asked.iter().flat_map(|(hit, _)| hit.spans()));
    let language = asked.map(|(hit, range)| {
        let value = doc.quoted(hit.line, range.clone());
        Said { value, spans: vec![(hit.line, range)], score: 0.85 }
    });
    (!spans.is_empty()).then_some((Said { value: true, spans, score: 0.85 }, language))
}

/// Whether the named language is the one spoken.
fn spoken(named: &str, primary: Option<&str>) -> bool {
    let primary = primary.unwrap_or_default();
    match named {
        "english" | "英语" | "英文" => primary == "en",
        "cantonese" | "粤语" | "广东话" | "白话" => primary.starts_with("yue"),
        "mandarin" | "putonghua" | "普通话" | "国语" => primary.starts_with("cmn"),
        "chinese" | "中文" | "汉语" | "华语" => primary.starts_with("cmn") || primary.starts_with("yue"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::rule::testing::read;

    fn of(text: &str, primary: &str) -> Option<Option<String>> {
        read(&[text], |doc| find(doc, Some(primary)).map(|(_, language)| language.map(|said| said.value)))
    }

    #[test]
    fn who_asks_for_another_language_needs_an_interpreter() {
        for (text, primary, language) in [
            ("Sorry, English not good, 可以说中文吗, Mandarin please.", "en", Some("中文")),
            ("is there anyone who can speak Spanish", "en", Some("Spanish")),
            ("I need a Russian interpreter", "en", Some("Russian")),
            ("no English sorry", "en", None),
            ("I don't speak much English", "en", None),
            ("有没有会说英语的", "cmn-Hans", Some("英语")),
            ("有冇人識講英文", "yue-Hant", Some("英文")),
            ("可唔可以講普通話", "yue-Hant", Some("普通話")),
            ("我不太会说普通话", "cmn-Hans", None),
        ] {
            let needed = of(text, primary).map(|found| found.unwrap_or_default());
            let language = language.unwrap_or_default();
            let named = needed.as_deref().is_some_and(|found| language.is_empty() == found.is_empty());
            assert!(named && (language.is_empty() || needed.as_deref() == Some(language)), "{text}: {needed:?}");
        }
    }

    #[test]
    fn the_language_already_spoken_and_the_languages_of_others_are_no_need() {
        for (text, primary) in [
            ("my neighbour speaks no English", "en"),
            ("the driver doesn't speak English", "en"),
            ("喂你好，我讲白话得唔得？", "yue-Hans"),
            ("可以说普通话吗", "cmn-Hans"),
            ("房东不会说中文", "cmn-Hans"),
            ("佢唔識講廣東話", "yue-Hant"),
            ("my son takes English lessons", "en"),
        ] {
            assert_eq!(of(text, primary), None, "{text}");
        }
    }
}
