//! The words of one call: which prompts, in which language, with which numbers in them.

use std::collections::HashMap;
use std::sync::Arc;

use super::conversation::Say;
use crate::call::{Language, Reference};
use crate::config::{Config, Line};
use crate::media::prompt::{Prompt, PromptError, PromptName, Prompts, pause};

/// Prompts of every line, loaded and checked at start.
#[derive(Clone)]
pub struct LinePrompts(Arc<HashMap<String, Prompts>>);

impl LinePrompts {
    pub fn load(config: &Config) -> Result<Self, PromptError> {
        let load = |line: &Line| Ok((line.name.clone(), Prompts::load(&line.languages, line.prompts.as_deref())?));
        Ok(Self(Arc::new(config.lines.iter().map(load).collect::<Result<_, PromptError>>()?)))
    }

    pub(super) fn voice(&self, line: &Line, read: Option<Language>, reference: Reference) -> Voice {
        let prompts = self.0.get(&line.name).cloned().unwrap_or_else(Prompts::none);
        let read = read.filter(|language| line.languages.contains(language));
        Voice { prompts, line: line.clone(), read, reference }
    }
}

/// What one call can be told.
pub(super) struct Voice {
    prompts: Prompts,
    line: Line,
    /// What the caller reads, where the door knows it.
    read: Option<Language>,
    reference: Reference,
}

impl Voice {
    /// Prompts to play, in order. `spoken`: the language the caller used last; the line's first one until then.
    pub(super) fn words(&self, say: Say, spoken: Option<Language>) -> Result<Vec<Arc<Prompt>>, PromptError> {
        let known = |language: &Language| self.line.languages.contains(language);
        let language =
            spoken.filter(known).or(self.read).or(self.line.languages.first().copied()).unwrap_or(Language::En);
        match say {
            Say::Notice => {
                let mut words = Vec::new();
                // Who has read the notice in one language need not hear it in the others.
                let in_one = self.read.as_ref().map(std::slice::from_ref);
                for language in in_one.unwrap_or(&self.line.languages) {
                    words.extend(self.prompts.with_digits(*language, PromptName::Notice, self.emergency_number())?);
                }
                Ok(words)
            }
            Say::AnythingElse => Ok(vec![self.prompts.get(language, PromptName::AnythingElse)?]),
            Say::Warning => Ok(vec![self.prompts.get(language, PromptName::Warning)?]),
            Say::Emergency => self.prompts.with_digits(language, PromptName::Emergency, self.emergency_number()),
            Say::AskPlace => Ok(vec![self.prompts.get(language, PromptName::AskPlace)?]),
            Say::AskNumber => Ok(vec![self.prompts.get(language, PromptName::AskNumber)?]),
            Say::ReadBack(number) => self.read_back(language, &number),
            Say::Close => self.close(language),
            Say::CloseWithCallBack => {
                let mut words = vec![self.prompts.get(language, PromptName::CallBack)?];
                words.extend(self.close(language)?);
                Ok(words)
            }
        }
    }

    fn emergency_number(&self) -> impl Iterator<Item = u8> {
        self.line.emergency_number.chars().filter_map(|c| c.to_digit(10)?.try_into().ok())
    }

    /// The number in groups, as people read it, and the question whether it is right.
    fn read_back(&self, language: Language, number: &str) -> Result<Vec<Arc<Prompt>>, PromptError> {
        let pause = pause();
        let mut words = vec![self.prompts.get(language, PromptName::ReadBackBefore)?];
        for group in groups(number) {
            words.push(pause.clone());
            for digit in group.chars().filter_map(|c| c.to_digit(10)?.try_into().ok()) {
                words.push(self.prompts.get(language, PromptName::Digit(digit))?);
            }
        }
        words.push(pause);
        words.push(self.prompts.get(language, PromptName::ReadBackAfter)?);
        Ok(words)
    }

