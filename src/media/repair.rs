//! Recordings after the writer: repair of what a crash left, and audio read back by its place in the call.
//!
//! A recording has one fixed shape (44-byte header, 16 bit, mono), so the data's length says how long it is even
//! when the header is behind.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::recorder::{RecorderError, Recording};
use super::wav::MonoAudio;
use crate::call::MediaSpan;

/// Bytes before the samples.
pub(super) const HEADER: u64 = 44;
/// Rate of a recording whose header is gone: G.711's.
const LOST_RATE: u32 = 8_000;

/// The header of a recording with `data` bytes of samples.
fn header(rate: u32, data: u32) -> [u8; 44] {
    let mut bytes = [0; 44];
    let parts: [(usize, &[u8]); 13] = [
        (0, b"RIFF"),
        (4, &data.saturating_add(36).to_le_bytes()),
        (8, b"WAVE"),
        (12, b"fmt "),
        (16, &16_u32.to_le_bytes()),
        (20, &1_u16.to_le_bytes()),
        (22, &1_u16.to_le_bytes()),
        (24, &rate.to_le_bytes()),
        (28, &rate.saturating_mul(2).to_le_bytes()),
        (32, &2_u16.to_le_bytes()),
        (34, &16_u16.to_le_bytes()),
        (36, b"data"),
        (40, &data.to_le_bytes()),
    ];
    for (at, part) in parts {
        for (to, from) in bytes.iter_mut().skip(at).zip(part) {
            *to = *from;
        }
    }
    bytes
}

/// What the first bytes of a file say.
enum Head {
    /// A recording's header with its rate; the lengths in it may be behind.
    Ours(u32),
    /// No header was written, or it was lost with the power.
    Gone,
    /// A WAV file of another shape.
    Foreign,
}

fn read_head(file: &mut File) -> std::io::Result<Head> {
    let mut bytes = Vec::with_capacity(44);
    file.seek(SeekFrom::Start(0))?;
    Read::by_ref(file).take(HEADER).read_to_end(&mut bytes)?;
    let number = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let (Some(rate), Some(data)) = (number(24), number(40)) else { return Ok(Head::Gone) };
    if bytes.get(..4) != Some(b"RIFF".as_slice()) {
        return Ok(Head::Gone);
    }
    let mut known = header(rate, data);
    // The length of the whole file is behind like the data's, and no help.
    for (to, from) in known.iter_mut().zip(&bytes).skip(4).take(4) {
        *to = *from;
    }
    Ok(if bytes == known && (1_000..=192_000).contains(&rate) { Head::Ours(rate) } else { Head::Foreign })
}

/// Makes a recording valid after a crash: the header says what the data holds, a torn last byte is cut, a file
/// without a header becomes a recording of zero or more samples. A valid recording stays as it is.
pub fn repair(path: &Path) -> Result<Recording, RecorderError> {
    let failed = |e: std::io::Error| RecorderError::disk(path, "repair", &e);
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
    let rate = match read_head(&mut file).map_err(failed)? {
        Head::Ours(rate) => rate,
        Head::Gone => LOST_RATE,
        Head::Foreign => return Err(RecorderError::NotARecording { path: path.into() }),
    };
    let length = file.metadata().map_err(failed)?.len();
    let data = length.saturating_sub(HEADER) & !1;
    let data = u32::try_from(data).map_err(|_| RecorderError::NotARecording { path: path.into() })?;
    let mut now = [0; 44];
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let whole_header = length >= HEADER && file.read_exact(&mut now).is_ok();
    let wanted = header(rate, data);
    if !whole_header || now != wanted || length != HEADER + u64::from(data) {
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.write_all(&wanted).map_err(failed)?;
        file.set_len(HEADER + u64::from(data)).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        tracing::info!(samples = data / 2, "recording repaired");
    }
    let sha256 = sha256(path)?;
    Ok(Recording::new(sha256, u64::from(data) / 2, rate))
}

