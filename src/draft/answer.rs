//! Yes or no to "is that right?", in three languages as recognisers write them. Pure.
//!
//! In doubt it is neither: what nobody confirmed stays a person's matter.

use std::ops::Range;
use std::sync::LazyLock;

use super::dictated_digits;
use super::normal::Folded;
use super::token::{Kind, Token, phrase, phrase_at, tokens};
use crate::call::Answer;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Yes,
    /// Means yes where the phrase ends, and something else in front of other words: "right across the street", `对面`.
    YesAlone,
    No,
    /// Neither, and may stand before and after the answer.
    Filler,
    /// Begins with the letters of an answer and is none.
    Other,
}

const YES: &str = "\
    yes|yeah|yep|yup|yes it is|that's right|that is right|that's correct|that is correct|that's it|that is it|\
    it is|exactly|absolutely|affirmative|all right|not wrong|是的|对的|對的|对对|對對|没错|沒錯|没有错|沒有錯|没问题|沒問題|正确|正確|\
    冇錯|冇错|冇問題|啱晒|啱嘅|啱㗎|係呀|係啊|係嘅|係㗎|系呀|岩晒";
const YES_ALONE: &str = "right|correct|sure|对|對|是|係|系|啱|岩";
const NO: &str = "\
    no|nope|nah|not|not right|not correct|isn't|isn't right|isn't correct|wrong|incorrect|不对|不對|不是|不正确|\
    不正確|有误|有誤|错|錯|错了|錯了|错咗|錯咗|搞错|搞錯|唔係|唔系|唔对|唔對|唔啱|唔岩|唔正確";
const FILLER: &str = "\
    uh|um|er|erm|hmm|oh|ah|well|okay|ok|thank you|thanks|you|please|sir|madam|sorry|wait|actually|that's|that|\
    it's|it|the|number|is|this|no problem|of course|嗯|呃|额|啊|哦|噢|喔|诶|呀|吧|呢|啦|喇|嘞|㗎|嘅|的|了|咗|好|好的|就是|就係|这个|這個|呢個|号码|號碼|\
    电话|電話|谢谢|謝謝|不好意思|唔好意思|唔該|多謝|你|您";
const OTHER: &str = "no one|nobody|对不起|對不起|对不对|對不對|是不是|係咪|系咪|啱啱|岩岩";
/// The digit of the key, said aloud and nothing else; and what `对` is written as where nothing else was said.
const ALONE: [(&str, Answer); 2] =
    [("one|1|一|press one|按一|撳一|队|隊|兑|兌", Answer::Yes), ("two|2|二|press two|按二|撳二", Answer::No)];

/// The longest first.
static PHRASES: LazyLock<Vec<(Vec<&'static str>, Mark)>> = LazyLock::new(|| {
    let lists =
        [(YES, Mark::Yes), (YES_ALONE, Mark::YesAlone), (NO, Mark::No), (FILLER, Mark::Filler), (OTHER, Mark::Other)];
    let each = lists.into_iter().flat_map(|(list, mark)| list.split('|').map(move |text| (phrase(text), mark)));
    let mut phrases: Vec<_> = each.collect();
    phrases.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
    phrases
});

/// What one utterance says to a number that was read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub answer: Option<Answer>,
    /// Unicode scalars of the words that answer.
    pub range: Range<usize>,
    /// It says nothing else.
    pub only: bool,
}

/// `number`: the digits that were read back.
pub fn reply(text: &Folded, number: &str) -> Reply {
    let all = tokens(text, 0);
    if let Some(answer) = digit(&all) {
        return Reply { answer: Some(answer), range: around(&all), only: true };
    }
    let marks = marks(&all);
    let only = marks.end == all.len();
    let digits = dictated_digits(&text.text);
    // "It is five five five …" says the number, and not yes, unless it is the one that was read.
    let other_number = digits.len() >= 3 && !number.ends_with(&digits);
    let answer = match marks.answers {
        Answers::None => None,
        // "Yes, no, wait" is a no; "no, yes" is anybody's guess.
        Answers::Ends(Answer::Yes, true) => None,
        Answers::Ends(Answer::Yes, false) if other_number => None,
        Answers::Ends(answer, _) => Some(answer),
    };
    Reply { answer, range: answer.map_or(0..0, |_| marks.range), only }
}

#[derive(Clone, Copy)]
enum Answers {
    None,
    /// The last one, and whether the other one was said before it.
    Ends(Answer, bool),
}

