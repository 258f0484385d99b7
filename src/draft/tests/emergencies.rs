//! Danger while the caller speaks, and what the draft says of it afterwards.

use super::{draft_of, drafter};
use crate::call::{Coverage, Danger, HeardIn, MediaSpan, MediaTime, ServiceKind, Utterance};
use crate::draft::schema::{Disposition, TicketDraft};
use crate::draft::testing::{call, facts, utterance};
use crate::draft::{CallFacts, json_schema};

fn hazard(text: &str) -> Option<(ServiceKind, String)> {
    drafter().hazard(&utterance(0, text, 1_000, 4_000)).map(|hazard| (hazard.service, hazard.quote))
}

#[test]
fn words_of_danger_raise_in_every_language_and_conditions_and_the_past_do_not() {
    for (text, service, quote) in [
        ("please come quickly I can smell gas in the basement", ServiceKind::Fire, "can smell gas"),
        ("my father is not breathing", ServiceKind::Medical, "not breathing"),
        ("我家厨房着火了快来人", ServiceKind::Fire, "着火"),
        ("廚房著火了快來人", ServiceKind::Fire, "著火"),
        ("老人叫不醒了", ServiceKind::Medical, "叫不醒"),
        ("有人拿刀喺樓下", ServiceKind::Police, "拿刀"),
        ("我老豆暈低咗", ServiceKind::Medical, "暈低"),
        ("我老豆晕低咗", ServiceKind::Medical, "晕低"),
    ] {
        assert_eq!(hazard(text), Some((service, quote.to_owned())), "{text}");
    }
    for text in [
        "what if the house is on fire",
        "去年这里着火了",
        "要是著火怎麼辦",
        "the street light is broken",
        "",
        "停水三天了",
    ] {
        assert_eq!(hazard(text), None, "{text}");
    }
}

#[test]
fn danger_that_is_asked_about_feared_denied_past_or_of_things_raises_nothing() {
    for text in [
        "what should I do if there is a gas leak",
        "如果漏气怎么办",
        "萬一漏氣點算",
        "if somebody gets trapped in the elevator who do we call",
        "the traffic is not moving on Fifth Avenue",
        "my dog is drowning in fleas and the place is dirty",
        "There was a fire here last year and the roof was never repaired",
        "can somebody call the police on these kids drinking in the park",
        "the smoke alarm in the hallway keeps beeping",
        "the fire hydrant is leaking",
        "a car nearly hit my daughter at the crossing",
        "the old gas leak was fixed months ago but the road is still dug up",
        "the neighbour's barbecue smoke comes into my window",
        "I'm afraid somebody will get hurt",
        "The wall collapsed last month and nobody has rebuilt it",
        "没有人受伤就是路面塌了",
        "楼道堆满东西要是着火了都跑不出去",
        "上个月电梯困过两次人",
        "轮胎漏气了共享单车",
        "我爸心脏不好电梯坏了下不了楼",
        "工厂烟囱天天冒烟",
        "差点掉进井里",
        "孩子差点被车撞倒",
        "这家店跳楼价骗人",
        "物业打死也不管",
        "救护车进不来消防通道被占了",
        "我怕他们半夜着火",
        "昨天晚上楼下着火了已经灭了",
        "电动车充电容易起火",
        "落水管坏了",
        "我打緊電話俾你哋",
        "佢哋打緊樁好嘈",
        "成日有人喺電梯困住",
        "上次火燭之後啲灰未清",
        "條樓梯塞晒，火燭走唔到",
        "驚佢會跌落街",
        "冷氣機滴水，差啲令個婆婆跌親",
        "啲細路喺公園打波好嘈",
        "我想問火警鐘幾時測試",
        "舊年有人跳樓",
        "there are no flames or anything just the smell of paint",
        "My bike was stolen by a man with a hammer last Tuesday",
        "I heard an explosion in a movie",
        "燃气费怎么交",
        "灭火器过期了",
        "我家天然气没气了",
        "手机掉进河里了",
        "排烟道冒烟味",
    ] {
        assert_eq!(hazard(text), None, "{text}");
    }
}

