//! One input of a fuzz target, as a test.

/// Runs a target and prints the input that broke it.
pub(crate) fn check(what: &str, n: usize, input: &[u8], target: fn(&[u8])) {
    let outcome = std::panic::catch_unwind(|| target(input));
    assert!(outcome.is_ok(), "{what} {n}: {}", input.escape_ascii());
}
