//! A draft reaches its endpoint exactly once: through an outage, and past anyone who forges, replays or alters it.

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::endpoint::{Reply, ScriptedEndpoint};
use common::gateway::TestGateway;
use common::recognizer::Deaf;
use common::{DEADLINE, LOOPBACK};
use heardline::call::{CallId, CallState, Codec};
use heardline::config::SipListen;
use heardline::config::secret::WebhookSecret;
use heardline::ingress::sip::caller::{CallPlan, Caller, HangUp, Sound};
use heardline::intake::{key_of, sign};
use heardline::ops::clock::Clock;
use heardline::store::{DeliveryRow, DeliveryState};
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);

/// A gateway that posts to `intake`, or to its own endpoint.
async fn gateway(intake: Option<String>) -> TestGateway {
    TestGateway::start_with(Some(std::sync::Arc::new(Deaf::new())), |config| config.intake.url = intake).await
}

/// One short call from answer to hang-up.
async fn call(gateway: &TestGateway) {
    let udp = |listen: &SipListen| matches!(listen, SipListen::Udp(_));
    let target = gateway.gateway.sip_addresses().into_iter().find(udp).expect("a UDP listener").address();
    let caller = Caller::start(LOOPBACK, Clock::system()).await.expect("a phone");
    let plan = CallPlan {
        target: format!("sip:hotline@{target}"),
        from_user: "4155550123".into(),
        sound: Sound::new(&[0; 8_000], Codec::Pcmu),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 200 },
        record: false,
    };
    caller.call(plan, CancellationToken::new(), |_| ()).await.expect("the call is answered");
}

/// Waits for the one call's draft to be committed.
async fn done(gateway: &mut TestGateway) -> CallId {
    gateway
        .until("the call is done", DEADLINE, |store| async move {
            let calls = common::gateway::all_calls(store.as_ref()).await;
            match calls.as_slice() {
                [call] if call.state == CallState::Done => Ok(call.id),
                other => Err(other.iter().map(|call| call.state).collect::<Vec<_>>()),
            }
        })
        .await
}

/// Waits until the call's one delivery is as `wanted`.
async fn delivery(gateway: &mut TestGateway, call: CallId, wanted: impl Fn(&DeliveryRow) -> bool) -> DeliveryRow {
    let wanted = &wanted;
    gateway
        .until("the delivery is as expected", DEADLINE, |store| async move {
            let rows = store.deliveries(call).await.expect("the store answers");
            match rows.as_slice() {
                [row] if wanted(row) => Ok(row.clone()),
                other => Err(other.to_vec()),
            }
        })
        .await
}

