use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

/// A voice-like tone of `ms` at the codec's rate.
fn tone(rate: u32, hertz: f64, ms: u32) -> Vec<i16> {
    (0..rate / 1_000 * ms)
        .map(|n| (f64::sin(f64::from(n) * hertz * std::f64::consts::TAU / f64::from(rate)) * 8_000.0) as i16)
        .collect()
}

fn packets(codec: Codec, pcm: &[i16], ms: u32) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(codec);
    let frame = usize::try_from(codec.rate() / 1_000 * ms).unwrap();
    pcm.chunks_exact(frame)
        .map(|frame| {
            let mut out = vec![0; 1_000];
            let length = encoder.encode(frame, &mut out);
            out.truncate(length);
            out
        })
        .collect()
}

/// Best correlation of `heard` with `said` over delays of up to 20 ms.
fn likeness(said: &[i16], heard: &[i16], rate: u32) -> f64 {
    let middle = said.len() / 4..said.len() * 3 / 4;
    (0..usize::try_from(rate / 50).unwrap())
        .map(|delay| {
            let pairs = said[middle.clone()].iter().zip(&heard[middle.start + delay..]);
            let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
            for (a, b) in pairs {
                let (a, b) = (f64::from(*a), f64::from(*b));
                (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
            }
            ab / (aa * bb).sqrt().max(1.0)
        })
        .fold(0.0, f64::max)
}

#[test]
fn every_code_of_g711_comes_back_from_its_own_sample() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let codes: Vec<u8> = (0..=255).collect();
        let pcm = Decoder::new(codec, 8_000).decode(&codes).unwrap();
        let mut back = vec![0; 256];
        assert_eq!(Encoder::new(codec).encode(&pcm, &mut back), 256);
        for (before, after) in pcm.iter().zip(Decoder::new(codec, 8_000).decode(&back).unwrap()) {
            // The A-law encoder of audio-codec 0.4 takes -8, its smallest negative step, for +8.
            assert!(*before == after || (codec == Codec::Pcma && (*before, after) == (-8, 8)), "{codec:?} {before}");
        }
    }
    let mut out = [0; 2];
    Encoder::new(Codec::Pcmu).encode(&[0, 0], &mut out);
    assert_eq!(out, [0xFF, 0xFF]);
    Encoder::new(Codec::Pcma).encode(&[0, 0], &mut out);
    assert_eq!(out, [0xD5, 0xD5]);
}

#[test]
fn every_codec_speaks_to_itself_in_every_packet_time_and_at_either_rate() {
    for codec in Codec::ALL {
        for ms in [10, 20, 40, 60] {
            for rate in [8_000, 16_000] {
                let sent = packets(codec, &tone(codec.rate(), 440.0, 1_200), ms);
                let mut decoder = Decoder::new(codec, rate);
                let mut heard = Vec::new();
                for packet in &sent {
                    assert_eq!(duration(codec, packet), Some(codec.clock() / 1_000 * ms), "{codec:?} {ms}");
                    let pcm = decoder.decode(packet).unwrap();
                    assert_eq!(pcm.len(), usize::try_from(rate / 1_000 * ms).unwrap(), "{codec:?} {ms} {rate}");
                    heard.extend(pcm);
                }
                let like = likeness(&tone(rate, 440.0, 1_200), &heard, rate);
                assert!(like > 0.97, "{codec:?} {ms} ms at {rate} Hz: {like}");
            }
        }
    }
}

#[test]
fn a_wideband_codec_keeps_what_a_telephone_band_loses() {
    for codec in [Codec::G722, Codec::Opus] {
        let said = tone(16_000, 6_000.0, 1_000);
        let mut wide = Decoder::new(codec, 16_000);
        let heard: Vec<i16> = packets(codec, &said, 20).iter().flat_map(|p| wide.decode(p).unwrap()).collect();
        assert!(likeness(&said, &heard, 16_000) > 0.8, "{codec:?}");
        let mut narrow = Decoder::new(codec, 8_000);
        let folded: Vec<i16> = packets(codec, &said, 20).iter().flat_map(|p| narrow.decode(p).unwrap()).collect();
        let loudest = folded[800..].iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(loudest < 800, "{codec:?}: 6 kHz must not fold down into speech, {loudest}");
    }
}

