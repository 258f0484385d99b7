//! The body of a transcription request: a WAV and a few fields as `multipart/form-data` (RFC 7578). Pure.

use rand::RngCore as _;

use crate::speech::upsample::RATE;

/// 16-bit mono PCM at 16 kHz with the 44-byte header that every server reads.
pub fn wav(samples: &[f32]) -> Vec<u8> {
    let data = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut wav = Vec::with_capacity(44 + samples.len() * 2);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&data.saturating_add(36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    for word in [1_u16, 1] {
        wav.extend_from_slice(&word.to_le_bytes());
    }
    for word in [RATE, RATE * 2] {
        wav.extend_from_slice(&word.to_le_bytes());
    }
    // Two bytes a sample, 16 bits of them used.
    for word in [2_u16, 16] {
        wav.extend_from_slice(&word.to_le_bytes());
    }
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data.to_le_bytes());
    for sample in samples {
        wav.extend_from_slice(&((sample * 32_768.0) as i16).to_le_bytes());
    }
    wav
}

/// Fields and one file, with the value of `Content-Type`.
pub fn form(fields: &[(&str, String)], wav: &[u8]) -> (String, Vec<u8>) {
    let mut random = [0_u8; 16];
    rand::rng().fill_bytes(&mut random);
    let boundary = format!("heardline-{:032x}", u128::from_be_bytes(random));
    let mut body = Vec::with_capacity(wav.len() + 2_048);
    for (name, value) in fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let disposition = "Content-Disposition: form-data; name=\"file\"; filename=\"segment.wav\"";
    body.extend_from_slice(format!("--{boundary}\r\n{disposition}\r\nContent-Type: audio/wav\r\n\r\n").as_bytes());
    body.extend_from_slice(wav);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wav_is_read_back_as_it_was() {
        let samples = [0.0, 0.5, -1.0, 1.0];
        let mut reader = hound::WavReader::new(std::io::Cursor::new(wav(&samples))).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels, reader.spec().bits_per_sample), (RATE, 1, 16));
        assert_eq!(reader.samples::<i16>().map(Result::unwrap).collect::<Vec<_>>(), [0, 16_384, -32_768, 32_767]);
        assert_eq!(wav(&[]).len(), 44);
    }

    #[test]
    fn every_part_stands_between_boundaries() {
        let (kind, body) = form(&[("model", "m".into()), ("prompt", "a\r\nb".into())], b"RIFF");
        let boundary = kind.split("boundary=").nth(1).unwrap();
        let text = String::from_utf8(body).unwrap();
        let parts: Vec<_> = text.split(&format!("--{boundary}")).collect();
        assert_eq!(parts.len(), 5);
        assert_eq!(parts[1], "\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n");
        assert!(parts[2].ends_with("\r\n\r\na\r\nb\r\n") && parts[3].ends_with("audio/wav\r\n\r\nRIFF\r\n"));
        assert_eq!(parts[4], "--\r\n");
    }
}
