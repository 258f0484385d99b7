//! The words of time, in English, Mandarin and Cantonese.

use jiff::civil::Weekday;
use regex::Captures;

use super::moment::{ClockTime, Day, Part, Unit, Week, Years};
use crate::draft::extract::rule::{Rule, count};
use crate::draft::numerals::ordinal;

macro_rules! number {
    () => {
        r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?)"
    };
}
macro_rules! han {
    () => {
        r"[零〇一二三四五六七八九十两\d]{1,3}"
    };
}
macro_rules! month {
    () => {
        r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
    };
}
macro_rules! ordinal {
    () => {
        r"(?:\d{1,2}(?:st|nd|rd|th)|(?:twenty|thirty)[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)"
    };
}
macro_rules! weekday {
    () => {
        r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    };
}

/// A day, a part of it and an hour, as named groups; both languages.
pub static MOMENT: Rule = Rule::new(concat!(
    r"\b(?:(?P<near>the day before yesterday|yesterday|today|tonight|last night|this morning|this afternoon|this evening)",
    r"|(?:(?P<which>last|this past|this|past|on) )?(?P<wd>",
    weekday!(),
    r")",
    r"|(?:(?:on )?the )?(?P<dom>",
    ordinal!(),
    r") of (?P<dm>",
    month!(),
    r"|last month|this month)",
    r"|(?P<m>",
    month!(),
    r")(?: the)? (?P<md>",
    ordinal!(),
    r"|\d{1,2}\b)",
    r"|on the (?P<only>",
    ordinal!(),
    r")|(?:in|since|from|last|early|late|mid|until|till|to|the end of|the start of) (?P<month>",
    month!(),
    r")",
    r"|(?P<ago>last week|this week|last month|this month))\b",
    r"(?:,? (?:in the |at )?(?P<part>morning|afternoon|evening|night|lunch ?time|noon)\b)?",
    r"(?:,? (?:(?:at|around|about|from) )+(?:(?P<past>half past|quarter past|quarter to) )?(?P<h>",
    number!(),
    r")(?::(?P<min>\d\d)| (?P<minw>thirty|fifteen|forty[- ]five|ten|twenty))?(?: ?(?P<ap>a\.?m\b|p\.?m\b)| o'?clock)?(?: in the (?P<late>morning|afternoon|evening)| at (?P<atnight>night))?)?",
    r"|\b(?:(?P<epast>half past|quarter past|quarter to) )?(?P<eh>",
    number!(),
    r")(?::(?P<emin>\d\d)| (?P<eminw>thirty|fifteen|forty[- ]five))?(?: ?(?P<eap>a\.?m\b|p\.?m\b)| o'?clock)? (?P<enear>this morning|this afternoon|this evening|last night|yesterday)(?: (?P<epart>morning|afternoon|evening)\b)?",
    r"|(?:(?P<znear>大前[天日晚]|前[天日儿晚]|昨天|昨日|昨儿个?|昨晚|昨夜|琴日|寻日|噚日|琴晚|寻晚|噚晚|今天|今日|今朝早?|今早|今晚)",
    r"|(?P<zwhich>上上个?|上个?|这个?|呢个?|今个?|本)?(?:周|星期|礼拜)(?P<zwd>[一二三四五六日天])",
    r"|(?P<zyear>今年|去年|前年|旧年)?的?(?P<zm>",
    han!(),
    r")月份?(?P<zmpart>初|中旬|上旬|下旬|中|底|头)?(?:(?P<zd>",
    han!(),
    r")[号日])?",
    r"|(?P<zmonth>上个?月|这个月|本月|呢个月|今个月)(?P<zmpart2>初|中旬|上旬|下旬|中|底|头)?(?:(?P<zd2>",
    han!(),
    r")[号日])?",
    r"|(?P<zago>上个?(?:星期|礼拜)|上周|这周|这个?(?:星期|礼拜)|呢个(?:星期|礼拜)|今个(?:星期|礼拜)))",
    r"的?嗰?个?(?P<zpart>凌晨|清早|清晨|一早|早上|早晨|上午|朝头早|朝早|中午|晏昼|下昼|下午|傍晚|晚上|夜晚黑?|夜里|半夜|深夜|夜间)?",
    r"(?:大概|差不多|大约|约|成)?(?:(?P<zh>",
    han!(),
    r")点(?:钟)?(?:(?P<zhalf>半)|(?P<zq>[一三])刻|(?P<zmin>[零〇一二三四五六七八九十两\d]{1,3})(?P<zminunit>分|个字)?)?)?",
    r"|(?P<pday>头先|刚才|刚刚|啱啱|啱先|凌晨|清晨|早上|早晨|上午|朝早|中午|晏昼|下昼|下午|傍晚|晚上|夜晚)(?P<ph>",
    han!(),
    r")点(?:钟)?(?:(?P<phalf>半)|(?P<pmin>[零〇一二三四五六七八九十两\d]{1,3})(?P<pminunit>分|个字)?)?",
));

