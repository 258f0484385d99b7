//! Twice or half the sample rate, sample by sample and without waiting for a block: every packet comes out at once
//! and in its place, 1 ms late. (Files and prompts take `media::resample`, which has sharper edges and waits.)

/// Half of a half-band low pass of 31 taps (windowed sinc, Hamming): -0.3 dB at 3.4 kHz, -28 dB at 4.6 kHz, of 16 kHz.
/// Twice their sum is 2^15.
const TAPS: [i32; 8] = [20_735, -6_433, 3_329, -1_882, 1_047, -541, 253, -124];

/// State of one stream; use one direction only.
#[derive(Debug, Default)]
pub(super) struct Halfband {
    /// The newest sixteen low-rate (or odd high-rate) samples, oldest first.
    near: [i16; 16],
    /// For halving: the even samples of the same time.
    even: [i16; 16],
}

impl Halfband {
    /// 8 kHz to 16 kHz.
    pub fn up(&mut self, pcm: &[i16]) -> Vec<i16> {
        let mut out = Vec::with_capacity(pcm.len() * 2);
        for &sample in pcm {
            push(&mut self.near, sample);
            // The eighth stands right before the middle.
            out.push(self.near[7]);
            out.push(narrow(between(&self.near)));
        }
        out
    }

    /// 16 kHz to 8 kHz. An odd last sample is left out: no codec gives one.
    pub fn down(&mut self, pcm: &[i16]) -> Vec<i16> {
        let pairs = pcm.as_chunks::<2>().0;
        let mut out = Vec::with_capacity(pairs.len());
        for &[even, odd] in pairs {
            push(&mut self.even, even);
            push(&mut self.near, odd);
            // The ninth even sample stands between the eighth and the ninth odd one.
            out.push(narrow((i32::from(self.even[8]) + between(&self.near)) / 2));
        }
        out
    }
}

fn push(line: &mut [i16; 16], sample: i16) {
    line.rotate_left(1);
    if let Some(last) = line.last_mut() {
        *last = sample;
    }
}

/// The value in the middle of the sixteen.
fn between(line: &[i16; 16]) -> i32 {
    let (before, after) = line.split_at(8);
    let pairs = before.iter().rev().zip(after);
    let sum: i32 = pairs.zip(TAPS).map(|((&a, &b), tap)| (i32::from(a) + i32::from(b)) * tap / 4).sum();
    sum >> 13
}

fn narrow(value: i32) -> i16 {
    i16::try_from(value.clamp(i32::from(i16::MIN), i32::from(i16::MAX))).unwrap_or(0)
}
