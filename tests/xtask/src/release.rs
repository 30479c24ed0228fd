//! `cargo xtask release`: the node as it is installed: built, watched under load, and built again with what was seen.
//!
//! A call runs through much code once, and a processor that does other things between two calls has to fetch all of it anew.
//! With a profile the compiler lays what calls run side by side and what they do not run elsewhere; `layout` does so once more.

mod layout;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::example::BINARY;
use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::{cargo, done, installed, said, target};
use layout::{Bolt, FLAGS};

const HELP: &str = "cargo xtask release

Builds the node for being installed, in five steps of together about forty minutes on two cores: with counters, loads of SIP,
Diameter and short messages on it, their counters merged, built with them, and what calls run laid side by side. Leaves
`target/profiled/strowger`, which `cargo xtask deb --binary FILE` packs and `cargo xtask bench all --binary FILE` measures. Needs
llvm-profdata: `rustup component add llvm-tools`; and llvm-bolt for the last step, which is left out without it.";

/// The loads: what `cargo xtask` is told, in turn.
const LOADS: &[&[&str]] = &[
    &[
        "bench",
        "sip",
        "--systems",
        "uas-none,uas-strict,b2bua-none,b2bua-strict,proxy-none",
        "--rates",
        "200,1000",
        "--rounds",
        "1",
        "--seconds",
        "5",
        "--settle",
        "2",
    ],
    // Diameter from both ends: what charges and what is charged are in one node.
    &["acceptance", "prepaid"],
    &["bench", "sms", "--quick", "--without", "kannel,crate"],
];

pub(crate) fn run(args: &[String]) -> Result<()> {
    match args {
        [] => {
            say(&build()?.display().to_string());
            Ok(())
        }
        [option] if option == "--help" || option == "-h" => {
            say(HELP);
            Ok(())
        }
        [option, ..] => Err(Error::UnknownOption {
            task: "release",
            option: option.clone(),
        }),
    }
}

/// Builds it; answers the program.
pub(crate) fn build() -> Result<PathBuf> {
    let compiler = Compiler::ask()?;
    let merger = compiler.merger()?;
    let home = target().join("profiled");
    let counters = home.join("counters");
    // For cargo, what was built with an earlier profile of this name is up to date.
    for old in [&counters, &home.join("build")] {
        if old.exists() {
            std::fs::remove_dir_all(old).map_err(at("remove", old))?;
        }
    }
    say("1 of 5: building with counters");
    let flag = format!("-Cprofile-generate={}", counters.display());
    let watched = compiler.node(&home.join("watched"), &flag)?;
    say("2 of 5: watching it under load");
    load(&watched)?;
    say("3 of 5: merging its counters");
    let profile = home.join("profile");
    let mut merge = Command::new(merger);
    merge.arg("merge").arg("-o").arg(&profile).arg(&counters);
    done("release", "llvm-profdata", &mut merge)?;
    say("4 of 5: building with the profile");
    let bolt = Bolt::find(&compiler.llvm);
    let movable = bolt.as_ref().map_or("", |_| FLAGS);
    let flags = format!("-Cprofile-use={} {movable}", profile.display());
    let built = compiler.node(&home.join("build"), flags.trim_end())?;
    let program = home.join("strowger");
    let Some(bolt) = bolt else {
        let package = format!("bolt-{}", compiler.llvm);
        say(&format!(
            "5 of 5 is left out: there is no llvm-bolt (Debian: {package})"
        ));
        std::fs::copy(&built, &program).map_err(at("write", &program))?;
        return Ok(program);
    };
    say("5 of 5: laying what calls run side by side");
    let folder = home.join("layout");
    // Afterwards strip would make a program of it that does not run.
    let mut strip = Command::new("strip");
    strip.arg("--strip-debug").arg(&built);
    done("release", "strip", &mut strip)?;
    load(&bolt.watched(&built, &folder)?)?;
    bolt.lay_out(&built, &folder, &program)?;
    said(Command::new(&program).arg("--version"))?;
    Ok(program)
}

/// All loads, on this node.
fn load(node: &Path) -> Result<()> {
    LOADS.iter().try_for_each(|load| load_on(node, load))
}

/// One load of ours, on this node.
fn load_on(node: &Path, load: &[&str]) -> Result<()> {
    let own = std::env::current_exe().map_err(at("find", "cargo xtask"))?;
    let mut command = Command::new(own);
    command.args(load).env(BINARY, node);
    done("release", &load.join(" "), &mut command)
}

/// The compiler that is used.
struct Compiler {
    host: String,
    /// The first number of its LLVM's version.
    llvm: String,
    sysroot: PathBuf,
}

impl Compiler {
    fn ask() -> Result<Self> {
        let version = said(Command::new("rustc").arg("-vV"))?;
        let field = |name: &str| {
            let lines = version.lines();
            let value = lines.filter_map(|line| line.strip_prefix(name)).next();
            value.map(str::to_owned).ok_or_else(|| Error::Failed {
                what: format!("`rustc -vV`, which does not tell its `{name}`,"),
            })
        };
        let llvm = field("LLVM version: ")?;
        Ok(Self {
            host: field("host: ")?,
            llvm: llvm.split('.').next().unwrap_or_default().to_owned(),
            sysroot: PathBuf::from(
                said(Command::new("rustc").args(["--print", "sysroot"]))?.trim(),
            ),
        })
    }

    /// What merges counters: rustup's, or one of the same LLVM.
    fn merger(&self) -> Result<PathBuf> {
        let own = format!("lib/rustlib/{}/bin/llvm-profdata", self.host);
        let own = self.sysroot.join(own);
        if own.is_file() {
            return Ok(own);
        }
        let versioned = format!("llvm-profdata-{}", self.llvm);
        if installed(&versioned) {
            return Ok(versioned.into());
        }
        Err(Error::MissingProgram {
            program: "llvm-profdata".to_owned(),
            package: format!("llvm-{}", self.llvm),
            why: "it is of rustup's component llvm-tools: `rustup component add llvm-tools`"
                .to_owned(),
        })
    }

    /// The node with these flags, in a target folder of its own.
    fn node(&self, folder: &Path, flags: &str) -> Result<PathBuf> {
        let mut build = cargo(&[
            "build",
            "--release",
            "--locked",
            "--package",
            "strowger-cli",
        ]);
        // With a target named, what runs while building is built without them.
        build.args(["--bin", "strowger", "--target", &self.host]);
        build
            .env("CARGO_TARGET_DIR", folder)
            .env("CARGO_INCREMENTAL", "0")
            // All crates as one: what a profile says of a call from one into another is then of use.
            .env("CARGO_PROFILE_RELEASE_LTO", "fat")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
            .env("RUSTFLAGS", flags);
        done("release", "the build", &mut build)?;
        Ok(folder.join(&self.host).join("release/strowger"))
    }
}
