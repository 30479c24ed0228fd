//! libFuzzer calls `proto::fuzz::sip_sdp`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_sip::proto::fuzz::sip_sdp(data));