/// `n` of a unit: some time ago (`back`), or for some time.
pub static SPAN: Rule = Rule::new(concat!(
    r"\b(?:(?P<lead>for|been|over|in|lasted|lasting) )?(?:(?:about|around|maybe|like|roughly|some|nearly|almost|over|more than|the|past|last|at least|a good) )*",
    r"(?P<n>",
    number!(),
    r"|a couple of|an?|half an?|a few|several) (?:whole |full |solid |and a half )?(?P<unit>minute|hour|day|week|month|night|year)s?\b(?: (?P<back>ago|back)\b| (?P<on>now|already|straight|in a row|no|without|running|since)\b)?",
    r"|(?P<zlead>已经|都|连着|连续|一连|持续|整整|成|有|快|差不多|足足)?(?:差不多|大概|将近|超过|成)?(?:(?P<zn>",
    han!(),
    r"|几|好几|半|十几|几十)个?(?P<zhalf>半)?|(?P<zone>个半|个几|个))(?:多|几)?个?",
    r"(?P<zunit>分钟|小时|钟头|钟|字|天|日|晚|星期|礼拜|周|月|年)(?:多)?(?:之?(?P<zback>前|以前)|(?P<zon>了|喇|啦|未|都|没|冇|以来))?",
));

/// What happens again and again, and what happens now: words without a beginning.
pub static HABIT: Rule = Rule::new(concat!(
    r"\b(?:every|each) (?:single |other |uh |um )*(?:(?:night|day|morning|evening|weekend|afternoon|week|month|",
    weekday!(),
    r")s?(?:[, ]+(?:and )?",
    weekday!(),
    r"s?)*)(?: (?:night|morning|evening|afternoon)s?)?(?: at ",
    number!(),
    r")?",
    r"|\ball (?:day|night|week|weekend)(?: long)?\b|\b(?:night after night|day after day)\b",
    r"|(?:每天|每日|每晚|每朝|每个?(?:周末|星期|礼拜|月)|每(?:周|逢|逢周|逢星期|个?星期|个?礼拜)[一二三四五六日天末]|天天|日日|晚晚|朝朝|夜夜|一到晚上|一到夜晚)(?:早上|上午|朝早|中午|晏昼|下昼|下午|傍晚|晚上|夜晚|夜里|半夜|凌晨)?",
    r"(?:",
    han!(),
    r"点(?:钟|半|",
    han!(),
    r"分?)?(?:(?:开始)?[到至](?:早上|下午|晚上|夜晚|凌晨|第二天)?",
    han!(),
    r"点(?:钟|半|",
    han!(),
    r"分?)?)?)?",
));
pub static NOW: Rule = Rule::new(r"\bright now\b|\bat the moment\b|(?:而家|家阵|现在|依家)(?:仲|还|还在|正在|正|都)");
pub static JUST: Rule = Rule::new(r"\bjust now\b|\ba moment ago\b|头先|刚才|刚刚|啱啱|啱先");

fn weekday(text: &str) -> Option<Weekday> {
    let day = match text {
        "monday" | "一" => 0,
        "tuesday" | "二" => 1,
        "wednesday" | "三" => 2,
        "thursday" | "四" => 3,
        "friday" | "五" => 4,
        "saturday" | "六" => 5,
        _ => 6,
    };
    Weekday::from_monday_zero_offset(day).ok()
}

