//! What is promised of addresses, by how people say them.

use crate::draft::schema::{Alignment, Location, Source};
use crate::draft::testing::{call, facts};
use crate::draft::{CallFacts, Drafter};

fn located(texts: &[&str]) -> Location {
    let drafter = Drafter::new().unwrap();
    drafter.draft(&facts(), &call(texts), Default::default()).issues[0].location.clone()
}

fn address(texts: &[&str]) -> Option<String> {
    located(texts).address_text.value
}

#[test]
fn an_address_said_in_pieces_is_one_address() {
    for (texts, value) in [
        (&["我住在翠湖花园", "十二号楼三单元八零二"][..], "翠湖花园12号楼3单元802"),
        (&["地址是三号楼二单元四零一", "小区是金桂家园"], "金桂家园3号楼2单元401"),
        (&["喺屯門良景邨呀", "良智樓十五樓一五零八室"], "屯門良景邨良智樓15樓1508室"),
        (&["It's 19 Dunmore Road.", "Apartment 4."], "19 Dunmore Road, apartment 4"),
        (&["幸福路那个嗯八号院就是五号楼"], "幸福路8号院5号楼"),
        (&["锦绣路八百八十八弄十五号六零二室"], "锦绣路888弄15号602室"),
        (&["福榮街一百二十號地下"], "福榮街120號地下"),
        (&["大林镇王家庄村三组"], "大林镇王家庄村3组"),
    ] {
        assert_eq!(address(texts).as_deref(), Some(value), "{texts:?}");
    }
}

#[test]
fn a_part_that_the_caller_takes_back_is_not_in_the_address() {
    for (texts, value) in [
        (&["金桂家园三号楼，不对，五号楼二单元"][..], "金桂家园5号楼2单元"),
        (&["翠湖花园二单元，四零，四零三，不是，我是三零三"], "翠湖花园2单元303"),
        (&["良景邨良智樓十四樓，一四零二定係一四零四，我諗係一四零四"], "良景邨良智樓14樓1404"),
        (&["荃灣青山道八號，唔係，十八號"], "荃灣青山道18號"),
        (&["19 Dunmore Road, no, sorry, 90 Dunmore Road."], "90 Dunmore Road"),
    ] {
        assert_eq!(address(texts).as_deref(), Some(value), "{texts:?}");
    }
}

#[test]
fn the_door_complained_of_is_the_neighbours_but_for_water_the_callers() {
    let noise = ["書城街七十號萬安大廈，我十樓B，佢十一樓B。", "夜晚好嘈。"];
    assert_eq!(address(&noise).as_deref(), Some("書城街70號萬安大廈11樓B"));
    let water = ["書城街七十號萬安大廈，我十樓B，佢十一樓B。", "天花漏水。"];
    assert_eq!(address(&water).as_deref(), Some("書城街70號萬安大廈10樓B"));
}

#[test]
fn districts_are_found_before_and_after_the_street_and_in_another_sentence() {
    for (texts, district) in [
        (&["I live at 19 Dunmore Road, in Eastfield."][..], Some("Eastfield")),
        (&["19 Dunmore Road, Eastfield."], Some("Eastfield")),
        (&["its 19 dunmore road", "and this is in mill park"], Some("Mill Park")),
        (&["It's in Queens.", "The address is 19 Dunmore Road."], Some("Queens")),
        (&["Flat C, 9/F, Block 2, 18 Fa Yuen Street, Mong Kok."], Some("Mong Kok")),
        (&["深圳市南山区科苑路十五号"], Some("南山区")),
        (&["科苑路十五号", "在南山区"], Some("南山区")),
        (&["觀塘道三百八十八號"], None),
        (&["旺角彌敦道六百三十號"], Some("旺角")),
        (&["昆山市人民路五号"], Some("昆山市")),
        (&["It started in November at 19 Dunmore Road."], None),
    ] {
        assert_eq!(located(texts).district.value.as_deref(), district, "{texts:?}");
    }
}

