//! Embeds the pages of docs/errors, so that `strowger explain` works where there is no source tree.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    println!("cargo:rerun-if-changed={}", pages.display());
    let mut codes = Vec::new();
    for entry in fs::read_dir(&pages)? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        // README is their index.
        if let Some(code) = name.strip_suffix(".md").filter(|it| *it != "README") {
            println!("cargo:rerun-if-changed={}", pages.join(&name).display());
            codes.push(code.to_owned());
        }
    }
    codes.sort();
    let mut table = String::from("[\n");
    for code in codes {
        let path = pages.join(format!("{code}.md"));
        let _ = writeln!(
            table,
            "({code:?}, include_str!({:?})),",
            path.display().to_string()
        );
    }
    table.push(']');
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("error_pages.rs"), table)
}
