//! Whether the caller's name may be known. Not wanting to be named at all and not wanting the other side to learn who
//! called are two wishes.

use super::name;
use super::rule::{Hit, Rule, Said};
use super::{Doc, Spans};
use crate::draft::schema::Anonymity;

static ANONYMOUS: Rule = Rule::new(concat!(
    r"\banonymous(?:ly)?\b|\bwithout giving (?:you )?my name|\bwithhold my name",
    r"|\b(?:don't|dont|do not|rather not|rather you didn't|prefer not to|won't|wont|will not|not going to|can't|cannot",
    r"|not comfortable|refuse to) (?:really )?(?:want to |wanna |like to |wish to |have to )?",
    r"(?:give|giving|leave|leaving|say|tell|telling|share|sharing|provide|state|use|be named)",
    r"(?: out| you| anyone)? (?:my|any|a) (?:full |real |own )?(?:names?|identity)\b",
    r"|(?:不想|不愿意?|不方便|不便|不打算|不)(?:再)?(?:留|说|报|讲|提供|给|透露|公开)(?:一?下)?(?:我的?|自己的?|真实的?|真)?",
    r"(?:姓名|名字|全名|身份|名)|(?:姓名|名字)(?:我)?就?(?:不留|不说|不报|不讲|不方便|不想)|匿名",
    r"|唔(?:想|方便|好意思|使|愿)?(?:留|讲|报|透露|俾|畀|比|话)(?:你知|你听|你)?(?:我)?(?:个|嘅|系)?(?:真)?(?:姓名|名|全名|边个|边位)",
));
/// Before and around [`ANONYMOUS`]: it is not wished for, or another's.
static NOT_WISHED: Rule = Rule::new(concat!(
    r"\b(?:not|needn't|don't (?:need|have|want) to (?:be|stay|remain)|don't mind|no need to (?:be|stay)) (?:be |stay |remain )?anonymous",
    r"|anonymous (?:letter|calls?|caller|notes?|emails?|accounts?|messages?|texts?)",
    r"|(?:不是|不用|不需要|不必|无需|没必要|不要|唔使|唔洗|唔需要|唔系|唔驶)(?:再)?匿名|匿名(?:信|电话|账号|帐号|短信|网友)",
));
static CONFIDENTIAL: Rule = Rule::new(concat!(
    r"\bkeep (?:my (?:name|details|identity|info\w*|number)|it|this|me|us|that) (?:out of|confidential|private|secret|between us|to yourself)",
    r"|\bconfidential(?:ly)? please|\b(?:stay|remain|be|be kept|be treated|treated|kept|strictly|want it|treat this as) confidential|\bin confidence\b",
    r"|\b(?:don't|dont|do not|not|never|nobody|mustn't|must not|without|can you not) (?:ever )?(?:tell|telling|let|letting) ",
    r"(?:him|her|them|anyone|anybody|(?:the|my|our) \w+(?: \w+)?) (?:know |find out |that )*(?:who|it was me|it's me|its me|it was from me|that i|i called|i told|my name)",
    r"|\b(?:don't|dont|do not|not|never|mustn't|without) (?:mention|mentioning|reveal|revealing|disclose|give out|share|pass on|use|say|give (?:him|her|them|the \w+)|show (?:him|her|them)) ",
    r"(?:who (?:i am|called|reported)|my (?:name|identity|details|number|info\w*)|me\b|it was me)",
    r"|\b(?:mustn't|must not|can't|shouldn't|don't want (?:him|her|them|(?:the|my) \w+) to|not) (?:know|find out|learn) (?:who|it was me|it's me|that i|i )",
    r"|保密|替我守秘密",
    r"|(?:不要|别|勿|不能|不可以|不得|甭|不想|不希望|唔好|咪|唔可以|唔想|唔希望|唔愿)[^,。?!]{0,10}?",
    r"(?:透露|泄露|泄漏|暴露|公开|告诉|告知|说|讲|提|话|知道|知|通知)[^,。?!]{0,8}?",
    r"(?:(?:是|系)?我(?:的|嘅|个|说|讲|举报|投诉|反映|反应|打|报)|(?:是|系)我|本人|举报人|投诉人|个人信息|(?:谁|边个)(?:举报|投诉|打|讲|说|报))",
    r"|(?:不要|别|勿|不能|不想|不希望)(?:把|将)我[^,。?!]{0,8}(?:透露|泄露|泄漏|暴露|公开|告诉|告知|说出去|给)",
    r"|(?:唔好|咪|唔想|唔希望)(?:俾|畀|让|比)[^,。?!]{0,8}知|(?:唔好|咪)(?:话|讲)(?:俾|畀|比)(?:佢|人|业主|管理处|老板|老细)[^,。?!]{0,4}(?:知|听)",
));
static NOT_CONFIDENTIAL: Rule = Rule::new(concat!(
    r"(?:不用|不需要|不必|无需|没必要|唔使|唔洗|唔需要)[^,。]{0,4}保密|保密(?:协议|合同|工作|单位|条款|费)",
    r"|(?:不要|别|不能|唔好|咪)(?:告诉|讲俾|话俾)我",
    r"|\bnot (?:be |necessarily )?confidential",
));

