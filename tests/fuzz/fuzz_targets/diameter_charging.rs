//! libFuzzer calls `charging::fuzz::diameter_charging`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_diameter::charging::fuzz::diameter_charging(data));
