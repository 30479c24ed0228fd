//! `cargo xtask fuzz`: every target of `tests/fuzz`, or those named, for some minutes of the processor each, with the stable
//! compiler.
//!
//! What is new is kept in `target/fuzz/corpus`, reduced to what reaches something new; a crash is a file in
//! `target/fuzz/crashes`. Nothing goes into `tests/fuzz/corpus` by itself.

mod target;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::shell::{cargo, root, run_logged, target};
use crate::tools;
use target::{Row, Target};

/// What libFuzzer needs of the compiler: the coverage of branches, told through counters; and the product's own assertions.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions";
/// The target that is compiled for. It is named so that build scripts are not compiled with these flags.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
struct Options {
    names: Vec<String>,
    /// Of the processor, for each.
    seconds: u64,
    /// How many run at once.
    jobs: u64,
}

/// Runs them, some at once; fails where one has found something.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let options = options(args)?;
    tools::ensure_peers(&[tools::CC, tools::CXX])?;
    let programs = build(&options.names)?;
    let rows = all(&options, &programs)?;
    say("");
    for row in &rows {
        say(&format!("{:<18} {}", row.name, row.outcome));
    }
    Ok(match rows.iter().all(|row| row.ok) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Runs each once, in their order; what each found, in the order in which they ended.
fn all(options: &Options, programs: &Path) -> Result<Vec<Row>> {
    let (next, ended) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let folder = target().join("fuzz");
    let worker = || {
        while let Some(name) = options.names.get(next.fetch_add(1, Ordering::Relaxed)) {
            say(&format!("{name} begins"));
            let target = Target {
                name,
                program: programs.join(name),
                folder: &folder,
            };
            let row = target.fuzz(options.seconds)?;
            let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
            ended.push(row);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs).map(|_| scope.spawn(worker)).collect();
        let ends = workers.into_iter().map(|worker| {
            let what = "a thread that ran targets".to_owned();
            worker.join().unwrap_or(Err(Error::Failed { what }))
        });
        ends.collect::<Vec<Result<()>>>()
            .into_iter()
            .collect::<Result<()>>()
    })?;
    Ok(ended.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn options(args: &[String]) -> Result<Options> {
    let known = targets()?;
    let (mut names, mut seconds, mut jobs) = (Vec::new(), 600, 1);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (means, unit) = match arg.as_str() {
            "--minutes" => (&mut seconds, 60),
            "--seconds" => (&mut seconds, 1),
            "--jobs" => (&mut jobs, 1),
            name if known.iter().any(|known| known == name) => {
                names.push(name.to_owned());
                continue;
            }
            option => {
                return Err(Error::UnknownOption {
                    task: "fuzz",
                    option: option.to_owned(),
                });
            }
        };
        let got = args.next().map_or("", String::as_str);
        let number = got.parse::<u64>().ok().filter(|n| *n > 0);
        *means = unit
            * number.ok_or_else(|| Error::BadValue {
                option: arg.clone(),
                wanted: "a number",
                got: got.to_owned(),
            })?;
    }
    if names.is_empty() {
        names = known;
    }
    Ok(Options {
        names,
        seconds,
        jobs,
    })
}

/// All there are, by name.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("tests/fuzz/fuzz_targets");
    let files = fs::read_dir(&folder).map_err(at("read", &folder))?;
    let mut names: Vec<String> = files
        .flatten()
        .filter_map(|file| {
            let path = file.path();
            path.file_stem()?.to_str().map(str::to_owned)
        })
        .collect();
    names.sort();
    Ok(names)
}

/// Builds them, of the very versions that the product has, and gives the folder of their programs.
fn build(names: &[String]) -> Result<PathBuf> {
    let (from, to) = (
        root().join("Cargo.lock"),
        root().join("tests/fuzz/Cargo.lock"),
    );
    fs::copy(&from, &to).map_err(at("copy to", &to))?;
    let folder = target().join("fuzz/build");
    let mut command = cargo(&[
        "build",
        "--release",
        "--manifest-path",
        "tests/fuzz/Cargo.toml",
    ]);
    command.args(["--target", TRIPLE]);
    for name in names {
        command.args(["--bin", name]);
    }
    // Later compilers take these flags on nightly only.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS);
    command.env("CARGO_TARGET_DIR", &folder);
    let log = target().join("fuzz/build.log");
    say(&format!("building {} targets", names.len()));
    let said = run_logged(&mut command, &log)?;
    if !said.ok {
        let what = "the fuzz targets".to_owned();
        return Err(Error::NotBuilt { what, log });
    }
    Ok(folder.join(TRIPLE).join("release"))
}
