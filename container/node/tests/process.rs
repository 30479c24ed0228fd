//! A node as a process of its own: signals, exit codes, kill -9, a handler that never returns.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::{Bench, PATIENCE, Udp};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use strowger_node::Exit;

/// The variable that tells the test below to be a node, and with which configuration.
const CHILD: &str = "STROWGER_TEST_NODE";

/// Not a test but the node: this binary starts itself with [`CHILD`] set.
#[test]
fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test tells its child what to be"
    )]
    let Ok(dir) = std::env::var(CHILD) else {
        return;
    };
    let ready = |ready: &strowger_node::Ready| {
        let mut out = std::io::stdout();
        let udp = ready
            .listeners
            .iter()
            .find(|at| at.transport == "udp")
            .unwrap();
        writeln!(out, "\nready {}", udp.address).unwrap();
        out.flush().unwrap();
    };
    let bench = Bench::on(dir.into());
    let log = strowger_node::log::init(&bench.config().log).unwrap();
    let exit = bench.builder().on_ready(ready).run().unwrap();
    drop(log);
    std::process::exit(exit.code().into());
}

/// A node in a process.
struct Process {
    child: Child,
    said: BufReader<ChildStdout>,
    udp: Udp,
}

impl Process {
    fn start(bench: &Bench) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, bench.dir())
            .stdout(Stdio::piped())
            .stderr(File::create(bench.dir().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let udp = Udp::to(ready(&mut said));
        Self { child, said, udp }
    }

    /// Waits until the process, which is the same one, serves again.
    #[track_caller]
    fn serves_again(&mut self) {
        self.udp = Udp::to(ready(&mut self.said));
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end; kills what does not end by itself.
    #[track_caller]
    fn end(mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > until {
                self.child.kill().unwrap();
                panic!("the node does not end: {:?}", self.child.wait());
            }
            std::thread::yield_now();
        }
    }
}

/// Where a node listens that is ready now.
#[track_caller]
fn ready(said: &mut impl BufRead) -> SocketAddr {
    let mut lines = said.lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.strip_prefix("ready ")?.parse().unwrap()));
    address.unwrap()
}

#[test]
fn sigterm_drains() {
    let bench = Bench::new("");
    let node = Process::start(&bench);
    assert_eq!(node.udp.ask("ann hello"), "ann 1 hello");
    node.signal(Signal::SIGTERM);
    let mut n = 0;
    bench.until(|| {
        n += 1;
        node.udp.ask(&format!("bob{n} hello")).ends_with("busy")
    });
    for n in 1..n {
        assert_eq!(node.udp.ask(&format!("bob{n} bye")), format!("bob{n} bye"));
    }
    assert_eq!(node.udp.ask("ann bye"), "ann bye");
    assert_eq!(node.end().code(), Some(0));
}

#[test]
fn a_second_sigterm_stops_at_once_and_sighup_does_nothing() {
    let bench = Bench::new("");
    let node = Process::start(&bench);
    node.signal(Signal::SIGHUP);
    assert_eq!(node.udp.ask("ann hello"), "ann 1 hello");
    let begun = Instant::now();
    node.signal(Signal::SIGTERM);
    let mut n = 0;
    bench.until(|| {
        n += 1;
        node.udp.ask(&format!("bob{n} hello")).ends_with("busy")
    });
    node.signal(Signal::SIGINT);
    assert_eq!(node.end().code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "not the drain limit of 30 s"
    );
}

#[test]
fn what_was_answered_survives_kill_9() {
    let bench = Bench::new("");
    let mut heard = 0;
    for round in 0..5 {
        let node = Process::start(&bench);
        for _ in 0..20 + round * 7 {
            heard += 1;
            assert_eq!(
                node.udp.ask("ann hello"),
                format!("ann {heard} hello"),
                "round {round}"
            );
        }
        node.signal(Signal::SIGKILL);
        assert_eq!(node.end().code(), None);
    }
}