    /// Thanks, the reference digit by digit, goodbye.
    fn close(&self, language: Language) -> Result<Vec<Arc<Prompt>>, PromptError> {
        let mut words = self.prompts.with_digits(language, PromptName::Reference, self.reference.digits())?;
        words.push(self.prompts.get(language, PromptName::Goodbye)?);
        Ok(words)
    }
}

/// How numbers of this length are read: 3-4-4 in mainland China, 4-4 in Hong Kong, 3-3-4 in North America; others in
/// groups of four.
fn groups(number: &str) -> Vec<&str> {
    let lengths: &[usize] = match number.len() {
        7 => &[3, 4],
        10 => &[3, 3, 4],
        11 => &[3, 4, 4],
        _ => &[],
    };
    let (mut out, mut rest, mut lengths) = (Vec::new(), number, lengths.iter());
    while !rest.is_empty() {
        let length = lengths.next().copied().unwrap_or(4).min(rest.len());
        let Some((group, after)) = rest.split_at_checked(length) else { break };
        out.push(group);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(say: Say, spoken: Option<Language>) -> String {
        said_to(None, say, spoken)
    }

    fn said_to(read: Option<Language>, say: Say, spoken: Option<Language>) -> String {
        let config = Config::standard();
        let voice =
            LinePrompts::load(&config).unwrap().voice(&config.lines[0], read, Reference::from_random(121_212_121));
        voice.words(say, spoken).unwrap().iter().map(|prompt| prompt.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_close_reads_the_reference_in_the_callers_language_and_never_falls_silent() {
        assert!(said(Say::Close, None).starts_with("Thank you. Your reference is one two one two"));
        assert!(said(Say::Close, Some(Language::Zh)).contains("您的编号是 一 二 一 二"));
        // The line has no Cantonese: its first language is better than nothing.
        assert!(said(Say::CloseWithCallBack, Some(Language::Yue)).starts_with("We will call you back."));
    }

    #[test]
    fn a_caller_in_danger_is_told_the_lines_number_in_their_language() {
        assert_eq!(said(Say::Emergency, None), "If this is an emergency, hang up and call one one two");
        assert_eq!(said(Say::Emergency, Some(Language::Zh)), "如果情况紧急，请挂断并拨打 一 一 二");
    }

    #[test]
    fn a_number_is_read_back_in_the_groups_in_which_people_read_it() {
        let text = said(Say::ReadBack("2125550134".into()), None);
        let number = "two one two , five five five , zero one three four";
        assert!(text.starts_with(&format!("I have the number , {number} , Is that right?")), "{text}");
        assert!(said(Say::ReadBack("62345789".into()), Some(Language::Zh)).contains(", 六 二 三 四 , 五 七 八 九 ,"));
        assert_eq!(groups("13800138000"), ["138", "0013", "8000"]);
        assert_eq!(groups("5550134"), ["555", "0134"]);
        assert_eq!(groups("442079460018"), ["4420", "7946", "0018"]);
        assert_eq!(groups("123456789"), ["1234", "5678", "9"]);
        assert!(said(Say::AskPlace, None).starts_with("Where is it?"));
        assert!(said(Say::AskNumber, Some(Language::Zh)).contains("号码"));
    }

    #[test]
    fn who_reads_one_language_hears_the_notice_in_it_alone_until_another_is_spoken() {
        let notice = said_to(Some(Language::Zh), Say::Notice, None);
        assert!(notice.contains("一 一 二") && !notice.contains("recorded"), "{notice}");
        assert!(said_to(Some(Language::Zh), Say::Close, None).contains("您的编号是"));
        assert!(said_to(Some(Language::Zh), Say::Close, Some(Language::En)).starts_with("Thank you."));
        assert!(said_to(Some(Language::Yue), Say::Notice, None).contains("recorded"), "the line has no Cantonese");
    }

    #[test]
    fn the_notice_is_read_in_every_language_of_the_line_with_the_number_for_danger() {
        let notice = said(Say::Notice, None);
        assert!(
            notice.contains("recorded") && notice.contains("one one two") && notice.contains("一 一 二"),
            "{notice}"
        );
    }
}