/// Audio of a span, also while the call still records: then up to the last second may not be in the file yet unless
/// [`Flusher::flush`](super::Flusher::flush) was waited for. What the file does not hold is missing at the end: fewer
/// samples than `span` has at the returned rate mean that the rest is not (or not yet) recorded.
pub fn read_span(path: &Path, span: MediaSpan) -> Result<MonoAudio, RecorderError> {
    let failed = |e: std::io::Error| RecorderError::disk(path, "read", &e);
    let mut file = File::open(path).map_err(failed)?;
    let rate = match read_head(&mut file).map_err(failed)? {
        Head::Ours(rate) => rate,
        Head::Gone => return Ok(MonoAudio { rate: LOST_RATE, pcm: Vec::new() }),
        Head::Foreign => return Err(RecorderError::NotARecording { path: path.into() }),
    };
    let (first, last) = (span.start.as_samples(rate), span.end.as_samples(rate));
    file.seek(SeekFrom::Start(HEADER.saturating_add(first.saturating_mul(2)))).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(last.saturating_sub(first).saturating_mul(2)).read_to_end(&mut bytes).map_err(failed)?;
    let (whole, _) = bytes.as_chunks::<2>();
    Ok(MonoAudio { rate, pcm: whole.iter().map(|pair| i16::from_le_bytes(*pair)).collect() })
}

/// SHA-256 of a file in lower-case hexadecimal, read block by block.
pub(super) fn sha256(path: &Path) -> Result<String, RecorderError> {
    let failed = |e: std::io::Error| RecorderError::disk(path, "read", &e);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut block).map_err(failed)?;
        let Some(read) = block.get(..count).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::MediaTime;
    use crate::media::wav::{WavError, read_mono};

    fn span(start: u64, end: u64) -> MediaSpan {
        MediaSpan::new(MediaTime(start), MediaTime(end))
    }

    fn file(promised: u32, data: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        let mut bytes = header(8_000, promised).to_vec();
        bytes.extend_from_slice(data);
        std::fs::write(&path, bytes).unwrap();
        (dir, path)
    }

    #[test]
    fn a_header_behind_its_data_and_a_torn_byte_are_repaired_keeping_whole_samples() {
        let (_dir, path) = file(2, &[1, 0, 2, 0, 3, 0, 9]);
        let recording = repair(&path).unwrap();
        assert_eq!((recording.samples, recording.rate, recording.duration_ms), (3, 8_000, 0));
        assert_eq!(read_mono(&path).unwrap().pcm, [1, 2, 3]);
        let again = repair(&path).unwrap();
        assert_eq!(again.sha256, recording.sha256);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 50);
    }

    #[test]
    fn an_empty_or_headerless_file_becomes_a_valid_recording() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("caller.wav");
        for length in [0, 1, 20, 43] {
            std::fs::write(&path, vec![0; length]).unwrap();
            assert_eq!(repair(&path).unwrap().samples, 0);
            assert!(matches!(read_mono(&path), Err(WavError::NoSamples { .. })));
        }
        std::fs::write(&path, vec![0; 44 + 5]).unwrap();
        assert_eq!(repair(&path).unwrap().samples, 2);
    }

    #[test]
    fn a_wav_of_another_shape_is_left_alone() {
        let (_dir, path) = file(2, &[1, 0]);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[22] = 2;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(repair(&path), Err(RecorderError::NotARecording { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn a_span_is_read_from_a_recording_that_still_grows() {
        let data: Vec<u8> = (0..800_i16).flat_map(i16::to_le_bytes).collect();
        let (_dir, path) = file(16, &data);
        let audio = read_span(&path, span(10, 20)).unwrap();
        assert_eq!((audio.pcm.len(), audio.pcm[0], audio.pcm[79]), (80, 80, 159));
        assert_eq!(read_span(&path, span(90, 300)).unwrap().pcm.len(), 80);
        assert_eq!(read_span(&path, span(900, 1_300)).unwrap().pcm.len(), 0);
    }
}
