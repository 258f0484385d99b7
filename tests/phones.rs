//! A real phone, baresip, calls in every codec over every transport: its words are understood, its keys arrive, and
//! both sides can hang up (acceptance 3).

mod common;

use std::path::{Path, PathBuf};

use common::gateway::TestGateway;
use common::phones::{Baresip, BaresipPlan, Transport};
use common::words::error_rate;
use common::{DEADLINE, LOOPBACK, bundled, sound};
use heardline::call::{CallEvent, CallId, CallState, Codec, EndCause};
use heardline::config::SipListen;
use heardline::store::CallRow;

const SAMPLE: &str = "en-streetlight";
const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];
/// What a phone plays after the words: more than all of the test's deadlines for one call.
const SILENCE_S: usize = 300;
/// The bundled model understands this sample from its file without an error. The line may cost one word in eight: the
/// phone plays as it likes, not with the sample's own beginning.
const MOST_ERRORS: f64 = 0.125;

#[derive(Clone, Copy, Debug, PartialEq)]
enum HangsUp {
    Caller,
    /// After `#`.
    Gateway,
}

struct Case {
    transport: Transport,
    codec: Codec,
    number: String,
    hangs_up: HangsUp,
}

impl Case {
    fn name(&self) -> String {
        format!("{} over {}", self.codec.name(), self.transport.name())
    }
}

/// Each codec over each transport; half of the calls are ended by either side.
fn cases() -> Vec<Case> {
    let pairs = TRANSPORTS.into_iter().flat_map(|transport| Codec::ALL.map(|codec| (transport, codec)));
    pairs
        .enumerate()
        .map(|(n, (transport, codec))| Case {
            transport,
            codec,
            number: format!("41555501{n:02}"),
            hangs_up: if (n + n / Codec::ALL.len()).is_multiple_of(2) { HangsUp::Caller } else { HangsUp::Gateway },
        })
        .collect()
}

/// A certificate of its own for 127.0.0.1: the files of chain and key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let (chain, key) = (folder.join("tls.pem"), folder.join("tls.key"));
    std::fs::write(&chain, made.cert.pem()).expect("its file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("its file");
    (chain, key)
}

fn number_of(call: &CallRow) -> Option<&str> {
    call.party.claimed.as_ref()?.number.as_deref()
}

/// Waits until the call from this number is up.
async fn live(gateway: &mut TestGateway, number: &str) -> CallId {
    let find = |calls: Vec<CallRow>| {
        calls.into_iter().find(|c| number_of(c) == Some(number) && c.state == CallState::Live).map(|c| c.id)
    };
    gateway
        .until(&format!("call from {number} is live"), DEADLINE, |store| async move {
            find(common::gateway::all_calls(store.as_ref()).await).ok_or("not yet")
        })
        .await
}

/// Waits until the recording holds what the phone plays.
async fn recorded(gateway: &mut TestGateway, case: &Case, id: CallId, seconds: u64) {
    let path = gateway.recording(id);
    let wanted = seconds * 2 * u64::from(case.codec.rate());
    gateway
        .until(&format!("{}: the recording is long enough", case.name()), DEADLINE, |_| {
            let length = std::fs::metadata(&path).map(|m| m.len());
            async move {
                match length {
                    Ok(bytes) if bytes >= wanted => Ok(()),
                    other => Err(other),
                }
            }
        })
        .await;
}