struct Marks {
    answers: Answers,
    range: Range<usize>,
    /// Token at which something else begins.
    end: usize,
}

/// The answers from the start on, up to the first word that is none.
fn marks(tokens: &[Token<'_>]) -> Marks {
    let mut found = Marks { answers: Answers::None, range: 0..0, end: 0 };
    while let Some(token) = tokens.get(found.end) {
        if token.kind == Kind::Punct {
            found.end += 1;
            continue;
        }
        let Some((mark, next)) = mark_at(tokens, found.end) else { return found };
        let answer = match mark {
            Mark::Other => return found,
            Mark::YesAlone if !parts(tokens, next) => return found,
            Mark::Yes | Mark::YesAlone => Some(Answer::Yes),
            Mark::No => Some(Answer::No),
            Mark::Filler => None,
        };
        if let Some(answer) = answer {
            let ends = tokens.get(next - 1).map_or(token.end, |last| last.end);
            let (start, mixed) = match found.answers {
                Answers::None => (token.start, false),
                Answers::Ends(before, mixed) => (found.range.start, mixed || before != answer),
            };
            found.range = start..ends;
            found.answers = Answers::Ends(answer, mixed);
        }
        found.end = next;
    }
    found
}

/// Whether a phrase may end before `at`: at the end, a mark, a digit, or a word that belongs to answers.
fn parts(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_none_or(|token| matches!(token.kind, Kind::Punct | Kind::Digits))
        || mark_at(tokens, at).is_some_and(|(mark, _)| mark != Mark::Other)
}

fn mark_at(tokens: &[Token<'_>], at: usize) -> Option<(Mark, usize)> {
    PHRASES.iter().find_map(|(words, mark)| Some((*mark, at + phrase_at(tokens, at, words)?)))
}

fn digit(all: &[Token<'_>]) -> Option<Answer> {
    let said: Vec<&str> = all.iter().filter(|token| token.kind != Kind::Punct).map(|token| token.text).collect();
    ALONE.into_iter().find_map(|(list, answer)| list.split('|').any(|text| phrase(text) == said).then_some(answer))
}

fn around(all: &[Token<'_>]) -> Range<usize> {
    let words = || all.iter().filter(|token| token.kind != Kind::Punct);
    words().next().map_or(0, |token| token.start)..words().next_back().map_or(0, |token| token.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "2125550134";

    fn answer(text: &str) -> Option<Answer> {
        reply(&Folded::new(text), NUMBER).answer
    }

    #[test]
    fn yes_is_understood_in_every_language_and_script() {
        for text in "Yes.|yeah that's right|Right.|Um, yes, that's correct, thank you.|Correct|yep|It is.|\
            yes yes|Yes, two one two five five five oh one three four.|\
            yes and the lift is still broken|对|對|对对对|对的。|是的|是|嗯，没错|沒錯|对没错谢谢|正确|一|One.|1|队|係|係呀|啱|啱晒|\
            啱喇|冇錯|系|係，冇錯，唔該|对，就是这个号码"
            .split('|')
        {
            assert_eq!(answer(text), Some(Answer::Yes), "{text}");
        }
    }

    #[test]
    fn no_is_understood_and_so_is_a_yes_taken_back() {
        for text in "No.|Nope|no that's wrong|No, it's five five five zero one three five.|That's not right.|\
            Not quite|Yes. No, wait.|Incorrect|Two|2|不对|不對|不是|错了|不对，是八八二三|不是的|嗯不对|二|对，不对|唔係|唔啱|錯咗|唔系|\
            唔對，係三五|唔岩"
            .split('|')
        {
            assert_eq!(answer(text), Some(Answer::No), "{text}");
        }
    }

    #[test]
    fn words_that_only_begin_like_an_answer_are_none() {
        for text in "|Hello?|right across the street|the number|\
            It is three one two five five five oh one nine nine|对面那栋楼|对不起没听清|是不是|是一三八零零一三八零零零|啱啱先有人嚟|\
            係咪|什么|sorry, what|no yes|系统坏了|no one came|嗯"
            .split('|')
        {
            assert_eq!(answer(text), None, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_but_the_answer_is_known_and_the_answer_has_its_place() {
        let of = |text| reply(&Folded::new(text), NUMBER);
        assert!(of("Yes, that's right, thank you.").only && of("对，谢谢。").only && of("No.").only);
        assert!(!of("Yes, and the lift is broken.").only && !of("不对，是八八二三").only);
        assert_eq!((of("Um, yes, and the lift").range, of("嗯，没错").range), (4..7, 2..4));
    }
}
