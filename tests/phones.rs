//! A real phone, baresip, calls: its voice is in the recording, its keys arrive, and both sides can hang up.

mod common;

use std::path::PathBuf;

use common::gateway::TestGateway;
use common::phones::{Baresip, BaresipPlan, Transport};
use common::{DEADLINE, bundled, sound};
use heardline::call::{CallEvent, CallId, CallState, EndCause};
use heardline::store::CallRow;

/// Bytes of one second in a recording: 8 kHz, 16 bit, one channel.
const SECOND: u64 = 16_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum HangsUp {
    Caller,
    /// After `#`.
    Gateway,
}

struct Case {
    transport: Transport,
    codec: &'static str,
    number: &'static str,
    hangs_up: HangsUp,
}

const CASES: [Case; 4] = [
    Case { transport: Transport::Udp, codec: "pcmu", number: "4155550101", hangs_up: HangsUp::Caller },
    Case { transport: Transport::Tcp, codec: "pcmu", number: "4155550102", hangs_up: HangsUp::Gateway },
    Case { transport: Transport::Udp, codec: "pcma", number: "4155550103", hangs_up: HangsUp::Gateway },
    Case { transport: Transport::Tcp, codec: "pcma", number: "4155550104", hangs_up: HangsUp::Caller },
];

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
async fn recorded(gateway: &mut TestGateway, path: PathBuf, seconds: u64) {
    gateway
        .until("the recording is long enough", DEADLINE, |_| {
            let length = std::fs::metadata(&path).map(|m| m.len());
            async move {
                match length {
                    Ok(bytes) if bytes >= seconds * SECOND => Ok(()),
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
async fn a_real_phone_is_recorded_understood_and_hung_up_from_either_side_over_udp_and_tcp_with_both_laws() {
    let sample = bundled("audio-samples/en-streetlight.wav");
    let (spoken, rate) = sound::read_wav(&sample);
    assert_eq!(rate, sound::RATE);
    let seconds = u64::try_from(spoken.len()).unwrap() / u64::from(rate) + 1;
    // baresip stops sending where its file ends, which no telephone does: silence after the words keeps the line up.
    let folder = tempfile::TempDir::new().unwrap();
    let plays = folder.path().join("plays.wav");
    let silence = vec![0; spoken.len()];
    sound::write_wav(&plays, &[spoken.as_slice(), &silence].concat());
    let mut gateway = TestGateway::start_with(None, |_| {}).await;

    let mut phones = Vec::new();
    for case in &CASES {
        let dials = match case.transport {
            Transport::Udp => gateway.udp_port(),
            Transport::Tcp => gateway.tcp_port(),
        };
        let phone = Baresip::dial(&BaresipPlan {
            transport: case.transport,
            codec: case.codec,
            number: case.number,
            plays: &plays,
            dials,
        });
        phones.push(phone);
    }
    let mut ids = Vec::new();
    for case in &CASES {
        ids.push(live(&mut gateway, case.number).await);
    }
    for id in &ids {
        let path = gateway.recording(*id);
        recorded(&mut gateway, path, seconds).await;
    }
    for ((case, id), phone) in CASES.iter().zip(&ids).zip(&mut phones) {
        key_arrives(&mut gateway, phone, *id, '5').await;
        match case.hangs_up {
            HangsUp::Caller => phone.press("b").await,
            HangsUp::Gateway => key_arrives(&mut gateway, phone, *id, '#').await,
        }
    }
    let calls = gateway.settled(CASES.len(), 2 * DEADLINE).await;
    for ((case, id), phone) in CASES.iter().zip(&ids).zip(phones) {
        let named = format!("{} over {}", case.codec, case.transport.name());
        phone.says("terminated").await;
        let call = calls.iter().find(|c| c.id == *id).expect("its row");
        let cause = match case.hangs_up {
            HangsUp::Caller => EndCause::CallerHangup,
            HangsUp::Gateway => EndCause::DtmfEnd,
        };
        assert_eq!((call.state, call.cause), (CallState::Done, Some(cause)), "{named}");
        assert!(call.dtmf.starts_with('5'), "{named}: keys {:?}", call.dtmf);

        let (heard, rate) = sound::read_wav(&gateway.recording(*id));
        assert_eq!(rate, sound::RATE, "{named}");
        let likeness = sound::likeness(&heard, &spoken);
        println!("{named}: likeness {likeness:.3}, {} samples", heard.len());
        assert!(likeness > 0.9, "{named}: the recording is not what was played: {likeness}");

        let ear = phone.quit().await;
        let (notice, _) = sound::read_wav(&ear.path);
        assert!(notice.iter().any(|s| s.unsigned_abs() > 1_000), "{named}: the phone heard nothing of the notice");
        understood(&gateway, *id, &named).await;
    }
    gateway.shutdown().await;
}

/// The bundled model finds the matter in the phone's speech.
async fn understood(gateway: &TestGateway, id: CallId, named: &str) {
    let utterances = gateway.gateway.store().utterances(id).await.expect("the store answers");
    let text: Vec<&str> = utterances.iter().map(|u| u.text.as_str()).collect();
    let text = text.join(" ").to_lowercase();
    assert!(text.contains("street light") || text.contains("streetlight"), "{named}: {text:?}");
}
