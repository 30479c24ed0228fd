//! libFuzzer calls `profile_files`; the ordinary tests replay its corpus through the same function.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| strowger_management::profile_file::fuzz::profile_files(data));
