//! `strowger new`: a service crate of one's own, outside of this workspace, that builds and whose test passes.
//!
//! The crate comes from `template/`, which is Rust as it stands, by putting the name in place of `my-service`. It finds our
//! crates by path or git, for they are not on crates.io; from a checkout it takes the versions of all other crates as well.

use crate::args;
use crate::failure::Failure;
use crate::output::print;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is written where, from the template.
const FILES: [(&str, &str); 7] = [
    ("Cargo.toml", include_str!("../template/manifest.toml")),
    ("README.md", include_str!("../template/readme.md")),
    ("my-service.toml", include_str!("../template/node.toml")),
    (
        "my-service.service",
        include_str!("../template/unit.service"),
    ),
    ("src/lib.rs", include_str!("../template/src/lib.rs")),
    ("src/main.rs", include_str!("../template/src/main.rs")),
    ("tests/calls.rs", include_str!("../template/tests/calls.rs")),
];
const IGNORED: &str = "/target\n/strowger-data\n";
/// What every checkout has.
const MARK: &str = "container/api/Cargo.toml";
/// Longest name, as configuration has it.
const NAME_MAX: usize = 64;

/// Why no crate was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewError {
    /// The name cannot be that of a crate and of a service.
    #[error("`{name}` cannot be the name of a service: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is against it.
        why: &'static str,
    },
    /// There is something of that name already.
    #[error("{} exists already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder given has no sources of ours.
    #[error("{} is no checkout of Strowger: it has no {MARK}", path.display())]
    NoCheckout {
        /// The folder.
        path: PathBuf,
    },
    /// Nobody said where our crates are, and this binary does not know.
    #[error("where are the crates of Strowger? say --strowger PATH or --strowger URL")]
    NoSource,
    /// The system refuses a file.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes the crate.
pub(crate) fn run(args: &args::New) -> Result<(), Failure> {
    let name = &args.name;
    check_name(name)?;
    let source = Source::find(args.strowger.as_deref())?;
    let folder = PathBuf::from(name);
    write(&folder, name, &source)?;
    print(&format!(
        "{name} is a service that answers calls. Next:\n\n  cd {name}\n  cargo test\n  cargo run -- {name}.toml\n"
    ))?;
    Ok(())
}

/// Where our crates are.
#[derive(Debug, PartialEq, Eq)]
enum Source {
    Checkout(PathBuf),
    Git { url: String, rev: Option<String> },
}

impl Source {
    fn find(given: Option<&str>) -> Result<Self, NewError> {
        let Some(given) = given else {
            return Self::own();
        };
        if given.contains("://") || given.starts_with("git@") {
            let (url, rev) = match given.split_once('#') {
                Some((url, rev)) => (url, Some(rev.to_owned())),
                None => (given, None),
            };
            let url = url.to_owned();
            return Ok(Self::Git { url, rev });
        }
        let path = PathBuf::from(given);
        match fs::canonicalize(&path) {
            Ok(path) if path.join(MARK).is_file() => Ok(Self::Checkout(path)),
            Ok(_) | Err(_) => Err(NewError::NoCheckout { path }),
        }
    }

    /// The checkout that this binary was built from, if it is still there, or else the repository that its manifest names.
    fn own() -> Result<Self, NewError> {
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        if let Ok(path) = fs::canonicalize(built_from)
            && path.join(MARK).is_file()
        {
            return Ok(Self::Checkout(path));
        }
        match env!("CARGO_PKG_REPOSITORY") {
            "" => Err(NewError::NoSource),
            url => Ok(Self::Git {
                url: url.to_owned(),
                rev: None,
            }),
        }
    }

    /// The line of a manifest in which `STROWGER/FOLDER` stands for one of our crates.
    fn dependency(&self, line: &str) -> String {
        let Some((before, rest)) = line.split_once("STROWGER/") else {
            return line.to_owned();
        };
        let end = rest.find([',', ' ']).unwrap_or(rest.len());
        let (folder, after) = rest.split_at(end);
        let at = match self {
            Self::Checkout(path) => {
                format!("path = {}", toml_text(&path.join(folder).to_string_lossy()))
            }
            Self::Git { url, rev: None } => format!("git = {}", toml_text(url)),
            Self::Git {
                url,
                rev: Some(rev),
            } => {
                format!("git = {}, rev = {}", toml_text(url), toml_text(rev))
            }
        };
        format!("{before}{at}{after}")
    }

    fn link(&self) -> String {
        match self {
            Self::Checkout(path) => format!("<{}/README.md>", path.display()),
            Self::Git { url, .. } => url.clone(),
        }
    }
}