#[test]
fn danger_to_people_is_heard_in_many_words() {
    for text in [
        "my baby is choking please help",
        "there's a guy with a gun outside the deli",
        "someone is breaking into my neighbor's house right now",
        "my husband fell down the stairs and he's not waking up",
        "the building next door is burning",
        "I can smell gas really strongly in the hallway",
        "he says he's going to kill himself",
        "two cars just crashed and somebody is bleeding",
        "a kid fell in the pond",
        "my mother can't breathe",
        "there's smoke coming under my door",
        "an old man has collapsed at the bus stop",
        "a wire came down and it's sparking and the tree is on fire",
        "there is a fire in my house",
        "we have a big fire next to the garage",
        "I took a whole bottle of pills",
        "they're stuck in the lift and an old lady is panicking",
        "厨房起火了快来人",
        "有人要跳楼",
        "老人摔倒了叫不醒",
        "我闻到很浓的煤气味",
        "孩子掉进水里了",
        "有人拿着菜刀在楼下",
        "电梯里困了三个人出不来",
        "我妈喘不上气了",
        "他正在打我",
        "楼塌了有人压在下面",
        "有个女的站在桥栏杆外面",
        "刚把五万块钱转给骗子了",
        "有人触电了躺在地上",
        "救命啊有人抢劫",
        "满屋子都是烟",
        "着咗火呀快啲嚟",
        "有個阿伯暈低咗喺街",
        "有人喺天台想跳落嚟",
        "我俾人困咗喺𨋢入面",
        "隔離屋打老婆打到流血",
        "好大陣煤氣味呀",
        "有個細路跌咗落海",
        "佢攞住把刀喺度斬人",
        "我阿媽唞唔到氣呀",
        "架車着火呀",
        "我老公唔識郁呀",
        "有人劈友呀成地血",
    ] {
        assert!(hazard(text).is_some(), "{text}");
    }
}

#[test]
fn the_words_are_given_with_their_own_milliseconds() {
    let said = utterance(0, "the house is on fire", 1_000, 4_000);
    let found = drafter().hazard(&said).unwrap();
    assert_eq!(found.span, MediaSpan::new(said.words[3].span.start, said.words[4].span.end));
}

fn raised(start: u64, end: u64) -> CallFacts {
    let danger = Danger {
        service: ServiceKind::Medical,
        number: "999".into(),
        quote: "not breathing".into(),
        span: MediaSpan::new(MediaTime(start), MediaTime(end)),
        heard_in: HeardIn::Partial,
        raised_unix_ms: 1_795_400_080_000,
    };
    CallFacts { emergency: Some(danger), ..facts() }
}

fn drafted(facts: &CallFacts, utterances: &[Utterance]) -> TicketDraft {
    let draft = drafter().draft(facts, utterances, Coverage::default());
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    assert!(schema.is_valid(&serde_json::to_value(&draft).unwrap()));
    draft
}

#[test]
fn what_was_raised_by_words_that_the_final_ones_lost_stays_raised_with_those_seconds_as_evidence() {
    let said = call(&["good morning", "my father is now leaving", "thank you"]);
    assert_eq!(draft_of(&said).emergency.flag.value, Some(false));
    let draft = drafted(&raised(4_500, 5_500), &said);
    let emergency = &draft.emergency;
    assert_eq!((emergency.flag.value, emergency.flag.needs_review), (Some(true), true));
    assert_eq!(emergency.flag.evidence.len(), 1);
    assert_eq!(emergency.flag.evidence[0].text, "my father is now leaving");
    let service = emergency.service.as_ref().unwrap();
    assert_eq!((service.kind, service.number.as_str()), (ServiceKind::Medical, "999"));
    assert_eq!(emergency.raised_at_ms, Some(5_500));
    let told = emergency.raised.as_ref().unwrap();
    assert_eq!((told.quote.as_str(), told.heard_in), ("not breathing", HeardIn::Partial));
    assert_eq!((told.audio_start_ms, told.audio_end_ms), (4_500, 5_500));
    assert_eq!(draft.disposition_suggestion, Disposition::Redirect);
}

#[test]
fn a_doubt_in_the_final_words_does_not_lower_it_and_words_that_agree_are_its_evidence() {
    let doubted = drafted(&raised(500, 900), &call(&["my father was not breathing last year"]));
    assert_eq!(doubted.emergency.flag.value, Some(true));
    let agreed = drafted(&raised(500, 900), &call(&["my father is not breathing"]));
    assert_eq!(agreed.emergency.flag.evidence[0].text, "not breathing");
    let unheard = drafted(&raised(500, 900), &[]);
    assert_eq!((unheard.emergency.flag.value, unheard.emergency.flag.needs_review), (Some(true), true));
}