/// What was said about it; else, with a name, that it was given.
pub fn find(doc: &Doc<'_>, named: Option<&name::Found>) -> Option<Said<Anonymity>> {
    let unnamed = wish(doc, &ANONYMOUS, &NOT_WISHED);
    let taken: Spans = unnamed.as_ref().map(Hit::spans).unwrap_or_default();
    let free = |hit: &Hit| !taken.iter().any(|(line, range)| *line == hit.line && range.start < hit.range().end);
    let secret = CONFIDENTIAL.find(doc).find(|hit| free(hit) && !NOT_CONFIDENTIAL.is_in(window(doc, hit)));
    match (unnamed, secret, named) {
        // A name was given all the same: it is for the hotline only.
        (Some(hit), secret, Some(_)) => {
            let spans = hit.spans().into_iter().chain(secret.iter().flat_map(Hit::spans)).collect();
            Some(Said { value: Anonymity::ConfidentialToHandler, spans, score: 0.55 })
        }
        (Some(hit), _, None) => Some(Said { value: Anonymity::Anonymous, spans: hit.spans(), score: 0.9 }),
        (None, Some(hit), _) => Some(Said { value: Anonymity::ConfidentialToHandler, spans: hit.spans(), score: 0.85 }),
        (None, None, named) => {
            named.map(|found| Said { value: Anonymity::Named, spans: found.spans.clone(), score: found.score })
        }
    }
}

fn wish(doc: &Doc<'_>, rule: &Rule, not: &Rule) -> Option<Hit> {
    rule.find(doc).find(|hit| !not.is_in(window(doc, hit)))
}

fn window<'d>(doc: &'d Doc<'_>, hit: &Hit) -> &'d str {
    doc.around(hit.line, &hit.range(), 28, 12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::extract::rule::testing::read;

    fn of(text: &str) -> Option<Anonymity> {
        read(&[text], |doc| find(doc, name::find(doc).as_ref()).map(|said| said.value))
    }

    #[test]
    fn who_wants_no_name_at_all_is_anonymous() {
        for text in [
            "I'd rather not give my name",
            "i dont want to leave my name is that ok",
            "can I do this anonymously",
            "我不想留名",
            "我要匿名舉報",
            "名字我就不说了",
            "我不方便透露姓名",
            "我唔想留名",
            "我唔想講我係邊個",
            "唔方便俾個名你",
        ] {
            assert_eq!(of(text), Some(Anonymity::Anonymous), "{text}");
        }
    }

    #[test]
    fn who_hides_from_the_other_side_only_is_confidential() {
        for text in [
            "please keep my name out of it",
            "please don't tell them who called",
            "dont let my landlord know it was me",
            "can this be kept confidential",
            "你们要给我保密",
            "别说是我举报的",
            "不要告訴房東是我說的",
            "不要透露我的信息",
            "別把我的電話給他們",
            "唔好話俾佢知",
            "千祈唔好話係我打㗎",
            "麻煩唔好俾管理處知",
            "唔好话俾业主知系我投诉",
        ] {
            assert_eq!(of(text), Some(Anonymity::ConfidentialToHandler), "{text}");
        }
        assert_eq!(of("I'd like to stay anonymous, my name is Ann Lee"), Some(Anonymity::ConfidentialToHandler));
    }

    #[test]
    fn a_name_given_freely_is_named_and_silence_is_unknown() {
        for text in ["My name is Ann Lee.", "我叫陈小明，不用保密", "我叫陳大文，唔使匿名"] {
            assert_eq!(of(text), Some(Anonymity::Named), "{text}");
        }
        for text in [
            "I got an anonymous letter yesterday",
            "the lamp is out",
            "公司要我们签保密协议",
            "你们不能告诉我原因吗",
            "收到一封匿名信",
            "路燈壞咗",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
