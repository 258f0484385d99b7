//! For how many the caller speaks.

use super::Doc;
use super::rule::{Hit, Rule, Said, count};

macro_rules! number_en {
    () => {
        r"((?:\d{1,5}|(?:a |one |two |three |four |five |six |seven |eight |nine )?(?:hundred|dozen)|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen))"
    };
}

/// First set group: how many.
static COUNT: Rule = Rule::new(concat!(
    r"\b",
    number_en!(),
    r"(?: or so|-odd| odd)? of us\b",
    r"|\b(?:us|we|we're|were|we are|our|affects?|affecting|behalf of|all|at least|more than|over) (?:all |about |around |like |some |roughly |at least |nearly |over |more than |are |the |other )*",
    number_en!(),
    r"(?:[- ]odd)? (?:families|households|residents|tenants|people|homes|apartments|flats|units|parents|workers|neighbou?rs|homeowners|owners|shops|students|passengers)\b",
    r"|\b",
    number_en!(),
    r" (?:families|households|residents|tenants|apartments|flats|parents|homeowners|owners) (?:are |have |who |in (?:our|the|my|this) |here|without|with no|signed|affected)",
    r"|(?:我们|咱们|我哋|一共|总共|合共|大概|大约|全楼|全村|楼里|小区|影响|涉及|有|成)[^。?!,]{0,8}?([一二三四五六七八九十百千两\d]{1,6}?)(?:多|几|来)?(?:个|名|户|位|家|伙)?(?:户|家长|业主|住户|居民|工人|工友|村民|同事|学生|家庭|街坊|租户|商户|老人)",
    r"|(?:我们|咱们|我哋)[^。?!,]{0,6}?([一二三四五六七八九十百千两\d]{1,6}?)(?:多|几|来)?(?:个|口|名|户|家|位)(?:人|住户|都|$|[,。])",
));
static GROUP: Rule = Rule::new(concat!(
    r"\bthe (?:whole|entire) (?:building|block|street|neighbou?rhood|floor|estate|village|complex|road)\b|\b(?:everyone|everybody|all of us) (?:in|on) (?:the|our|this|my) (?:building|block|street|floor|estate|neighbou?rhood)",
    r"|\bon behalf of\b|\ball of us\b|\bmany of us\b|\bseveral of us\b|\bwe're all\b|\bwe all\b|\b(?:signed|have|got|start(?:ed)?) a petition|\ball the (?:residents|tenants|neighbou?rs|parents|workers|owners)",
    r"|全体(?:业主|居民|住户|家长|员工)|业主代表|居民代表|家长代表|工人代表|代表(?:大家|我们|全体|我哋|各位|全楼|业主|居民)|联名|集体(?:投诉|反映|诉求|签名)|一班街坊|啲街坊都|我哋一班|我哋全部",
    r"|(?:整|全|成)(?:栋|座|个|条|幢|层|间)?(?:楼|小区|村|街|单元|大厦|屋苑|邨|楼层|社区)[^。,]{0,6}?(?:都|的人|嘅人|冇|没|停|一齐|一起|居民|住户|业主)|大家都(?:没|冇|在|有意见|受)|(?:我们|我哋)(?:这|呢|整)?(?:栋|座|幢|个)(?:楼|小区|村)(?:的|里|都)(?:人|居民|业主|住户|都)",
));
/// Before it: nothing that is.
static IF: Rule = Rule::new(r"\b(?:if|in case|could|might|unless)\b|要是|如果|万一|假如|若|如果|可能会");
/// Fewer than this many are a household, not a group.
const GROUP_OF: u32 = 3;

pub struct Affected {
    pub count: Option<Said<u32>>,
    pub group: Option<Said<bool>>,
}

pub fn find(doc: &Doc<'_>) -> Affected {
    let number = |hit: &Hit| {
        let range = (1..=6).find_map(|group| hit.group(group))?;
        let text = doc.plain_text(hit.line, range);
        let value = round(text).or_else(|| count(text))?;
        (value >= 2).then_some((value, hit.spans()))
    };
    let told = |hit: &Hit| !IF.is_in(doc.around(hit.line, &hit.range(), 16, 0));
    let counted = COUNT.find(doc).filter(told).find_map(|hit| number(&hit));
    let group = GROUP.find(doc).find(told).map(|hit| Said { value: true, spans: hit.spans(), score: 0.85 });
    let many = counted.as_ref().filter(|(value, _)| *value >= GROUP_OF);
    let group = group.or_else(|| many.map(|(_, spans)| Said { value: true, spans: spans.clone(), score: 0.75 }));
    let count = counted.map(|(value, spans)| Said { value, spans, score: 0.85 });
    Affected { count, group }
}

/// `two hundred`, `a dozen`.
fn round(text: &str) -> Option<u32> {
    let (times, unit) = text.rsplit_once(' ').unwrap_or(("a", text));
    let unit = match unit {
        "hundred" => 100,
        "dozen" => 12,
        _ => return None,
    };
    let times = if times == "a" { 1 } else { count(times)? };
    times.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::rule::testing::read;

    fn of(text: &str) -> (Option<u32>, bool) {
        read(&[text], |doc| {
            let found = find(doc);
            (found.count.map(|said| said.value), found.group.is_some())
        })
    }

    #[test]
    fn households_are_counted_as_the_caller_counts_them() {
        for (text, number) in [
            ("there's about thirty of us", 30),
            ("it affects at least two hundred families", 200),
            ("forty households in our building have no water", 40),
            ("我们一共十二户", 12),
            ("我们是锦榆府的业主一共有两百多个家长", 200),
            ("我哋成三十幾戶街坊", 30),
            ("我哋總共十二戶", 12),
        ] {
            assert_eq!(of(text), (Some(number), true), "{text}");
        }
    }

    #[test]
    fn who_speaks_for_several_says_so_without_a_number() {
        for text in [
            "the whole building has no water",
            "I'm calling on behalf of the tenants",
            "整个小区都没有",
            "我是业主代表",
            "成座樓都冇水",
            "我哋一班街坊想投訴",
        ] {
            assert_eq!(of(text), (None, true), "{text}");
        }
    }

    #[test]
    fn one_household_and_what_might_happen_are_no_group() {
        for text in [
            "there are two rats in the kitchen",
            "my two children are cold",
            "要是着火了整个单元都跑不出去",
            "if it falls the whole building is in danger",
            "我住三号楼十二户",
            "我家两个人",
            "樓上有三個人裝修",
        ] {
            assert_eq!(of(text), (None, false), "{text}");
        }
    }
}
