//! Whom the matter is against: a named firm first, then a vehicle or a counter, then the role of a person.

use std::ops::Range;

use super::Doc;
use super::rule::{Rule, Said};
use crate::draft::token::{Kind, Token};

macro_rules! firm_en {
    () => {
        r"(?:restaurant|bar|pub|cafe|café|diner|store|shop|supermarket|market|company|firm|agency|contractor|school|nursery|gym|hotel|hospital|clinic|bank|garage|salon|bakery|pharmacy|club|factory|warehouse|site|landlord|employer|boss|management|business)s?"
    };
}
macro_rules! firm_zh {
    () => {
        r"(?:有限公司|装修公司|物业公司|管理公司|公司|物业管理|物业|餐厅|饭店|酒楼|酒家|冰室|餐馆|火锅店|饭馆|茶餐厅|超市|便利店|酒店|宾馆|健身房?|中介|地产|银行|诊所|药店|药房|酒吧|理发店|发廊|美容院|培训班|培训机构|培训学校|补习社|驾校|幼儿园|幼稚园|医院|工厂|食肆|奶茶店|面馆|烧烤店|蛋糕店|士多|商场|菜市场|网吧|ktv|工地|地盘|法团|管理处)"
    };
}

/// Group 1: the name a firm goes by.
static CALLED_ZH: Rule = Rule::new(concat!(
    r"(?:店名|公司名|店铺|铺头|餐厅|饭店|火锅店|酒吧|公司|学校|工厂|工地|地盘|机构|间嘢|间铺|间公司|间店|家店|商家|中介|老板|健身房?|美容院|店)(?:的|嘅)?(?:名字|个名|名)?(?:叫做?|喊|是叫|系叫|名叫)([^,。?!、的了在有他她我将把啲老经每]{2,14})",
    r"|(?:店名|公司名称?|店铺名)(?:是|系)([^,。?!、的了在有将把啲老经每]{2,14})",
));
/// Group 1: a firm whose name ends in what it is; what stands before a function word is not of the name.
static FIRM_ZH: Rule = Rule::new(concat!(
    r"([^ ,。?!、:的嘅了在是系叫到给跟和同把被让有个间家这那嗰呢找去向对说话讲我你您他她佢喺俾畀比为从由个就都没冇不唔吃买订报上们哋过咗某个][^ ,。?!、的嘅了在是系叫到给跟和同把被让有个间这那嗰找去向对说话讲我你您他她佢喺俾畀为从由就都没冇不唔们哋过咗]{1,9}",
    firm_zh!(),
    r")",
));
/// Group 1: a plate, a route, a counter.
static MARKED: Rule = Rule::new(concat!(
    r"\b((?:licen[cs]e )?(?:plate|registration)(?: number)?(?: is|:)? (?:[a-z0-9]{1,8}\b ?){1,8})|\b((?:bus|route|tram|line|train)(?: number| no)? (?:\d{1,3}[a-z]?|[a-z]\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ]\w+)?)\b(?: bus)?)|\b((?:window|counter|desk)(?: number| no)? (?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve))\b",
    r"|(车牌(?:号码?|系|是|号)*:?[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]? ?(?:[a-z0-9一二三四五六七八九零幺] ?){4,8})|([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?[a-z] ?(?:[a-z0-9] ?){4,6})",
    r"|((?:[a-z]?\d{1,3}[a-z]?|[一二三四五六七八九十百零幺]{1,5})(?:路|号线|号)?(?:公交车?|巴士|小巴|专线|地铁|线巴士))|((?:\d{1,2}|[一二三四五六七八九十]{1,3})号?(?:窗口|柜台|柜位))",
));
/// Group 1: the role of a person or an office.
static ROLE: Rule = Rule::new(concat!(
    r"\b(?:my|our|the|this) ((?:upstairs |downstairs |next door |old |former |building |property |bus |taxi |cab |delivery |previous )*(?:landlord|landlady|boss|employer|neighbou?rs?|owner|super|superintendent|property manager|management(?: office| company)?|contractor|developer|driver|seller|agent|manager|teacher|doctor|nurse|officer|clerk|shopkeeper|company|school|hospital|bank))\b",
    r"|\b((?:upstairs|downstairs|next door) (?:neighbou?rs?|owner|tenant|people))\b",
    r"|((?:楼上|楼下|隔壁|隔离|对面)(?:的|嘅|间|嗰间|那家)?(?:餐馆|餐厅|饭店|酒吧|工地|地盘|邻居|住户|业主|租客|屋|单位|店铺)|房东|业主立案法团|包租婆|老板|老细|中介|包工头|物业|开发商|发展商|管理处|邻居|的士司机|出租车司机|公交司机|司机|卖家|商家|楼上|楼下)",
));
/// Begins what a firm does.
static AFTER_NAME: Rule = Rule::new(r"日日|成日|天天|日头|夜晚|晚晚|成晚|整天|一直|(?:的|了|就|都)$");
/// After a firm: it only says where.
static PLACE: Rule = Rule::new(r"^(?:门口|旁边?|对面|附近|隔壁|前面|后面|出面|侧边|那边|嗰边|楼下|地下)");
/// Before it: where one stands or who is asked for help.
static ELSEWHERE: Rule = Rule::new(
    r"(?:近|靠近|路过|经过|走到|去到|问[了过咗]?|帮|替)$|\b(?:near|opposite|behind|beside|outside|by) (?:the |a )?$",
);

