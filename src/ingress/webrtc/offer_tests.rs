use super::*;

const CHROMIUM: &str = "v=0\r\no=- 3273002595352518180 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    a=extmap-allow-mixed\r\na=msid-semantic: WMS 2dcf2721\r\n\
    m=audio 57267 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 127.0.0.1\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
    a=candidate:3644916485 1 udp 2122194687 127.0.0.1 57267 typ host generation 0 network-id 3 network-cost 50\r\n\
    a=ice-ufrag:86Wc\r\na=ice-pwd:U4PQsSbgGSoCWQ84zfF/rpSl\r\na=ice-options:trickle\r\n\
    a=fingerprint:sha-256 E8:63:3D:48:46:E6:52:D7:E7:47:9D:A5:EC:9C:F8:F1:3C:14:D5:98:7E:AB:4C:03:C2:E0:F9:D3:7A:EB:88:F5\r\n\
    a=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n\
    a=rtpmap:126 telephone-event/8000\r\na=ssrc:2857888491 cname:HxmyGXWkmi+G0tL3\r\n";

fn refused(from: &str, to: &str) -> (OfferError, u16) {
    assert!(CHROMIUM.contains(from), "{from}");
    let error = Offer::parse(&CHROMIUM.replace(from, to)).unwrap_err();
    let status = error.status();
    (error, status)
}

#[test]
fn a_browsers_offer_gives_opus_and_the_keys_at_its_clock() {
    let offer = Offer::parse(CHROMIUM).unwrap();
    assert_eq!((offer.codec, offer.payload_type, offer.dtmf), (Codec::Opus, 111, Some((110, 48_000))));
    assert_eq!(offer.ptime_ms, 20);
    let plan = offer.plan("192.0.2.1:9".parse().unwrap());
    assert_eq!((plan.dtmf_payload_type, plan.noise_payload_type, plan.rtcp_mux), (Some(110), None, true));
}

#[test]
fn without_opus_the_next_best_codec_is_taken_with_the_keys_at_its_own_clock() {
    let narrow = CHROMIUM.replace("111 63 9 0 8 13 110 126", "8 0 13 110 126");
    let offer = Offer::parse(&narrow).unwrap();
    assert_eq!((offer.codec, offer.payload_type, offer.dtmf), (Codec::Pcmu, 0, Some((126, 8_000))));
    let no_keys = Offer::parse(&CHROMIUM.replace("13 110 126", "13")).unwrap();
    assert_eq!(no_keys.dtmf, None);
}

#[test]
fn a_caller_that_would_not_hear_the_notice_or_say_anything_is_refused() {
    for one_way in ["a=sendonly", "a=recvonly", "a=inactive"] {
        assert_eq!(refused("a=sendrecv", one_way), (OfferError::OneWay, 422));
    }
}

#[test]
fn what_we_cannot_serve_is_refused_by_its_reason() {
    assert_eq!(refused("UDP/TLS/RTP/SAVPF", "RTP/AVP"), (OfferError::NotEncrypted, 422));
    assert_eq!(refused("a=fingerprint", "a=no-fingerprint"), (OfferError::NotEncrypted, 422));
    assert_eq!(refused("a=ice-pwd", "a=no-pwd"), (OfferError::NoIce, 422));
    assert_eq!(refused("a=rtcp-mux", "a=no-mux"), (OfferError::NotMultiplexed, 422));
    assert_eq!(refused("m=audio", "m=video"), (OfferError::NoAudio, 422));
    assert_eq!(refused("m=audio 57267", "m=audio 0"), (OfferError::NoAudio, 422));
    assert_eq!(refused("111 63 9 0 8 13 110 126", "63 13 110"), (OfferError::NoCommonCodec, 406));
    let twice = format!("{CHROMIUM}{}", &CHROMIUM[CHROMIUM.find("m=audio").unwrap()..]);
    assert_eq!(Offer::parse(&twice), Err(OfferError::TwoMicrophones));
    let many = format!("{CHROMIUM}{}", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n".repeat(limits::MAX_MEDIA_LINES));
    assert_eq!(Offer::parse(&many), Err(OfferError::TooManyLines));
    for junk in ["", "v=1", "{\"sdp\":\"\"}", "v=0\r\no=-\r\n"] {
        assert!(matches!(Offer::parse(junk), Err(OfferError::Malformed(_))), "{junk}");
    }
    assert!(matches!(Offer::parse(&"v".repeat(limits::MAX_SDP + 1)), Err(OfferError::Malformed(_))));
}
