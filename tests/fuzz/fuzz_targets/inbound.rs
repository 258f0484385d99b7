#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| heardline::media::fuzz::inbound(data));