pub fn find(doc: &Doc<'_>) -> Option<Said<String>> {
    let quoted = |(line, range): (usize, Range<usize>), score: f32| {
        let said = doc.plain_text(line, range.clone());
        let length = AFTER_NAME
            .captures(said)
            .and_then(|found| said.get(..found.get(0)?.start()))
            .unwrap_or(said)
            .chars()
            .count();
        let value = doc.quoted(line, range.start..range.start + length).trim().to_owned();
        let range = range.start..range.start + value.chars().count();
        Said { value, spans: vec![(line, range)], score }
    };
    let first = |rule: &Rule| {
        let told = |hit: &super::rule::Hit| {
            let range = (1..=10).find_map(|group| hit.group(group))?;
            let place =
                PLACE.is_in(doc.after(hit.line, &range, 4)) || ELSEWHERE.is_in(doc.before(hit.line, &range, 12));
            (!place).then_some((hit.line, range))
        };
        rule.find(doc).find_map(|hit| told(&hit))
    };
    named_en(doc)
        .or_else(|| first(&CALLED_ZH))
        .map(|place| quoted(place, 0.85))
        .or_else(|| firm_en(doc).or_else(|| first(&FIRM_ZH)).map(|place| quoted(place, 0.7)))
        .or_else(|| first(&MARKED).map(|place| quoted(place, 0.7)))
        .or_else(|| first(&ROLE).map(|place| quoted(place, 0.65)))
}

/// Group 1 ends where the name of an English firm begins.
static CALLED_EN: Rule = Rule::new(concat!(
    r"\b((?:",
    firm_en!(),
    r"(?:'?s)?|downstairs|place|it's|its|they're|they are)(?: (?:is|are|just|which|that|that's|thats))? (?:called|named|name(?:'s| is)?) (?:is |the )?)",
));

/// `the bar's called the Tin Anchor`: capitals after a cue.
fn named_en(doc: &Doc<'_>) -> Option<(usize, Range<usize>)> {
    CALLED_EN.find(doc).find_map(|hit| {
        let from = hit.group(1)?.end;
        let tokens = doc.line(hit.line);
        let at = tokens.partition_point(|token| token.start < from);
        let name = tokens.get(at..)?.iter().take(5).take_while(|token| is_name(doc, token)).count();
        let last = tokens.get(at + name.checked_sub(1)?)?;
        Some((hit.line, tokens.get(at)?.start..last.end))
    })
}

