//! Promises of the SDP negotiation.

use super::*;

const IDS: SessionIds = SessionIds { id: 7, version: 1 };

fn body(lines: &[&str]) -> Vec<u8> {
    let head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"];
    head.iter().chain(lines).flat_map(|l| format!("{l}\r\n").into_bytes()).collect()
}

fn plan(lines: &[&str]) -> Result<MediaPlan, SdpError> {
    Offer::parse(&body(lines)).and_then(|offer| offer.negotiate())
}

fn answer(lines: &[&str]) -> String {
    let offer = Offer::parse(&body(lines)).unwrap();
    let plan = offer.negotiate().unwrap();
    offer.answer(&plan, "127.0.0.1:20000".parse().unwrap(), IDS)
}

#[test]
fn the_first_codec_of_the_offer_that_we_speak_is_taken() {
    let got = plan(&["m=audio 4000 RTP/AVP 9 8 0 101", "a=rtpmap:101 telephone-event/8000"]).unwrap();
    assert_eq!((got.codec, got.payload_type, got.dtmf_payload_type), (Codec::Pcma, 8, Some(101)));
    assert_eq!(got.remote, "192.0.2.1:4000".parse().unwrap());
    assert_eq!(got.remote_rtcp, "192.0.2.1:4001".parse().unwrap());
    assert_eq!((got.direction, got.ptime_ms), (Direction::SendRecv, 20));
}

#[test]
fn a_payload_type_means_what_its_rtpmap_says() {
    let dynamic = plan(&["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 pcmu/8000/1", "a=ptime:30"]).unwrap();
    assert_eq!((dynamic.codec, dynamic.payload_type, dynamic.ptime_ms), (Codec::Pcmu, 96, 30));
    assert_eq!(plan(&["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/16000"]), Err(SdpError::NoCommonCodec));
    let wide_events = plan(&["m=audio 4000 RTP/AVP 0 110", "a=rtpmap:110 telephone-event/48000"]).unwrap();
    assert_eq!(wide_events.dtmf_payload_type, None);
}

#[test]
fn directions_are_mirrored_and_a_zero_address_is_a_hold() {
    for (theirs, ours) in [
        ("sendrecv", Direction::SendRecv),
        ("sendonly", Direction::RecvOnly),
        ("recvonly", Direction::SendOnly),
        ("inactive", Direction::Inactive),
    ] {
        let line = format!("a={theirs}");
        assert_eq!(plan(&["m=audio 4000 RTP/AVP 0", &line]).unwrap().direction, ours, "{theirs}");
        assert_eq!(plan(&[&line, "m=audio 4000 RTP/AVP 0"]).unwrap().direction, ours, "session level {theirs}");
    }
    let held = plan(&["m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"]).unwrap();
    assert_eq!(held.direction, Direction::RecvOnly);
    assert!(held.remote.ip().is_unspecified());
    assert!(answer(&["m=audio 4000 RTP/AVP 0", "a=sendonly"]).contains("a=recvonly\r\n"));
}

#[test]
fn rtcp_goes_where_the_peer_asked_for_it() {
    let port = plan(&["m=audio 4000 RTP/AVP 0", "a=rtcp:4100"]).unwrap();
    assert_eq!(port.remote_rtcp, "192.0.2.1:4100".parse().unwrap());
    let whole = plan(&["m=audio 4000 RTP/AVP 0", "a=rtcp:4100 IN IP4 192.0.2.9"]).unwrap();
    assert_eq!(whole.remote_rtcp, "192.0.2.9:4100".parse().unwrap());
    for bad in ["a=rtcp:", "a=rtcp:0", "a=rtcp:x IN", "a=rtcp"] {
        assert_eq!(plan(&["m=audio 4000 RTP/AVP 0", bad]).unwrap().remote_rtcp.port(), 4001, "{bad}");
    }
    assert_eq!(plan(&["m=audio 65535 RTP/AVP 0"]).unwrap().remote_rtcp.port(), 65535);
}