/// What the process has logged, with each of these words in it.
#[track_caller]
fn expect_logged(bench: &Bench, words: &[&str]) {
    let log = std::fs::read_to_string(bench.dir().join("log")).unwrap();
    for word in words {
        assert!(log.contains(word), "{word}: {log}");
    }
}

/// In a call that is there, `word` does not return: the process starts again without that delivery.
fn never_returns(limits: &str, word: &str) {
    let bench = Bench::new(&format!("[limits]\n{limits}\n"));
    let mut node = Process::start(&bench);
    assert_eq!(node.udp.ask("ann hello"), "ann 1 hello");
    assert_eq!(node.udp.ask("bob hello"), "bob 1 hello");
    node.udp.send(&format!("ann {word}"));
    node.serves_again();
    // It comes again, as when whoever sent it hears no answer.
    node.udp.send(&format!("ann {word}"));
    assert_eq!(node.udp.ask("bob hello"), "bob 2 hello");
    assert_eq!(node.udp.ask("ann hello"), "ann 2 hello");
    let there = [
        "NOD-013",
        "parrot",
        "said 1.0",
        "starts again",
        "did not return",
    ];
    expect_logged(&bench, &there);
    for name in ["ann", "bob"] {
        assert_eq!(node.udp.ask(&format!("{name} bye")), format!("{name} bye"));
    }
    node.signal(Signal::SIGTERM);
    assert_eq!(node.end().code(), Some(0));
}

#[test]
fn a_delivery_that_loops_is_put_aside_and_the_process_starts_again() {
    never_returns("delivery_cpu_max = \"100ms\"", "hang");
}

#[test]
fn a_delivery_that_waits_takes_no_processor_time_and_is_found_by_the_clock() {
    let limits = "delivery_cpu_max = \"100ms\"\ndelivery_time_max = \"400ms\"";
    never_returns(limits, "wait");
}

#[test]
fn a_service_that_loops_in_new_work_takes_no_more_of_it() {
    let bench = Bench::new("[limits]\ndelivery_cpu_max = \"100ms\"\n");
    let mut node = Process::start(&bench);
    assert_eq!(node.udp.ask("bob hello"), "bob 1 hello");
    node.udp.send("ann hang");
    node.serves_again();
    // Nobody is there for it any more; what there is goes on.
    node.udp.send("ann hang");
    assert_eq!(node.udp.ask("bob hello"), "bob 2 hello");
    let there = ["too_many_failures", "initial event said 1.0"];
    expect_logged(&bench, &there);
    node.signal(Signal::SIGKILL);
    node.end();
    // The next start gives it another chance.
    let node = Process::start(&bench);
    assert_eq!(node.udp.ask("carl hello"), "carl 1 hello");
    node.signal(Signal::SIGKILL);
    node.end();
}

#[test]
fn what_a_service_has_is_removed_that_loops_again_and_again() {
    let limits = "[limits]\ndelivery_cpu_max = \"100ms\"\n[services.parrot]\nhangs_max = 2\n";
    let bench = Bench::new(limits);
    let mut node = Process::start(&bench);
    assert_eq!(node.udp.ask("bob hello"), "bob 1 hello");
    node.udp.send("bob hang");
    node.serves_again();
    node.udp.send("bob hang");
    node.udp.send("bob hang");
    node.serves_again();
    assert_eq!(node.udp.ask("ann motto"), "ann none");
    node.signal(Signal::SIGKILL);
    node.end();
    expect_logged(&bench, &["too_many_failures", "2 times within 600s"]);
    // The start after that gives it another chance, without what it had.
    let node = Process::start(&bench);
    assert_eq!(node.udp.ask("bob hello"), "bob 1 hello");
    node.signal(Signal::SIGKILL);
    node.end();
}

#[test]
fn a_loop_that_is_no_handlers_ends_the_process() {
    let bench = Bench::new("[limits]\ndelivery_time_max = \"100ms\"\n");
    let node = Process::start(&bench);
    node.udp.send("ann spin");
    assert_eq!(node.end().code(), Some(Exit::Hung.code().into()));
    expect_logged(&bench, &["NOD-013", "exit=75"]);
}
