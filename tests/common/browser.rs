//! A browser made of software that calls the gateway under test.

use std::sync::Arc;

use heardline::call::{CallId, Codec, Origin};
use heardline::ingress::webrtc::caller::{CallInfo, Fault, HangUp, Progress, Sound, WebPlan, WebReport, WhipCaller};
use heardline::media::wav;
use heardline::ops::clock::Clock;
use heardline::store::CallRow;
use tokio_util::sync::CancellationToken;

use super::bundled;
use super::gateway::TestGateway;

/// The bundled sample as a browser says it.
pub fn sample(name: &str, codec: Codec) -> Arc<Sound> {
    let pcm = wav::read_at(&bundled(&format!("audio-samples/{name}.wav")), codec.rate()).expect("a sample").pcm;
    Sound::new(&pcm, codec)
}

/// Says it all and hangs up.
pub fn saying(sound: Arc<Sound>) -> WebPlan {
    WebPlan {
        bearer: None,
        info: None,
        sound,
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 500 },
        record: false,
        fault: None,
    }
}

/// The number that tells this call among others.
pub fn from(number: &str, plan: WebPlan) -> WebPlan {
    let info = plan.info.unwrap_or_default();
    WebPlan { info: Some(CallInfo { number: Some(number.to_owned()), ..info }), ..plan }
}

pub fn suffering(fault: Fault, plan: WebPlan) -> WebPlan {
    WebPlan { fault: Some(fault), ..plan }
}

/// Makes one call to the line `default`.
pub async fn call(gateway: &TestGateway, plan: WebPlan) -> WebReport {
    let url = format!("http://{}/whip/default", gateway.gateway.public_address());
    let caller = WhipCaller::new(&url, None, Clock::system()).expect("an address");
    let mut steps = Vec::new();
    let report = caller.call(plan, CancellationToken::new(), |step| steps.push(step)).await.expect("a call");
    assert!(steps.first().is_none_or(|step| *step == Progress::Answered), "{steps:?}");
    report
}

pub fn number_of(call: &CallRow) -> &str {
    let claimed = call.party.claimed.as_ref().expect("what the caller typed");
    claimed.number.as_deref().expect("a number")
}

pub fn is_web(call: &CallRow) -> bool {
    matches!(call.origin, Origin::WebRtc { .. })
}

/// Everything that was understood of a call.
pub async fn heard(gateway: &TestGateway, call: CallId) -> String {
    let utterances = gateway.gateway.store().utterances(call).await.expect("the store answers");
    utterances.iter().map(|u| u.text.as_str()).collect::<Vec<_>>().join(" ")
}
