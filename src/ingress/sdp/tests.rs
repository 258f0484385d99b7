//! Promises of the SDP negotiation.

mod answers;
mod hostile;

use super::*;
use crate::call::{Codec, Direction, MediaPlan};

/// What we speak in these tests, the best first.
const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];
const G711: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];
const IDS: SessionIds = SessionIds { id: 7, version: 1 };

fn body(lines: &[&str]) -> Vec<u8> {
    let head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"];
    head.iter().chain(lines).flat_map(|l| format!("{l}\r\n").into_bytes()).collect()
}

fn plan_of(codecs: &[Codec], lines: &[&str]) -> Result<MediaPlan, SdpError> {
    Offer::parse(&body(lines)).and_then(|offer| offer.negotiate(codecs))
}

fn plan(lines: &[&str]) -> Result<MediaPlan, SdpError> {
    plan_of(&ALL, lines)
}

#[test]
fn the_first_of_our_codecs_that_is_offered_is_taken_with_the_peers_number() {
    let wide = ["m=audio 4000 RTP/AVP 8 0 9 111", "a=rtpmap:111 opus/48000/2"];
    for (codecs, codec, number) in [
        (&ALL[..], Codec::Opus, 111),
        (&ALL[1..], Codec::G722, 9),
        (&G711[..], Codec::Pcmu, 0),
        (&[Codec::Pcma, Codec::Opus][..], Codec::Pcma, 8),
    ] {
        let got = plan_of(codecs, &wide).unwrap();
        assert_eq!((got.codec, got.payload_type), (codec, number));
    }
    let plain = plan_of(&G711, &["m=audio 4000 RTP/AVP 9 8 101", "a=rtpmap:101 telephone-event/8000"]).unwrap();
    assert_eq!((plain.codec, plain.payload_type, plain.dtmf_payload_type), (Codec::Pcma, 8, Some(101)));
    assert_eq!(plain.remote, "192.0.2.1:4000".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(plain.remote_rtcp, "192.0.2.1:4001".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!((plain.direction, plain.ptime_ms, plain.rtcp_mux), (Direction::SendRecv, 20, false));
}

#[test]
fn a_payload_type_means_what_its_rtpmap_says() {
    let dynamic = plan(&["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 pcmu/8000/1"]).unwrap();
    assert_eq!((dynamic.codec, dynamic.payload_type), (Codec::Pcmu, 96));
    for other in ["0 L16/16000", "0 PCMU/16000", "0 PCMU/8000/2", "0 PCMU", "0 opus/48000/1", "0 G722/16000"] {
        let mapped = format!("a=rtpmap:{other}");
        assert_eq!(plan(&["m=audio 4000 RTP/AVP 0", &mapped]).unwrap_err().warning(), 305, "{other}");
    }
    let wide = plan(&["m=audio 4000 RTP/AVP 98", "a=rtpmap:98 g722/8000"]).unwrap();
    assert_eq!((wide.codec, wide.payload_type), (Codec::G722, 98));
}

#[test]
fn digits_come_at_the_clock_of_the_codec_or_at_8000() {
    let both = ["a=rtpmap:111 OPUS/48000/2", "a=rtpmap:100 telephone-event/8000", "a=rtpmap:110 telephone-event/48000"];
    let events = |formats: &str, maps: &[&str]| {
        let line = format!("m=audio 4000 RTP/AVP {formats}");
        plan(&[&[line.as_str()], maps].concat()).unwrap().dtmf_payload_type
    };
    assert_eq!(events("111 100 110", &both), Some(110));
    assert_eq!(events("0 110 100", &both), Some(100));
    assert_eq!(events("111 100", &both), Some(100), "better than none");
    assert_eq!(events("0 110", &both), None, "nobody can time that");
}

#[test]
fn comfort_noise_goes_with_narrow_codecs_only() {
    assert_eq!(plan(&["m=audio 4000 RTP/AVP 0 13"]).unwrap().noise_payload_type, Some(13));
    let mapped = ["m=audio 4000 RTP/AVP 8 98", "a=rtpmap:98 CN/8000"];
    assert_eq!(plan(&mapped).unwrap().noise_payload_type, Some(98));
    assert_eq!(plan(&["m=audio 4000 RTP/AVP 9 13"]).unwrap().noise_payload_type, None);
    assert_eq!(plan(&["m=audio 4000 RTP/AVP 0"]).unwrap().noise_payload_type, None);
}

#[test]
fn we_send_the_packet_time_that_is_asked_for_as_near_as_our_frames_allow() {
    for (wish, sent) in [
        ("a=ptime:10", 10),
        ("a=ptime:20", 20),
        ("a=ptime:25", 20),
        ("a=ptime:30", 30),
        ("a=ptime:50", 40),
        ("a=ptime:60", 60),
        ("a=ptime:200", 60),
        ("a=ptime:5", 10),
        ("a=ptime:0", 20),
        ("a=ptime:x", 20),
        ("a=ptime:4294967296", 20),
        ("a=maxptime:10", 10),
        ("a=maxptime:240", 20),
    ] {
        assert_eq!(plan(&["m=audio 4000 RTP/AVP 0", wish]).unwrap().ptime_ms, sent, "{wish}");
    }
    assert_eq!(plan(&["m=audio 4000 RTP/AVP 0", "a=ptime:60", "a=maxptime:30"]).unwrap().ptime_ms, 30);
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
    for hold in ["c=IN IP4 0.0.0.0", "c=IN IP6 ::"] {
        let held = plan(&["m=audio 4000 RTP/AVP 0", hold]).unwrap();
        assert_eq!(held.direction, Direction::RecvOnly, "{hold}");
        assert!(held.remote.ip().is_unspecified());
    }
}

#[test]
fn rtcp_goes_where_the_peer_asked_for_it() {
    let rtcp = |wish: &str| plan(&["m=audio 4000 RTP/AVP 0", wish]).unwrap().remote_rtcp.to_string();
    assert_eq!(rtcp("a=rtcp:4100"), "192.0.2.1:4100");
    assert_eq!(rtcp("a=rtcp:4100 IN IP4 192.0.2.9"), "192.0.2.9:4100");
    assert_eq!(rtcp("a=rtcp:4100 IN IP6 2001:db8::9"), "[2001:db8::9]:4100");
    for bad in ["a=rtcp:", "a=rtcp:0", "a=rtcp:x IN", "a=rtcp"] {
        assert_eq!(rtcp(bad), "192.0.2.1:4001", "{bad}");
    }
    assert_eq!(plan(&["m=audio 65535 RTP/AVP 0"]).unwrap().remote_rtcp.port(), 65535);
    let shared = plan(&["m=audio 4000 RTP/AVP 0", "a=rtcp:4100", "a=rtcp-mux"]).unwrap();
    assert!(shared.rtcp_mux);
    assert_eq!(shared.remote_rtcp, shared.remote, "RFC 5761");
}

#[test]
fn both_address_families_are_spoken() {
    let six = plan(&["m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"]).unwrap();
    assert_eq!(six.remote, "[2001:db8::1]:4000".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(six.remote_rtcp, "[2001:db8::1]:4001".parse::<std::net::SocketAddr>().unwrap());
    let mapped = plan(&["m=audio 4000 RTP/AVP 0", "c=IN IP6 ::ffff:192.0.2.7"]).unwrap();
    assert_eq!(mapped.remote, "192.0.2.7:4000".parse::<std::net::SocketAddr>().unwrap());
}

#[test]
fn an_offer_without_common_ground_is_owed_488_with_the_reason_of_its_nearest_line() {
    let no_codec = || SdpError::NoCommonCodec("opus, G722, PCMU, PCMA".into());
    for (lines, reason, warning) in [
        (vec!["m=audio 4000 RTP/AVP 3 18"], no_codec(), 305),
        (vec!["m=audio 4000 RTP/SAVP 0"], SdpError::Encrypted, 302),
        (vec!["m=audio 4000 UDP/TLS/RTP/SAVPF 0"], SdpError::Encrypted, 302),
        (vec!["m=audio 4000 TCP/MRCPv2 0"], SdpError::Profile, 302),
        (vec!["m=audio 0 RTP/AVP 0"], SdpError::NoAudio, 304),
        (vec!["m=video 4000 RTP/AVP 96"], SdpError::NoAudio, 304),
        (vec![], SdpError::NoAudio, 304),
        (vec!["m=audio 4000 RTP/AVP 0", "c=IN IP4 phone.example"], SdpError::Address, 301),
        (vec!["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.0.0.1/3"], SdpError::Address, 301),
        (vec!["m=audio 4000 RTP/AVP 0", "c=IN IP6 ff02::1"], SdpError::Address, 301),
        (vec!["m=audio 4000 RTP/SAVP 0", "m=audio 4002 RTP/AVP 18", "m=video 0 RTP/AVP 96"], no_codec(), 305),
    ] {
        let got = plan(&lines).unwrap_err();
        assert_eq!((got.status(), got.warning(), &got), (488, warning, &reason), "{lines:?}");
    }
}

#[test]
fn of_an_answer_the_codec_that_the_peer_names_first_is_taken() {
    let answer = Offer::parse(&body(&["m=audio 4000 RTP/AVP 8 0 9"])).unwrap();
    assert_eq!(answer.agreed(&ALL).unwrap().codec, Codec::Pcma);
    assert_eq!(answer.agreed(&[Codec::Pcmu]).unwrap().codec, Codec::Pcmu);
    assert_eq!(answer.negotiate(&ALL).unwrap().codec, Codec::G722);
}