fn is_name(doc: &Doc<'_>, token: &Token<'_>) -> bool {
    let upper = doc.original(token).chars().next().is_some_and(|c| c.is_uppercase() || c.is_ascii_digit());
    token.kind != Kind::Punct && (upper || matches!(token.text, "and" | "of" | "&"))
}

const FIRM_WORDS: &[&str] = &[
    "restaurant",
    "bar",
    "pub",
    "cafe",
    "diner",
    "store",
    "supermarket",
    "market",
    "company",
    "properties",
    "management",
    "agency",
    "gym",
    "hotel",
    "hospital",
    "clinic",
    "bank",
    "garage",
    "bakery",
    "pharmacy",
    "construction",
    "school",
    "nursery",
    "ltd",
    "inc",
    "limited",
    "llc",
    "fitness",
];
/// Capitals that begin a sentence, not a name.
const OPENERS: &[&str] = &[
    "i", "the", "it's", "its", "my", "our", "a", "an", "this", "that", "there's", "and", "at", "hi", "hello", "about",
];

/// `Golden Ladle restaurant`: capitals before what it is.
fn firm_en(doc: &Doc<'_>) -> Option<(usize, Range<usize>)> {
    let capital = |token: &Token<'_>| {
        token.kind == Kind::Word
            && is_name(doc, token)
            && token.text != "and"
            && token.text != "of"
            && !OPENERS.contains(&token.text)
    };
    let in_line = |line: usize| {
        let tokens = doc.line(line);
        let firm = |at: &usize| tokens.get(*at).is_some_and(|token| FIRM_WORDS.contains(&token.text));
        (0..tokens.len()).filter(firm).find_map(|at| {
            let names = tokens.get(..at)?.iter().rev().take(4).take_while(|token| capital(token)).count();
            let range = tokens.get(at.checked_sub(names)?)?.start..tokens.get(at)?.end;
            let place = ELSEWHERE.is_in(doc.before(line, &range, 12));
            (names > 0 && !place).then_some(range)
        })
    };
    let mut lines = doc.segments.iter().enumerate();
    lines.find_map(|(line, segment)| Some((line, segment.kept.firm.get_or_init(|| in_line(line)).clone()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::rule::testing::read;

    fn of(text: &str) -> Option<String> {
        read(&[text], |doc| find(doc).map(|said| said.value))
    }

    #[test]
    fn a_firm_goes_by_its_name() {
        for (text, name) in [
            ("the bars called the Tin Anchor", "Tin Anchor"),
            ("It's about the Golden Ladle restaurant at 77 Market Row", "Golden Ladle restaurant"),
            ("I work kitchen, restaurant name Silver Carp, 39 Bowen Street", "Silver Carp"),
            ("店名叫力动空间健身，在青禾广场", "力动空间健身"),
            ("間嘢叫蜀香閣，未出糧", "蜀香閣"),
            ("我在鑫成建筑公司上班", "鑫成建筑公司"),
            ("老板喊鑫成啥子公司", "鑫成啥子公司"),
        ] {
            assert_eq!(of(text).as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn without_a_name_it_is_a_vehicle_a_counter_or_a_role() {
        for (text, name) in [
            ("I told the landlord twice", "landlord"),
            ("The upstairs owner refuses to open", "upstairs owner"),
            ("the bus number 42 never stops", "bus number 42"),
            ("the lady at window three was rude", "window three"),
            ("房东不退押金", "房东"),
            ("我要投诉三号窗口", "三号窗口"),
            ("车牌京A12345", "车牌京A12345"),
            ("管理處都幫唔到手", "管理處"),
        ] {
            assert_eq!(of(text).as_deref(), Some(name), "{text}");
        }
    }

    #[test]
    fn where_it_is_and_what_it_is_are_nobody() {
        for text in [
            "the lamp at the corner is out",
            "路灯坏了",
            "中国银行门口的井盖没了",
            "there is a hole near the Golden Ladle restaurant",
            "街燈壞咗",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
