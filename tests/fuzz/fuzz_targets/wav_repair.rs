#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // One file a process, as the fuzzer runs several.
    let scratch = std::env::temp_dir().join(format!("heardline-fuzz-{}.wav", std::process::id()));
    heardline::media::fuzz::wav_repair(data, &scratch);
});
