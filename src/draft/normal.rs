//! Text folded for matching: width, case, quotes and the digits of other scripts. Every scalar folds to exactly one
//! scalar, so a scalar position in the folded text is the same position in the original.

use super::script::{simplified, sound};

/// Folded text with the way back from the byte offsets of search engines to scalar positions.
pub struct Folded {
    pub text: String,
    /// Byte offset of every scalar, and the text's length at the end.
    offsets: Vec<usize>,
}

impl Folded {
    pub fn new(original: &str) -> Self {
        Self::by(original, fold)
    }

    /// With Chinese of either script in Simplified characters.
    pub fn simplified(original: &str) -> Self {
        Self::by(original, |c| simplified(fold(c)))
    }

    /// With one character for all that sound alike.
    pub fn sounded(original: &str) -> Self {
        Self::by(original, |c| sound(fold(c)))
    }

    fn by(original: &str, form: impl Fn(char) -> char) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut offsets = Vec::with_capacity(original.len() + 1);
        for c in original.chars() {
            offsets.push(text.len());
            text.push(form(c));
        }
        offsets.push(text.len());
        Self { text, offsets }
    }

    /// Scalar position of the scalar that holds byte `byte`.
    pub fn position(&self, byte: usize) -> usize {
        self.offsets.partition_point(|&at| at <= byte).saturating_sub(1)
    }

    /// Scalar positions of a byte range on scalar borders.
    pub fn range(&self, bytes: std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.position(bytes.start)..self.position(bytes.end)
    }

    /// Folded text between two scalar positions; empty when they are not in the text.
    pub fn slice(&self, chars: std::ops::Range<usize>) -> &str {
        let bounds = (self.offsets.get(chars.start), self.offsets.get(chars.end));
        match bounds {
            (Some(&from), Some(&to)) if from <= to => &self.text[from..to],
            _ => "",
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }
}

/// First digits of Unicode's decimal digit runs that a recogniser may print.
const ZEROS: [u32; 18] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x17E0, 0x1810,
];

/// Folds one scalar.
pub fn fold(c: char) -> char {
    let code = u32::from(c);
    match c {
        '\u{FF01}'..='\u{FF5E}' => return lower(char::from_u32(code - 0xFEE0).unwrap_or(c)),
        '\u{3000}' | '\u{A0}' => return ' ',
        '\u{2018}' | '\u{2019}' => return '\'',
        '\u{201C}' | '\u{201D}' => return '"',
        '\u{2010}'..='\u{2015}' => return '-',
        _ => {}
    }
    if let Some(&zero) = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code)) {
        return char::from_digit(code - zero, 10).unwrap_or(c);
    }
    lower(c)
}

fn lower(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

/// Chinese characters, which stand for a word each.
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' | '〇')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_every_position() {
        let original = "Ｔｅｌ：５５５ ٣ „İ“ 电话";
        let folded = Folded::new(original);
        assert_eq!(folded.len(), original.chars().count());
        assert_eq!(folded.text, "tel:555 3 „i\" 电话");
        let byte = folded.text.find("电").unwrap();
        assert_eq!(original.chars().nth(folded.position(byte)), Some('电'));
        assert_eq!(folded.slice(folded.range(byte..folded.text.len())), "电话");
        assert_eq!(folded.slice(90..91), "");
    }
}