#[test]
fn every_part_has_its_words_and_lies_in_the_address() {
    let location = located(&["我住在朝阳区建设路八号翠湖花园十二号楼三单元八零二。"]);
    let all = [
        (&location.district, "朝阳区", "朝阳区"),
        (&location.street, "建设路8号", "建设路八号"),
        (&location.community, "翠湖花园", "翠湖花园"),
        (&location.building, "12号楼", "十二号楼"),
        (&location.unit, "3单元802", "三单元八零二"),
    ];
    let whole = &location.address_text.evidence[0];
    for (field, value, said) in all {
        assert_eq!(field.value.as_deref(), Some(value));
        let words: String = field.evidence.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(words, said);
        assert!(field.evidence.iter().all(|e| whole.char_start <= e.char_start && e.char_end <= whole.char_end));
    }
    let corner = located(&["人民路和解放路的路口红绿灯坏了"]);
    assert_eq!(corner.intersection.value.as_deref(), Some("人民路和解放路路口"));
    let corner = located(&["It is on the corner of Market Road and Ash Street."]);
    assert_eq!(corner.intersection.value.as_deref(), Some("Market Road and Ash Street"));
}

#[test]
fn a_number_on_a_thing_in_the_street_is_its_reference() {
    for (text, asset) in [
        ("燈柱編號係 F E 一零八八", Some("燈柱FE1088")),
        ("路灯杆号是三零四二一", Some("路灯30421")),
        ("the lamp post number is AB 4421", Some("lamp post AB4421")),
        ("It's bus stop number 51234.", Some("bus stop 51234")),
        ("井盖坏了三天了", None),
        ("The bus stop is two blocks away.", None),
    ] {
        assert_eq!(located(&[text]).asset_ref.value.as_deref(), asset, "{text}");
    }
}

fn with_places(places: &[(&str, Option<&str>)], texts: &[&str]) -> Location {
    let place = |(name, district): &(&str, Option<&str>)| crate::call::Place {
        name: (*name).to_owned(),
        district: district.map(str::to_owned),
    };
    let places = std::sync::Arc::new(places.iter().map(place).collect());
    let facts = CallFacts { places, ..facts() };
    let drafter = Drafter::new().unwrap();
    drafter.draft(&facts, &call(texts), Default::default()).issues[0].location.clone()
}

#[test]
fn a_known_name_is_surer_and_brings_its_district() {
    let places = [("翠湖花园", Some("朝阳区")), ("Dunmore Road", None)];
    let known = with_places(&places, &["我住在翠湖花园三号楼"]);
    let unknown = located(&["我住在翠湖花园三号楼"]);
    assert_eq!(known.address_text.value, unknown.address_text.value);
    assert_eq!(known.address_text.source, Source::Gazetteer);
    assert!(known.address_text.confidence > unknown.address_text.confidence);
    assert_eq!(known.district.value.as_deref(), Some("朝阳区"));
    assert_eq!(known.district.evidence[0].text, "翠湖花园");
    assert_eq!(unknown.district.value, None);
}

#[test]
fn what_only_sounds_like_a_known_name_is_repaired_kept_as_said_and_reviewed() {
    let places = [("马家堡", Some("丰台区")), ("屋宇署", None), ("安蔭邨", Some("葵涌"))];
    for (text, value, said) in [
        ("就是这个马家宝红叶小区六号楼", "马家堡红叶小区6号楼", "马家宝红叶小区六号楼"),
        ("我喺安音邨盛蔭樓三樓住嘅", "安蔭邨盛蔭樓3樓", "安音邨盛蔭樓三樓"),
    ] {
        let field = with_places(&places, &[text]).address_text;
        assert_eq!(field.value.as_deref(), Some(value));
        assert_eq!(field.evidence[0].text, said);
        assert_eq!((field.source, field.evidence[0].alignment), (Source::Gazetteer, Alignment::Fuzzy));
        assert!(field.needs_review);
    }
    // An agency is nobody's address, and another sound is another name.
    assert_eq!(with_places(&places, &["你叫屋雨署嚟睇"]).address_text.value, None);
    let other = with_places(&places, &["马家楼红叶小区六号楼"]).address_text;
    assert_eq!(other.source, Source::Rule);
}