async fn key_arrives(gateway: &mut TestGateway, phone: &mut Baresip, id: CallId, key: char) {
    phone.press(&key.to_string()).await;
    gateway
        .event(&format!("key {key}"), |event| match event {
            CallEvent::Dtmf { call, digit, .. } if *call == id && *digit == key => Some(()),
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_phone_is_recorded_understood_and_hung_up_from_either_side_in_every_codec_over_every_transport() {
    let (spoken, rate) = sound::read_wav(&bundled(&format!("audio-samples/{SAMPLE}.wav")));
    assert_eq!(rate, sound::RATE);
    let seconds = u64::try_from(spoken.len()).unwrap() / u64::from(rate) + 1;
    // baresip hangs up where its file ends, which no telephone does: the silence after the words outlasts the test, and
    // the gateway waits for words as long.
    let folder = tempfile::TempDir::new().unwrap();
    let plays = folder.path().join("plays.wav");
    sound::write_wav(&plays, &[spoken.as_slice(), &vec![0; SILENCE_S * usize::try_from(rate).unwrap()]].concat());
    let (chain, key) = certificate(folder.path());
    let mut gateway = TestGateway::start_with(None, |config| {
        config.sip.listen.push(SipListen::Tls((LOOPBACK, 0).into()));
        config.sip.tls_certificate = Some(chain.clone());
        config.sip.tls_key = Some(key);
        config.speech.partials = false;
        config.call.silence_ask_s = SILENCE_S.try_into().unwrap();
    })
    .await;

    let cases = cases();
    let (udp, tcp, tls) = (gateway.udp_port(), gateway.tcp_port(), gateway.tls_port());
    let dial = |case: &Case| {
        let (dials, authority) = match case.transport {
            Transport::Udp => (udp, None),
            Transport::Tcp => (tcp, None),
            Transport::Tls => (tls, Some(chain.as_path())),
        };
        let (transport, codec) = (case.transport, case.codec);
        Baresip::dial(&BaresipPlan { transport, codec, number: &case.number, plays: &plays, dials, authority })
    };
    let mut phones: Vec<Baresip> = cases.iter().map(dial).collect();
    let mut ids = Vec::new();
    for (case, phone) in cases.iter().zip(&mut phones) {
        let first = tokio::time::timeout(DEADLINE / 6, live(&mut gateway, &case.number)).await;
        ids.push(match first {
            Ok(id) => id,
            Err(_) => {
                // Twelve phones choose their ports at the same moment; one that found its own taken dials once more.
                println!("{}: dials again; it said:\n{}", case.name(), phone.log());
                *phone = dial(case);
                live(&mut gateway, &case.number).await
            }
        });
    }
    for (case, id) in cases.iter().zip(&ids) {
        recorded(&mut gateway, case, *id, seconds).await;
    }
    for ((case, id), phone) in cases.iter().zip(&ids).zip(&mut phones) {
        key_arrives(&mut gateway, phone, *id, '5').await;
        match case.hangs_up {
            HangsUp::Caller => phone.press("b").await,
            HangsUp::Gateway => key_arrives(&mut gateway, phone, *id, '#').await,
        }
    }
    let calls = gateway.settled(cases.len(), 2 * DEADLINE).await;
    for ((case, id), phone) in cases.iter().zip(&ids).zip(phones) {
        let call = calls.iter().find(|c| c.id == *id).expect("its row");
        phone.says("terminated").await;
        held_its_promises(&gateway, case, call, &spoken).await;
        let ear = phone.quit().await;
        let (notice, _) = sound::read_wav(&ear.path);
        assert!(notice.iter().any(|s| s.unsigned_abs() > 1_000), "{}: the phone heard no notice", case.name());
    }
    gateway.shutdown().await;
}

/// Ended as it should, with its key, its sound and its words.
async fn held_its_promises(gateway: &TestGateway, case: &Case, call: &CallRow, spoken: &[i16]) {
    let named = case.name();
    let cause = match case.hangs_up {
        HangsUp::Caller => EndCause::CallerHangup,
        HangsUp::Gateway => EndCause::DtmfEnd,
    };
    assert_eq!((call.state, call.cause), (CallState::Done, Some(cause)), "{named}");
    assert!(call.dtmf.starts_with('5'), "{named}: keys {:?}", call.dtmf);

    let (heard, rate) = sound::read_wav(&gateway.recording(call.id));
    assert_eq!(rate, case.codec.rate(), "{named}");
    // Loudness over time is compared, for which every second sample of a wide-band recording is enough.
    let heard: Vec<i16> = heard.into_iter().step_by(usize::try_from(rate / sound::RATE).unwrap()).collect();
    let likeness = sound::likeness(&heard, spoken);
    let utterances = gateway.gateway.store().utterances(call.id).await.expect("the store answers");
    let text = utterances.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" ");
    let (errors, _) = error_rate(SAMPLE, &text);
    println!("{named}: likeness {likeness:.3}, word error rate {errors:.3}");
    assert!(likeness > 0.9, "{named}: the recording is not what was played: {likeness}");
    assert!(errors <= MOST_ERRORS, "{named}: word error rate {errors:.3}: {text}");
}
