use super::find;
use crate::draft::extract::rule::testing::read;

fn of(lines: &[&str]) -> Option<String> {
    read(lines, |doc| find(doc).map(|found| found.value))
}

#[test]
fn a_name_after_its_cue_is_the_callers() {
    for (text, name) in [
        ("My name is Ann Lee.", "Ann Lee"),
        ("number is five and the name is Kim just Kim", "Kim"),
        ("its Margaret Osei and i dont have a cell", "Margaret Osei"),
        ("My name Lin Guoqiang, 双木林.", "Lin Guoqiang"),
        ("My surname is Cheung, Mister Cheung, and the phone is four", "Mr Cheung"),
        ("this is Mrs Patel", "Mrs Patel"),
        ("我姓孙，孙丽华，电话是一五四", "孙丽华"),
        ("我叫这个王秀云电话是幺五四", "王秀云"),
        ("我叫陳小明", "陳小明"),
        ("我叫李和平", "李和平"),
        ("我姓梁，叫梁少芬，電話四二三一", "梁少芬"),
        ("我個名係陳大文", "陳大文"),
        ("我姓黃，電話就用我而家打嚟呢個", "黃"),
    ] {
        assert_eq!(of(&[text]).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn a_title_goes_with_the_surname() {
    for (text, name) in [
        ("我姓王，王先生", "王先生"),
        ("我係陳小姐", "陳小姐"),
        ("叫我李女士就行", "李女士"),
        ("我姓張，張太太", "張太太"),
    ] {
        assert_eq!(of(&[text]).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn a_bare_name_beside_the_number_needs_no_cue() {
    for (lines, name) in [
        (&["Denise Okafor, and my number is two one two, five five five"][..], "Denise Okafor"),
        (&["Yes, Helen Fairweather, same number as before."], "Helen Fairweather"),
        (&["Tom Barker.", "two one two five five five zero one three four"], "Tom Barker"),
        (&["冯玉兰，一九四，五五零二，七七八九。"], "冯玉兰"),
        (&["陳志強電話四一二六"], "陳志強"),
        (&["李美玲", "九一二三四五六七"], "李美玲"),
    ] {
        assert_eq!(of(lines).as_deref(), Some(name), "{lines:?}");
    }
}

#[test]
fn letters_confirm_the_surname_and_correct_it() {
    for (text, name) in [
        ("Denise Okafor, O K A F O R, and my number is two one two", "Denise Okafor"),
        ("denise okafor o k a f o r", "denise okafor"),
        ("my name is Denise Okafur, that's O-K-A-F-O-R", "Denise Okafor"),
        ("my name is Ann Jeffries spelled J E double F R I E S", "Ann Jeffries"),
        ("my surname is Kimm, K as in Kilo, I, M", "Kim"),
        ("my name is Bo Kim Kilo India Mike", "Bo Kim"),
    ] {
        assert_eq!(of(&[text]).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn the_parts_of_a_character_tell_the_surname() {
    for (text, name) in [
        ("我姓章，弓长张", "张"),
        ("免贵姓张弓长张", "张"),
        ("我叫章小明，弓長張", "張小明"),
        ("我姓耳東陳", "陳"),
        ("我姓李木子李", "李"),
    ] {
        assert_eq!(of(&[text]).as_deref(), Some(name), "{text}");
    }
}

#[test]
fn the_names_of_others_and_of_places_are_not_the_callers() {
    for text in [
        "the landlord's name is Bill Stone",
        "It's Golden Ladle restaurant",
        "its on Galloway Street",
        "the bar is called the Tin Anchor",
        "his name is Robert",
        "房东姓赵",
        "老板叫王大强",
        "店名叫力动空间健身",
        "間嘢叫蜀香閣",
        "業主姓黃",
        "佢叫陳大文",
        "我是高中老师",
        "马上就来",
        "個細路叫救命",
    ] {
        assert_eq!(of(&[text]), None, "{text}");
    }
}
