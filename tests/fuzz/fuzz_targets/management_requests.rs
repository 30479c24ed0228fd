//! libFuzzer calls `management_requests`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_management::api::fuzz::management_requests(data));
