//! What a call is about: its matters, each with what is wanted and how soon.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::{draft_of, draft_texts, drafter};
use crate::call::Coverage;
use crate::draft::schema::{Disposition, RequestType, Risk, Source, TicketDraft, Urgency};
use crate::draft::testing::seed;
use crate::draft::testing::{call, facts};

fn codes(draft: &TicketDraft) -> Vec<&str> {
    draft.issues.iter().filter_map(|issue| issue.category.value.as_deref()).collect()
}

/// A matter, a sentence that brings it, and words that must stay with it.
type Told = (&'static str, &'static str, &'static str);

const ENGLISH: &[Told] = &[
    ("road.streetlight", "the street light outside number nine is out", "street light"),
    ("sanitation.waste", "nobody collected the garbage this week", "garbage"),
    ("housing.elevator", "the elevator has been out of order since Monday", "elevator"),
    ("road.surface", "there is a big pothole by the corner", "pothole"),
    ("environment.noise_social", "the neighbours play loud music until three", "loud music"),
    ("utility.heating", "there is no heat in the apartment", "no heat"),
    ("transport.illegal_parking", "cars are double parked on both sides", "double parked"),
];
const MANDARIN: &[Told] = &[
    ("road.streetlight", "我们这条路路灯坏了好几天", "路灯坏了"),
    ("sanitation.waste", "垃圾桶满了没人清运", "垃圾桶"),
    ("housing.elevator", "电梯坏了一个星期", "电梯坏了"),
    ("road.surface", "路面有个大坑", "大坑"),
    ("environment.noise_social", "楼下跳广场舞声音太大", "广场舞"),
    ("utility.heating", "家里暖气不热", "暖气不热"),
    ("transport.illegal_parking", "门口全是违停的车", "违停"),
];
const CANTONESE: &[Told] = &[
    ("road.streetlight", "街燈壞咗成個禮拜", "街燈壞咗"),
    ("sanitation.waste", "垃圾桶爆滿冇人收垃圾", "垃圾桶爆滿"),
    ("housing.elevator", "部𨋢壞咗三日", "𨋢"),
    ("road.surface", "行人路啲地磚鬆晒好多坑洞", "坑洞"),
    ("sanitation.dripping", "樓上冷氣機滴水", "冷氣機滴水"),
    ("transport.illegal_parking", "成條街都係違例泊車", "違例泊車"),
];
const LINKS: [&[&str]; 3] = [
    &["and another thing is", "also", "the second thing is", "while I have you", "one more thing,"],
    &["还有一件事，", "另外", "第二个是", "还有就是", "顺便反映一下"],
    &["仲有一件事，", "另外", "第二單嘢係", "仲有就係"],
];

#[test]
fn two_announced_matters_become_two_issues_with_their_own_words() {
    let mut rng = StdRng::seed_from_u64(seed());
    let drafter = drafter();
    for _ in 0..120 {
        let (list, links) =
            [(ENGLISH, LINKS[0]), (MANDARIN, LINKS[1]), (CANTONESE, LINKS[2])].choose(&mut rng).copied().unwrap();
        let pair: Vec<&Told> = list.choose_multiple(&mut rng, 2).collect();
        let (&(first, a, heard_a), &(second, b, heard_b)) = (pair[0], pair[1]);
        let texts = [a.to_owned(), format!("{} {b}", links.choose(&mut rng).unwrap())];
        let draft = drafter.draft(&facts(), &call(&[&texts[0], &texts[1]]), Coverage::default());
        assert_eq!(codes(&draft), [first, second], "{texts:?}");
        for (issue, heard) in draft.issues.iter().zip([heard_a, heard_b]) {
            let description = issue.description.value.as_deref().unwrap();
            assert!(description.contains(heard), "{texts:?}: {description}");
        }
        assert_eq!(draft.issues[1].issue_id, "i2");
        assert!(!draft.issues[0].description.value.as_deref().unwrap().contains(heard_b), "{texts:?}");
    }
}

#[test]
fn one_matter_told_twice_or_at_length_stays_one() {
    for texts in [
        &["There is no heat in my apartment.", "Also the landlord does not answer.", "Again, there is no heat."][..],
        &["我家暖气不热", "还有我家有老人", "另外我的电话是一三八零零一三八零零零"],
        &["我想投訴冷氣機滴水", "仲有我唔想留名", "冷氣機滴水滴到我成身濕晒"],
        &["I want to report a pothole.", "Another thing, can you call me back?"],
    ] {
        assert_eq!(draft_texts(texts).issues.len(), 1, "{texts:?}: {:?}", codes(&draft_texts(texts)));
    }
}

#[test]
fn a_call_of_many_matters_has_at_most_eight() {
    let many: Vec<String> = (0..40).map(|at| format!("Another thing, {}.", ENGLISH[at % ENGLISH.len()].1)).collect();
    let draft = draft_texts(&many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!((2..=8).contains(&draft.issues.len()), "{:?}", codes(&draft));
    let ids: Vec<_> = draft.issues.iter().map(|issue| issue.issue_id.as_str()).collect();
    assert_eq!(ids[..2], ["i1", "i2"]);
}

#[test]
fn a_matter_of_its_own_place_has_it_and_another_one_has_the_calls() {
    let draft = draft_texts(&[
        "The street light is out on Maple Street.",
        "Another thing, there is a pothole at nineteen River Road.",
    ]);
    let places: Vec<_> = draft.issues.iter().map(|issue| issue.location.address_text.value.clone()).collect();
    assert_eq!(places, [Some("Maple Street".to_owned()), Some("19 River Road".to_owned())]);
    let draft = draft_texts(&["I live at nineteen River Road and there is no heat.", "Also the elevator is broken."]);
    assert!(draft.issues.iter().all(|issue| issue.location.address_text.value.as_deref() == Some("19 River Road")));
}

#[test]
fn the_same_words_in_either_script_or_of_the_same_sound_are_the_same_matter() {
    for (text, code) in [
        ("我哋大厦部电梯坏咗", "housing.elevator"),
        ("我們小區暖氣不熱", "utility.heating"),
        ("老细拖粮两个月未出粮", "labour.wages"),
        ("我反应一下我们小曲公暖的问题", "utility.heating"),
        ("工资到现在也没发", "labour.wages"),
    ] {
        assert_eq!(codes(&draft_texts(&[text])), [code], "{text}");
    }
}

#[test]
fn what_is_wanted_is_said_or_what_such_calls_mostly_want() {
    let said = draft_texts(&["I want to complain about the loud music next door."]);
    let request = &said.issues[0].request_type;
    assert_eq!((request.value, request.source), (Some(RequestType::Complaint), Source::Rule));
    assert_eq!(request.evidence[0].text, "complain");
    let unsaid = draft_texts(&["The street light is out on Maple Street."]);
    let request = &unsaid.issues[0].request_type;
    assert_eq!((request.value, request.source), (Some(RequestType::Report), Source::Default));
    assert_eq!(request.evidence, unsaid.issues[0].category.evidence);
    assert_eq!(draft_of(&[]).issues[0].request_type.value, None);
}

#[test]
fn a_question_is_answered_and_a_call_that_breaks_off_is_called_back() {
    let mut facts = facts();
    facts.origin = crate::call::Origin::File;
    let disposition =
        |texts: &[&str]| drafter().draft(&facts, &call(texts), Coverage::default()).disposition_suggestion;
    for (texts, expected) in [
        (&["请问居住证怎么办理，要带什么材料"][..], Disposition::AnswerOnly),
        (&["I'd like to know what time the library opens on Saturday."], Disposition::AnswerOnly),
        (&["想問下換身份證要帶咩文件"], Disposition::AnswerOnly),
        (&["我想问一下我的工单怎么还没人处理"], Disposition::DraftTicket),
        (&["hi im calling about the", "can you hear me"], Disposition::Callback),
        (&["喂你好我想反映那个", "喂喂"], Disposition::Callback),
        (&["Hello, the elevator is broken and nobody comes to repair it."], Disposition::DraftTicket),
        (&["Sorry, wrong number."], Disposition::WrongNumber),
        (&["Can I get two large pepperoni for pick up?"], Disposition::WrongNumber),
        (&["Never mind."], Disposition::Discard),
    ] {
        assert_eq!(disposition(texts), expected, "{texts:?}");
    }
}

#[test]
fn danger_and_need_raise_the_urgency_and_the_word_urgent_does_not() {
    for (text, expected, hours) in [
        ("The tree outside my house is leaning and it is dangerous.", Urgency::Urgent, 2),
        ("This is urgent, very urgent, the street light is out, as soon as possible please.", Urgency::Normal, 168),
        ("The street light is out and it's dangerous.", Urgency::Normal, 168),
        ("我的水费太高了，水费单不对", Urgency::Normal, 168),
        ("我想咨询一下居住证怎么办理", Urgency::Low, 360),
        ("行人路地磚鬆晒，尋日有個阿婆仆親", Urgency::High, 24),
        ("There is a strong smell of gas in the hallway.", Urgency::Emergency, 0),
    ] {
        let issue = &draft_texts(&[text]).issues[0];
        assert_eq!((issue.urgency.value, issue.handle_within_h), (Some(expected), Some(hours)), "{text}");
    }
}

#[test]
fn dangers_are_named_with_their_words_and_neither_the_denied_nor_the_past() {
    let risks = |text: &str| draft_texts(&[text]).issues[0].safety_risks.value.clone();
    assert_eq!(risks("There are exposed wires and I smell gas."), Some(vec![Risk::Gas, Risk::ElectricShock]));
    assert_eq!(risks("外牆石屎剝落"), Some(vec![Risk::Structural]));
    for text in ["没有着火", "The fire was last year.", "要是着火了就麻烦了", "The street light is out."] {
        assert_eq!(risks(text), None, "{text}");
    }
    let draft = draft_texts(&["The light is out.", "Another thing, the basement is flooded."]);
    assert!(draft.issues[0].safety_risks.value.is_none());
    assert_eq!(draft.issues[1].safety_risks.evidence[0].segment_id, "u1");
}
