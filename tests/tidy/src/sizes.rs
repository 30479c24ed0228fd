//! Files stay small: none above 800 lines, 95 of 100 not above 600.

use crate::expect_none;
use crate::tree::{File, with_extension};

const HARD: usize = 800;
const USUAL: usize = 600;

#[test]
fn files_are_small() {
    let files = with_extension("rs");
    let (long, p95) = sizes(&files);
    expect_none(&format!("files above {HARD} lines:"), &long);
    assert!(
        p95 <= USUAL,
        "95 of 100 files have at most {p95} lines; the limit is {USUAL}"
    );
}

/// The files above the hard limit, and the size that 95 of 100 files do not exceed.
fn sizes(files: &[File]) -> (Vec<String>, usize) {
    let mut sizes: Vec<(usize, &str)> = files
        .iter()
        .map(|file| (file.text.lines().count(), file.path.as_str()))
        .collect();
    sizes.sort_unstable();
    let long = sizes
        .iter()
        .filter(|(lines, _)| *lines > HARD)
        .map(|(lines, path)| format!("{path}: {lines}"))
        .collect();
    let p95 = sizes
        .get(sizes.len().saturating_sub(1) * 95 / 100)
        .map_or(0, |(lines, _)| *lines);
    (long, p95)
}

#[test]
fn finds_long_files() {
    let files = [
        File::sample("short.rs", "fn main() {}\n"),
        File::sample("long.rs", &"//\n".repeat(HARD + 1)),
    ];
    assert_eq!(sizes(&files), (vec![format!("long.rs: {}", HARD + 1)], 1));
}