/// An address where nothing listens.
async fn nobody() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.expect("a free port");
    listener.local_addr().expect("its address")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_down_during_the_call_and_two_minutes_after_gets_the_draft_exactly_once() {
    let address = nobody().await;
    let mut gateway = gateway(Some(format!("http://{address}/drafts"))).await;
    call(&gateway).await;
    let id = done(&mut gateway).await;
    delivery(&mut gateway, id, |row| row.attempts >= 1).await;
    for attempts in 2..=3 {
        gateway.clock.step(MINUTE);
        let row = delivery(&mut gateway, id, |row| row.attempts >= attempts).await;
        assert_eq!(row.state, DeliveryState::Pending, "given up after two minutes: {row:?}");
        assert!(row.last_error.is_some(), "the operator is not told why");
    }

    let mut endpoint = ScriptedEndpoint::start_on(address).await;
    gateway.clock.step(MINUTE);
    endpoint.wait_for(1).await;
    let row = delivery(&mut gateway, id, |row| row.state == DeliveryState::Delivered).await;
    // Days later, with another call whose draft shows that the outbox has looked since.
    gateway.clock.step(4 * 24 * 60 * MINUTE);
    call(&gateway).await;
    let posts = endpoint.wait_for(2).await;
    gateway.shutdown().await;

    let of_first = posts.iter().filter(|post| post.headers["webhook-id"] == row.id.as_str()).count();
    assert_eq!((of_first, endpoint.posts().len()), (1, 2), "delivered more than once");
    assert_eq!(posts[0].headers["webhook-id"], row.id.as_str());
    assert_eq!(posts[0].headers["idempotency-key"], key_of(&row).as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_retry_is_the_same_delivery_so_an_endpoint_that_knows_it_sees_one_effect() {
    let mut endpoint = ScriptedEndpoint::start().await;
    endpoint.next(&[Reply::Status(500), Reply::Status(503), Reply::Status(429)]);
    let mut gateway = gateway(Some(endpoint.url())).await;
    call(&gateway).await;
    let id = done(&mut gateway).await;
    for posts in 1..=3 {
        endpoint.wait_for(posts).await;
        delivery(&mut gateway, id, |row| usize::try_from(row.attempts).is_ok_and(|made| made >= posts)).await;
        gateway.clock.step(MINUTE);
    }
    let posts = endpoint.wait_for(4).await;
    delivery(&mut gateway, id, |row| row.state == DeliveryState::Delivered).await;
    for post in &posts {
        assert_eq!(post.body, posts[0].body);
        for same in ["webhook-id", "idempotency-key"] {
            assert_eq!(post.headers[same], posts[0].headers[same]);
        }
    }
    let stamps: std::collections::BTreeSet<_> =
        posts.iter().map(|post| post.headers["webhook-timestamp"].to_str().unwrap().to_owned()).collect();
    assert_eq!(stamps.len(), 4, "each attempt is signed anew");
    gateway.shutdown().await;
}

/// Posts to the built-in endpoint as it says.
struct Forger {
    http: reqwest::Client,
    url: String,
}

/// One delivery as it would be sent.
#[derive(Clone)]
struct Posted {
    signed: sign::Headers,
    key: String,
    body: String,
}

impl Forger {
    fn new(desk: SocketAddr) -> Self {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
        Self { http, url: format!("http://{desk}/intake/drafts") }
    }

    async fn post(&self, posted: &Posted) -> u16 {
        let mut request = self.http.post(&self.url).header("content-type", "application/json");
        request = request.header("idempotency-key", &posted.key).body(posted.body.clone());
        for (name, value) in &posted.signed {
            request = request.header(*name, value);
        }
        request.send().await.expect("the desk answers").status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_endpoint_keeps_a_draft_once_and_refuses_the_forged_the_replayed_and_the_altered() {
    let mut gateway = gateway(None).await;
    call(&gateway).await;
    let id = done(&mut gateway).await;
    let row = delivery(&mut gateway, id, |row| row.state == DeliveryState::Delivered).await;
    let store = gateway.gateway.store();
    let kept = store.received(10).await.expect("the store answers");
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].0, row.id);

    let secret_file = gateway.gateway.data_dir().join("webhook.secret");
    let secret = WebhookSecret::load(&secret_file, false).expect("the gateway made a secret");
    let body = kept[0].1.clone();
    let key = key_of(&row);
    let now_s = gateway.clock.unix_ms() / 1000;
    let signed = |body: &str, now_s: i64, secret: &WebhookSecret| sign::headers(&row.id, now_s, body, secret).unwrap();
    let genuine = Posted { signed: signed(&body, now_s, &secret), key, body: body.clone() };
    let altered_body = body.replacen('{', "{ ", 1);
    let forger = Forger::new(gateway.gateway.desk_address());

    let stranger = WebhookSecret::generate();
    assert_eq!(
        forger.post(&Posted { signed: signed(&body, now_s, &stranger), ..genuine.clone() }).await,
        401,
        "forged"
    );
    assert_eq!(forger.post(&Posted { body: altered_body.clone(), ..genuine.clone() }).await, 401, "altered");
    let mut moved = genuine.clone();
    moved.signed[0].1 = "msg_another".into();
    assert_eq!(forger.post(&moved).await, 401, "signature of another delivery");
    assert_eq!(forger.post(&genuine).await, 200, "a retry of what is kept is a duplicate");
    let second = Posted { signed: signed(&altered_body, now_s, &secret), body: altered_body, ..genuine.clone() };
    assert_eq!(forger.post(&second).await, 422, "the same key with another body");

    gateway.clock.step(6 * MINUTE);
    assert_eq!(forger.post(&genuine).await, 401, "replayed after the tolerance");
    gateway.shutdown().await;
    drop(store);
}
