//! Whatever the recogniser does, no call ends, its sound is complete, the ledger tells the truth, and what can be filled
//! in later is.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::gateway::{FILL_IN_EVERY, TestGateway};
use common::recognizer::{Fault, Faulty};
use common::sound::{RATE, read_wav};
use common::words::error_rate;
use common::{LOOPBACK, bundled};
use heardline::call::{CallId, CallState, Codec, Coverage, EndCause, Outline, Traces, Unheard, Utterance};
use heardline::config::Config;
use heardline::gateway::{Parts, load_recognizer};
use heardline::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use heardline::ops::clock::Clock;
use heardline::speech::PoolRules;
use heardline::store::{CompletedDraft, DeliveryState};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const SAMPLE: &str = "en-gas";
/// What a decode may take where threads hang: ten times what a busy machine needs for the real one.
const IMPATIENT: Duration = Duration::from_secs(3);
/// A thread that hangs is given up this long after it was told to stop.
const GRACE: Duration = Duration::from_millis(200);
const DEADLINE: Duration = Duration::from_secs(120);

struct Faults {
    gateway: TestGateway,
    heal: Box<dyn Fn(Fault)>,
}

impl Faults {
    async fn start(fault: Fault, patience: PoolRules) -> Self {
        let real = load_recognizer(&Config::standard()).expect("the bundled model");
        let faulty = Faulty::new(real, fault);
        let heal = Box::new(faulty.switch());
        let parts = Parts {
            clock: Clock::system(),
            recognizer: Some(Arc::new(faulty)),
            patience,
            fill_in_every: FILL_IN_EVERY,
        };
        let gateway = TestGateway::start_of(TempDir::new().unwrap(), parts, |_| {}).await;
        Self { gateway, heal }
    }

    /// Says the sample, hangs up, waits for the delivered draft.
    async fn call(&mut self) -> CallId {
        let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
        let pcm = read_wav(&bundled(&format!("audio-samples/{SAMPLE}.wav"))).0;
        let spoken_ms = pcm.len() as u64 * 1_000 / u64::from(RATE);
        let plan = CallPlan {
            target: format!("sip:hotline@127.0.0.1:{}", self.gateway.udp_port()),
            from_user: "caller".into(),
            sound: Sound::new(&pcm, Codec::Pcma),
            dtmf: None,
            hang_up: HangUp::AfterAudio { linger_ms: 500 },
            record: false,
        };
        caller.call(plan, CancellationToken::new(), |_| ()).await.unwrap();
        let calls = self.gateway.settled(1, DEADLINE).await;
        let call = &calls[0];
        assert_eq!((call.state, call.cause), (CallState::Done, Some(EndCause::CallerHangup)));
        let recorded = call.recording.as_ref().expect("a recording").duration_ms;
        assert!(recorded >= spoken_ms, "{recorded} of {spoken_ms} ms recorded");
        let coverage = call.coverage.expect("a ledger");
        assert_eq!(coverage.total_ms(), call.duration_ms.unwrap());
        assert_eq!(coverage.lost_ms, 0);
        call.id
    }

    async fn utterances(&self, call: CallId) -> Vec<Utterance> {
        self.gateway.gateway.store().utterances(call).await.unwrap()
    }

    async fn coverage(&self, call: CallId) -> Coverage {
        self.gateway.gateway.store().call(call).await.unwrap().unwrap().coverage.unwrap()
    }

    async fn draft(&self, call: CallId) -> Value {
        let (body, complete) = self.gateway.gateway.store().draft(call).await.unwrap().expect("a draft");
        assert!(complete);
        serde_json::from_str(&body).unwrap()
    }

