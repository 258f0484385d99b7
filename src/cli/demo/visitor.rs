//! What a visitor of the demo finds at the desk: an account to log in with, callers on the line, drafts to decide.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use tokio_util::sync::CancellationToken;

use crate::call::Codec;
use crate::config::find_bundled;
use crate::gateway::Gateway;
use crate::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use crate::media::wav;
use crate::ops::clock::Clock;
use crate::review::{Role, password};
use crate::store::people::AccountChange;
use crate::store::{People as _, SqliteStore};

use super::Failure;

pub(super) const NAME: &str = "demo";
/// Who calls beside the first one, with a number of the range kept for fiction.
const CALLERS: [(&str, &str); 4] = [
    ("zh-water", "+12025550147"),
    ("en-gas", "+12025550162"),
    ("en-streetlight", "+12025550118"),
    ("zh-heating", "+12025550181"),
];
/// At once, after the first call.
const AT_ONCE: usize = 3;
/// Then one at a time, so that somebody is on the line whenever the visitor comes, for about an hour.
const EVERY: Duration = Duration::from_secs(60);
const MOST: usize = 60;

/// An account of this run, and its password.
pub(super) async fn account(gateway: &Gateway) -> Result<String, Failure> {
    let password = password();
    let hash = password::hash(NAME, &password).map_err(Failure::new)?;
    let store = SqliteStore::beside(gateway.data_dir()).await.map_err(Failure::new)?;
    let add = AccountChange::Add { role: Role::Administrator, password: hash };
    store.change_account(NAME, add, NAME, Clock::system().unix_ms()).await.map_err(Failure::new)?;
    Ok(password)
}

/// Three groups of four letters that are not mistaken for each other.
fn password() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    let mut group = || (0..4).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect::<String>();
    [group(), group(), group()].join("-")
}

/// Callers beside the first one, until the demo ends. A call that fails is no reason to end it.
pub(super) async fn call(target: SocketAddr) {
    let samples = CALLERS.iter().filter_map(|(sample, number)| Some((sound(sample)?, *number)));
    let samples: Vec<(Arc<Sound>, &str)> = samples.collect();
    let Ok(caller) = Caller::start(target.ip(), Clock::system()).await else { return };
    let one = async |(sound, number): &(Arc<Sound>, &str)| {
        let plan = CallPlan {
            target: format!("sip:hotline@{target}"),
            from_user: (*number).into(),
            sound: sound.clone(),
            dtmf: None,
            hang_up: HangUp::AfterAudio { linger_ms: 500 },
            record: false,
        };
        let _heard_or_not = caller.call(plan, CancellationToken::new(), |_| ()).await;
    };
    futures_util::future::join_all(samples.iter().take(AT_ONCE).map(one)).await;
    for sample in samples.iter().cycle().skip(AT_ONCE).take(MOST) {
        one(sample).await;
        tokio::time::sleep(EVERY).await;
    }
}

fn sound(sample: &str) -> Option<Arc<Sound>> {
    let file = find_bundled(&PathBuf::from("audio-samples").join(format!("{sample}.wav")))?;
    Some(Sound::new(&wav::read_at(&file, 8_000).ok()?.pcm, Codec::Pcmu))
}
