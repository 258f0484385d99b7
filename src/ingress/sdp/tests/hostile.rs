//! Bodies that nobody means well with.

use std::time::Duration;

use super::*;
use crate::config::limits;
use crate::ops::clock::Clock;

#[test]
fn a_body_that_is_no_sdp_is_owed_400() {
    for bad in [
        &b""[..],
        b"hello",
        b"v=1\r\n",
        b"v=0\r\nm=audio x RTP/AVP 0\r\n",
        b"v=0\r\nm=audio 65536 RTP/AVP 0\r\n",
        b"v=0\r\nm=audio -1 RTP/AVP 0\r\n",
    ] {
        assert_eq!(Offer::parse(bad).unwrap_err().status(), 400);
    }
    assert_eq!(Offer::parse(&vec![b'a'; limits::MAX_SDP + 1]).unwrap_err().status(), 400);
}

#[test]
fn numbers_that_fit_nowhere_are_no_formats() {
    for formats in ["4294967296", "128", "255", "256", "-1", "99999999999999999999999999", "0x0", "+", "% \" <"] {
        let line = format!("m=audio 17000 RTP/AVP {formats}");
        assert_eq!(plan(&[&line]).unwrap_err().status(), 488, "{formats}");
        let good = format!("{line} 0");
        assert_eq!(plan(&[&good, "a=rtpmap:4294967296 PCMA/8000"]).unwrap().codec, Codec::Pcmu, "{formats}");
    }
}

#[test]
fn five_hundred_media_lines_are_one_refusal() {
    let lines = vec!["m=audio 4000 RTP/AVP 0"; 500];
    assert_eq!(plan(&lines), Err(SdpError::TooManyLines));
    assert_eq!(SdpError::TooManyLines.status(), 488);
    assert!(plan(&lines[..limits::MAX_MEDIA_LINES]).is_ok());
}

#[test]
fn the_largest_bodies_are_read_in_linear_time() {
    let line = format!("m=audio 4000 RTP/AVP{}", " 96".repeat(8_000));
    let maps = vec!["a=rtpmap:97 PCMU/8000"; 1_600];
    let mut lines = vec![line.as_str()];
    lines.extend(&maps);
    let text = body(&lines);
    assert!((60_000..=limits::MAX_SDP).contains(&text.len()), "{}", text.len());
    let clock = Clock::system();
    let before = clock.instant();
    assert_eq!(Offer::parse(&text).unwrap().negotiate(&ALL).unwrap_err().status(), 488);
    // Some milliseconds; a product of formats and mappings would take minutes.
    assert!(clock.instant() - before < Duration::from_secs(10));
}

#[test]
fn damaged_bodies_never_panic_and_answers_to_them_stay_readable() {
    let seed: u64 = 0x5eed_0001;
    println!("seed {seed:#x}");
    let good = body(&[
        "m=audio 4000/2 RTP/AVP 0 8 13 101 111",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:111 opus/48000/2",
        "a=rtcp:4001 IN IP4 192.0.2.1",
        "a=rtcp-mux",
        "a=ptime:20",
        "a=maxptime:60",
        "a=sendrecv",
        "m=video 0 RTP/AVP 31",
    ]);
    let mut state = seed;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let mut read = 0;
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
        let Ok(plan) = offer.negotiate(&ALL) else { continue };
        let local = "127.0.0.1:20000".parse().unwrap();
        for text in [offer.answer(&plan, local, IDS), offer.again(&ALL, &plan, local, IDS)] {
            let ours = Offer::parse(text.as_bytes()).unwrap();
            assert_eq!(ours.lines.len(), offer.lines.len(), "{text}");
        }
        read += 1;
    }
    assert!(read > 100, "only {read} of the damaged bodies were still readable: the damage is too great to test with");
}
