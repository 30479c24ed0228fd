//! `cargo xtask deb`: the Debian package, put together from `config/deploy` by dpkg-deb. The result lies in `target/debian`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::{cargo, done, root, said, target};

/// What is copied as it is: from the checkout, to the package, with its permissions.
const FILES: &[(&str, &str, u32)] = &[
    (
        "config/deploy/strowger.service",
        "usr/lib/systemd/system/strowger.service",
        0o644,
    ),
    (
        "config/deploy/strowger.toml",
        "etc/strowger/strowger.toml",
        0o644,
    ),
    (
        "config/strowger.schema.json",
        "usr/share/strowger/strowger.schema.json",
        0o644,
    ),
    (
        "docs/operating.md",
        "usr/share/doc/strowger/operating.md",
        0o644,
    ),
    (
        "docs/configuration.md",
        "usr/share/doc/strowger/configuration.md",
        0o644,
    ),
    (
        "docs/licences.md",
        "usr/share/doc/strowger/licences.md",
        0o644,
    ),
    ("LICENSE-MIT", "usr/share/doc/strowger/copyright", 0o644),
    (
        "LICENSE-APACHE",
        "usr/share/doc/strowger/LICENSE-APACHE",
        0o644,
    ),
];
const EXAMPLES: (&str, &str) = ("config/examples", "usr/share/doc/strowger/examples");
/// What the binary prints for each shell, and where that looks for it.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/strowger"),
    ("zsh", "usr/share/zsh/vendor-completions/_strowger"),
    ("fish", "usr/share/fish/vendor_completions.d/strowger.fish"),
];
const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];
/// Files whose changes by an operator an upgrade keeps.
const CONFFILES: &str = "/etc/strowger/strowger.toml\n";

pub(crate) fn run(args: &[String]) -> Result<()> {
    let binary = match args {
        [] => build("release")?,
        [option] if option == "--debug" => build("debug")?,
        [option, binary] if option == "--binary" => PathBuf::from(binary),
        [option, ..] => {
            return Err(Error::UnknownOption {
                task: "deb",
                option: option.clone(),
            });
        }
    };
    let package = package(&binary)?;
    say(&package.display().to_string());
    Ok(())
}

fn build(profile: &str) -> Result<PathBuf> {
    let mut build = cargo(&["build", "--locked", "--package", "strowger-cli"]);
    if profile == "release" {
        build.arg("--release");
    }
    done("deb", "the build", &mut build)?;
    Ok(target().join(profile).join("strowger"))
}

/// Stages the tree of a package and packs it.
fn package(binary: &Path) -> Result<PathBuf> {
    let home = target().join("debian");
    let tree = home.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).map_err(at("remove", &tree))?;
    }
    put(binary, &tree.join("usr/bin/strowger"), 0o755)?;
    // What of it only a debugger needs is most of it; `release` has done so before llvm-bolt, of whose programs strip makes such as
    // do not run.
    let bytes = fs::read(binary).map_err(at("read", binary))?;
    if !bytes.windows(15).any(|name| name == b".note.bolt_info") {
        done(
            "deb",
            "strip",
            Command::new("strip")
                .arg("--strip-debug")
                .arg(tree.join("usr/bin/strowger")),
        )?;
    }
    for (from, to, mode) in FILES {
        put(&root().join(from), &tree.join(to), *mode)?;
    }
    put_folder(&root().join(EXAMPLES.0), &tree.join(EXAMPLES.1))?;
    for (shell, to) in COMPLETIONS {
        let packed = tree.join("usr/bin/strowger");
        let script = said(Command::new(packed).args(["completions", shell]))?;
        write(&tree.join(to), &script, 0o644)?;
    }
    let debian = root().join("config/deploy/debian");
    for script in SCRIPTS {
        put(
            &debian.join(script),
            &tree.join("DEBIAN").join(script),
            0o755,
        )?;
    }
    write(&tree.join("DEBIAN/conffiles"), CONFFILES, 0o644)?;
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    let (architecture, version) = (architecture.trim(), env!("CARGO_PKG_VERSION"));
    let control = debian.join("control");
    let text = fs::read_to_string(&control).map_err(at("read", &control))?;
    let text = text
        .replace("VERSION", version)
        .replace("ARCHITECTURE", architecture)
        .replace("SIZE", &kib(&tree)?.to_string());
    write(&tree.join("DEBIAN/control"), &text, 0o644)?;
    let package = home.join(format!("strowger_{version}_{architecture}.deb"));
    let mut pack = Command::new("dpkg-deb");
    pack.args(["--root-owner-group", "--build"]);
    done("deb", "dpkg-deb", pack.arg(&tree).arg(&package))?;
    Ok(package)
}

/// The files of a folder, and of those in it.
fn put_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).map_err(at("list", from))? {
        let entry = entry.map_err(at("list", from))?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            put_folder(&path, &to)?;
        } else {
            put(&path, &to, 0o644)?;
        }
    }
    Ok(())
}

fn put(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let bytes = fs::read(from).map_err(at("read", from))?;
    write(to, bytes, mode)
}

fn write(to: &Path, bytes: impl AsRef<[u8]>, mode: u32) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at("create", folder))?;
    }
    fs::write(to, bytes).map_err(at("write", to))?;
    fs::set_permissions(to, Permissions::from_mode(mode)).map_err(at("write", to))
}

/// The size of a tree in KiB.
fn kib(tree: &Path) -> Result<u64> {
    let sizes = said(Command::new("du").args(["-sk"]).arg(tree))?;
    Ok(sizes
        .split_whitespace()
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0))
}
