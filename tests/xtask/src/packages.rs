//! Clients of other languages, at fixed versions: Python packages and npm packages under `target/tools`.
//!
//! `tests/interop` looks for them there (`src/flows/tools.rs`). A folder holds exactly what is named here, or is made anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result, at};
use crate::shell::{Said, run_logged, target};
use crate::tools::{NODE, NPM, PIP, PYTHON, ensure_peers, last_lines};

const FROM_PYPI: &[&str] = &[
    "opentelemetry-proto==1.38.0",
    "pjsua2-python==2.15.1",
    "python-diameter==0.9.0",
    "rusmppyc==0.4.0a2",
    "schemathesis==4.32.5",
    SIPPY,
    "sipvicious==0.3.3",
    "smpp34==1.5.0",
    "smpplib==2.2.4",
];
/// A SIP stack in Python: its B2BUA is a peer, and what `bench sip` compares with.
pub(crate) const SIPPY: &str = "sippy==2.5.0";
const FROM_NPM: &[&str] = &[
    "esbuild@0.28.2",
    "hep-js@1.0.22",
    "jssip@3.13.8",
    "jssip-node-websocket@3.0.0",
    "playwright-core@1.65.1",
    "sip.js@0.21.2",
    "smpp@0.5.1",
    "ws@8.23.0",
];

/// The file in a folder that says what it was made with.
const MADE_WITH: &str = "made-with";
const PYTHON_HOME: &str = "peers-python";

/// The folder of the Python packages.
pub(crate) fn python() -> PathBuf {
    home(PYTHON_HOME)
}

/// That a package of PyPI is missing, with how to install it.
pub(crate) fn missing(package: &str) -> Option<String> {
    let made = std::fs::read_to_string(python().join(MADE_WITH)).unwrap_or_default();
    let there = made.split(' ').any(|has| has == package);
    (!there).then(|| format!("{package} of PyPI is not installed: cargo xtask peers"))
}

fn home(name: &str) -> PathBuf {
    target().join("tools").join(name)
}

/// Installs all that are missing.
pub(crate) fn ensure() -> Result<()> {
    ensure_python()?;
    ensure_peers(&[NODE, NPM])?;
    folder("peers-npm", FROM_NPM, |home| {
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
        ]);
        npm.arg(home);
        npm
    })
}

/// Installs the Python packages.
pub(crate) fn ensure_python() -> Result<()> {
    ensure_peers(&[PYTHON, PIP])?;
    folder(PYTHON_HOME, FROM_PYPI, |home| {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.args(["--root-user-action", "ignore", "--target"])
            .arg(home);
        pip
    })
}

fn folder(name: &str, packages: &[&str], installer: impl Fn(&Path) -> Command) -> Result<()> {
    let home = home(name);
    let mark = home.join(MADE_WITH);
    let wanted = packages.join(" ");
    if std::fs::read_to_string(&mark).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(at("remove", &home))?;
    }
    std::fs::create_dir_all(&home).map_err(at("create", &home))?;
    let log = target().join("xtask").join(format!("{name}.log"));
    let Said { ok, text } = run_logged(installer(&home).args(packages), &log)?;
    if !ok {
        return Err(Error::MissingPackages {
            packages: wanted,
            why: last_lines(&text, 5),
        });
    }
    std::fs::write(&mark, wanted).map_err(at("write", &mark))
}
