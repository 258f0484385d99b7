//! Addresses, names, hazards, dispositions; and that values can be had again from their evidence alone.

use super::{draft_texts, drafter, preferred};
use crate::call::{Coverage, CoverageKind};
use crate::draft::schema::{Disposition, Urgency};
use crate::draft::testing::{call, facts};

#[test]
fn addresses_are_read_as_a_person_would_write_them() {
    for (text, value) in [
        ("I live at forty two Maple Street, apartment twelve.", "42 Maple Street, apartment 12"),
        ("I live at nineteen River Road.", "19 River Road"),
        ("I live at seven hundred Oak Avenue.", "700 Oak Avenue"),
        ("It is building seven, floor two, apartment fifty five.", "building 7, floor 2, apartment 55"),
        ("I live on Maple Street, number forty two.", "42 Maple Street"),
        ("The light is off between Oak Lane and Mill Road.", "between Oak Lane and Mill Road"),
        ("It is on the corner of Market Road and Ash Street.", "corner of Market Road and Ash Street"),
        ("It's 418 West 147th Place, apartment 5C, in Manhattan.", "418 West 147th Place, apartment 5C"),
        ("my address is two one six galloway street", "216 Galloway Street"),
        ("its on um Calloway no sorry Galloway Street two one six", "216 Galloway Street"),
        ("我住在中山路二十三号", "中山路23号"),
        ("三号楼二单元停水了", "3号楼2单元"),
        ("我家在十二号楼十八层", "12号楼18层"),
        ("我住在朝阳区望槐里小区三号楼二单元五零一。", "朝阳区望槐里小区3号楼2单元501"),
        ("人民路和解放路的路口红绿灯坏了", "人民路和解放路路口"),
        ("我住在和平路三十二号", "和平路32号"),
        ("我住荃灣海晴路金槐閣第二座十八樓D室", "荃灣海晴路金槐閣第2座18樓D室"),
    ] {
        let draft = draft_texts(&[text]);
        assert_eq!(draft.issues[0].location.address_text.value.as_deref(), Some(value), "{text}");
    }
}

#[test]
fn what_only_sounds_like_a_place_is_none() {
    for text in [
        "The heating is off for three days.",
        "I have called three times already.",
        "下水道堵了",
        "楼道里消防通道被堵了",
        "三月二十号开始的",
        "路灯坏了",
        "我们小区停水了",
        "有人被困在电梯里",
        "我要投诉占道经营",
        "I want to report a broken street light.",
        "Please close the ticket.",
    ] {
        let draft = draft_texts(&[text]);
        assert_eq!(draft.issues[0].location.address_text.value, None, "{text}");
    }
}

#[test]
fn names_follow_their_cue_and_nothing_else_is_a_name() {
    for (text, value) in [
        ("My name is Anna Walker.", Some("Anna Walker")),
        ("This is Peter Wood.", Some("Peter Wood")),
        ("My name is Anna Walker and I live at nineteen River Road.", Some("Anna Walker")),
        ("my name is anna walker", Some("anna walker")),
        ("This is about a parking ticket.", None),
        ("It is very dangerous.", None),
        ("我叫王建国", Some("王建国")),
        ("我姓孙，孙丽华，电话是一五四", Some("孙丽华")),
        ("我叫这个王秀云电话是幺五四", Some("王秀云")),
        ("我是王建国，我住在中山路二十三号", Some("王建国")),
        ("我是老师，住在人民路", None),
        ("我姓欧阳", Some("欧阳")),
        ("免贵姓何，何建国", Some("何建国")),
    ] {
        assert_eq!(draft_texts(&[text]).caller.name.value.as_deref(), value, "{text}");
    }
}

#[test]
fn topics_are_found_with_their_words_apart_and_places_are_not_topics() {
    for (text, code) in [
        ("The heating is not working.", "utility.heating"),
        ("I want to report a heating problem.", "utility.heating"),
        ("The street light is broken on King Road.", "road.streetlight"),
        ("There is a smell of gas.", "utility.gas"),
        ("There is no hot water in my kitchen.", "utility.water"),
        ("The elevator is broken next to the library.", "housing.elevator"),
        ("There is a big hole in the road in front of the school.", "road.surface"),
        ("The rubbish was not collected on Park Street.", "sanitation.waste"),
        ("我要报修我们小区的暖气问题", "utility.heating"),
        ("学校门口停水了", "utility.water"),
        ("公园旁边路灯不亮", "road.streetlight"),
        ("有人乱停车", "transport.illegal_parking"),
        ("邻居太吵了", "environment.noise_social"),
        ("我要投诉小区卫生", "sanitation.street_cleaning"),
        ("有人被困在电梯里", "housing.elevator"),
    ] {
        let draft = draft_texts(&[text]);
        assert_eq!(draft.issues[0].category.value.as_deref(), Some(code), "{text}: {:?}", draft.issues[0].category);
    }
}

