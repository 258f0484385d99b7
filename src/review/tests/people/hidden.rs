use super::super::reader::Reader;
use super::*;
use crate::call::{
    CallEvent, CallId, CallState, MediaSpan, MediaTime, Origin, Party, ReviewState, SegmentOutcome, Utterance, Word,
};
use crate::store::reviews::{Hand, Reviews as _};
use crate::store::{NewCall, Store as _};

fn draft() -> serde_json::Value {
    json!({
        "caller": {"name": {"value": "Anna Li"}, "phones": [{"number": "+12125550134", "raw": "five five five"}]},
        "summary": {"title": {"value": "Anna Li, 212 555 0134: lamp out"}},
    })
}

impl TestDesk {
    /// The call of the other store is known here too, answered and held.
    async fn held_by(&self, name: &str, call: CallId) {
        let started_unix_ms = self.clock.unix_ms();
        let new = NewCall {
            id: call,
            line: "default".into(),
            party: Party::default(),
            origin: Origin::WebRtc { source: [127, 0, 0, 1].into(), user_agent: None, origin: None },
            dialled: None,
            follows: None,
            started_unix_ms,
        };
        self.people.create_call(new).await.unwrap();
        self.people.answer_call(call, started_unix_ms).await.unwrap();
        let hand = Hand { by: name.into(), now_unix_ms: started_unix_ms, until_unix_ms: started_unix_ms + 60_000 };
        self.people.claim(call, hand, false).await.unwrap();
    }
}

#[tokio::test]
async fn lists_show_four_digits_and_no_name_to_those_with_accounts() {
    let desk = TestDesk::start().await;
    let call = desk.add_call(CallState::Done);
    desk.store.drafts.lock().unwrap().push((call, draft().to_string(), true));
    let open = desk.get("/api/calls").await.json()["calls"][0].clone();
    assert_eq!((&open["number"], &open["display_name"]), (&json!("5550134"), &json!("<b>Anna</b>")));
    assert_eq!(open["title"], "Anna Li, 212 555 0134: lamp out");
    for role in Role::ALL {
        let cookie = desk.person(role.as_str(), role).await;
        let list = desk.as_person(&cookie, "GET", "/api/calls").await;
        let shown = list.json()["calls"][0].clone();
        assert_eq!((&shown["number"], &shown["display_name"]), (&json!("••• 0134"), &json!("•••")), "{role}");
        assert_eq!(shown["title"], "•••, •••: lamp out");
        assert!(!list.text().contains("Anna") && !list.text().contains("555"), "{}", list.text());
    }
}

#[tokio::test]
async fn an_auditor_reads_a_call_without_its_caller() {
    let desk = TestDesk::start().await;
    let call = desk.add_call(CallState::Done);
    desk.store.calls.lock().unwrap()[0].dtmf = "4711#".into();
    desk.store.drafts.lock().unwrap().push((call, draft().to_string(), true));
    let said = Utterance {
        text: "I am Anna Li at 88 Oak Street, 212 555 0134".into(),
        words: vec![Word::new("Anna", MediaSpan::new(MediaTime(0), MediaTime(9)), 0.9)],
        ..Utterance::wordless(0, MediaSpan::new(MediaTime(0), MediaTime(9)), SegmentOutcome::Text, "nano")
    };
    desk.store.utterances.lock().unwrap().push((call, said));
    let path = format!("/api/calls/{call}");
    let agent = desk.person("li", Role::Agent).await;
    let masked = desk.as_person(&agent, "GET", &path).await.text();
    assert!(!masked.contains("Anna"), "nor does an agent who does not hold it: {masked}");
    desk.held_by("li", call).await;
    let whole = desk.as_person(&agent, "GET", &path).await;
    assert!(whole.text().contains("Anna Li at 88 Oak Street, 212 555 0134"), "{}", whole.text());
    let auditor = desk.person("audrey", Role::Auditor).await;
    let shown = desk.as_person(&auditor, "GET", &path).await;
    for hidden in ["Anna", "555", "4711"] {
        assert!(!shown.text().contains(hidden), "{hidden}: {}", shown.text());
    }
    let shown = shown.json();
    assert_eq!(shown["transcript"][0]["text"], "I am ••• at 88 Oak Street, •••");
    assert_eq!(
        (&shown["number"], &shown["party"]["claimed"], &shown["dtmf"]),
        (&json!("••• 0134"), &json!("••• 0134"), &json!("•••••"))
    );
    let recording = desk.as_person(&auditor, "GET", &format!("{path}/recording")).await;
    assert_eq!((recording.status, problem(&recording).as_str()), (403, "role"));
}

#[tokio::test]
async fn live_events_of_a_call_show_its_caller_to_whoever_holds_it_as_long_as_they_do() {
    let desk = TestDesk::start().await;
    let (held, other) = (desk.add_call(CallState::Live), desk.add_call(CallState::Live));
    let cookie = desk.person("li", Role::Agent).await;
    desk.held_by("li", held).await;
    let mut reader = Reader::open(desk.address, "/api/events", &[&cookie]).await;
    let said = |call, digit| desk.events.send(CallEvent::Dtmf { call, digit, at: MediaTime(40) }).unwrap();
    let review = |call, holder: Option<&str>| {
        let holder = holder.map(str::to_owned);
        desk.events.send(CallEvent::Review { call, revision: 2, state: ReviewState::Live, holder }).unwrap()
    };
    said(held, '1');
    said(other, '2');
    review(other, Some("li"));
    said(other, '3');
    reader.until("\"digit\":\"3\"").await;
    review(held, Some("wang"));
    said(held, '4');
    review(other, None);
    said(other, '5');
    desk.events.send(CallEvent::Erased { call: other }).unwrap();
    reader.until("event: erased\n").await;
    for (digit, shown) in [('1', true), ('2', false), ('3', true), ('4', false), ('5', false)] {
        assert_eq!(reader.seen.contains(&format!("\"digit\":\"{digit}\"")), shown, "{digit}: {}", reader.seen);
    }
}

#[tokio::test]
async fn live_events_show_no_name_and_no_number_to_those_with_accounts() {
    let desk = TestDesk::start().await;
    let call = desk.add_call(CallState::Live);
    let cookie = desk.person("li", Role::Supervisor).await;
    let mut reader = Reader::open(desk.address, "/api/events", &[&cookie]).await;
    desk.events.send(CallEvent::Draft { call, complete: false, draft: draft() }).unwrap();
    desk.events.send(CallEvent::Dtmf { call, digit: '7', at: MediaTime(40) }).unwrap();
    reader.until("event: dtmf\n").await;
    reader.until("\"digit\"").await;
    desk.events.send(CallEvent::Erased { call }).unwrap();
    reader.until("event: erased\n").await;
    for hidden in ["Anna", "555", "\"digit\":\"7\""] {
        assert!(!reader.seen.contains(hidden), "{hidden}: {}", reader.seen);
    }
    assert!(reader.seen.contains("lamp out") && reader.seen.contains("••• 0134"), "{}", reader.seen);
}
