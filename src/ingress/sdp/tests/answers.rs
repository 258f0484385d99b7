//! What we write.

use super::*;

fn answer_of(codecs: &[Codec], lines: &[&str]) -> String {
    let offer = Offer::parse(&body(lines)).unwrap();
    let plan = offer.negotiate(codecs).unwrap();
    offer.answer(&plan, "127.0.0.1:20000".parse().unwrap(), IDS)
}

fn answer(lines: &[&str]) -> String {
    answer_of(&ALL, lines)
}

#[test]
fn the_answer_has_the_lines_of_the_offer_in_order_and_refuses_all_but_one() {
    let text = answer(&[
        "m=video 4002 RTP/AVP 96 97",
        "a=rtpmap:96 H264/90000",
        "m=audio 4000 RTP/SAVP 0",
        "m=audio 4004 RTP/AVP 0 8 13 100",
        "a=rtpmap:100 telephone-event/8000",
        "m=audio 4006 RTP/AVP 0",
        "m=application 9 UDP/BFCP *",
    ]);
    let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("m=")).collect();
    let expected = [
        "m=video 0 RTP/AVP 96",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 20000 RTP/AVP 0 13 100",
        "m=audio 0 RTP/AVP 0",
        "m=application 0 UDP/BFCP *",
    ];
    assert_eq!(lines, expected);
    for needed in [
        "o=- 7 1 IN IP4 127.0.0.1\r\n",
        "c=IN IP4 127.0.0.1\r\n",
        "t=0 0\r\n",
        "a=rtpmap:0 PCMU/8000\r\n",
        "a=rtpmap:13 CN/8000\r\n",
        "a=rtpmap:100 telephone-event/8000\r\n",
        "a=fmtp:100 0-16\r\n",
        "a=ptime:20\r\n",
        "a=maxptime:60\r\n",
        "a=sendrecv\r\n",
    ] {
        assert!(text.contains(needed), "{needed:?} in {text}");
    }
    assert!(!text.contains("rtcp-mux"), "it was not offered");
}

#[test]
fn opus_is_answered_with_its_own_words_and_event_clock() {
    let text = answer(&[
        "m=audio 4000 RTP/AVPF 109 0 9 101 110",
        "a=rtpmap:109 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:110 telephone-event/48000",
        "a=ptime:60",
        "a=rtcp-mux",
    ]);
    for needed in [
        "m=audio 20000 RTP/AVPF 109 110\r\n",
        "a=rtpmap:109 opus/48000/2\r\n",
        "a=fmtp:109 minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;maxplaybackrate=16000\r\n",
        "a=rtpmap:110 telephone-event/48000\r\n",
        "a=ptime:60\r\n",
        "a=rtcp-mux\r\n",
    ] {
        assert!(text.contains(needed), "{needed:?} in {text}");
    }
    let g722 = answer_of(&[Codec::G722], &["m=audio 4000 RTP/AVP 9 13"]);
    assert!(g722.contains("m=audio 20000 RTP/AVP 9\r\n") && g722.contains("a=rtpmap:9 G722/8000\r\n"), "{g722}");
}

#[test]
fn a_held_peer_is_told_that_we_listen() {
    assert!(answer(&["m=audio 4000 RTP/AVP 0", "a=sendonly"]).contains("a=recvonly\r\n"));
    assert!(answer(&["m=audio 4000 RTP/AVP 0", "a=inactive"]).contains("a=inactive\r\n"));
}

#[test]
fn an_answer_names_our_address_in_its_family() {
    let offer = Offer::parse(&body(&["m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::1"])).unwrap();
    let plan = offer.negotiate(&ALL).unwrap();
    let text = offer.answer(&plan, "[2001:db8::2]:20000".parse().unwrap(), IDS);
    assert!(text.contains("o=- 7 1 IN IP6 2001:db8::2\r\n") && text.contains("c=IN IP6 2001:db8::2\r\n"), "{text}");
}

#[test]
fn our_own_offer_can_be_answered_by_ourselves_for_every_codec() {
    for codec in Codec::ALL {
        let offered = offer(&[codec], "127.0.0.1:30000".parse().unwrap(), IDS);
        let got = Offer::parse(offered.as_bytes()).unwrap().negotiate(&ALL).unwrap();
        assert_eq!((got.codec, got.dtmf_payload_type), (codec, Some(OFFERED_DTMF)));
        assert_eq!(got.remote, "127.0.0.1:30000".parse::<std::net::SocketAddr>().unwrap());
    }
}

#[test]
fn an_offer_of_everything_gives_each_format_a_number_of_its_own() {
    let text = offer(&ALL, "127.0.0.1:30000".parse().unwrap(), IDS);
    assert!(text.contains("m=audio 30000 RTP/AVP 96 9 0 8 13 101 97\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:101 telephone-event/8000\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:97 telephone-event/48000\r\n"), "{text}");
}

#[test]
fn a_new_offer_in_a_session_gives_no_number_a_second_meaning() {
    let theirs =
        Offer::parse(&body(&["m=audio 4000 RTP/AVP 0 96 101", "a=rtpmap:96 iLBC/8000", "a=rtpmap:101 opus/48000/2"]))
            .unwrap();
    let plan = theirs.negotiate(&G711).unwrap();
    let text = theirs.again(&ALL, &plan, "127.0.0.1:30000".parse().unwrap(), IDS);
    assert!(text.contains("m=audio 30000 RTP/AVP 101 9 0 8 13 97 98\r\n"), "{text}");
    assert!(text.contains("a=rtpmap:101 opus/48000/2\r\n") && !text.contains(":96 "), "{text}");
}