#[test]
fn hazard_words_raise_the_flag_and_a_condition_only_doubts_it() {
    for text in [
        "I can smell gas in the basement.",
        "There is smoke coming from the roof.",
        "My neighbour has collapsed and is not breathing.",
        "People are stuck in the elevator.",
        "喂！我哋隔離單位着咗火呀，好大煙！",
        "有人被困在电梯里",
        "楼道里有煤气味",
        "他想跳楼",
    ] {
        let draft = draft_texts(&[text]);
        assert_eq!(draft.emergency.flag.value, Some(true), "{text}");
        assert_eq!(draft.issues[0].urgency.value, Some(Urgency::Emergency), "{text}");
        assert!(draft.emergency.raised_at_ms.is_some());
    }
    let doubt = draft_texts(&["要是着火了整个单元都跑不出去。"]);
    assert_eq!(doubt.emergency.flag.value, Some(false));
    assert!(doubt.emergency.flag.needs_review && !doubt.emergency.flag.evidence.is_empty());
    let none = draft_texts(&["The heating is off."]);
    assert!(none.emergency.flag.evidence.is_empty() && !none.emergency.flag.needs_review);
}

#[test]
fn a_call_without_words_is_called_back_if_it_can_be_and_listened_to_if_it_must() {
    let drafter = drafter();
    let mut facts = facts();
    let mut coverage = Coverage::default();
    let silent = drafter.draft(&facts, &[], coverage);
    assert_eq!(silent.disposition_suggestion, Disposition::Discard);
    assert_eq!(silent.issues[0].category.value.as_deref(), Some("other.no_content"));
    assert!(!silent.needs_listening);
    coverage.add(CoverageKind::Unrecognised, 1200);
    assert!(drafter.draft(&facts, &[], coverage).needs_listening);
    facts.dtmf = "0".into();
    assert_eq!(drafter.draft(&facts, &[], coverage).disposition_suggestion, Disposition::Callback);
    facts.dtmf.clear();
    facts.party.claimed = Some(crate::call::Identity {
        uri: "sip:2125550134@gw.example".into(),
        number: Some("2125550134".into()),
        display_name: None,
        subject: None,
    });
    assert_eq!(drafter.draft(&facts, &[], coverage).disposition_suggestion, Disposition::Callback);
    let wrong = drafter.draft(&facts, &call(&["Oh, sorry, wrong number."]), coverage);
    assert_eq!(wrong.disposition_suggestion, Disposition::WrongNumber);
}

#[test]
fn scored_the_evidence_of_every_value_re_derived() {
    for texts in [
        &[
            "I live at forty two Maple Street, apartment twelve.",
            "My phone number is five five five, zero one three four.",
        ][..],
        &[
            "It is on the corner of Market Road and Ash Street.",
            "You can reach me at six one two, three four five, seven eight nine zero.",
        ],
        &[
            "I live on Maple Street, number forty two.",
            "My phone number is five five five, zero one four three, no sorry, zero one three four.",
        ],
        &["我住在中山路二十三号", "电话幺七九，六二零三，三三八，四是四川的四。"],
        &["人民路和解放路的路口停电了", "我的手机号是一五四零零一六八八二四，不对，八八二三"],
        &["北角書槐街七十七號，萬祥大廈", "四孖二零孖七六一，四二二零七七六一"],
    ] {
        let draft = draft_texts(texts);
        let address = &draft.issues[0].location.address_text;
        let said: Vec<&str> = address.evidence.iter().map(|e| e.text.as_str()).collect();
        assert_eq!(draft_texts(&said).issues[0].location.address_text.value, address.value, "{said:?}");
        let phone = preferred(&draft).unwrap();
        let said = phone.evidence.iter().map(|e| e.text.as_str()).collect::<Vec<_>>().join(" ");
        let again = draft_texts(&[&format!("my phone {said}")]);
        assert_eq!(preferred(&again).map(|p| &p.number), Some(&phone.number), "{said:?}");
        assert_eq!(phone.raw, said);
    }
}
