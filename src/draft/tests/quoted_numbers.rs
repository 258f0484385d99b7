//! Case numbers that callers quote, and the wish to be called on the line of the call.

use super::{draft_texts, drafter, preferred};
use crate::call::{Coverage, Identity, Reference};
use crate::draft::schema::{BelongsTo, PhoneOrigin, TicketDraft};
use crate::draft::testing::{call, facts};

#[test]
fn a_quoted_case_number_is_its_letters_and_digits() {
    let table: &[(&[&str], &str)] = &[
        (&["reference is C as in cat, two two, nine one seven."], "C22917"),
        (&["My case number is four four one two seven seven zero one."], "44127701"),
        (&["the ticket number they gave me last time was WX-20931"], "WX20931"),
        (&["I have a case open already, number five five oh, one two two."], "550122"),
        (&["It's ref F T, double eight, one oh three."], "FT88103"),
        (&["my reference number is three oh nine eight one, no sorry, nine eight two"], "30982"),
        (&["Case number two two one four", "seven seven oh nine."], "22147709"),
        (&["4412770123 is my case number."], "4412770123"),
        (&["我的工单号是二零二六一一零五三"], "202611053"),
        (&["上次給我的編號係 A B 一二三四五"], "AB12345"),
        (&["上次個檔案編號係二零二六一一零五三八八，話警察會跟"], "20261105388"),
        (&["你們給的參考編號是四四一二，七七零，一二三"], "4412770123"),
        (&["投诉编号：2025-0918-33"], "2025091833"),
        (&["单号幺幺零二三三，是上个月的"], "110233"),
        (&["之前有个受理号，嗯，是九零幺二三三四"], "9012334"),
    ];
    for (texts, value) in table {
        let draft = draft_texts(texts);
        let field = &draft.quoted_reference;
        assert_eq!(field.value.as_deref(), Some(*value), "{texts:?}");
        assert!(!field.evidence.is_empty() && field.confidence > 0.4, "{texts:?}");
        assert!(draft.caller.phones.is_empty(), "{texts:?}: {:?}", draft.caller.phones);
    }
}

#[test]
fn what_only_mentions_a_case_quotes_none() {
    for text in [
        "I don't have a reference, my number is two one two, five five five, zero one three four.",
        "In that case 5 of us will come.",
        "My case has been open for 45 days.",
        "I got a parking ticket for 200 dollars.",
        "燈柱編號係 F E 一零八八",
        "快递单号是七七五五一二三三四四",
        "工单已经开了三十天了",
        "我冇檔案編號，電話四二三一，七七零九",
    ] {
        assert_eq!(draft_texts(&[text]).quoted_reference.value, None, "{text}");
    }
}

#[test]
fn our_own_reference_is_known_by_its_check_digit() {
    let own = Reference::from_random(572_048_161);
    let field = |number: &str| draft_texts(&[&format!("My reference is {number}.")]).quoted_reference;
    let right = field(own.as_str());
    assert!(right.confidence > 0.9 && !right.needs_review);
    let mut digits: Vec<char> = own.as_str().chars().collect();
    digits.swap(3, 4);
    let wrong = field(&digits.iter().collect::<String>());
    assert!(wrong.confidence < 0.6 && wrong.needs_review);
}

fn rings_from(texts: &[&str]) -> TicketDraft {
    let mut facts = facts();
    facts.party.claimed = Some(Identity {
        uri: "sip:+12125550134@example.com".into(),
        number: Some("+12125550134".into()),
        display_name: None,
        subject: None,
    });
    drafter().draft(&facts, &call(texts), Coverage::default())
}

#[test]
fn the_line_of_the_call_is_called_back_when_the_caller_asks_for_it() {
    for text in [
        "My number is the one I'm calling from.",
        "just call me back on this number",
        "you can reach me on the number I'm calling from",
        "this number is fine",
        "电话就用我现在打的这个号码就行",
        "电话就是这个，打这个就行",
        "您打这个电话就可以",
        "電話就用我而家打嚟呢個得喇",
        "就係呢個電話",
        "打返呢個電話搵我就得",
    ] {
        let draft = rings_from(&["My work number is six four six, five five five, zero one nine nine.", text]);
        let phone = preferred(&draft).unwrap();
        assert_eq!((phone.origin, phone.belongs_to), (PhoneOrigin::SipFrom, BelongsTo::Caller), "{text}");
        assert!(phone.evidence[0].text.len() > 4, "{text}");
        // Nobody said its digits.
        assert!(draft_texts(&[text]).caller.phones.is_empty(), "{text}");
    }
}

#[test]
fn another_wish_or_none_leaves_the_spoken_number() {
    for text in [
        "Please don't call this number.",
        "They keep calling this number.",
        "唔好打呢個電話",
        "我打这个电话是想反映一下",
        "这个电话打不通",
    ] {
        let draft = rings_from(&["My number is six four six, five five five, zero one nine nine.", text]);
        assert_eq!(preferred(&draft).unwrap().number, "6465550199", "{text}");
    }
    let later = ["Call me on this number.", "Actually, my number is six four six, five five five, zero one nine nine."];
    assert_eq!(preferred(&rings_from(&later)).unwrap().number, "6465550199");
}
