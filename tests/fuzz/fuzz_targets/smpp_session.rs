//! libFuzzer calls `proto::fuzz::smpp_session`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_sms::proto::fuzz::smpp_session(data));
