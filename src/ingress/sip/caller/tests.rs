//! The caller against a small answering machine on the same stack, over real sockets.

use std::net::Ipv4Addr;

use rsipstack::sip::Header;
use tokio::sync::mpsc;

use super::*;
use crate::call::Codec;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LONG: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Answers, sends every audio packet back, hangs up at the end of `#`.
    Echo,
    Busy,
    /// Rings for ever.
    Ring,
}

/// Returns its SIP port. `seen` is told the final state of each dialog.
async fn machine(manner: Manner, seen: mpsc::Sender<String>) -> u16 {
    let layer = TransportLayer::new(CancellationToken::new());
    let udp = UdpConnection::create_connection(SocketAddr::new(LOOPBACK, 0), None, None).await.unwrap();
    let local = udp.get_addr().get_socketaddr().unwrap();
    layer.add_transport(udp.into());
    layer.add_transport(TcpListenerConnection::new(local, None).await.unwrap().into());
    let endpoint = EndpointBuilder::new().with_transport_layer(layer).build();
    let mut incoming = endpoint.incoming_transactions().unwrap();
    let dialogs = Arc::new(DialogLayer::new(endpoint.inner.clone()));
    let serving = endpoint.inner.clone();
    tokio::spawn(async move { serving.serve().await });
    tokio::spawn(async move {
        let _endpoint = endpoint;
        while let Some(mut transaction) = incoming.recv().await {
            if let Some(mut dialog) = dialogs.match_dialog(&transaction) {
                tokio::spawn(async move { dialog.handle(&mut transaction).await });
                continue;
            }
            if transaction.original.method != Method::Invite {
                continue;
            }
            let (states, mut changes) = dialogs.new_dialog_state_channel();
            let mut dialog = dialogs.get_or_create_server_invite(&transaction, states, None, None).unwrap();
            let ours = dialog.clone();
            let offer = Offer::parse(&transaction.original.body).unwrap();
            tokio::spawn(async move { dialog.handle(&mut transaction).await });
            let seen = seen.clone();
            tokio::spawn(async move {
                while let Some(state) = changes.recv().await {
                    if let DialogState::Terminated(_, reason) = state {
                        let _ = seen.send(format!("{reason:?}")).await;
                    }
                }
            });
            tokio::spawn(serve_call(manner, ours, offer));
        }
    });
    local.port()
}

async fn serve_call(manner: Manner, dialog: InviteDialog, offer: Offer) {
    if manner == Manner::Busy {
        dialog.reject(Some(StatusCode::BusyHere), None).unwrap();
        return;
    }
    dialog.ringing(None, None).unwrap();
    if manner == Manner::Ring {
        return;
    }
    let socket = UdpSocket::bind(SocketAddr::new(LOOPBACK, 0)).await.unwrap();
    let plan = offer.negotiate(&Codec::ALL).unwrap();
    let ids = SessionIds { id: 1, version: 1 };
    let answer = offer.answer(&plan, socket.local_addr().unwrap(), ids);
    dialog.accept(Some(vec![Header::ContentType("application/sdp".into())]), Some(answer.into_bytes())).unwrap();
    let mut buffer = [0_u8; 2048];
    loop {
        let (length, _) = socket.recv_from(&mut buffer).await.unwrap();
        let packet = &buffer[..length];
        if packet[1] & 0x7f == plan.payload_type {
            socket.send_to(packet, plan.remote).await.unwrap();
        } else if packet[12] == 11 && packet[13] & 0x80 != 0 {
            let _ = dialog.bye().await;
            return;
        }
    }
}

fn said() -> Vec<i16> {
    (0..3_200_i32).map(|n| i16::try_from((n * 97) % 20_000 - 10_000).unwrap()).collect()
}

fn plan(port: u16, transport: &str) -> CallPlan {
    CallPlan {
        target: format!("sip:311@127.0.0.1:{port}{transport}"),
        from_user: "+14155550100".into(),
        sound: Sound::new(&said(), Codec::Pcmu),
        dtmf: None,
        hang_up: HangUp::AfterAudio { linger_ms: 200 },
        record: true,
    }
}

#[tokio::test]
async fn what_the_caller_says_is_heard_in_order_over_udp_and_tcp_and_either_side_can_hang_up() {
    let (seen, mut ends) = mpsc::channel(8);
    let port = machine(Manner::Echo, seen).await;
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    for (transport, codec, dtmf) in [
        ("", Codec::Pcmu, None),
        (";transport=tcp", Codec::Pcma, None),
        ("", Codec::Pcma, Some("5#")),
        (";transport=tcp", Codec::Pcmu, Some("#")),
    ] {
        let mut call =
            CallPlan { sound: Sound::new(&said(), codec), dtmf: dtmf.map(str::to_owned), ..plan(port, transport) };
        if dtmf.is_some() {
            call.hang_up = HangUp::WhenPeerDoes;
        }
        let mut steps = Vec::new();
        let going = caller.call(call, CancellationToken::new(), |step| steps.push(step));
        let report = tokio::time::timeout(LONG, going).await.unwrap().unwrap();
        assert_eq!(steps, [Progress::Ringing, Progress::Answered, Progress::AudioDone], "{transport} {codec:?}");
        assert_eq!((report.status, report.ended_by_peer), (200, dtmf.is_some()), "{transport} {codec:?}");
        assert!(report.packets_sent >= 20 && report.packets_received >= 20);
        assert_eq!(ends.recv().await.as_deref(), Some(if dtmf.is_some() { "UasBye" } else { "UacBye" }));
        let wrong = said().iter().zip(&report.heard).filter(|(a, b)| a.abs_diff(**b) > 700).count();
        assert_eq!(wrong, 0, "samples beyond G.711's step");
    }
}

#[tokio::test]
async fn a_refusal_names_target_status_and_reason() {
    let (seen, _ends) = mpsc::channel(8);
    let port = machine(Manner::Busy, seen).await;
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let going = caller.call(plan(port, ""), CancellationToken::new(), |_| {});
    let error = tokio::time::timeout(LONG, going).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), format!("sip:311@127.0.0.1:{port}: refused with 486 Busy Here"));
}

#[tokio::test]
async fn stopping_while_it_rings_cancels_the_call() {
    let (seen, mut ends) = mpsc::channel(8);
    let port = machine(Manner::Ring, seen).await;
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    let going = caller.call(plan(port, ""), stop, move |step| {
        if step == Progress::Ringing {
            stopper.cancel();
        }
    });
    let error = tokio::time::timeout(LONG, going).await.unwrap().unwrap_err();
    assert!(matches!(error, CallerError::Stopped { .. }), "{error}");
    assert_eq!(ends.recv().await.as_deref(), Some("UacCancel"));
}

#[tokio::test]
async fn a_plan_that_cannot_be_dialled_is_refused_before_anything_is_sent() {
    let caller = Caller::start(LOOPBACK, Clock::system()).await.unwrap();
    let good = plan(9, "");
    for (bad, part) in [
        (CallPlan { target: "tel:112".into(), ..good.clone() }, "not a SIP address"),
        (CallPlan { target: "sip:a@h\r\nX: y".into(), ..good.clone() }, "not a SIP address"),
        (CallPlan { from_user: "a>b".into(), ..good.clone() }, "letters, digits"),
        (CallPlan { dtmf: Some("1x".into()), ..good.clone() }, "'x' is not a telephone key"),
    ] {
        let error = caller.call(bad, CancellationToken::new(), |_| {}).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