/// A text as TOML writes it; JSON's escapes are among TOML's.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What a crate, a program and an entry of configuration can all be called.
fn check_name(name: &str) -> Result<(), NewError> {
    let refuse = |why| {
        Err(NewError::Name {
            name: name.to_owned(),
            why,
        })
    };
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(allowed) {
        return refuse("names have 1 to 64 of the characters a-z, 0-9, - and _");
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return refuse("names begin with a letter");
    }
    if name.ends_with(['-', '_'])
        || ["--", "__", "-_", "_-"]
            .iter()
            .any(|twice| name.contains(twice))
    {
        return refuse("a - or _ stands between letters or digits");
    }
    let module = name.replace('-', "_");
    if KEYWORDS.contains(&module.as_str()) {
        return refuse("it is a word of Rust's");
    }
    if TAKEN.contains(&module.as_str()) || module.starts_with("strowger") {
        return refuse("a crate that it needs, or a folder of cargo's, is called so");
    }
    Ok(())
}

const KEYWORDS: [&str; 40] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait",
];
const TAKEN: [&str; 14] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "proc_macro",
    "schemars",
    "serde",
    "std",
    "test",
    "toml",
    "tracing",
    "tokio",
];

/// All files or none: what was begun is removed when one cannot be written.
fn write(folder: &Path, name: &str, source: &Source) -> Result<(), NewError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| NewError::Write { path, source }
    };
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(NewError::Exists {
                path: folder.to_owned(),
            });
        }
        created => created.map_err(at(folder))?,
    }
    let fill = || -> Result<(), NewError> {
        for sub in ["src", "tests"] {
            fs::create_dir(folder.join(sub)).map_err(at(folder))?;
        }
        for (file, text) in FILES {
            let path = folder.join(file.replace("my-service", name));
            fs::write(&path, filled(text, name, source)).map_err(at(&path))?;
        }
        let ignored = folder.join(".gitignore");
        fs::write(&ignored, IGNORED).map_err(at(&ignored))?;
        if let Source::Checkout(checkout) = source {
            let (from, to) = (checkout.join("Cargo.lock"), folder.join("Cargo.lock"));
            // Without it cargo chooses the newest versions, which nobody has tried here.
            if from.is_file() {
                fs::copy(&from, &to).map_err(at(&to))?;
            }
        }
        Ok(())
    };
    fill().inspect_err(|_| {
        // It was made a moment ago, and what failed is what the user is told.
        drop(fs::remove_dir_all(folder));
    })
}

/// A file of the template with the name and the place of our crates in it.
fn filled(text: &str, name: &str, source: &Source) -> String {
    let lines = text.lines().map(|line| source.dependency(line) + "\n");
    let text: String = lines.collect();
    text.replace("STROWGER_LINK", &source.link())
        .replace("my-service", name)
        .replace("my_service", &name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_are_refused_with_the_reason() {
        for good in ["hello", "wake-up", "a1", "x_y"] {
            check_name(good).expect(good);
        }
        for (bad, why) in [
            ("", "1 to 64"),
            ("Hello", "a-z"),
            ("../x", "a-z"),
            ("1st", "letter"),
            ("a-", "between"),
            ("a--b", "between"),
            ("match", "Rust"),
            ("strowger-sip", "needs"),
            ("test", "needs"),
        ] {
            let said = check_name(bad).expect_err(bad).to_string();
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn a_manifest_names_our_crates_by_path_or_git() {
        let line = "strowger-sip = { STROWGER/resource-adaptors/sip, features = [\"testkit\"] }";
        let checkout = Source::Checkout("/src/a \"b\"".into());
        assert_eq!(
            checkout.dependency(line),
            "strowger-sip = { path = \"/src/a \\\"b\\\"/resource-adaptors/sip\", features = [\"testkit\"] }"
        );
        let git = Source::find(Some("https://git.example/s.git#v1")).expect("a source");
        assert_eq!(
            git.dependency(line),
            "strowger-sip = { git = \"https://git.example/s.git\", rev = \"v1\", features = [\"testkit\"] }"
        );
        assert_eq!(git.dependency("serde = \"1\""), "serde = \"1\"");
    }

    /// What may go wrong in a service of somebody's own is no less than in ours.
    #[test]
    fn the_unit_is_hardened_as_ours_is() {
        let unit = |text: &'static str| -> Vec<&str> {
            let own = ["strowger", "my-service", "ExecReload="];
            let differs = |line: &str| {
                let named = line.replace("Strowger", "strowger");
                line.starts_with('#') || own.iter().any(|own| named.contains(own))
            };
            text.lines().filter(|line| !differs(line)).collect()
        };
        let ours = unit(include_str!("../../../config/deploy/strowger.service"));
        assert_eq!(unit(include_str!("../template/unit.service")), ours);
    }
}