#[test]
fn stereo_opus_is_folded_into_one_voice() {
    let mut encoder = opus::Encoder::new(48_000, opus::Channels::Stereo, opus::Application::Audio).unwrap();
    let mut decoder = Decoder::new(Codec::Opus, 16_000);
    let mut heard = Vec::new();
    let said: Vec<i16> = tone(48_000, 440.0, 1_000).into_iter().flat_map(|s| [s, s]).collect();
    for frame in said.chunks_exact(1_920) {
        let packet = encoder.encode_vec(frame, 1_000).unwrap();
        heard.extend(decoder.decode(&packet).unwrap());
    }
    assert_eq!(heard.len(), 16_000);
    assert!(likeness(&tone(16_000, 440.0, 1_000), &heard, 16_000) > 0.95);
}

#[test]
fn a_lost_opus_packet_is_mended_from_the_one_after_it() {
    // A tone that changes its pitch: repetition of the past cannot know the new one.
    let mut said = tone(16_000, 300.0, 600);
    said.extend(tone(16_000, 700.0, 600));
    let sent = packets(Codec::Opus, &said, 20);
    let lost = 31;
    let mut whole = Decoder::new(Codec::Opus, 16_000);
    let truth: Vec<Vec<i16>> = sent.iter().map(|p| whole.decode(p).unwrap()).collect();
    let mut mending = Decoder::new(Codec::Opus, 16_000);
    let mut guessing = Decoder::new(Codec::Opus, 16_000);
    for packet in &sent[..lost] {
        mending.decode(packet).unwrap();
        guessing.decode(packet).unwrap();
    }
    let mended = mending.conceal(320, Some(&sent[lost + 1]));
    let guessed = guessing.conceal(320, None);
    assert_eq!((mended.len(), guessed.len()), (320, 320));
    let off = |pcm: &[i16]| pcm.iter().zip(&truth[lost]).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
    assert!(off(&mended) * 2 < off(&guessed), "{} {}", off(&mended), off(&guessed));
    assert_eq!(mending.decode(&sent[lost + 1]).unwrap().len(), 320);
    assert!(mending.conceal(39, None).is_empty() && mending.conceal(99, None).len() == 80);
    assert!(Decoder::new(Codec::G722, 16_000).conceal(320, None).is_empty());
}

#[test]
fn junk_is_refused_or_sounds_and_never_breaks_the_decoder() {
    let seed = 20_261_125;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for codec in Codec::ALL {
        for rate in [8_000, 16_000] {
            let mut decoder = Decoder::new(codec, rate);
            assert_eq!((decoder.decode(&[]), duration(codec, &[])), (Err(BadPayload), None));
            for _ in 0..3_000 {
                let mut bytes = vec![0_u8; random.random_range(1..1_500)];
                random.fill(bytes.as_mut_slice());
                let longest = usize::try_from(rate / 1_000 * MAX_PACKET_MS).unwrap();
                if let (Some(units), Ok(pcm)) = (duration(codec, &bytes), decoder.decode(&bytes)) {
                    assert!(pcm.len() <= longest);
                    assert_eq!(u64::from(units) * u64::from(rate), pcm.len() as u64 * u64::from(codec.clock()));
                }
                assert!(decoder.conceal(random.random_range(0..5_000), Some(&bytes)).len() <= longest);
            }
        }
    }
}

#[test]
fn a_preferred_packet_time_becomes_one_that_the_codec_has() {
    assert_eq!([0, 10, 20, 30, 50, 60, 500].map(|ms| packet_ms(Codec::Pcma, ms)), [10, 10, 20, 30, 40, 60, 60]);
    assert_eq!([5, 30, 120].map(|ms| packet_ms(Codec::Opus, ms)), [10, 20, 60]);
    assert!(is_untransmitted(Codec::Opus, &[0x48]) && !is_untransmitted(Codec::Pcmu, &[0x48]));
}
