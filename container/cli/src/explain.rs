//! `strowger explain`: the pages of docs/errors, embedded.

use crate::args;
use crate::failure::Failure;
use crate::output::print;
use std::fmt::Write as _;

/// Code and page, sorted by code.
const PAGES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// Prints the page of a code, or the list of codes.
pub(crate) fn run(args: &args::Explain) -> Result<(), Failure> {
    let Some(code) = &args.code else {
        print(&list())?;
        return Ok(());
    };
    let wanted = code.to_ascii_uppercase();
    match PAGES.iter().find(|(code, _)| *code == wanted) {
        Some((_, page)) => print(page)?,
        None => {
            return Err(Failure::UnknownCode {
                code: code.clone(),
                near: near(&wanted),
            });
        }
    }
    Ok(())
}

fn list() -> String {
    let mut text = String::new();
    for (code, page) in PAGES {
        let title = page.lines().next().unwrap_or_default();
        let title = title
            .trim_start_matches(['#', ' '])
            .trim_start_matches(code);
        let _ = writeln!(text, "{code}  {}", title.trim_start_matches([':', ' ']));
    }
    text
}

/// The codes nearest to what was written, the best first.
fn near(written: &str) -> Vec<&'static str> {
    let mut codes: Vec<_> = PAGES
        .iter()
        .map(|(code, _)| (strsim::osa_distance(written, code), *code))
        .collect();
    codes.sort_unstable();
    codes.into_iter().take(3).map(|(_, code)| code).collect()
}
