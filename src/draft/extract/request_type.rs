//! What the caller wants of the service: what they say they want, else the form of a question, else nothing is said.

use super::Spans;
use super::matters::Unit;
use super::phrases::{Cue, Mark, Said};
use crate::draft::schema::RequestType;

/// Units in which a caller says what the call is for.
const OPENING: usize = 3;

/// The kind, and the words that say so. `fallback`: what calls of this category mostly are; it decides between a question
/// and the trouble it is about. `units` and `cues` are those of one matter, in order of time.
pub fn find(units: &[&Unit], cues: &[&Said], fallback: Option<RequestType>) -> Option<(RequestType, Spans)> {
    let said: Vec<&&Said> = cues.iter().filter(|said| !said.denied).collect();
    let asked = |kinds: &[RequestType]| {
        said.iter().find(|said| matches!(said.cue, Cue::Request(kind) if kinds.contains(&kind)))
    };
    let opening = units.get(OPENING).map_or((usize::MAX, 0), |unit| (unit.line, unit.range.start));
    let early = |said: &Said| (said.line, said.range.start) < opening;
    let wanted = asked(&[RequestType::Complaint, RequestType::Report, RequestType::Help]);
    let trouble = said.iter().find(|said| said.is(Mark::Trouble) && !said.doubtful);
    let question = asked(&[RequestType::Enquiry]).or_else(|| said.iter().find(|said| said.is(Mark::Question)));
    let firm = |kind| wanted.filter(|said| said.cue == Cue::Request(kind));
    // A complaint or a report is meant when it is said, whatever else is asked for beside it.
    let firm = firm(RequestType::Complaint).or(firm(RequestType::Report)).filter(|said| early(said));
    let gentle = asked(&[RequestType::Suggestion, RequestType::Praise])
        .filter(|said| firm.is_none() || trouble.is_none() && early(said));
    let wish = said.iter().find(|said| said.is(Mark::Wish)).filter(|_| trouble.is_none() && wanted.is_none());
    let found = gentle.or(firm).or(wish).or_else(|| {
        // "How do I get my deposit back, he won't return it": the question is how to end the trouble.
        let plain = trouble.is_none() || fallback == Some(RequestType::Enquiry);
        question.filter(|said| plain && (early(said) || wanted.is_none())).or(wanted)
    })?;
    let kind = match found.cue {
        Cue::Request(kind) => kind,
        Cue::Mark(Mark::Wish) => RequestType::Suggestion,
        Cue::Risk(_) | Cue::Mark(_) => RequestType::Enquiry,
    };
    Some((kind, found.spans()))
}

/// What calls about a category mostly are, when they do not say.
pub fn usual(code: &str) -> Option<RequestType> {
    let (top, rest) = code.split_once('.')?;
    Some(match (top, rest) {
        ("other", "no_content") => return None,
        ("admin", "conduct" | "case_followup") => RequestType::Complaint,
        ("admin", _) | ("labour", "jobs") | ("housing", "public_housing") => RequestType::Enquiry,
        // Who asks about these says so; who only tells what happened wants it put right.
        ("utility" | "welfare" | "labour" | "other" | "health", _)
        | ("housing", "elevator")
        | ("sanitation", "animals") => RequestType::Help,
        ("road" | "safety", _) | ("housing", "illegal_building" | "unsafe_building") => RequestType::Report,
        _ => RequestType::Complaint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::evidence::Segment;
    use crate::draft::extract::phrases::Phrases;
    use crate::draft::extract::{Doc, matters};
    use crate::draft::testing::call;

    fn kind(texts: &[&str], fallback: RequestType) -> Option<RequestType> {
        let spoken = call(texts);
        let segments: Vec<_> = spoken.iter().filter_map(Segment::new).collect();
        let doc = Doc::new(&segments, false);
        let cues = Phrases::parse(include_str!("../data/phrases.json")).unwrap().find(&doc);
        let units = matters::units(&doc, &cues);
        let (units, cues): (Vec<_>, Vec<_>) = (units.iter().collect(), cues.iter().collect());
        find(&units, &cues, Some(fallback)).map(|(kind, _)| kind)
    }

    #[test]
    fn the_callers_own_word_for_it_counts() {
        use RequestType::{Complaint, Enquiry, Help, Praise, Report, Suggestion};
        for (text, expected) in [
            ("I want to complain about the noise", Complaint),
            ("我要投诉楼下酒吧", Complaint),
            ("我想投訴啲巴士成日脫班", Complaint),
            ("I'd like to report a fallen tree", Report),
            ("我要举报有人偷排污水", Report),
            ("想舉報有人僭建", Report),
            ("你们能不能帮我联系一下物业", Help),
            ("could you help me please", Help),
            ("我想咨询一下落户怎么办理", Enquiry),
            ("想問吓長者卡點樣申請", Enquiry),
            ("I was just wondering what time the library opens", Enquiry),
            ("我提个建议，公交站能不能加个座椅", Suggestion),
            ("this isnt a complaint its more like an idea for the crossing", Suggestion),
            ("我想表扬一下社区的小张", Praise),
            ("I just wanted to thank the crew on our street", Praise),
        ] {
            assert_eq!(kind(&[text], Complaint), Some(expected), "{text}");
        }
    }

    #[test]
    fn who_denies_a_complaint_and_asks_is_asking() {
        for text in
            ["I don't want to complain, I just want to know when it opens", "我不是要投诉，就是想问一下几点上班"]
        {
            assert_eq!(kind(&[text], RequestType::Complaint), Some(RequestType::Enquiry), "{text}");
        }
    }

    #[test]
    fn a_question_about_a_trouble_is_no_enquiry() {
        let texts = ["你好，房东不退我押金", "我想知道你们能不能管"];
        assert_ne!(kind(&texts, RequestType::Complaint), Some(RequestType::Enquiry));
        assert_eq!(kind(&["社保断了，想问问怎么补缴"], RequestType::Enquiry), Some(RequestType::Enquiry));
    }

    #[test]
    fn without_a_word_of_it_nothing_is_said() {
        assert_eq!(kind(&["The street light is out on King Road."], RequestType::Report), None);
        assert_eq!((usual("road.tree"), usual("other.no_content")), (Some(RequestType::Report), None));
    }
}
