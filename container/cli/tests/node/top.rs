//! `strowger top` in a terminal of its own, and as text, before a node that runs.

use super::{Node, PATIENCE, ask, strowger};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// The program in a terminal.
struct Watched {
    child: Child,
    /// The other side of the terminal, which types.
    keys: File,
    shown: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    terminal: OwnedFd,
    before: Termios,
}

impl Watched {
    fn start(dir: &Path, size: (u16, u16), variables: &[(&str, &str)]) -> Self {
        let size = Winsize {
            ws_col: size.0,
            ws_row: size.1,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&size, None).expect("a terminal");
        let before = tcgetattr(&pty.slave).expect("its settings");
        let side = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        let mut command = strowger(dir);
        command
            .args(["top", "--every", "200ms", "--data", "data"])
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied())
            .stdin(side())
            .stdout(side())
            .stderr(side());
        let child = command.spawn().expect("the binary runs");
        let keys = File::from(pty.master);
        let mut output = keys.try_clone().expect("a descriptor");
        let (sender, shown) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(length) = output.read(&mut bytes) {
                if length == 0 || sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            shown,
            seen: Vec::new(),
            terminal: pty.slave,
            before,
        }
    }

    /// Waits until this is shown, after what was waited for before.
    fn until(&mut self, wanted: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = String::from_utf8_lossy(&self.seen).into_owned();
            if let Some(at) = seen.find(wanted) {
                self.seen = seen.as_bytes()[at + wanted.len()..].to_vec();
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(_) => panic!("no `{wanted}` in {seen:?}"),
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .expect("it can be typed");
    }

    /// Its exit code, when it has left the terminal as it was.
    fn ended(mut self) -> Option<i32> {
        self.until("\u{1b}[?1049l");
        self.until("\u{1b}[?25h");
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end");
            std::thread::yield_now();
        };
        let after = tcgetattr(&self.terminal).expect("its settings");
        assert_eq!(after, self.before, "the terminal is another one");
        status.code()
    }
}

#[test]
fn a_node_is_watched_in_a_terminal() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start(dir.path(), &[]);
    let mut top = Watched::start(dir.path(), (80, 24), &[]);
    top.until("\u{1b}[?1049h");
    top.until("Services 2");
    top.until("q quit");
    top.press("?");
    top.until("Shift-Tab");
    top.press("xp");
    top.until("paused");
    top.press("p\t\t");
    top.until("▶ Alarms");
    top.press("q");
    assert_eq!(top.ended(), Some(0));

    // Signals end it as keys do, and without colours it has none.
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut top = Watched::start(dir.path(), (40, 12), &[("NO_COLOR", "1")]);
        top.until("Services 2");
        let shown = String::from_utf8_lossy(&top.seen).into_owned();
        assert!(
            !shown.contains("\u{1b}[38;") && !shown.contains("\u{1b}[32m"),
            "{shown:?}"
        );
        let pid = Pid::from_raw(top.child.id().try_into().expect("a process id"));
        kill(pid, signal).expect("a signal can be sent");
        assert_eq!(top.ended(), Some(0));
    }

    // A node that ends while it is watched is told, and so is the next one.
    let mut top = Watched::start(dir.path(), (100, 30), &[]);
    top.until("Services 2");
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
    top.until("NOT ANSWERING");
    let node = Node::start(dir.path(), &[]);
    top.until("Services");
    top.press("\u{3}");
    assert_eq!(top.ended(), Some(0));
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}

#[test]
fn one_picture_is_text() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let top = || {
        let mut command = strowger(dir.path());
        command.args(["top", "--once", "--every", "100ms", "--data", "data"]);
        command.output().expect("the binary runs")
    };
    let nobody = top();
    let said = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(said.starts_with("error[NOD-010]"), "{said}");
    assert_eq!(nobody.status.code(), Some(1));
    let node = Node::start(dir.path(), &[]);
    let text = ask(
        dir.path(),
        &["top", "--once", "--every", "100ms", "--data", "data"],
    )
    .stdout;
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("uas") && text.contains("b2bua"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert_eq!(node.end(Signal::SIGTERM).0, Some(0));
}
