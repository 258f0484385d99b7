#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| heardline::ingress::sip::fuzz::sdp(data));
