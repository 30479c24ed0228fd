//! `cargo xtask fuzz`: every target of `tests/fuzz`, or those named, for some minutes each, with the stable compiler.
//!
//! What is new is kept in `target/fuzz/corpus`, reduced to what reaches something new; a crash is a file in
//! `target/fuzz/crashes`. Nothing goes into `tests/fuzz/corpus` by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, at};
use crate::print::say;
use crate::process::Running;
use crate::shell::{cargo, root, run_logged, target};
use crate::tools;

/// What libFuzzer needs of the compiler: the coverage of branches, told through counters; and the product's own assertions.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table -Cdebug-assertions";
/// The target that is compiled for. It is named so that build scripts are not compiled with these flags.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// Longest input, in bytes.
const LONGEST: &str = "4096";
/// Memory of one target, in MiB, beyond which it has failed.
const MEMORY: &str = "2048";
/// Seconds for one input, beyond which it has failed.
const TOO_LONG: &str = "20";
/// How often the progress of a target is shown.
const NEWS: Duration = Duration::from_secs(60);
/// How much longer than it is told a target may take to read its corpus and to end.
const GRACE: Duration = Duration::from_secs(180);

struct Options {
    names: Vec<String>,
    seconds: u64,
}

/// How a target did.
struct Row {
    name: String,
    outcome: String,
    ok: bool,
}

/// Runs them one after the other; fails where one has found something.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let Options { names, seconds } = options(args)?;
    tools::ensure_peers(&[tools::CC, tools::CXX])?;
    let programs = build(&names)?;
    let folder = target().join("fuzz");
    let mut rows = Vec::new();
    for (n, name) in names.iter().enumerate() {
        say(&format!("{name} ({} of {})", n + 1, names.len()));
        rows.push(fuzz(name, &programs.join(name), &folder, seconds)?);
    }
    say("");
    for row in &rows {
        say(&format!("{:<18} {}", row.name, row.outcome));
    }
    Ok(match rows.iter().all(|row| row.ok) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn options(args: &[String]) -> Result<Options> {
    let known = targets()?;
    let (mut names, mut seconds) = (Vec::new(), 600);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let unit = match arg.as_str() {
            "--minutes" => 60,
            "--seconds" => 1,
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
        seconds = unit
            * number.ok_or_else(|| Error::BadValue {
                option: arg.clone(),
                wanted: "a number",
                got: got.to_owned(),
            })?;
    }
    if names.is_empty() {
        names = known;
    }
    Ok(Options { names, seconds })
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

/// The folders with inputs of the repository.
fn seeds(name: &str) -> Vec<PathBuf> {
    let tests = root().join("tests");
    let own = match name {
        "diameter_values" => "diameter_message",
        name => name,
    };
    let mut folders = vec![tests.join("fuzz/corpus").join(own)];
    if name == "sip_datagram" {
        folders.extend(["rfc4475", "rfc5118"].map(|rfc| tests.join("torture").join(rfc)));
    }
    folders
}

/// Runs one for so long, and reduces what it has found.
fn fuzz(name: &str, program: &Path, folder: &Path, seconds: u64) -> Result<Row> {
    let (corpus, crashes) = (folder.join("corpus").join(name), folder.join("crashes"));
    for made in [&corpus, &crashes] {
        fs::create_dir_all(made).map_err(at("create", made))?;
    }
    let begun = Instant::now();
    let mut command = std::process::Command::new(program);
    command.arg(&corpus).args(seeds(name));
    command.arg(format!("-artifact_prefix={}/{name}-", crashes.display()));
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-max_len={LONGEST}"));
    command.arg(format!("-rss_limit_mb={MEMORY}"));
    command.args([&format!("-timeout={TOO_LONG}"), "-print_final_stats=1"]);
    let log = folder.join(format!("{name}.log"));
    let mut running = Running::start(name, &mut command, &log)?;
    let limit = Duration::from_secs(seconds) + GRACE;
    let ok = loop {
        if begun.elapsed() > limit {
            return Err(Error::TooLong {
                what: name.to_owned(),
                seconds: limit.as_secs(),
            });
        }
        // Its end, or the time for news.
        if let Ok(status) = running.wait_end(NEWS.min(limit)) {
            break status.success();
        }
        say(&format!("    {}", last(&running.output(), "exec/s")));
    };
    let said = running.output();
    let runs = last(&said, "stat::number_of_executed_units:");
    let runs = runs.rsplit(' ').next().unwrap_or_default();
    let covered = last(&said, "cov:").split("cov: ").nth(1);
    let covered = covered.and_then(|rest| rest.split(' ').next());
    let outcome = match ok {
        true => format!("{} new inputs", reduce(name, program, folder, &corpus)?),
        false => format!("FAILED, see {} and {}", crashes.display(), log.display()),
    };
    let outcome = format!(
        "{:>5} s {runs:>12} runs {:>6} edges  {outcome}",
        begun.elapsed().as_secs(),
        covered.unwrap_or("?"),
    );
    say(&format!("    {outcome}"));
    let name = name.to_owned();
    Ok(Row { name, outcome, ok })
}

/// The last line with this in it.
fn last<'a>(said: &'a str, part: &str) -> &'a str {
    let line = said.lines().rev().find(|line| line.contains(part));
    line.unwrap_or_default()
}

/// Leaves in `corpus` only what reaches what neither the inputs of the repository do nor each other; how many are left.
fn reduce(name: &str, program: &Path, folder: &Path, corpus: &Path) -> Result<usize> {
    let least = folder.join("least").join(name);
    if least.exists() {
        fs::remove_dir_all(&least).map_err(at("remove", &least))?;
    }
    fs::create_dir_all(&least).map_err(at("create", &least))?;
    // What is merged is measured against what is there already: the inputs of the repository.
    for from in seeds(name) {
        for file in fs::read_dir(&from).map_err(at("read", &from))?.flatten() {
            let to = least.join(format!("seed-{}", file.file_name().to_string_lossy()));
            fs::copy(file.path(), &to).map_err(at("copy to", &to))?;
        }
    }
    let mut command = std::process::Command::new(program);
    command.arg("-merge=1").arg(&least).arg(corpus);
    command.arg(format!("-max_len={LONGEST}"));
    let said = run_logged(&mut command, &folder.join(format!("{name}.merge.log")))?;
    if !said.ok {
        let what = format!("reducing the corpus of {name}");
        return Err(Error::Failed { what });
    }
    fs::remove_dir_all(corpus).map_err(at("remove", corpus))?;
    fs::create_dir_all(corpus).map_err(at("create", corpus))?;
    let mut left = 0;
    for file in fs::read_dir(&least).map_err(at("read", &least))?.flatten() {
        let name = file.file_name();
        if !name.to_string_lossy().starts_with("seed-") {
            let to = corpus.join(name);
            fs::rename(file.path(), &to).map_err(at("move to", &to))?;
            left += 1;
        }
    }
    fs::remove_dir_all(&least).map_err(at("remove", &least))?;
    Ok(left)
}
