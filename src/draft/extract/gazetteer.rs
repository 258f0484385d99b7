//! The names of places that the deployment knows, found in what the caller said: as they are written, and in Chinese as
//! they sound, for a recogniser writes 马家宝 where 马家堡 is said.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::address::Known;
use crate::call::Places;
use crate::draft::normal::{Folded, is_han};
use crate::draft::sounds::{Sounds, Syllable};
use crate::draft::token::{Kind, Token, tokens};

/// Shorter Chinese names are too often what other words sound like.
const SHORTEST_BY_SOUND: usize = 3;
/// Endings of those who are called upon and are no place.
const AGENCIES: [&str; 20] = [
    "署",
    "局",
    "處",
    "处",
    "委",
    "委会",
    "委員會",
    "公司",
    "部",
    "部门",
    "中心",
    "热线",
    "熱線",
    "department",
    "bureau",
    "office",
    "council",
    "agency",
    "authority",
    "commission",
];

/// A name of the gazetteer in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Tokens of the line.
    pub from: usize,
    pub to: usize,
    /// As the gazetteer writes it.
    pub text: String,
    pub known: Known,
}

impl Named {
    /// The name that begins at a token, of names from left to right.
    pub fn at(names: &[Self], token: usize) -> Option<&Self> {
        names.get(names.partition_point(|name| name.from < token)).filter(|name| name.from == token)
    }
}

struct Entry {
    name: String,
    district: Option<String>,
    /// Folded words or characters.
    words: Vec<String>,
}

/// Names, ready to be looked for. Cheap to share.
pub struct Gazetteer {
    sounds: Arc<Sounds>,
    entries: Vec<Entry>,
    /// Entries by their first word, and by what their first character sounds like in Mandarin and in Cantonese.
    first: HashMap<String, Vec<usize>>,
    first_sound: [HashMap<Syllable, Vec<usize>>; 2],
}

impl Gazetteer {
    pub fn new(places: &Places, sounds: Arc<Sounds>) -> Self {
        let mut gazetteer =
            Self { sounds, entries: Vec::new(), first: HashMap::new(), first_sound: Default::default() };
        for place in places {
            let folded = Folded::new(&place.name);
            if AGENCIES.iter().any(|ending| folded.text.ends_with(ending)) {
                continue;
            }
            let words: Vec<String> = tokens(&folded, 0).iter().map(|token| token.text.to_owned()).collect();
            let Some(first) = words.first() else { continue };
            let at = gazetteer.entries.len();
            gazetteer.first.entry(first.clone()).or_default().push(at);
            if words.len() >= SHORTEST_BY_SOUND && place.name.chars().all(is_han) {
                for (by_sound, cantonese) in gazetteer.first_sound.iter_mut().zip([false, true]) {
                    let readings = first.chars().flat_map(|c| gazetteer.sounds.readings(c, cantonese));
                    readings.for_each(|syllable| by_sound.entry(*syllable).or_default().push(at));
                }
            }
            gazetteer.entries.push(Entry { name: place.name.clone(), district: place.district.clone(), words });
        }
        gazetteer
    }

    /// Names in a line from left to right, the longest at each place; what is written so before what sounds so.
    pub fn names(&self, line: &[Token<'_>], cantonese: bool) -> Vec<Named> {
        let mut out: Vec<Named> = Vec::new();
        let mut at = 0;
        while at < line.len() && !self.entries.is_empty() {
            let found = self.written(line, at).map(|entry| (entry, false));
            let found = found.or_else(|| self.sounding(line, at, cantonese).map(|entry| (entry, true)));
            let Some((entry, repaired)) = found else {
                at += 1;
                continue;
            };
            let to = at + entry.words.len();
            let known = Known { district: entry.district.clone(), repaired };
            out.push(Named { from: at, to, text: entry.name.clone(), known });
            at = to;
        }
        out
    }

    fn written(&self, line: &[Token<'_>], at: usize) -> Option<&Entry> {
        let entries = self.first.get(line.get(at)?.text)?.iter().filter_map(|at| self.entries.get(*at));
        let said = |entry: &&Entry| {
            let said = line.get(at..at + entry.words.len());
            said.is_some_and(|said| said.iter().zip(&entry.words).all(|(token, word)| token.is(word)))
        };
        entries.filter(said).max_by_key(|entry| entry.words.len())
    }

    fn sounding(&self, line: &[Token<'_>], at: usize, cantonese: bool) -> Option<&Entry> {
        let first = line.get(at).filter(|token| token.kind == Kind::Han)?.text.chars().next()?;
        let by_sound = self.first_sound.get(usize::from(cantonese))?;
        let readings = self.sounds.readings(first, cantonese).iter();
        let entries = readings.filter_map(|syllable| by_sound.get(syllable)).flatten();
        let entries = entries.filter_map(|at| self.entries.get(*at));
        let sounds = |entry: &&Entry| {
            let said = line.get(at..at + entry.words.len());
            said.is_some_and(|said| {
                said.iter().zip(&entry.words).all(|(token, word)| {
                    let pair = token.text.chars().next().zip(word.chars().next());
                    token.is(word) || pair.is_some_and(|(a, b)| self.sounds.alike(a, b, cantonese))
                })
            })
        };
        entries.filter(sounds).max_by_key(|entry| entry.words.len())
    }
}

/// Gazetteers made once for each list of places.
pub struct Gazetteers {
    sounds: Arc<Sounds>,
    made: Mutex<Vec<(Weak<Places>, Arc<Gazetteer>)>>,
}

impl Gazetteers {
    pub fn new(sounds: Sounds) -> Self {
        Self { sounds: Arc::new(sounds), made: Mutex::new(Vec::new()) }
    }

    pub fn of(&self, places: &Arc<Places>) -> Arc<Gazetteer> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        // A configuration that is gone takes its gazetteers along.
        made.retain(|(places, _)| places.strong_count() > 0);
        let same = made.iter().find(|(known, _)| known.ptr_eq(&Arc::downgrade(places)));
        if let Some((_, gazetteer)) = same {
            return gazetteer.clone();
        }
        let gazetteer = Arc::new(Gazetteer::new(places, self.sounds.clone()));
        made.push((Arc::downgrade(places), gazetteer.clone()));
        gazetteer
    }
}
