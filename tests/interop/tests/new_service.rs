//! A service as `strowger new` writes it, outside of this workspace: it builds, its tests pass, and its node takes a call; and
//! the tutorial, whose every command is executed from an empty folder and whose every address is opened in a browser.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use strowger_interop::node::binary;
use strowger_interop::sipp::Sipp;
use strowger_interop::{Result, RunError};

/// A name that is no Rust identifier as it stands.
const NAME: &str = "wake-me";
/// An address of 127.0.0.0/8 that no other run has.
const HOST: &str = "127.0.9.1";
/// The same for the tutorial's node.
const TUTORIAL: &str = "127.0.9.2";

#[test]
fn a_new_service_builds_passes_its_tests_and_takes_a_call() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    succeed(Command::new(binary()?).args(["new", NAME]), dir.path())?;
    let krate = dir.path().join(NAME);
    // Without the network, and with what the workspace has built of other crates.
    let built = target_dir()?;
    succeed(cargo(&built).args(["test", "--offline"]), &krate)?;
    succeed(cargo(&built).args(["build", "--offline"]), &krate)?;

    let file = krate.join(format!("{NAME}.toml"));
    let config = fs::read_to_string(&file).map_err(broken)?;
    fs::write(&file, config.replace("127.0.0.1", HOST)).map_err(broken)?;
    let _node = Node::start(&built.join("debug").join(NAME), &file, &krate)?;
    let to = format!("{HOST}:5060");
    let caller = Sipp::start(&["-sn", "uac", "-s", NAME, "-m", "3", "-i", HOST, &to])?;
    caller.finish(Duration::from_secs(30))?.expect_clean(3)?;

    let again = Command::new(binary()?)
        .args(["new", NAME])
        .current_dir(dir.path())
        .output()
        .map_err(broken)?;
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(2), "{said}");
    assert!(said.contains("exists already"), "{said}");
    Ok(())
}

/// The blocks of shell in docs/tutorial.md, one after the other in one shell, and what its prose has addresses of, in Chromium.
/// Only the address is another, so that it meets no other node, cargo has no network, and what is built for production is not
/// optimised, which takes minutes: with STROWGER_TUTORIAL=release it is.
#[test]
fn the_tutorial_can_be_followed() -> Result {
    let dir = tempfile::tempdir().map_err(broken)?;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorial.md");
    let page = fs::read_to_string(page).map_err(broken)?;
    let tutorial = Tutorial::read(&page.replace("127.0.0.1", TUTORIAL));
    assert!(tutorial.commands.contains("kill -9 $node"));
    assert_eq!(tutorial.opened, 2, "{}", tutorial.commands);
    let built = target_dir()?;
    let whole = std::env::var_os("STROWGER_TUTORIAL").is_some_and(|it| it == "release");
    let (cargo, release, most) = if whole {
        ("", "release", "3000")
    } else {
        (CARGO, "debug", "540")
    };
    let ours = format!(
        "cd hello\nsed -i s/127.0.0.1/{TUTORIAL}/ hello.toml\nmkdir target\n\
         ln -s {0}/debug target/debug\nln -s {0}/{release} target/release\n",
        built.display()
    );
    let script = format!(
        "set -eux\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{LOOK}{cargo}{}",
        tutorial.commands.replacen("cd hello\n", &ours, 1)
    );
    assert!(script.contains("ln -s"), "{script}");
    let mut shell = Command::new("timeout");
    shell.args([most, "bash", "-c", &script]);
    shell.env("PATH", path()?).env("TERM", "dumb");
    shell.env("CARGO_NET_OFFLINE", "true");
    shell.env_remove("CARGO_TARGET_DIR");
    succeed(shell.stdin(Stdio::null()), dir.path())?;
    assert!(dir.path().join("hello/saved/records.export").is_file());
    assert!(dir.path().join("hello/machine/usr/bin/hello").is_file());
    let seen = |n| fs::read_to_string(dir.path().join(format!("seen-{n}.html"))).map_err(broken);
    assert!(seen(0)?.contains("<title>Overview"), "{}", seen(0)?);
    let ladder = seen(1)?;
    for there in ["class=\"ladder\"", "INVITE hello", "sip-invite", "BYE"] {
        assert!(ladder.contains(there), "no {there} in {ladder}");
    }
    Ok(())
}

/// Opens an address in Chromium, and keeps what the page is then.
const LOOK: &str = "look() { timeout 120 chromium --headless --no-sandbox --disable-gpu \
    --disable-dev-shm-usage --user-data-dir=../browser --dump-dom \"$1\" > ../seen-$2.html; }\n";
/// Cargo that builds a release as it builds for development, which is there already.
const CARGO: &str = "cargo() { command cargo \"${@/#--release/--profile=dev}\"; }\n";

/// What somebody does who follows the page.
struct Tutorial {
    commands: String,
    /// How many addresses are looked at.
    opened: usize,
}

impl Tutorial {
    fn read(page: &str) -> Self {
        let mut commands = String::new();
        let mut opened = 0;
        for part in page.split("```sh\n").skip(1) {
            let (block, prose) = part.split_once("```").unwrap_or((part, ""));
            commands.push_str(block);
            for link in prose.split("<http://").skip(1) {
                let address = link.split('>').next().unwrap_or_default();
                commands.push_str(&format!("look 'http://{address}' {opened}\n"));
                opened += 1;
            }
        }
        Self { commands, opened }
    }
}

/// Where programs are looked for: first where `strowger` was built.
fn path() -> Result<std::ffi::OsString> {
    let binaries = binary()?;
    let mut path: Vec<PathBuf> = binaries.parent().map(PathBuf::from).into_iter().collect();
    let usual = std::env::var_os("PATH").unwrap_or_default();
    path.extend(std::env::split_paths(&usual));
    Ok(std::env::join_paths(path).unwrap_or(usual))
}

/// The new binary as a node. Killed when dropped.
struct Node(Child);

impl Node {
    fn start(binary: &Path, config: &Path, dir: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.arg(config).current_dir(dir).stdout(Stdio::piped());
        let mut node = Self(command.spawn().map_err(broken)?);
        let output = node.0.stdout.take();
        let mut lines = output.into_iter().flat_map(|it| BufReader::new(it).lines());
        // Its end ends the lines; the runner's limit ends one that never gets ready.
        let ready = lines.any(|line| line.is_ok_and(|line| line.starts_with("ready")));
        if ready {
            return Ok(node);
        }
        Err(RunError::Broken("the new node was not ready".into()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cargo(target: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env("CARGO_TARGET_DIR", target);
    cargo
}

/// The folder that has `debug`, in which this test lies.
fn target_dir() -> Result<PathBuf> {
    let me = std::env::current_exe().map_err(broken)?;
    let found = me.ancestors().find(|p| p.join("debug").is_dir());
    found
        .map(Path::to_path_buf)
        .ok_or_else(|| RunError::Broken("no target directory".into()))
}

fn succeed(command: &mut Command, dir: &Path) -> Result {
    let done = command.current_dir(dir).output().map_err(broken)?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if done.status.success() {
        return Ok(());
    }
    let text = format!("{command:?}: {}{}", said(&done.stdout), said(&done.stderr));
    Err(RunError::Broken(text.into()))
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn broken(error: std::io::Error) -> RunError {
    RunError::Broken(error.to_string().into())
}
