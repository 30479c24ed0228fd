//! `cargo xtask book`: the pages of docs/ as a book for browsers, in `target/book/html`.
//!
//! The pages are those of docs/, in the order of docs/SUMMARY.md; nothing is written for the book alone. What pages link to
//! outside of docs/ is laid beside them as text, for a book is read where there is no checkout. The book that was built is read
//! again: a link or a picture in it that leads nowhere fails the step.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::count::Count;
use crate::error::{Result, at};
use crate::shell::{root, run_logged, target};
use crate::step::{Outcome, log};
use crate::tools::{MDBOOK, ensure_wheel};

/// What mdBook makes a folder's first page of, and what its links have to call it.
const README: &str = "README.md";
const INDEX: &str = "index.md";
/// Where files from outside of docs/ come to lie in the book.
const SOURCE: &str = "source";

pub(crate) fn run() -> Result<Outcome> {
    let home = target().join("book");
    if home.exists() {
        fs::remove_dir_all(&home).map_err(at("remove", &home))?;
    }
    let stage = home.join("stage");
    lay_out(&stage)?;
    let mut build = Command::new(ensure_wheel(&MDBOOK)?);
    let html = home.join("html");
    build.args(["build", "--dest-dir"]).arg(&html).arg(&stage);
    let said = run_logged(&mut build, &log("book"))?;
    // It reports a chapter without a file, or an odd one, as a warning.
    if !said.ok || said.text.contains("WARN") || said.text.contains("ERROR") {
        let count = Count::check(false);
        return Ok(Outcome {
            count,
            text: said.text,
        });
    }
    let pages = pages(&html)?;
    let dead = dead_links(&pages, &|path| html.join(path).is_file());
    Ok(Outcome {
        count: Count {
            passed: pages.len(),
            failed: dead.len(),
        },
        text: dead.join("\n"),
    })
}

/// Copies what the book is made of, with the links out of docs/ turned to copies within.
fn lay_out(stage: &Path) -> Result<()> {
    let mut outside = BTreeSet::new();
    for path in below(&root().join("docs"))? {
        let name = relative(&path, &root());
        let to = stage.join(&name);
        if name.ends_with(".md") && name != "docs/SUMMARY.md" {
            let text = fs::read_to_string(&path).map_err(at("read", &path))?;
            write(&to, turned(&name, &text, &mut outside).as_bytes())?;
        } else {
            copy(&path, &to)?;
        }
    }
    for path in outside {
        let to = stage.join("docs").join(SOURCE).join(as_text(&path));
        copy(&root().join(path), &to)?;
    }
    copy(&root().join("book.toml"), &stage.join("book.toml"))
}

/// The page with its links out of docs/ leading to copies below [`SOURCE`]; `outside` gets what has to be copied. The summary stays
/// as it is, for mdBook finds its pages by it.
fn turned(page: &str, text: &str, outside: &mut BTreeSet<String>) -> String {
    let depth = page.matches('/').count() - 1;
    let mut pieces = text.split("](");
    let mut turned = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        turned.push_str("](");
        let (link, rest) = piece.split_once(')').unwrap_or((piece, ""));
        let path = resolve(page, link);
        let leads_out = link.starts_with("../") && !path.starts_with("docs/");
        if leads_out && root().join(&path).is_file() {
            let up = "../".repeat(depth);
            turned.push_str(&format!("{up}{SOURCE}/{}){rest}", as_text(&path)));
            outside.insert(path);
        } else if !leads_out && !link.contains(':') && link.contains(README) {
            turned.push_str(&piece.replacen(README, INDEX, 1));
        } else {
            turned.push_str(piece);
        }
    }
    turned
}

/// A name by which browsers show a file instead of saving it, and which mdBook takes for no page.
fn as_text(path: &str) -> String {
    format!("{}.txt", path.trim_end_matches(".md"))
}

/// What the links of a page need to be checked.
#[derive(Default)]
struct Page {
    /// Links and pictures, as they are written.
    links: Vec<String>,
    /// Places that a link can lead to.
    anchors: BTreeSet<String>,
}

/// The pages of the finished book. The one for addresses that there are not counts paths from the root of a host.
fn pages(html: &Path) -> Result<BTreeMap<String, Page>> {
    let mut pages = BTreeMap::new();
    for path in below(html)? {
        let name = relative(&path, html);
        if name.ends_with(".html") && name != "404.html" {
            let text = fs::read_to_string(&path).map_err(at("read", &path))?;
            pages.insert(name, Page::read(&text));
        }
    }
    Ok(pages)
}

impl Page {
    fn read(html: &str) -> Self {
        let values = |name: &str| -> Vec<String> {
            let begin = format!(" {name}=\"");
            let pieces = html.split(&begin).skip(1);
            let ends = pieces.filter_map(|rest| rest.split('"').next());
            ends.map(ToOwned::to_owned).collect()
        };
        let mut links = values("href");
        links.extend(values("src"));
        links.retain(|link| !link.contains(':'));
        Self {
            links,
            anchors: values("id").into_iter().collect(),
        }
    }
}

fn dead_links(pages: &BTreeMap<String, Page>, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut dead = Vec::new();
    for (name, page) in pages {
        for link in &page.links {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = match file {
                "" => name.clone(),
                _ => resolve(name, file),
            };
            let there = match pages.get(&path) {
                Some(page) => anchor.is_empty() || page.anchors.contains(anchor),
                None => exists(&path),
            };
            if !there {
                dead.push(format!("{name}: {link}"));
            }
        }
    }
    dead
}

/// `link` as seen from the folder of `page`.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// All files below a folder, in order.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at("read", folder))? {
        let path = entry.map_err(at("read", folder))?.path();
        if path.is_dir() {
            found.extend(below(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn relative(path: &Path, folder: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).map_err(at("read", from))?;
    write(to, &bytes)
}

fn write(to: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at("create", folder))?;
    }
    fs::write(to, bytes).map_err(at("write", to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_out_of_the_docs_lead_to_copies() {
        let mut outside = BTreeSet::new();
        let text = "[a](../Cargo.toml) [b](adr/README.md) [c](../no-such) [d](https://x/)";
        assert_eq!(
            turned("docs/page.md", text, &mut outside),
            "[a](source/Cargo.toml.txt) [b](adr/index.md) [c](../no-such) [d](https://x/)"
        );
        assert_eq!(
            turned(
                "docs/how/page.md",
                "[a](../../Cargo.toml) [b](../page.md)",
                &mut outside
            ),
            "[a](../source/Cargo.toml.txt) [b](../page.md)"
        );
        assert_eq!(outside.len(), 1);
    }

    #[test]
    fn finds_dead_links() {
        let page = r##"<h1 id="x"></h1><a href="b.html">b</a><a href="#x"></a><a href="#y"></a><img src="p.svg">"##;
        let pages = BTreeMap::from([
            ("f/a.html".to_owned(), Page::read(page)),
            (
                "f/b.html".to_owned(),
                Page::read(r#"<a href="../c.html#z"></a>"#),
            ),
        ]);
        let dead = dead_links(&pages, &|path| path == "f/p.svg");
        assert_eq!(dead, ["f/a.html: #y", "f/b.html: ../c.html#z"]);
    }
}
