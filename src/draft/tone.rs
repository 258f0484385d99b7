//! How the caller speaks: a hint for the person at the desk. It is no field of the draft and is never sent anywhere;
//! it is read from the words again each time it is shown.

use std::ops::Range;

use super::evidence::Segment;
use super::extract::rule::Rule;
use super::extract::{Doc, Spans};
use crate::call::Utterance;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentiment {
    Positive,
    Neutral,
    Negative,
}

/// What a quote is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Pleased,
    Angry,
    Abusive,
    /// Harm announced to the people who answer.
    Threat,
}

/// The caller's words, and where they can be heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    pub manner: Manner,
    pub text: String,
    /// Milliseconds into the recording.
    pub start_ms: u64,
    pub end_ms: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    pub sentiment: Sentiment,
    pub abusive: bool,
    pub threat_to_staff: bool,
    /// At most [`MAX_QUOTES`], in order of the call.
    pub quotes: Vec<Quote>,
}

pub const MAX_QUOTES: usize = 8;

static PLEASED: Rule = Rule::new(concat!(
    r"\b(?:great|excellent|fantastic|wonderful|brilliant|amazing|good) (?:job|work|service)\b|\bwell done\b|\b(?:really|very|so|truly) (?:grateful|helpful|happy|pleased|impressed|kind)\b|\b(?:really|very much) appreciate",
    r"|表扬|点赞|非常满意|很满意|服务(?:很|真|非常)好|太好了|(?:非常|十分|很|真的?)感谢|帮了大忙|好满意|好感激|赞扬|好有礼貌|态度好好|好好人|做得好好|做得很好",
));
static ANGRY: Rule = Rule::new(concat!(
    r"\b(?:ridiculous|unacceptable|disgusting|disgraceful|disgrace|outrageous|furious|fed up|sick (?:and tired|of)|useless|pathetic|appalling|absurd|infuriating|last straw|a joke|had enough|can't stand|cannot stand|terrible|awful|livid)\b|\b(?:really |so |very )angry\b",
    r"|受不了|受够|太过分|过分|气死|气愤|离谱|忍无可忍|不像话|没人管|岂有此理|太恶心|烦死|欺负人|不负责任|推来推去|踢皮球|糊弄|什么态度|到底管不管|吵死",
    r"|离晒谱|好嬲|激死|激气|顶唔顺|忍唔到|受唔住|好污糟|冇人理|冇人跟|推嚟推去|究竟有冇做嘢|打到手软|搞错|烦到死|嘈到死|呃人",
));
static ABUSE: Rule = Rule::new(concat!(
    r"\b(?:fuck\w*|motherfuck\w*|bullshit|assholes?|arseholes?|bastards?|bitch(?:es)?|wankers?|dickheads?|cunts?|(?:you|you're|youre|you are|you're all|you people are) (?:\w+ )?(?:idiots?|morons?|stupid|scum|pigs?|retard\w*|imbeciles?|clowns?|worthless))\b",
    r"|他妈的|你妈的|操你|草你妈|傻逼|傻[屄bB×叉]|混蛋|王八蛋|狗东西|狗屁|废物|饭桶|白痴|滚蛋|去死|不要脸|狗娘养|脑残|吃屎",
    r"|屌|仆街|扑街|冚家|死蠢|废柴|戆居|戇鸠|戆鸠|on9|食屎|含撚|撚样|垃圾政府|死人头|你老[母味]",
));
static THREAT: Rule = Rule::new(concat!(
    r"\bi(?:'ll| will|'m going to|m going to| am going to|'m gonna|m gonna|ll) (?:come (?:down |over )?(?:there )?and |fucking |personally )*(?:kill|hurt|beat|stab|shoot|find|hunt|smash|burn|bomb|blow up|get) (?:you|your|every one of you|all of you|the lot of you|somebody there|someone there)\b",
    r"|\byou(?:'ll| will|'re going to) (?:regret (?:it|this)|pay for (?:it|this)|be sorry)\b|\bi know where you (?:work|live|are)\b|\b(?:burn|blow|shoot) (?:down )?(?:your|the) (?:office|building|place)(?: (?:down|up))?\b",
    r"|(?:打|弄|整|砍|捅|杀|搞)死你|(?:我|老子)[^,。]{0,6}(?:砍|捅|杀|打)(?:了)?你们?|(?:炸|烧|砸)(?:了|掉)?你们(?:的)?(?:单位|办公室|那|热线|大楼)?|带(?:着)?刀(?:去|上)|你(?:给我|们)?(?:等着|小心点)|有你好看|你们小心|我知道你在哪上班|上门找你(?:们)?算账",
    r"|斩(?:死)?你|打(?:爆|柒|鬼死)?你(?:哋)|打爆你|搵人(?:打|斩|搞)你|烧(?:咗|爆)?你(?:哋)?(?:间|个)|你(?:哋)?小心啲|你(?:哋)?睇住嚟|我知你(?:哋)?喺边|上嚟搵你(?:哋)?(?:算账|晦气)|捅(?:死)?你|杀(?:咗|死)你",
));
/// Before it: somebody else says so, to the caller; or nobody does.
static REPORTED: Rule = Rule::new(concat!(
    r"\b(?:he|she|they|landlord|boss|neighbou?r|guy|man|driver|husband|said|says|told me|shouting|threatened|not|never|called me|calls me)(?: \w+){0,4} ?['\x22]?$",
    r"|(?:[他她佢]|他们|佢哋|老板|老细|房东|邻居|对方|有人|业主|司机|楼上|楼下)[^。]{0,8}(?:说|讲|话|骂|闹|威胁|恐吓|要|想|喊)[^。]{0,6}$|(?:没有?|冇|唔系|不是|并不|不)$",
));

