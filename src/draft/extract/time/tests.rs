use super::*;
use crate::draft::extract::rule::testing::read;
use crate::draft::testing::facts;

/// The words, start, end, and whether it goes on.
type Read = (String, Option<String>, Option<String>, Option<bool>);

/// Thursday, 26 November 2026, 10:30 in Shanghai.
fn at(text: &str) -> Option<Read> {
    let facts = CallFacts { started_unix_ms: 1_795_660_200_000, time_zone: "Asia/Shanghai".into(), ..facts() };
    read(&[text], |doc| find(doc, &facts, &Vec::new()).map(|o| (o.text.value, o.start, o.end, o.ongoing)))
}

fn start(text: &str) -> Option<String> {
    at(text).and_then(|found| found.1).map(|start| start.trim_end_matches(":00+08:00").to_owned())
}

#[test]
fn days_hours_and_spans_are_counted_back_from_the_call() {
    for (text, expected) in [
        ("it happened yesterday", "2026-11-25T00:00"),
        ("there's been no heat since Sunday night", "2026-11-22T18:00"),
        ("since last Tuesday", "2026-11-24T00:00"),
        ("it was last Thursday", "2026-11-19T00:00"),
        ("on the twenty ninth of October", "2026-10-29T00:00"),
        ("since the first of November", "2026-11-01T00:00"),
        ("in December it broke", "2025-12-01T00:00"),
        ("it started maybe ten minutes ago", "2026-11-26T10:20"),
        ("yesterday at three in the afternoon", "2026-11-25T15:00"),
        ("last night at two", "2026-11-26T02:00"),
        ("it's been like this for about a week", "2026-11-16T00:00"),
        ("昨天下午三点半", "2026-11-25T15:30"),
        ("前天停的", "2026-11-24T00:00"),
        ("大前天", "2026-11-23T00:00"),
        ("上周三停水", "2026-11-18T00:00"),
        ("从上个礼拜天晚上开始滴", "2026-11-22T18:00"),
        ("从这周一开始", "2026-11-23T00:00"),
        ("上个月二十五号他们就关门了", "2026-10-25T00:00"),
        ("去年八月份", "2025-08-01T00:00"),
        ("连着三天没水", "2026-11-23T00:00"),
        ("琴日朝早", "2026-11-25T06:00"),
        ("噚日夜晚跌落嚟", "2026-11-25T18:00"),
        ("尋日晏晝三點九", "2026-11-25T15:45"),
        ("今朝八點三開始", "2026-11-26T08:15"),
        ("兩個字前", "2026-11-26T10:20"),
        ("個半鐘前漏水", "2026-11-26T09:00"),
        ("由上星期四開始就黑晒", "2026-11-19T00:00"),
    ] {
        assert_eq!(start(text).as_deref(), Some(expected), "{text}: {:?}", at(text));
    }
}

#[test]
fn a_span_has_both_ends_and_what_goes_on_says_so() {
    let (text, start, end, ongoing) = at("从八月份到十月底").unwrap();
    assert_eq!(text, "从八月份到十月底");
    assert_eq!(
        (start.as_deref(), end.as_deref()),
        (Some("2026-08-01T00:00:00+08:00"), Some("2026-10-31T23:59:59+08:00"))
    );
    assert_eq!(ongoing, Some(false));
    for text in [
        "no water since Monday",
        "从今天早上六点到现在一滴水都没有",
        "由八月開始滲水",
        "every night",
        "每天晚上都充",
        "晚晚都嘈",
    ] {
        assert_eq!(at(text).and_then(|found| found.3), Some(true), "{text}: {:?}", at(text));
    }
}

#[test]
fn what_is_not_said_exactly_has_words_but_no_start() {
    for (text, words) in [
        ("有三四天了", "有三四天了"),
        ("a few days ago", "a few days ago"),
        ("每天晚上都充", "每天晚上"),
        ("every night", "every night"),
    ] {
        let (said, start, ..) = at(text).unwrap();
        assert_eq!((said.as_str(), start), (words, None));
    }
}

#[test]
fn what_is_to_come_and_lengths_are_not_when_it_happened() {
    for text in [
        "come next Tuesday",
        "孩子明年九月就要上学",
        "下周三来",
        "the green man is on for six seconds",
        "I may move",
        "两年的卡",
    ] {
        assert_eq!(start(text), None, "{text}");
    }
}

#[test]
fn the_lines_clock_counts_not_that_of_the_machine() {
    let in_zone = |zone: &str| {
        let facts = CallFacts { started_unix_ms: 1_795_660_200_000, time_zone: zone.into(), ..facts() };
        read(&["yesterday"], |doc| find(doc, &facts, &Vec::new()).and_then(|found| found.start))
    };
    assert_eq!(in_zone("America/New_York").as_deref(), Some("2026-11-24T00:00:00-05:00"));
    assert_eq!(in_zone("UTC").as_deref(), Some("2026-11-25T00:00:00+00:00"));
}
