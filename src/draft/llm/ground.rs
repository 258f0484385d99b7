//! Whether a text that the model wrote stands on what was said: every number, name and place in it. A text that does not
//! is not mended, the rules' own takes its place.

use std::collections::HashSet;

use super::cite::letters;
use crate::call::{MediaSpan, MediaTime, Party, SegmentOutcome, Utterance};
use crate::draft::evidence::Segment;
use crate::draft::normal::{fold, is_han};
use crate::draft::said::Said;
use crate::draft::schema::TicketDraft;
use crate::draft::taxonomy::Names;
use crate::draft::{CallFacts, Drafter, fields};

/// Words that begin an English sentence and name nobody.
const OPENERS: &[&str] =
    &["caller", "the", "a", "an", "they", "he", "she", "it", "there", "this", "their", "no", "and", "also"];
/// Behind a surname or a name.
const TITLES: &[&str] = &["先生", "女士", "小姐", "太太", "师傅", "師傅", "老师", "老師", "阿姨", "叔叔"];
/// The last character of a place's name.
const PLACES: &str = "省市县縣区區镇鎮乡鄉村路街道巷里弄桥橋站邨苑园園厦廈湾灣";
/// What ends like a place and is none.
const NO_PLACES: &[&str] = &[
    "小区",
    "小區",
    "社区",
    "社區",
    "地区",
    "地區",
    "市区",
    "市區",
    "区里",
    "城市",
    "本市",
    "超市",
    "街道",
    "道路",
    "马路",
    "馬路",
    "公路",
    "电路",
    "電路",
    "线路",
    "線路",
    "水道",
    "通道",
    "知道",
    "渠道",
    "管道",
    "报道",
    "车站",
    "車站",
    "网站",
    "網站",
    "公园",
    "公園",
    "校园",
    "校園",
    "农村",
    "農村",
    "大厦",
    "大廈",
    "家里",
    "这里",
    "那里",
    "楼里",
    "屋里",
    "夜里",
    "城里",
    "路里",
    "手里",
    "里面",
    "大街",
    "走路",
    "过路",
    "上街",
    "省市",
    "省区",
    "辖区",
    "轄區",
    "行人道",
    "人行道",
];

/// Chinese numerals, and what is numbered in an address.
const NUMBERED: &str = "零〇一二三四五六七八九十百千两兩幺号號楼樓栋棟幢座层層室户戶期";

pub struct Ground<'a> {
    drafter: &'a Drafter,
    facts: CallFacts,
    /// Letters of all that was said and of what the rules made of it.
    said: String,
    words: HashSet<String>,
    numbers: HashSet<String>,
    /// BCP 47 of the caller's language.
    tag: String,
}

impl<'a> Ground<'a> {
    pub fn new(drafter: &'a Drafter, facts: &CallFacts, segments: &[Segment<'_>], draft: &TicketDraft) -> Self {
        let mut ground = Self {
            drafter,
            facts: CallFacts { party: Party::default(), dtmf: String::new(), ..facts.clone() },
            said: String::new(),
            words: HashSet::new(),
            numbers: HashSet::new(),
            tag: draft.language.primary.value.clone().unwrap_or_default(),
        };
        for segment in segments {
            ground.learn(&segment.utterance.text);
        }
        for issue in &draft.issues {
            let place = &issue.location;
            let parts = [&place.address_text, &place.street, &place.community, &place.building, &place.unit];
            for value in parts.into_iter().filter_map(|part| part.value.as_deref()) {
                ground.learn(value);
            }
        }
        let names = drafter.taxonomy.categories.iter().map(|category| &category.name);
        for name in names.flat_map(|name| [&name.en, &name.hans, &name.hant]) {
            ground.words.extend(words(name));
        }
        ground
    }

    fn learn(&mut self, text: &str) {
        self.said.push_str(&letters(text));
        // No word goes from one turn into the next.
        self.said.push(' ');
        self.words.extend(words(text));
        self.numbers.extend(Said::of(text).numbers);
    }

    pub fn category_name<'n>(&self, name: &'n Names) -> &'n str {
        match &self.tag {
            tag if tag.ends_with("Hant") => &name.hant,
            tag if tag.ends_with("Hans") => &name.hans,
            _ => &name.en,
        }
    }

    /// `most`: scalars.
    pub fn carries(&self, text: &str, most: usize) -> bool {
        let length = text.chars().count();
        (1..=most).contains(&length)
            && !text.contains(['[', ']', '<', '>'])
            && !text.chars().any(char::is_control)
            && Said::of(text).numbers.iter().all(|number| self.numbers.contains(number))
            && self.capitals(text)
            && self.titles(text)
            && self.places(text)
            && self.rules(text)
    }

    /// English names begin with a capital, as sentences do.
    fn capitals(&self, text: &str) -> bool {
        let mut opens = true;
        for piece in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
            let bare: String = word.chars().map(fold).collect();
            if word.starts_with(char::is_uppercase)
                && !(self.words.contains(&bare) || opens && OPENERS.contains(&&*bare))
            {
                return false;
            }
            opens = (opens && word.is_empty()) || piece.ends_with(['.', '!', '?']);
        }
        true
    }

    fn titles(&self, text: &str) -> bool {
        TITLES.iter().all(|title| {
            text.match_indices(title).all(|(at, _)| {
                let before = text[..at].chars().next_back().filter(|c| is_han(*c));
                before.is_none_or(|surname| self.said.contains(&format!("{surname}{title}")))
            })
        })
    }

    fn places(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        chars.windows(2).filter(|pair| is_han(pair[0]) && PLACES.contains(pair[1])).all(|pair| {
            let pair: String = pair.iter().collect();
            self.said.contains(&pair) || NO_PLACES.contains(&pair.as_str())
        })
    }

    /// What our own rules take for a name or a place.
    fn rules(&self, text: &str) -> bool {
        let span = MediaSpan::new(MediaTime(0), MediaTime(1));
        let utterance = Utterance { text: text.to_owned(), ..Utterance::wordless(0, span, SegmentOutcome::Text, "") };
        let Some(segment) = Segment::new(&utterance) else { return false };
        let reading = fields::read(self.drafter, &self.facts, &[segment]);
        let places = reading.issues.iter().map(|issue| &issue.location.address_text);
        places.chain([&reading.caller.name]).filter_map(|field| field.value.as_deref()).all(|value| {
            // Its numbers were looked at already, and may have been said as words; what they count may stand elsewhere.
            let number = |c: char| c.is_numeric() || NUMBERED.contains(c);
            let parts = value.split(|c: char| !c.is_alphanumeric() || number(c)).filter(|part| !part.is_empty());
            parts.map(letters).all(|part| self.said.contains(&part))
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let folded: String = text.chars().map(fold).collect();
    let words: Vec<String> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    words.into_iter()
}
