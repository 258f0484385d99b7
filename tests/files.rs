//! `transcribe` and `draft` on files as people have them: they work, or say exactly why not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn heardline(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heardline")).args(arguments).output().unwrap()
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Rewrites a sample with another rate and channel count; linear interpolation is good enough here.
fn rewritten(folder: &Path, name: &str, rate: u32, channels: u16) -> PathBuf {
    let mut reader = hound::WavReader::open("audio-samples/zh-water.wav").unwrap();
    let from = reader.spec().sample_rate;
    let pcm: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let path = folder.join(name);
    let spec =
        hound::WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for n in 0..pcm.len() * rate as usize / from as usize {
        let at = n as f64 * f64::from(from) / f64::from(rate);
        let (left, right) = (pcm[at as usize], *pcm.get(at as usize + 1).unwrap_or(&0));
        let sample = f64::from(left) + (f64::from(right) - f64::from(left)) * at.fract();
        for _ in 0..channels {
            writer.write_sample(sample as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
    path
}

#[test]
fn stereo_and_44_1_khz_files_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    for (name, rate, channels) in [("stereo.wav", 8_000, 2), ("cd.wav", 44_100, 2), ("wide.wav", 16_000, 1)] {
        let path = rewritten(folder.path(), name, rate, channels);
        let output = heardline(&["draft", "--json", path_text(&path)]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let draft: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(draft.pointer("/issues/0/category/value").unwrap(), "utility.water", "{name}");
    }
}

#[test]
fn a_transcript_made_earlier_gives_the_same_fields_as_its_sound() {
    let folder = tempfile::tempdir().unwrap();
    let transcript = heardline(&["transcribe", "--json", "audio-samples/en-streetlight.wav"]);
    assert!(transcript.status.success());
    let file = folder.path().join("call.json");
    std::fs::write(&file, &transcript.stdout).unwrap();
    let fields = |output: Output| -> serde_json::Value {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let draft: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        serde_json::json!([draft["issues"], draft["caller"], draft["emergency"]])
    };
    let from_text = fields(heardline(&["draft", "--json", path_text(&file)]));
    let from_sound = fields(heardline(&["draft", "--json", "audio-samples/en-streetlight.wav"]));
    assert_eq!(from_text, from_sound);
}

#[test]
fn a_citys_own_categories_codes_and_units_are_in_the_draft() {
    let folder = tempfile::tempdir().unwrap();
    let built_in = heardline(&["draft", "--taxonomy"]);
    let mut taxonomy: Value = serde_json::from_slice(&built_in.stdout).unwrap();
    let rows = taxonomy.as_array_mut().unwrap();
    let light = rows.iter_mut().find(|row| row["code"] == "road.streetlight").unwrap();
    light["code"] = "road.lamp".into();
    let own = folder.path().join("taxonomy.json");
    std::fs::write(&own, taxonomy.to_string()).unwrap();
    let units = folder.path().join("units.toml");
    let toml = "[local_codes]\n\"road.lamp\" = \"L7\"\n[[unit]]\nname = \"Lamp works\"\ncategories = [\"road\"]\n";
    std::fs::write(&units, toml).unwrap();
    let config = folder.path().join("heardline.toml");
    let lists = format!("[draft]\ntaxonomy = \"{}\"\nunits = \"{}\"\n", own.display(), units.display());
    std::fs::write(&config, lists).unwrap();
    let transcript = folder.path().join("call.json");
    let call = serde_json::json!({
        "duration_ms": 3000, "model": "none", "demo_model": false, "coverage": heardline::call::Coverage::default(),
        "utterances": [heardline::call::Utterance {
            text: "The street light is broken.".into(),
            ..heardline::call::Utterance::wordless(
                0,
                heardline::call::MediaSpan::new(heardline::call::MediaTime(0), heardline::call::MediaTime(3000)),
                heardline::call::SegmentOutcome::Text,
                "none",
            )
        }],
    });
    std::fs::write(&transcript, call.to_string()).unwrap();

    let output = heardline(&["draft", path_text(&transcript), "--json", "--config", path_text(&config)]);
    let said = String::from_utf8_lossy(&output.stderr);
    let draft: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    let issue = &draft["issues"][0];
    assert_eq!((&issue["category"]["value"], &issue["local_code"]), (&"road.lamp".into(), &"L7".into()));
    assert_eq!(issue["routing_suggestion"]["value"]["unit"], "Lamp works");
    assert_eq!(issue["routing_suggestion"]["value"]["basis"], "road.lamp");
}

#[test]
fn files_without_usable_sound_are_refused_with_their_name_and_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let whole = std::fs::read("audio-samples/zh-water.wav").unwrap();
    for path in [
        folder.path().join("absent.wav"),
        file("empty.wav", b""),
        file("text.wav", b"this is not sound, it is a sentence"),
        file("header.wav", &whole[..20]),
        file("no-samples.wav", &whole[..44]),
        file("junk.json", b"{\"utterances\": 7}"),
        file("empty.json", b""),
    ] {
        let name = path.file_name().unwrap().to_str().unwrap();
        let command = if name.ends_with(".json") { "draft" } else { "transcribe" };
        let output = heardline(&[command, path_text(&path)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(name), "{name}: {said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
    }
}

#[test]
fn silence_gives_an_empty_transcript_and_a_draft_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silence.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    (0..80_000).for_each(|_| writer.write_sample(0_i16).unwrap());
    writer.finalize().unwrap();
    let output = heardline(&["transcribe", path_text(&path)]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("no speech in 10.0 s"));
    let output = heardline(&["draft", "--json", path_text(&path)]);
    let draft: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(draft["disposition_suggestion"], "discard");
}

#[test]
fn three_hours_of_sound_are_taken_and_more_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, seconds: u32| {
        // A sparse file: the header promises the length, the file system supplies the zeros.
        let path = folder.path().join(name);
        let bytes = seconds * 16_000;
        let mut header = std::fs::read("audio-samples/zh-water.wav").unwrap()[..44].to_vec();
        header[4..8].copy_from_slice(&(bytes + 36).to_le_bytes());
        header[40..44].copy_from_slice(&bytes.to_le_bytes());
        std::fs::write(&path, &header).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(u64::from(bytes) + 44).unwrap();
        path
    };
    let output = heardline(&["transcribe", path_text(&file("three-hours.wav", 3 * 3600))]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = heardline(&["transcribe", path_text(&file("four-hours.wav", 4 * 3600))]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("four-hours.wav") && said.contains('3'), "{said}");
}
