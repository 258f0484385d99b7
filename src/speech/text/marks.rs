//! Punctuation: full width where it belongs to Chinese, half width in English, never doubled, never first. Pure.

use super::spacing::{is_ideograph, is_other_letter};
use crate::call::Word;

/// Half and full width of a mark that ends or parts sentences, the weakest first: of several in a row one stays.
const STOPS: [(char, char); 7] =
    [('、', '、'), (',', '，'), (':', '：'), (';', '；'), ('.', '。'), ('!', '！'), ('?', '？')];
/// From here on [`STOPS`] end a sentence.
const FULL_STOP: usize = 4;
/// What subtitles begin a speaker's line with.
const LEADING: [char; 6] = ['-', '–', '—', '•', '·', '>'];

/// A mark goes to the word before it. Words that were nothing but marks are gone.
pub fn settle(words: &mut Vec<Word>) {
    let texts: Vec<Vec<char>> = words.iter_mut().map(|word| std::mem::take(&mut word.text).chars().collect()).collect();
    let mut page = Page { words, last: None, waiting: None, before: None, opened_by: None };
    for (at, text) in texts.iter().enumerate() {
        for (n, c) in text.iter().enumerate() {
            match stop(*c).filter(|_| !inside_a_number_or_name(text, n)) {
                Some(rank) => page.waiting = page.waiting.max(Some(rank)),
                None => page.print(at, *c, next_is_digit(text, n)),
            }
        }
    }
    page.place_waiting(None, false);
    words.retain(|word| !word.text.is_empty());
}

struct Page<'a> {
    words: &'a mut [Word],
    /// The word that was written to last.
    last: Option<usize>,
    /// Index in [`STOPS`] of the strongest mark since.
    waiting: Option<usize>,
    /// The last letter, and the first one of the sentence.
    before: Option<char>,
    opened_by: Option<char>,
}

impl Page<'_> {
    fn print(&mut self, at: usize, c: char, before_a_digit: bool) {
        if self.last.is_none() && (c.is_whitespace() || LEADING.contains(&c) && !(c == '-' && before_a_digit)) {
            return;
        }
        // Space before a mark, and at the end of a word, is none.
        if c.is_whitespace() && (self.waiting.is_some() || self.last != Some(at)) {
            return;
        }
        self.place_waiting(Some(c), self.last == Some(at));
        if let Some(word) = self.words.get_mut(at) {
            word.text.push(c);
            self.last = Some(at);
        }
        if is_ideograph(c) || is_other_letter(c) {
            self.before = Some(c);
            self.opened_by.get_or_insert(c);
        }
    }

    /// `within`: `after` belongs to the same word as what comes before the mark.
    fn place_waiting(&mut self, after: Option<char>, within: bool) {
        let (Some(rank), Some(word)) = (self.waiting.take(), self.last.and_then(|at| self.words.get_mut(at))) else {
            return;
        };
        let chinese = |c: Option<char>| c.is_some_and(is_ideograph);
        let parts = rank < FULL_STOP && chinese(after);
        let western = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_ideograph(c));
        let inside = within && western(after) && western(word.text.trim_end().chars().next_back());
        let wide = !inside && (chinese(self.before) || chinese(self.opened_by) || parts);
        let (half, full) = STOPS.get(rank).copied().unwrap_or(('.', '。'));
        // English has no enumeration comma.
        let half = if half == '、' { ',' } else { half };
        word.text.truncate(word.text.trim_end().len());
        word.text.push(if wide { full } else { half });
        if rank >= FULL_STOP {
            self.opened_by = None;
        }
    }
}

fn stop(c: char) -> Option<usize> {
    STOPS.iter().position(|(half, full)| c == *half || c == *full)
}

/// "3.5", "10:30", "1,000", "U.S.", "city.example": no mark between words.
fn inside_a_number_or_name(text: &[char], at: usize) -> bool {
    let part = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() && !is_ideograph(*c));
    part(at.checked_sub(1).and_then(|at| text.get(at))) && part(text.get(at + 1))
}

fn next_is_digit(text: &[char], at: usize) -> bool {
    text.get(at + 1).is_some_and(char::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaSpan;
    use crate::speech::text::spacing::text_of;

    fn settled(words: &[&str]) -> String {
        let mut words = words.iter().map(|text| Word::new(*text, MediaSpan::default(), 1.0)).collect();
        settle(&mut words);
        text_of(&words)
    }

    #[test]
    fn marks_are_as_wide_as_what_they_belong_to() {
        assert_eq!(settled(&["您", "好,", "我", "家", "停", "水", "了."]), "您好，我家停水了。");
        assert_eq!(settled(&["Hello，", "the", "water", "is", "off。"]), "Hello, the water is off.");
        assert_eq!(settled(&["Good", "morning.", "您", "好!"]), "Good morning. 您好！");
        assert_eq!(settled(&["我", "用", "iPhone,", "没", "有", "WiFi."]), "我用 iPhone，没有 WiFi。");
        assert_eq!(settled(&["WiFi,", "坏", "了"]), "WiFi，坏了");
        assert_eq!(settled(&["电", "话", "是", "555", "0134."]), "电话是555 0134。");
    }

    #[test]
    fn no_mark_is_doubled_or_first() {
        assert_eq!(settled(&["，", "您", "好，。", "。", "再", "见!?"]), "您好。再见？");
        assert_eq!(settled(&["-", "...", "Hello...", "is", "it", "you?!"]), "Hello. is it you?");
        assert_eq!(settled(&["...", "-5", "degrees"]), "-5 degrees");
        assert_eq!(settled(&["。", "，"]), "");
    }

    #[test]
    fn numbers_and_names_keep_their_points() {
        assert_eq!(
            settled(&["at", "10:30,", "3.5", "metres", "of", "the", "U.S.,"]),
            "at 10:30, 3.5 metres of the U.S."
        );
        assert_eq!(settled(&["水", "压", "0.5", "兆", "帕."]), "水压0.5兆帕。");
    }
}
