//! `strowger explain`: the pages of docs/errors, embedded.

use crate::args;
use crate::failure::Failure;
use crate::output::{as_json, print, print_table};
use serde_json::json;
use std::fmt::Write as _;

/// Code and page, sorted by code.
const PAGES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// Prints the page of a code, or the list of codes.
pub(crate) fn run(args: &args::Explain) -> Result<(), Failure> {
    let Some(code) = &args.code else {
        if args.json {
            let object =
                |(code, page): &(&str, &str)| json!({ "code": code, "title": title(code, page) });
            as_json(&PAGES.iter().map(object).collect())?;
        } else {
            print_table(&list())?;
        }
        return Ok(());
    };
    let wanted = code.to_ascii_uppercase();
    let Some((code, page)) = PAGES.iter().find(|(code, _)| *code == wanted) else {
        return Err(Failure::UnknownCode {
            code: code.clone(),
            near: near(&wanted),
        });
    };
    if args.json {
        as_json(&json!({ "code": code, "title": title(code, page), "page": page }))?;
    } else {
        print(page)?;
    }
    Ok(())
}

fn list() -> String {
    let mut text = String::new();
    for (code, page) in PAGES {
        let _ = writeln!(text, "{code}  {}", title(code, page));
    }
    text
}

/// The first line of a page without its code.
fn title<'p>(code: &str, page: &'p str) -> &'p str {
    let line = page.lines().next().unwrap_or_default();
    let line = line.trim_start_matches(['#', ' ']).trim_start_matches(code);
    line.trim_start_matches([':', ' '])
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
