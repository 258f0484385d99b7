//! Addresses made of any names and numbers, said in words: their digits are those that were said.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::drafter;
use crate::draft::testing::{call, facts};

const ADDRESSES: usize = 300;
const UNITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] =
    ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const HAN: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

fn pick<'a>(rng: &mut StdRng, from: &[&'a str]) -> &'a str {
    from[rng.random_range(0..from.len())]
}

/// 1 to 99 as it is counted.
fn english(n: usize) -> String {
    match n {
        0..10 => UNITS[n].to_owned(),
        10..20 => TEENS[n - 10].to_owned(),
        _ if n.is_multiple_of(10) => TENS[n / 10 - 2].to_owned(),
        _ => format!("{} {}", TENS[n / 10 - 2], UNITS[n % 10]),
    }
}

/// 1 to 199 as it is counted.
fn counted(n: usize) -> String {
    let ten = |n: usize, begins: bool| match (n / 10, n % 10) {
        (0, unit) => HAN[unit].to_owned(),
        (1, 0) if begins => "十".to_owned(),
        (1, unit) if begins => format!("十{}", HAN[unit]),
        (tens, 0) => format!("{}十", HAN[tens]),
        (tens, unit) => format!("{}十{}", HAN[tens], HAN[unit]),
    };
    match n {
        0..100 => ten(n, true),
        100 => "一百".to_owned(),
        101..110 => format!("一百零{}", HAN[n % 10]),
        _ => format!("一百{}", ten(n - 100, false)),
    }
}

/// Digit by digit.
fn spelled(n: usize) -> String {
    n.to_string().bytes().map(|digit| HAN[usize::from(digit - b'0')]).collect()
}

/// What is said, and the numbers in it.
struct Said(Vec<String>, Vec<usize>);

fn mandarin(rng: &mut StdRng) -> Said {
    let name = |rng: &mut StdRng| {
        let chars = ["翠", "湖", "金", "桂", "明", "安", "建", "设", "新", "华", "松", "柏", "春", "晖", "景", "泰"];
        format!("{}{}", pick(rng, &chars), pick(rng, &chars))
    };
    let [house, block, entrance] = [180, 40, 9].map(|most| rng.random_range(1..most));
    let room = rng.random_range(1..30) * 100 + rng.random_range(1..9);
    let cue = pick(rng, &["我住在", "地址是", "在", "", "就是那个", "你好我反映一下"]);
    let (district, pause) = (pick(rng, &["", "安宁区", "清河县"]), pick(rng, &["", "，", "嗯"]));
    let estate = format!("{}{}", name(rng), pick(rng, &["小区", "花园", "家园", "苑"]));
    let street = format!("{}{}", name(rng), pick(rng, &["路", "街", "大道", "巷"]));
    let inside =
        format!("{}{}{}单元{}", counted(block), pick(rng, &["号楼", "栋", "幢"]), counted(entrance), spelled(room));
    if rng.random_bool(0.5) {
        let text = format!("{cue}{district}{street}{}号{pause}{estate}{inside}", counted(house));
        return Said(vec![text], vec![house, block, entrance, room]);
    }
    let estate = format!("{cue}{district}{estate}");
    let texts = if rng.random_bool(0.3) { vec![estate, inside] } else { vec![format!("{estate}{pause}{inside}")] };
    Said(texts, vec![block, entrance, room])
}

fn cantonese(rng: &mut StdRng) -> Said {
    let name = |rng: &mut StdRng| {
        let chars = ["富", "榮", "安", "景", "海", "晴", "麗", "瑤", "槐", "柏", "康", "寶", "翠", "德"];
        format!("{}{}", pick(rng, &chars), pick(rng, &chars))
    };
    let [house, floor] = [180, 45].map(|most| rng.random_range(1..most));
    let cue = pick(rng, &["我住", "喺", "我喺", "地址係", ""]);
    let area = pick(rng, &["旺角", "元朗", "", "葵涌", "大角咀"]);
    let house_of = format!("{}{}", name(rng), pick(rng, &["大廈", "閣", "樓"]));
    let street = format!("{}{}", name(rng), pick(rng, &["街", "道", "路"]));
    let (pause, room) = (pick(rng, &["", "，"]), pick(rng, &["A室", "B室", "D室", ""]));
    let text = format!("{cue}{area}{street}{}號{pause}{house_of}{}樓{room}", counted(house), counted(floor));
    Said(vec![text], vec![house, floor])
}

fn spoken_english(rng: &mut StdRng) -> Said {
    let [house, flat] = [99, 99].map(|most| rng.random_range(1..most));
    let cue = pick(rng, &["I live at", "It's", "the address is", "my address is", "um its"]);
    let name = pick(rng, &["Maple", "Dunmore", "Station", "Old Mill", "Kingsley", "North Ardmore"]);
    let kind = pick(rng, &["Street", "Road", "Avenue", "Lane", "Drive", "Crescent"]);
    let unit = pick(rng, &["apartment", "flat", "unit", "apt", "suite"]);
    let (pause, lower) = (pick(rng, &[", ", " "]), rng.random_bool(0.3));
    let text = format!("{cue} {} {name} {kind}{pause}{unit} {}", english(house), english(flat));
    Said(vec![if lower { text.to_lowercase() } else { text }], vec![house, flat])
}

#[test]
fn the_digits_of_any_address_said_in_words_are_those_that_were_said() {
    let given = std::env::var("HEARDLINE_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    println!("HEARDLINE_TEST_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let drafter = drafter();
    for (language, say) in [("zh", mandarin as fn(&mut StdRng) -> Said), ("yue", cantonese), ("en", spoken_english)] {
        let mut wrong = Vec::new();
        for _ in 0..ADDRESSES {
            let Said(texts, mut numbers) = say(&mut rng);
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let value = drafter.draft(&facts(), &call(&texts), Default::default()).issues[0]
                .location
                .address_text
                .value
                .clone()
                .unwrap_or_default();
            let pieces = value.split(|c: char| !c.is_ascii_digit()).filter(|piece| !piece.is_empty());
            let mut got: Vec<usize> = pieces.filter_map(|piece| piece.parse().ok()).collect();
            got.sort_unstable();
            numbers.sort_unstable();
            if got != numbers {
                wrong.push(format!("{texts:?} → {value:?}"));
            }
        }
        let right = ADDRESSES - wrong.len();
        assert!(
            right * 100 >= ADDRESSES * 95,
            "{language}: {right} of {ADDRESSES}; {:#?}",
            wrong.get(..20.min(wrong.len()))
        );
    }
}
