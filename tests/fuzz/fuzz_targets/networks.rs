//! libFuzzer calls `fuzz::networks`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger::fuzz::networks(data));