    async fn words(&self, call: CallId) -> String {
        self.utterances(call).await.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Nothing was understood, and every place that tells of the call says so.
    async fn asks_for_listening(&self, call: CallId, cause: Unheard) {
        let utterances = self.utterances(call).await;
        assert!(utterances.len() > 2, "{utterances:?}");
        assert!(utterances.iter().all(|u| u.unheard == Some(cause) && u.text.is_empty()), "{utterances:?}");
        let (draft, coverage) = (self.draft(call).await, self.coverage(call).await);
        assert_eq!(draft["needs_listening"], true);
        assert_eq!(draft["transcript"]["segments"], serde_json::json!([]));
        assert_eq!(draft["coverage"]["unrecognised_ms"], coverage.unrecognised_ms);
        let spoken: u64 = utterances.iter().map(|u| u.span.millis()).sum();
        assert_eq!((coverage.text_ms, coverage.unrecognised_ms), (0, spoken));
    }

    async fn understood(&self, call: CallId) {
        let words = self.words(call).await;
        let (errors, _) = error_rate(SAMPLE, &words);
        assert!(errors <= 0.08, "{errors:.3}: {words}");
        assert!(self.coverage(call).await.text_ms > 5_000);
        assert_eq!(self.draft(call).await["needs_listening"], false);
    }

    /// The desk enters the caller's name: the next version of the draft.
    async fn enter_name(&self, call: CallId, name: &str) {
        let mut body = self.draft(call).await;
        body["version"] = 2.into();
        body["caller"]["name"]["value"] = name.into();
        body["caller"]["name"]["source"] = "agent".into();
        let entered = CompletedDraft {
            call,
            draft: body["draft_id"].as_str().unwrap().parse().unwrap(),
            version: 2,
            body: body.to_string(),
            coverage: self.coverage(call).await,
            created_unix_ms: Clock::system().unix_ms(),
            endpoints: vec![],
            traces: Traces::default(),
            outline: Outline::default(),
        };
        assert!(self.gateway.gateway.store().complete_draft(entered).await.unwrap());
    }

    /// The next version of the draft is delivered, with every word in it.
    async fn filled_in(&mut self, call: CallId, version: u32) {
        (self.heal)(Fault::None);
        self.gateway
            .until("a later version is delivered", DEADLINE, |store| async move {
                let deliveries = store.deliveries(call).await.unwrap();
                let delivered = deliveries.iter().filter(|d| d.state == DeliveryState::Delivered);
                let versions: Vec<u32> = delivered.filter_map(|d| d.draft()).map(|(_, version)| version).collect();
                if versions.contains(&version) { Ok(()) } else { Err(versions) }
            })
            .await;
        self.understood(call).await;
        let draft = self.draft(call).await;
        assert_eq!(draft["version"], version);
        let all: std::collections::BTreeSet<String> = self
            .gateway
            .gateway
            .store()
            .deliveries(call)
            .await
            .unwrap()
            .into_iter()
            .filter_map(|d| d.draft())
            .map(|(draft, _)| draft.to_string())
            .collect();
        assert_eq!(
            all.into_iter().collect::<Vec<_>>(),
            [draft["draft_id"].as_str().unwrap()],
            "one draft, however many versions"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_that_errs_costs_words_only_until_it_is_well_again() {
    let mut faults = Faults::start(Fault::Errs, PoolRules::default()).await;
    let call = faults.call().await;
    faults.asks_for_listening(call, Unheard::EngineFailed).await;
    faults.filled_in(call, 2).await;
    faults.gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recogniser_that_hangs_holds_up_no_call_and_its_segments_are_recognised_later() {
    // Its threads are given up one after another, and replaced.
    let patience = PoolRules {
        decode_floor: IMPATIENT,
        times_audio: 0,
        abort_grace: GRACE,
        abandoned: 64,
        ..PoolRules::default()
    };
    let mut faults = Faults::start(Fault::Hangs, patience).await;
    let call = faults.call().await;
    faults.asks_for_listening(call, Unheard::EngineFailed).await;
    faults.filled_in(call, 2).await;
    faults.gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_desk_entered_stays_when_words_are_filled_in() {
    let mut faults = Faults::start(Fault::Errs, PoolRules::default()).await;
    let call = faults.call().await;
    faults.enter_name(call, "Zebedee Quill").await;
    faults.filled_in(call, 3).await;
    let name = &faults.draft(call).await["caller"]["name"];
    assert_eq!((&name["value"], &name["source"]), (&"Zebedee Quill".into(), &"agent".into()));
    faults.gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_recogniser_delays_words_and_loses_none() {
    let mut faults = Faults::start(Fault::Slow(Duration::from_secs(3)), PoolRules::default()).await;
    let call = faults.call().await;
    faults.understood(call).await;
    faults.gateway.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_windows_and_loops_are_declared_and_never_become_words() {
    for fault in [Fault::Empty, Fault::Repeats] {
        println!("{fault:?}");
        let mut faults = Faults::start(fault, PoolRules::default()).await;
        let call = faults.call().await;
        faults.asks_for_listening(call, Unheard::Refused).await;
        faults.gateway.shutdown().await;
    }
}
