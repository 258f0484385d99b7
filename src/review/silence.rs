//! The copy of a recording that may leave the house: the same file, with the seconds of a secret silent. Pure.

use std::ops::Range;

use crate::call::MediaSpan;

/// Length of the header of a canonical WAV.
const HEADER: u64 = 44;

/// Bytes of a WAV that are served as zeros, in order and apart. Every other byte, and the length, stay what they were.
pub(super) struct Silence(Vec<Range<u64>>);

impl Silence {
    /// `header`: sample rate in Hz at byte 24, bytes of a frame at 32, little endian.
    pub(super) fn new(spans: &[MediaSpan], header: &[u8; 44]) -> Self {
        let field =
            |at: Range<usize>| header.get(at).unwrap_or_default().iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
        let (rate, frame) = (field(24..28), u64::from(field(32..34)).max(1));
        let byte = |sample: u64| HEADER + sample.saturating_mul(frame);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut spans = spans.to_vec();
        spans.sort_unstable_by_key(|span| span.start);
        for span in spans {
            let (start, end) = (byte(span.start.as_samples(rate)), byte(span.end.as_samples(rate)));
            match ranges.last_mut().filter(|last| start <= last.end) {
                Some(last) => last.end = last.end.max(end),
                None => ranges.push(start..end),
            }
        }
        Self(ranges)
    }

    /// Silences what falls into `chunk`, whose first byte is byte `at` of the file.
    pub(super) fn cover(&self, at: u64, chunk: &mut [u8]) {
        let len = chunk.len() as u64;
        let first = self.0.partition_point(|range| range.end <= at);
        for range in self.0.iter().skip(first).take_while(|range| range.start < at + len) {
            let within = |byte: u64| usize::try_from(byte.saturating_sub(at).min(len)).unwrap_or_default();
            if let Some(part) = chunk.get_mut(within(range.start)..within(range.end)) {
                part.fill(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaTime;

    #[test]
    fn the_same_seconds_are_silent_in_whatever_pieces_the_file_is_read() {
        let mut header = [0; 44];
        header[24..28].copy_from_slice(&8_000_u32.to_le_bytes());
        header[32] = 2;
        let span = |from, to| MediaSpan::new(MediaTime(from), MediaTime(to));
        let silence = Silence::new(&[span(30, 40), span(10, 20), span(15, 22), span(95, 1_000)], &header);
        let whole = vec![7_u8; 44 + 100 * 16];
        for size in [1, 3, 64, 1_000, whole.len()] {
            let mut out = whole.clone();
            for (nth, piece) in out.chunks_mut(size).enumerate() {
                silence.cover((nth * size) as u64, piece);
            }
            let silent: Vec<usize> = (0..100).filter(|ms| out[44 + ms * 16..44 + ms * 16 + 16] == [0; 16]).collect();
            let wanted: Vec<usize> = (10..22).chain(30..40).chain(95..100).collect();
            assert_eq!(silent, wanted, "pieces of {size}");
            assert_eq!(out.iter().filter(|byte| **byte == 7).count(), 44 + (100 - wanted.len()) * 16);
        }
    }
}