fn month(text: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    MONTHS.iter().position(|name| *name == text).and_then(|at| i8::try_from(at + 1).ok())
}

fn small(text: &str) -> Option<i8> {
    count(text).and_then(|number| i8::try_from(number).ok())
}

/// `29th`, `twenty ninth`.
fn nth(text: &str) -> Option<i8> {
    if let Some((tens, unit)) = text.split_once([' ', '-']) {
        return small(tens)?.checked_add(ordinal(unit)?.parse().ok()?);
    }
    if text == "thirtieth" {
        return Some(30);
    }
    ordinal(text).and_then(|digits| digits.parse().ok()).or_else(|| small(text))
}

/// The day of a [`MOMENT`], and the part of the day that its word holds (`last night`, `今朝`).
pub fn day(found: &Captures<'_>) -> Option<(Day, Option<Part>)> {
    let group = |name: &str| found.name(name).map(|group| group.as_str());
    if let Some(near) = group("near").or(group("enear")).or(group("znear")) {
        return near_day(near);
    }
    if let Some(name) = group("wd") {
        let week = match group("which") {
            Some("last") => Week::Before,
            _ => Week::Latest,
        };
        return Some((Day::Weekday { day: weekday(name)?, week }, None));
    }
    if let Some(name) = group("zwd") {
        let week = match group("zwhich") {
            Some(which) if which.starts_with("上上") => Week::Ago(2),
            Some(which) if which.starts_with('上') => Week::Ago(1),
            Some(_) => Week::Ago(0),
            None => Week::Latest,
        };
        return Some((Day::Weekday { day: weekday(name)?, week }, None));
    }
    let latest = Years::Latest;
    let named = |month: Option<i8>, day: Option<i8>| Some((Day::Date { years: latest, month, day }, None));
    if let (Some(day), Some(of)) = (group("dom"), group("dm")) {
        let day = Some(nth(day)?);
        return match of {
            "last month" => Some((Day::MonthAgo { months: 1, day }, None)),
            "this month" => Some((Day::MonthAgo { months: 0, day }, None)),
            of => named(Some(month(of)?), day),
        };
    }
    if let (Some(of), Some(day)) = (group("m"), group("md")) {
        return named(Some(month(of)?), Some(nth(day)?));
    }
    if let Some(day) = group("only") {
        return named(None, Some(nth(day)?));
    }
    if let Some(of) = group("month") {
        return named(Some(month(of)?), None);
    }
    if let Some(of) = group("zm") {
        let years = match group("zyear") {
            Some("今年") => Years::Ago(0),
            Some("去年" | "旧年") => Years::Ago(1),
            Some(_) => Years::Ago(2),
            None => latest,
        };
        let day = group("zd").and_then(small);
        return Some((Day::Date { years, month: Some(small(of)?), day }, None));
    }
    if let Some(of) = group("zmonth") {
        let day = group("zd2").and_then(small);
        return Some((Day::MonthAgo { months: i32::from(of.starts_with('上')), day }, None));
    }
    if let Some(which) = group("ago").or(group("zago")) {
        let back = i32::from(which.starts_with("last") || which.starts_with('上'));
        let day = if which.ends_with("month") { Day::MonthAgo { months: back, day: None } } else { Day::WeekAgo(back) };
        return Some((day, None));
    }
    group("ph").map(|_| (Day::Ago(0), None))
}

fn near_day(near: &str) -> Option<(Day, Option<Part>)> {
    let days = match near {
        "the day before yesterday" => 2,
        "yesterday" | "last night" => 1,
        near if near.starts_with("大前") => 3,
        near if near.starts_with('前') => 2,
        near if near.starts_with(['昨', '琴', '寻', '噚', '㖊']) => 1,
        _ => 0,
    };
    let part = match near {
        "last night" => Some(Part::Night),
        "this morning" => Some(Part::Morning),
        "this afternoon" => Some(Part::Afternoon),
        "this evening" | "tonight" => Some(Part::Evening),
        near if near.ends_with(['晚', '夜']) => Some(Part::Night),
        near if near.contains(['朝', '早']) => Some(Part::Morning),
        _ => None,
    };
    Some((Day::Ago(days), part))
}

