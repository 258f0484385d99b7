//! How people say telephone numbers, in three languages.

use super::{draft_of, draft_texts, preferred};
use crate::call::{Identity, Language};
use crate::draft::Drafter;
use crate::draft::schema::{BelongsTo, PhoneOrigin};
use crate::draft::testing::{call, facts, utterance};

#[test]
fn spoken_numbers_in_every_manner_of_dictation() {
    let table: &[(&[&str], &str)] = &[
        (&["My phone number is five five five, zero one three four."], "5550134"),
        (&["You can reach me at six one two, three four five, seven eight nine zero."], "6123457890"),
        (&["my number is two one two five five five oh one three four"], "2125550134"),
        (&["My number is 212-555-0134."], "2125550134"),
        (&["The number is two one two, double five five, zero one thirty four."], "2125550134"),
        (&["Call me at eight hundred, five fifty-five, zero one three four."], "8005550134"),
        (&["My phone number is five five five, zero one four three, no sorry, zero one three four."], "5550134"),
        (
            &[
                "My phone is two one two, five five five, zero one three five, no, two one two, five five five, zero one three four.",
            ],
            "2125550134",
        ),
        (
            &[
                "My number is two one two, five five five, zero one three four, two one two, five five five, zero one three four.",
            ],
            "2125550134",
        ),
        (&["My phone number is", "two one two", "five five five", "zero one three four"], "2125550134"),
        (&["Two one two, um, five five five, zero one three four."], "2125550134"),
        (&["triple five is the bus.", "My cell is seven seven three triple five oh one oh eight."], "7735550108"),
        (&["我的电话是六二三四五七八九"], "62345789"),
        (&["我的手机号是一五四零零一六八八二三"], "15400168823"),
        (&["电话是一五四，零零幺六，八八二三。"], "15400168823"),
        (&["电话是1540016八八二三"], "15400168823"),
        (&["电话是１５４００１６８８２３"], "15400168823"),
        (&["我的手机号是一五四零零一六八八二四，不对，八八二三"], "15400168823"),
        (
            &["电话是一七九四四幺二，零零八，呃，等一下我看看，一七九，四四幺二，零八零六，对，零八零六。"],
            "17944120806",
        ),
        (&["电话幺七九，六二零三，三三八四，四是四川的四。"], "17962033384"),
        (&["电话幺七九，六二零三，三三八，四是四川的四。"], "17962033384"),
        (&["我的电话是", "一五四零零", "一六八八二三"], "15400168823"),
        (&["电话一九四 eight eight one two 六六零零。"], "19488126600"),
        (&["我是业主代表我叫邓晓岚幺五四二二三三六六七幺"], "15422336671"),
        (&["四孖二零孖七六一，四二二零七七六一，姓馮，馮志強！"], "42207761"),
        (&["電話四二三一，七七零九。"], "42317709"),
        (&["電話係四二三條七零九一"], "42777091"),
    ];
    for (texts, number) in table {
        let draft = draft_texts(texts);
        let phone = preferred(&draft).map(|phone| phone.number.as_str());
        assert_eq!(phone, Some(*number), "{texts:?}: {:?}", draft.caller.phones);
    }
}

#[test]
fn other_numbers_are_not_telephone_numbers() {
    for text in [
        "My case number is four four one two seven seven zero one.",
        "The reference number is five five five zero one three four.",
        "The license plate is four five six seven eight one two.",
        "I live at two one six Galloway Street.",
        "我的工单号是二零二六一一零五三",
        "车牌号是五五五零一三四",
        "上次個檔案編號係二零二六一一零五三八八",
        "我家在三号楼二单元五零一",
        "一共二百三十五块钱",
    ] {
        let draft = draft_texts(&[text]);
        assert!(draft.caller.phones.is_empty(), "{text}: {:?}", draft.caller.phones);
    }
}

#[test]
fn a_number_of_somebody_else_is_not_called_back() {
    let draft = draft_texts(&["He called me from two one two, five five five, zero one three four."]);
    assert_eq!(draft.caller.phones[0].belongs_to, BelongsTo::OtherParty);
    assert!(preferred(&draft).is_none());
}

#[test]
fn reading_it_twice_makes_a_number_surer_and_a_contradiction_is_shown() {
    let once = draft_texts(&["My number is two one two, five five five, zero one three four."]);
    let twice = draft_texts(&[
        "My number is two one two, five five five, zero one three four, two one two, five five five, zero one three four.",
    ]);
    assert!(twice.caller.phones[0].confidence > once.caller.phones[0].confidence);
    assert!(twice.caller.phones[0].repeated);
    let differs = draft_texts(&[
        "My number is two one two, five five five, zero one three five, two one two, five five five, zero one three four.",
    ]);
    let phone = preferred(&differs).unwrap();
    assert!(phone.needs_review);
    assert_eq!(phone.alternatives[0].value, "2125550135");
}

#[test]
fn a_signalled_number_is_kept_beside_the_spoken_one_and_confirms_it() {
    let mut facts = facts();
    facts.party.asserted = Some(Identity {
        uri: "tel:+12125550134".into(),
        number: Some("+12125550134".into()),
        display_name: None,
        subject: None,
    });
    let spoken = call(&["My number is two one two, five five five, zero one three four."]);
    let drafter = Drafter::new().unwrap();
    let draft = drafter.draft(&facts, &spoken, Default::default());
    let origins: Vec<_> = draft.caller.phones.iter().map(|p| (p.origin, p.preferred)).collect();
    assert_eq!(origins, [(PhoneOrigin::Spoken, true), (PhoneOrigin::SipPai, false)]);
    assert!(draft.caller.phones[0].confidence > 0.95);
    facts.party.withheld = true;
    let hidden = drafter.draft(&facts, &spoken, Default::default());
    assert_eq!(hidden.caller.phones.len(), 1);
    assert!(hidden.caller.number_withheld);
}

#[test]
fn eight_digits_of_a_cantonese_caller_are_a_hong_kong_number() {
    let mut spoken = utterance(0, "電話四二三一，七七零九。", 0, 4000);
    spoken.language = Some(Language::Yue);
    let draft = draft_of(&[spoken]);
    assert_eq!(draft.caller.phones[0].e164.as_deref(), Some("+85242317709"));
}
