//! What is worked out of each line by itself, kept while its call goes on: the draft of everything heard so far then
//! costs what the new line costs, not the whole call again.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::CallFacts;
use super::check::Known;
use super::evidence::Segment;
use super::extract::address::{Chain, Part};
use super::extract::matters::Unit;
use super::extract::name;
use super::extract::rule::Groups;
use super::extract::{category, emergency, phrases};
use super::normal::Folded;
use super::token::{Cut, cuts};
use crate::call::Utterance;

/// The text of one utterance, prepared for extraction.
pub struct Line {
    text: String,
    pub folded: Folded,
    /// Folded, with Chinese in one script.
    pub plain: Folded,
    pub chars: Vec<char>,
    /// Its words.
    pub cuts: Vec<Cut>,
    pub kept: Kept,
}

/// What extractors found in a line, each made when first asked for. Line numbers in it are 0: whoever takes a copy out
/// puts in the line's place in the call ([`copies`]). All of it follows from the text, the drafter's word lists and
/// the line's places alone.
#[derive(Default)]
pub struct Kept {
    /// By the number of the rule.
    matches: Mutex<Vec<OnceCell<Matches>>>,
    pub cues: OnceLock<Vec<phrases::Said>>,
    pub hazards: OnceLock<Vec<emergency::Hazard>>,
    pub terms: OnceLock<Vec<category::Hit>>,
    pub alike: OnceLock<Vec<category::Hit>>,
    /// Read as Mandarin or English, and as Cantonese.
    pub chains: [OnceLock<Vec<Chain>>; 2],
    pub asset: OnceLock<Vec<Part>>,
    pub firm: OnceLock<Option<Range<usize>>>,
    pub units: OnceLock<Vec<Unit>>,
    pub name: Beside<Option<name::Found>>,
}

/// Of one rule in one line; `None` for none, as in most.
type Matches = Option<Arc<[Groups]>>;

impl Kept {
    /// Matches of one rule.
    pub fn matches(&self, rule: usize, find: impl FnOnce() -> Vec<Groups>) -> Matches {
        let mut known = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() <= rule {
            known.resize_with(rule + 1, OnceCell::new);
        }
        let some = || Some(find()).filter(|found| !found.is_empty()).map(Arc::from);
        known.get(rule).and_then(|known| known.get_or_init(some).clone())
    }
}

/// What follows from a line and the one after it.
pub struct Beside<T>(Mutex<Option<(Weak<Line>, T)>>);

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Beside<T> {
    pub fn get(&self, next: Option<&Arc<Line>>, find: impl FnOnce() -> T) -> T {
        let next = next.map_or_else(Weak::new, Arc::downgrade);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.as_ref().filter(|(before, _)| before.ptr_eq(&next)) {
            return found.clone();
        }
        let found = find();
        *known = Some((next, found.clone()));
        found
    }
}

/// What was worked out for one draft, and is kept for the next as long as each makes use of it.
pub struct Recent<K, V> {
    before: HashMap<K, V>,
    now: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { before: HashMap::new(), now: HashMap::new() }
    }
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// Forgets what the last draft made no use of.
    pub fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    pub fn get(&mut self, key: K, find: impl FnOnce(&K) -> V) -> &V {
        let known = self.before.remove(&key);
        self.now.entry(key).or_insert_with_key(|key| known.unwrap_or_else(|| find(key)))
    }
}

/// Copies of what is kept of a line, each told its place in the call.
pub fn copies<T: Clone>(kept: &OnceLock<Vec<T>>, find: impl FnOnce() -> Vec<T>, place: impl Fn(&mut T)) -> Vec<T> {
    let mut copies = kept.get_or_init(find).clone();
    copies.iter_mut().for_each(place);
    copies
}

impl Line {
    pub fn new(text: &str) -> Self {
        let folded = Folded::new(text);
        Self {
            text: text.to_owned(),
            cuts: cuts(&folded),
            folded,
            plain: Folded::simplified(text),
            chars: text.chars().collect(),
            kept: Kept::default(),
        }
    }
}

/// What one drafter worked out of one call, from draft to draft. It grows with the words of the call and no further.
#[derive(Default)]
pub struct Lines {
    lines: Vec<Arc<Line>>,
    /// Lines with a secret, as they are read: it is covered.
    hiding: HashMap<usize, Arc<Line>>,
    /// Of the last draft, without its time.
    facts: Option<CallFacts>,
    pub(super) known: Known,
}

impl Lines {
    /// The utterances that have text; what is known of those that were there before is taken up again.
    pub(super) fn segments<'u>(&mut self, facts: &CallFacts, utterances: &'u [Utterance]) -> Vec<Segment<'u>> {
        self.hold(facts);
        let mut before = std::mem::take(&mut self.lines).into_iter();
        let mut segments = Vec::with_capacity(utterances.len());
        for utterance in utterances {
            let known = before.next().filter(|line| line.text == utterance.text);
            let line = known.unwrap_or_else(|| Arc::new(Line::new(&utterance.text)));
            self.lines.push(line.clone());
            segments.extend(Segment::of(utterance, line));
        }
        segments
    }

    /// Of copies of the utterances in which secrets are covered. A line without one is what it was.
    pub(super) fn covered<'u>(&mut self, copies: &'u [Utterance]) -> Vec<Segment<'u>> {
        let mut before = std::mem::take(&mut self.hiding);
        let mut segments = Vec::with_capacity(copies.len());
        for (at, copy) in copies.iter().enumerate() {
            let same = |line: &&Arc<Line>| line.text == copy.text;
            let line = match self.lines.get(at).filter(same) {
                Some(line) => line.clone(),
                None => {
                    let known = before.remove(&at).filter(|line| same(&line));
                    let line = known.unwrap_or_else(|| Arc::new(Line::new(&copy.text)));
                    self.hiding.entry(at).insert_entry(line).get().clone()
                }
            };
            segments.extend(Segment::of(copy, line));
        }
        segments
    }

    /// Forgets what the facts no longer bear out.
    fn hold(&mut self, facts: &CallFacts) {
        let facts = CallFacts { created_unix_ms: facts.started_unix_ms, ..facts.clone() };
        let before = self.facts.as_ref();
        if before.is_some_and(|before| !Arc::ptr_eq(&before.places, &facts.places)) {
            self.lines.clear();
            self.hiding.clear();
        }
        if before != Some(&facts) {
            self.known = Known::default();
            self.facts = Some(facts);
        }
    }
}