pub fn part(found: &Captures<'_>) -> Option<Part> {
    let said =
        ["part", "epart", "late", "atnight", "zpart", "pday"].into_iter().find_map(|name| found.name(name))?.as_str();
    Some(match said {
        "凌晨" | "半夜" => Part::SmallHours,
        "morning" | "清早" | "清晨" | "一早" | "早上" | "早晨" | "上午" | "朝头早" | "朝早" => {
            Part::Morning
        }
        "noon" | "lunchtime" | "lunch time" | "中午" => Part::Noon,
        "afternoon" | "下午" | "下昼" | "晏昼" => Part::Afternoon,
        "evening" | "傍晚" => Part::Evening,
        "头先" | "刚才" | "刚刚" | "啱啱" | "啱先" => Part::Recent,
        _ => Part::Night,
    })
}

/// The hour of a [`MOMENT`]. In Cantonese a bare number after the hour counts twelfths of it (`八點三`: 8:15).
pub fn clock(found: &Captures<'_>, cantonese: bool) -> Option<ClockTime> {
    let group = |names: &[&str]| names.iter().find_map(|name| found.name(name)).map(|group| group.as_str());
    let hour = small(group(&["h", "eh", "zh", "ph"])?).filter(|hour| (0..=24).contains(hour))?;
    let afternoon = group(&["ap", "eap"]).map(|half| half.starts_with('p'));
    let half = group(&["zhalf", "phalf"]).map(|_| 30);
    let quarter = group(&["zq"]).map(|quarters| if quarters == "一" { 15 } else { 45 });
    let twelfths = match group(&["zminunit", "pminunit"]) {
        Some("分") => false,
        Some(_) => true,
        None => cantonese,
    };
    let counted = group(&["zmin", "pmin"]).and_then(small).map(|minutes| match minutes {
        1..=11 if twelfths => minutes * 5,
        minutes => minutes,
    });
    let (hour, half) = match group(&["past", "epast"]) {
        Some("half past") => (hour, Some(30)),
        Some("quarter past") => (hour, Some(15)),
        Some(_) => (hour.checked_sub(1).filter(|hour| *hour >= 0)?, Some(45)),
        None => (hour, half),
    };
    let minute = half.or(quarter).or(counted).or_else(|| group(&["min", "minw", "emin", "eminw"]).and_then(small));
    Some(ClockTime { hour, minute: minute.filter(|minute| (0..60).contains(minute)), afternoon })
}

/// Of a [`SPAN`]: halves of its unit, `None` when the words do not say how many (`a few`, `三四天`).
pub fn length(found: &Captures<'_>) -> (Option<i32>, Option<Unit>) {
    let group = |name: &str| found.name(name).map(|group| group.as_str());
    let half = i32::from(group("zhalf").is_some());
    let number = match (group("n").or(group("zn")), group("zone")) {
        (Some("a" | "an"), _) => Some(2),
        (Some("half a" | "half an" | "半"), _) => Some(1),
        (Some("a couple of"), _) => Some(4),
        // Two digits side by side are a guess: three or four.
        (Some(text), _) if text.chars().count() == 2 && !text.contains('十') && !text.is_ascii() => None,
        (Some(text), _) => count(text).and_then(|n| i32::try_from(n).ok()?.checked_mul(2)).map(|n| n + half),
        (None, Some("个半")) => Some(3),
        (None, _) => None,
    };
    let (times, unit) = match group("unit").or(group("zunit")) {
        Some("minute" | "分钟") => (1, Some(Unit::Minute)),
        Some("字") => (5, Some(Unit::Minute)),
        Some("hour" | "小时" | "钟头" | "钟") => (1, Some(Unit::Hour)),
        Some("day" | "night" | "天" | "日" | "晚") => (1, Some(Unit::Day)),
        Some("week" | "星期" | "礼拜" | "周") => (1, Some(Unit::Week)),
        Some("month" | "月") => (1, Some(Unit::Month)),
        _ => (1, None),
    };
    (number.and_then(|number| number.checked_mul(times)), unit)
}
