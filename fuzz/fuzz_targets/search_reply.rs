#![no_main]

#[path = "../checks/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each target has its own")]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::search_reply(input));
