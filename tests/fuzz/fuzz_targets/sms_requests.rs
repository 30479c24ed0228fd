//! libFuzzer calls `fuzz::sms_requests`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_sms_gateway::fuzz::sms_requests(data));
