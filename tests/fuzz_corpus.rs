//! The fuzz targets of `tests/fuzz/`, as an ordinary test: over every input that is kept in `tests/fuzz/corpus/`, and over seeded
//! mutations of them (acceptance 7).
//!
//! `HEARDLINE_WRITE_SEEDS=1 cargo test --test fuzz_corpus` writes the seeds of `fuzz_corpus/seeds.rs` to their files.

#[path = "fuzz_corpus/mutate.rs"]
mod mutate;
#[path = "fuzz_corpus/seeds.rs"]
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use heardline::{draft, ingress, media};
use rand::SeedableRng;
use rand::rngs::StdRng;

use mutate::mutated;

const SEED: u64 = 20_261_125;

struct Target {
    name: &'static str,
    run: fn(&[u8], &Path),
    /// As many as take about a second.
    mutations: u32,
}

const TARGETS: [Target; 10] = [
    Target { name: "screen", run: |data, _| ingress::sip::fuzz::screen(data), mutations: 100_000 },
    Target { name: "framing", run: |data, _| ingress::sip::fuzz::framing(data), mutations: 100_000 },
    Target { name: "sdp", run: |data, _| ingress::sip::fuzz::sdp(data), mutations: 100_000 },
    Target { name: "rtp", run: |data, _| media::fuzz::rtp(data), mutations: 200_000 },
    Target { name: "rtcp", run: |data, _| media::fuzz::rtcp(data), mutations: 200_000 },
    Target { name: "payload", run: |data, _| media::fuzz::payload(data), mutations: 20_000 },
    Target { name: "inbound", run: |data, _| media::fuzz::inbound(data), mutations: 10_000 },
    Target { name: "dtmf", run: |data, _| media::fuzz::dtmf(data), mutations: 200_000 },
    Target { name: "wav_repair", run: media::fuzz::wav_repair, mutations: 1_000 },
    Target { name: "draft", run: |data, _| draft::fuzz::draft(data), mutations: 200 },
];

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

/// Every kept input, in the order of their names.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = corpus(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut kept: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap())
        })
        .collect();
    kept.sort();
    kept
}

fn survives(target: &Target, data: &[u8], scratch: &Path, named: &str) {
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(data, scratch)));
    assert!(ran.is_ok(), "{}: {named} broke a promise (above); the input: {data:?}", target.name);
}

#[test]
fn every_kept_input_and_its_mutations_keep_every_promise() {
    println!("seed {SEED}");
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("scratch.wav");
    for target in &TARGETS {
        let kept = kept(target.name);
        assert!(!kept.is_empty(), "{}: no corpus", target.name);
        for (name, data) in &kept {
            survives(target, data, &scratch, name);
        }
        let mut random = StdRng::seed_from_u64(SEED);
        for number in 0..target.mutations {
            let data = mutated(&kept, &mut random);
            survives(target, &data, &scratch, &format!("mutation {number} of seed {SEED}"));
        }
        println!("{}: {} kept inputs, {} mutations", target.name, kept.len(), target.mutations);
    }
}

#[test]
fn the_seeds_on_disk_are_those_of_the_generator() {
    let write = std::env::var_os("HEARDLINE_WRITE_SEEDS").is_some();
    for (target, name, data) in seeds::all() {
        let path = corpus(target).join(name);
        if write {
            std::fs::create_dir_all(corpus(target)).unwrap();
            std::fs::write(&path, &data).unwrap();
        }
        let on_disk = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; write the seeds", path.display()));
        assert!(on_disk == data, "{}: write the seeds anew (see the head of this file)", path.display());
    }
}