/// Of everything said so far.
pub fn tone(utterances: &[Utterance]) -> Tone {
    let segments: Vec<Segment<'_>> = utterances.iter().filter_map(Segment::new).collect();
    let doc = Doc::new(&segments, false);
    let rules =
        [(&PLEASED, Manner::Pleased), (&ANGRY, Manner::Angry), (&ABUSE, Manner::Abusive), (&THREAT, Manner::Threat)];
    let mut found: Vec<(Manner, usize, Range<usize>)> = Vec::new();
    for (rule, manner) in rules {
        let own = rule
            .find(&doc)
            .filter(|hit| !REPORTED.is_in(doc.around(hit.line, &(hit.range().start..hit.range().start), 28, 0)));
        found.extend(own.map(|hit| (manner, hit.line, hit.range())));
    }
    let count = |manner: Manner| found.iter().filter(|(one, ..)| *one == manner).count();
    let (abuse, threat) = (count(Manner::Abusive), count(Manner::Threat));
    let sentiment = match (count(Manner::Pleased), count(Manner::Angry) + abuse + threat) {
        (0, 0) => Sentiment::Neutral,
        (pleased, upset) if pleased > upset => Sentiment::Positive,
        _ => Sentiment::Negative,
    };
    found.sort_by_key(|(_, line, range)| (*line, range.start));
    let quotes = found.into_iter().take(MAX_QUOTES).filter_map(|(manner, line, range)| {
        let spans: Spans = vec![(line, range)];
        let evidence = doc.evidence(&spans).pop()?;
        Some(Quote { manner, text: evidence.text, start_ms: evidence.audio_start_ms, end_ms: evidence.audio_end_ms })
    });
    Tone { sentiment, abusive: abuse > 0, threat_to_staff: threat > 0, quotes: quotes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Coverage;
    use crate::draft::Drafter;
    use crate::draft::testing::{call, facts};

    fn of(text: &str) -> (Sentiment, bool, bool) {
        let tone = tone(&call(&[text]));
        (tone.sentiment, tone.abusive, tone.threat_to_staff)
    }

    #[test]
    fn anger_abuse_and_threats_are_told_apart() {
        for text in ["this is ridiculous, I'm fed up", "真是太过分了", "我真係打到手軟呀"] {
            assert_eq!(of(text), (Sentiment::Negative, false, false), "{text}");
        }
        for text in ["you are all idiots", "你们都是废物", "你班仆街"] {
            assert_eq!(of(text), (Sentiment::Negative, true, false), "{text}");
        }
        for text in ["I'll come down there and hurt you", "你给我等着", "我搵人斬你"] {
            assert_eq!(of(text), (Sentiment::Negative, false, true), "{text}");
        }
        for text in ["your staff did a great job", "我要表扬你们，非常满意", "個職員做得好好"] {
            assert_eq!(of(text), (Sentiment::Positive, false, false), "{text}");
        }
    }

    #[test]
    fn a_plain_report_is_neutral_and_the_threats_of_others_are_theirs() {
        for text in ["the lamp is out, thank you", "路灯坏了，谢谢", "街燈壞咗唔該"] {
            assert_eq!(of(text), (Sentiment::Neutral, false, false), "{text}");
        }
        for text in ["he said I'll kill you", "房东说要打死你", "佢話要斬你"] {
            assert!(!of(text).2, "{text}");
        }
    }

    #[test]
    fn a_quote_says_when_it_can_be_heard() {
        let tone = tone(&call(&["hello", "this is ridiculous"]));
        let quote = &tone.quotes[0];
        assert_eq!((quote.text.as_str(), quote.manner), ("ridiculous", Manner::Angry));
        assert!(quote.start_ms >= 4_000 && quote.end_ms <= 7_000, "{quote:?}");
    }

    #[test]
    fn nothing_of_it_is_in_the_draft() {
        let drafter = Drafter::new().unwrap();
        let rude = call(&["you are all idiots, this is ridiculous", "I'll come down there and hurt you"]);
        let draft = serde_json::to_value(drafter.draft(&facts(), &rude, Coverage::default())).unwrap();
        let mut keys = Vec::new();
        let mut open = vec![&draft];
        while let Some(value) = open.pop() {
            open.extend(value.as_array().into_iter().flatten());
            for (key, value) in value.as_object().into_iter().flatten() {
                keys.push(key.clone());
                open.push(value);
            }
        }
        for key in ["tone", "sentiment", "abusive", "threat_to_staff", "manner"] {
            assert!(!keys.iter().any(|one| one == key), "{key}");
        }
        assert!(!crate::draft::json_schema().to_string().contains("threat_to_staff"));
    }
}