#[test]
fn an_offer_without_common_ground_is_owed_488_and_a_broken_one_400() {
    for (lines, reason) in [
        (vec!["m=audio 4000 RTP/AVP 9 18"], SdpError::NoCommonCodec),
        (vec!["m=audio 4000 RTP/SAVP 0"], SdpError::Profile),
        (vec!["m=audio 0 RTP/AVP 0"], SdpError::NoAudio),
        (vec!["m=video 4000 RTP/AVP 96"], SdpError::NoAudio),
        (vec![], SdpError::NoAudio),
        (vec!["m=audio 4000 RTP/AVP 0", "c=IN IP6 ::1"], SdpError::Address),
        (vec!["m=audio 4000 RTP/AVP 0", "c=IN IP4 phone.example"], SdpError::Address),
        (vec!["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.0.0.1/3"], SdpError::Address),
    ] {
        let got = plan(&lines).unwrap_err();
        assert_eq!((got.status(), &got), (488, &reason), "{lines:?}");
    }
    for bad in
        [&b""[..], b"hello", b"v=1\r\n", b"v=0\r\nm=audio x RTP/AVP 0\r\n", b"v=0\r\nm=audio 70000 RTP/AVP 0\r\n"]
    {
        assert_eq!(Offer::parse(bad).unwrap_err().status(), 400);
    }
    assert_eq!(Offer::parse(&vec![b'a'; limits::MAX_SDP + 1]).unwrap_err().status(), 400);
}

#[test]
fn the_answer_has_the_lines_of_the_offer_in_order_and_refuses_all_but_one() {
    let text = answer(&[
        "m=video 4002 RTP/AVP 96",
        "a=rtpmap:96 H264/90000",
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 4004 RTP/AVP 0 8 100",
        "a=rtpmap:100 telephone-event/8000",
        "m=audio 4006 RTP/AVP 0",
        "m=application 9 UDP/BFCP *",
    ]);
    let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("m=")).collect();
    let expected = [
        "m=video 0 RTP/AVP 96",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 20000 RTP/AVP 0 100",
        "m=audio 0 RTP/AVP 0",
        "m=application 0 UDP/BFCP *",
    ];
    assert_eq!(lines, expected);
    for needed in [
        "o=- 7 1 IN IP4 127.0.0.1\r\n",
        "c=IN IP4 127.0.0.1\r\n",
        "t=0 0\r\n",
        "a=rtpmap:0 PCMU/8000\r\n",
        "a=rtpmap:100 telephone-event/8000\r\n",
        "a=fmtp:100 0-16\r\n",
        "a=ptime:20\r\n",
        "a=sendrecv\r\n",
    ] {
        assert!(text.contains(needed), "{needed:?} in {text}");
    }
}

#[test]
fn our_own_offer_can_be_answered_by_ourselves() {
    let offered = offer(Codec::Pcma, "127.0.0.1:30000".parse().unwrap(), IDS);
    let got = Offer::parse(offered.as_bytes()).unwrap().negotiate().unwrap();
    assert_eq!((got.codec, got.dtmf_payload_type), (Codec::Pcma, Some(OFFERED_DTMF)));
    assert_eq!(got.remote, "127.0.0.1:30000".parse().unwrap());
}

#[test]
fn damaged_bodies_never_panic_and_answers_to_them_stay_readable() {
    let seed: u64 = 0x5eed_0001;
    println!("seed {seed:#x}");
    let good = body(&[
        "m=audio 4000/2 RTP/AVP 0 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtcp:4001 IN IP4 192.0.2.1",
        "a=ptime:20",
        "a=sendrecv",
        "m=video 0 RTP/AVP 31",
    ]);
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    for _ in 0..20_000 {
        let mut bad = good.clone();
        for _ in 0..=next() % 6 {
            let at = next() % bad.len();
            match next() % 3 {
                0 => bad[at] = u8::try_from(next() % 256).unwrap(),
                1 => bad.truncate(at.max(1)),
                _ => bad.insert(at, u8::try_from(next() % 256).unwrap()),
            }
        }
        let Ok(offer) = Offer::parse(&bad) else { continue };
        let Ok(plan) = offer.negotiate() else { continue };
        let text = offer.answer(&plan, "127.0.0.1:20000".parse().unwrap(), IDS);
        let read = Offer::parse(text.as_bytes()).unwrap();
        assert_eq!(read.session.medias.len(), offer.session.medias.len(), "{text}");
    }
}
