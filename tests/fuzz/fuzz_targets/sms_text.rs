//! libFuzzer calls `proto::fuzz::sms_text`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_sms::proto::fuzz::sms_text(data));
