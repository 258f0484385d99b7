#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| heardline::draft::fuzz::draft(data));
