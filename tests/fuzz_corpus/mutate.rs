//! Small damage to known inputs: what a fuzzer does, without learning.

use rand::Rng;
use rand::rngs::StdRng;

/// Longest input that is made.
const LONGEST: usize = 8_192;
/// Bytes on which parsers stumble.
const ODD: [u8; 12] = [0, 1, 0x7f, 0x80, 0xff, b'\r', b'\n', b' ', b':', b';', b'"', b'<'];

/// One kept input with one to eight changes.
pub fn mutated(kept: &[(String, Vec<u8>)], random: &mut StdRng) -> Vec<u8> {
    let pick = |random: &mut StdRng| kept[random.random_range(0..kept.len())].1.clone();
    let mut data = pick(random);
    for _ in 0..random.random_range(1..=8) {
        let at = random.random_range(0..=data.len());
        let end = random.random_range(at..=data.len().min(at + 64));
        match random.random_range(0..7) {
            0 => drop(data.drain(at..end)),
            1 => {
                let copy = data[at..end].to_vec();
                data.splice(at..at, copy);
            }
            2 => {
                let other = pick(random);
                let from = random.random_range(0..=other.len());
                data.truncate(at);
                data.extend_from_slice(&other[from..]);
            }
            3 => data.insert(at, ODD[random.random_range(0..ODD.len())]),
            4 => data.truncate(at),
            5 if at < data.len() => data[at] ^= 1 << random.random_range(0..8),
            _ if at < data.len() => data[at] = random.random(),
            _ => {}
        }
    }
    data.truncate(LONGEST);
    data
}
