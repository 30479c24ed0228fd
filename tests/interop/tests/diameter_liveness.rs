//! Peers that freeze, die, stall or lie about being there: no request is lost or answered twice, and others are served.

use nix::sys::signal::Signal;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};
use strowger_interop::Result;
use strowger_interop::diameter::freediameter::{Daemon, FreeDiameter};
use strowger_interop::diameter::ground::{Driver, Ground, HOST};
use strowger_interop::diameter::link::{Came, Identity, Link};
use strowger_interop::diameter::probe;
use strowger_interop::diameter::raw::{Raw, command};
use strowger_interop::diameter::server::{Mood, Server};

/// The least that RFC 3539 allows, so that what takes a few of them is over soon.
const QUICK: &str = "timers.watchdog = \"6s\"\ntimers.reconnect = \"1s\"\ntimers.reconnect_first = \"200ms\"\ntimers.request = \"60s\"";
const WATCHDOG: Duration = Duration::from_secs(6);
const SOON: Duration = Duration::from_secs(20);
/// Two watchdogs, one time to connect, three watchdogs to be believed again, each with up to two seconds more.
const LONG: Duration = Duration::from_secs(90);

fn ip(test: u8, last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, test, last)
}

fn at(test: u8, last: u8) -> SocketAddr {
    SocketAddr::from((ip(test, last), 3868))
}

/// All that is ordered are events: later requests of a session name the server that has answered the first, and move nowhere.
///
/// A node of the loopback network `test` that asks `one`, and `two` when `one` cannot be asked.
fn ground(dir: &tempfile::TempDir, test: u8, one: SocketAddr, two: SocketAddr) -> Result<Ground> {
    Ok(Ground::new(dir.path(), ip(test, 1))?
        .set(QUICK)
        .peer("one", "one.fd.example", Some(one), false)
        .peer("two", "two.fd.example", Some(two), false)
        .realm("fd.example", &["one"], "peers.two = { priority = 1 }"))
}

fn servers(test: u8) -> Result<(Server, Server)> {
    let one = Server::start(at(test, 2), "one.fd.example", "fd.example", Mood::Good)?;
    let two = Server::start(at(test, 3), "two.fd.example", "fd.example", Mood::Good)?;
    Ok((one, two))
}

fn daemon<'a>(
    dir: &'a tempfile::TempDir,
    ground: &'a Ground,
    name: &str,
    port: u16,
) -> Result<Daemon> {
    let host = format!("{name}.fd.example");
    FreeDiameter::new(dir.path(), &ground.authority, &host, "fd.example", port)
        .admits("labs.example")?
        .charges("")?
        .start()
}

#[expect(clippy::print_stdout, reason = "whoever reads the output must know")]
fn skip(why: &str) {
    println!("skipped: {why}");
}

fn until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Waits until both are up and answer.
fn up(driver: &mut Driver, realm: &str) -> Result {
    driver
        .order_once_up(&format!("event 1 1 {realm}"), SOON)
        .map(drop)
}

/// What an order told without the times.
fn counts(said: &str) -> &str {
    said.split_once(" p50").map_or(said, |(counts, _)| counts)
}

/// Nobody saw one request twice, unless the second was marked.
fn expect_marked(servers: &[&Server]) {
    let mut seen = Vec::new();
    for request in servers.iter().flat_map(|server| server.charged()) {
        let again = seen.contains(&request.end_to_end);
        assert!(
            !again || request.retransmitted,
            "{request:?} came again without T"
        );
        seen.push(request.end_to_end);
    }
}

#[test]
fn requests_move_from_a_frozen_freediameter_to_another_and_it_is_believed_again() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let port = |last, port| SocketAddr::from((ip(47, last), port));
    let ground = ground(&dir, 47, port(2, 23_440), port(3, 23_441))?;
    let (mut one, mut two) = (
        daemon(&dir, &ground, "one", 23_440)?,
        daemon(&dir, &ground, "two", 23_441)?,
    );
    let node = ground.start()?;
    one.wait_open(HOST, 1)?;
    two.wait_open(HOST, 1)?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    driver.give("event 40000 32 fd.example")?;
    until("it is charged", SOON, || {
        one.book().is_ok_and(|book| book.get("requests") > 300)
    });
    one.signal(Signal::SIGSTOP)?;
    let said = driver.finished(LONG)?;
    assert_eq!(counts(&said), "40000 done, 0 failed");
    one.signal(Signal::SIGCONT)?;
    // Its connection is closed by now, or will be; a new one is believed after three watchdogs.
    until("it is charged again", LONG, || {
        let before = one.book().map_or(0, |book| book.get("requests"));
        driver.order("event 1 1 fd.example", SOON).is_ok()
            && one.book().is_ok_and(|book| book.get("requests") > before)
    });
    drop(driver);
    one.stop()?;
    two.stop()?;
    drop(node);
    Ok(())
}

#[test]
fn requests_move_from_a_killed_freediameter_to_another() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let port = |last, port| SocketAddr::from((ip(48, last), port));
    let ground = ground(&dir, 48, port(2, 23_442), port(3, 23_443))?;
    let (mut one, mut two) = (
        daemon(&dir, &ground, "one", 23_442)?,
        daemon(&dir, &ground, "two", 23_443)?,
    );
    let node = ground.start()?;
    one.wait_open(HOST, 1)?;
    two.wait_open(HOST, 1)?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    driver.give("event 40000 32 fd.example")?;
    until("it is charged", SOON, || {
        one.book().is_ok_and(|book| book.get("requests") > 300)
    });
    one.signal(Signal::SIGKILL)?;
    assert_eq!(counts(&driver.finished(LONG)?), "40000 done, 0 failed");
    two.stop()?;
    drop(node);
    Ok(())
}

#[test]
fn requests_move_when_a_connection_is_reset_or_closed_within_an_answer() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = ground(&dir, 49, at(49, 2), at(49, 3))?;
    let (one, two) = servers(49)?;
    let node = ground.start()?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    until("two is up", SOON, || two.connections() == 1);
    for mood in [Mood::Resets, Mood::Halves] {
        let before = two.charged().len();
        one.set(mood);
        assert_eq!(
            counts(&driver.order("event 50 8 fd.example", SOON)?),
            "50 done, 0 failed"
        );
        assert!(
            two.charged().len() > before,
            "{mood:?}: nothing went to the other"
        );
        one.set(Mood::Good);
        let before = one.charged().len();
        until("it is charged again", LONG, || {
            driver.order("event 1 1 fd.example", SOON).is_ok() && one.charged().len() > before
        });
    }
    expect_marked(&[&one, &two]);
    drop(node);
    Ok(())
}

#[test]
fn a_silent_peer_is_asked_suspected_closed_and_believed_after_three_watchdogs() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = ground(&dir, 50, at(50, 2), at(50, 3))?;
    let (one, two) = servers(50)?;
    let node = ground.start()?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    until("two is up", SOON, || two.connections() == 1);
    one.set(Mood::Mute);
    let mute = Instant::now();
    driver.give("event 10 10 fd.example")?;
    // Tw and up to two seconds until it is asked, the same until it is suspected.
    assert_eq!(counts(&driver.finished(LONG)?), "10 done, 0 failed");
    let moved = mute.elapsed();
    assert!(
        moved > WATCHDOG && moved < 2 * (WATCHDOG + Duration::from_secs(3)),
        "moved after {moved:?}"
    );
    let asked = |server: &Server, on: usize| {
        let seen = server.seen();
        seen.iter()
            .filter(|r| r.connection == on && r.command == command::DEVICE_WATCHDOG)
            .count()
    };
    assert!(asked(&one, 0) >= 1, "it was not asked whether it is there");
    until("it is connected to again", LONG, || one.connections() >= 2);
    one.set(Mood::Good);
    let last = |server: &Server| server.connections() - 1;
    until("it is charged again", LONG, || {
        let on = last(&one);
        let ordered = driver.order("event 1 1 fd.example", SOON).is_ok();
        ordered
            && one
                .charged()
                .iter()
                .any(|request| request.connection == on && on > 0)
    });
    // Before its first CCR on the new connection it has answered three watchdogs.
    let on = last(&one);
    let seen = one.seen();
    let first = seen
        .iter()
        .position(|r| r.connection == on && r.command == command::CREDIT_CONTROL);
    let before = &seen[..first.unwrap_or(0)];
    let watchdogs = before
        .iter()
        .filter(|r| r.connection == on && r.command == command::DEVICE_WATCHDOG);
    assert_eq!(watchdogs.count(), 3, "{seen:?}");
    expect_marked(&[&one, &two]);
    drop(node);
    Ok(())
}

#[test]
fn a_request_that_a_peer_refuses_is_tried_elsewhere_unless_it_names_its_server() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = ground(&dir, 51, at(51, 2), at(51, 3))?;
    let (one, two) = servers(51)?;
    let node = ground.start()?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    until("two is up", SOON, || two.connections() == 1);
    for code in [3002, 3004, 3005] {
        let before = (one.charged().len(), two.charged().len());
        one.set(Mood::Refuses(code));
        assert_eq!(
            counts(&driver.order("event 1 1 fd.example", SOON)?),
            "1 done, 0 failed",
            "{code}"
        );
        assert!(one.charged().len() > before.0, "{code}: it was not asked");
        assert!(
            two.charged().len() > before.1,
            "{code}: the other was not asked"
        );
        let after = two.charged().len();
        let refused = driver.order("event 1 1 fd.example one.fd.example", SOON);
        let said = refused.expect_err("it names its server").to_string();
        assert!(said.contains(&code.to_string()), "{said}");
        assert_eq!(
            two.charged().len(),
            after,
            "{code}: it went to another server"
        );
    }
    drop(node);
    Ok(())
}

#[test]
fn a_request_times_out_once_and_a_late_answer_harms_nobody() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = Ground::new(dir.path(), ip(52, 1))?
        .set("timers.request = \"2s\"")
        .peer("one", "one.fd.example", Some(at(52, 2)), false)
        .realm("fd.example", &["one"], "");
    let one = Server::start(at(52, 2), "one.fd.example", "fd.example", Mood::Good)?;
    let node = ground.start()?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    one.set(Mood::Idle);
    let late = driver.order("event 5 5 fd.example", SOON);
    let said = late.expect_err("nothing was answered").to_string();
    assert!(said.contains("0 done, 5 failed Timeout"), "{said}");
    one.set(Mood::Good);
    // The five late answers come before or among these.
    assert_eq!(
        counts(&driver.order("event 50 5 fd.example", SOON)?),
        "50 done, 0 failed"
    );
    assert_eq!(one.connections(), 1);
    drop(node);
    Ok(())
}

#[test]
fn a_repeated_request_gets_the_same_answer_and_the_service_sees_it_once() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = Ground::new(dir.path(), ip(53, 1))?;
    let node = ground.start()?;
    let target = ground.target(false);
    let identity = Identity::new("twice.hand.example", "hand.example");
    let mut link = probe::connect(&target, identity.clone())?;
    link.greet()?;
    let request = link.numbered(&probe::event(&identity, &target.realm));
    let first = link.ask(&request)?;
    link.leave()?;
    // The same peer, back on another connection, is not sure that it was heard.
    let mut link = probe::connect(&target, identity)?;
    link.greet()?;
    let mut again = request;
    again.flags |= strowger_interop::diameter::raw::RETRANSMITTED;
    again.hop_by_hop ^= 0xffff;
    let second = link.ask(&again)?;
    assert_eq!(first.avps(), second.avps());
    assert_eq!(second.hop_by_hop(), again.hop_by_hop);
    link.leave()?;
    drop(node);
    Ok(())
}

#[test]
fn who_sends_a_byte_a_second_or_nothing_is_closed_and_who_reads_nothing_costs_little() -> Result {
    let dir = tempfile::tempdir().expect("a directory");
    let ground = Ground::new(dir.path(), ip(54, 1))?.set("timers.capabilities = \"3s\"");
    let node = ground.start()?;
    let target = ground.target(false);
    slow(&target)?;
    deaf(&target, &node)?;
    ground.expect_no_complaint("node")
}

/// A CER of which a byte comes each half second is not waited for.
fn slow(target: &probe::Target<'_>) -> Result {
    let identity = Identity::new("slow.hand.example", "hand.example");
    let cer = Raw::request(command::CAPABILITIES_EXCHANGE, 0)
        .with(&identity.capabilities())
        .bytes();
    let mut link = probe::connect(target, identity)?;
    let began = Instant::now();
    for byte in cer {
        if link.send(&[byte]).is_err() || began.elapsed() > Duration::from_secs(8) {
            break;
        }
        if let Came::Closed = link.receive(Duration::from_millis(500))? {
            break;
        }
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(6), "closed after {took:?}");
    Ok(())
}

/// One who asks and never reads is closed before his answers fill the memory.
fn deaf(target: &probe::Target<'_>, node: &strowger_interop::node::Node) -> Result {
    let identity = Identity::new("deaf.hand.example", "hand.example");
    let mut link: Link = probe::connect(target, identity)?;
    link.greet()?;
    let before = node.resident_kib()?;
    link.socket()
        .set_write_timeout(Some(Duration::from_secs(2)))
        .expect("a timeout");
    let mut sent = 0_u32;
    let mut batch = Vec::new();
    let request = probe::event(&link.identity.clone(), &target.realm);
    while sent < 400_000 {
        batch.clear();
        for _ in 0..100 {
            batch.extend(link.numbered(&request).bytes());
        }
        if link.send(&batch).is_err() {
            break;
        }
        sent += 100;
    }
    let after = node.resident_kib()?;
    assert!(
        after < before + 64 * 1024,
        "{before} KiB became {after} KiB after {sent} requests"
    );
    // And somebody else is served.
    let mut other = probe::connect(target, Identity::new("other.hand.example", "hand.example"))?;
    other.greet()?;
    probe::good(target, &mut other)?;
    other.leave()
}

#[test]
fn ten_thousand_connections_without_a_cer_are_closed_and_keep_nobody_out() -> Result {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    const MANY: usize = 10_000;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if hard < 2 * MANY as u64 {
        skip(&format!("only {hard} files may be open"));
        return Ok(());
    }
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(2 * MANY as u64), hard).expect("a limit");
    let dir = tempfile::tempdir().expect("a directory");
    let ground = Ground::new(dir.path(), ip(55, 1))?.set("timers.capabilities = \"5s\"");
    let node = ground.start()?;
    let target = ground.target(false);
    let mut idle = Vec::new();
    for _ in 0..MANY {
        // One that is refused is closed already.
        if let Ok(stream) = std::net::TcpStream::connect(target.at) {
            idle.push(stream);
        }
    }
    assert!(
        idle.len() >= MANY / 2,
        "only {} connections came about",
        idle.len()
    );
    until("somebody else is served", SOON, || {
        let other = Identity::new("other.hand.example", "hand.example");
        probe::connect(&target, other)
            .and_then(|mut link| {
                link.greet()?;
                probe::good(&target, &mut link)?;
                link.leave()
            })
            .is_ok()
    });
    for stream in &idle {
        stream.set_read_timeout(Some(SOON)).expect("a timeout");
        let mut byte = [0];
        let read = std::io::Read::read(&mut (&*stream), &mut byte);
        let open = read
            .as_ref()
            .is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!open, "a connection stays open");
    }
    ground.expect_no_complaint("node")?;
    drop(node);
    Ok(())
}

#[test]
fn requests_move_from_a_black_hole_to_another_peer() -> Result {
    let Some(hole) = hole::Hole::dig() else {
        return Ok(());
    };
    let dir = tempfile::tempdir().expect("a directory");
    let ground = ground(&dir, 56, hole.at(), at(56, 3))?;
    let ground = ground.table("listeners.hole", &format!("bind = \"{}:3868\"", hole::OURS));
    let one = Server::over(hole.listener(), "one.fd.example", "fd.example", Mood::Good)?;
    let two = Server::start(at(56, 3), "two.fd.example", "fd.example", Mood::Good)?;
    let node = ground.start()?;
    let mut driver = ground.driver()?;
    up(&mut driver, "fd.example")?;
    until("both are up", SOON, || {
        two.connections() == 1 && one.connections() == 1
    });
    let before = one.charged().len();
    driver.order("event 10 2 fd.example", SOON)?;
    assert_eq!(one.charged().len(), before + 10);
    driver.give("event 3000 8 fd.example")?;
    hole.close();
    assert_eq!(counts(&driver.finished(LONG)?), "3000 done, 0 failed");
    assert!(!two.charged().is_empty());
    expect_marked(&[&two]);
    drop(node);
    Ok(())
}

/// A network of its own on which packets can be made to vanish.
mod hole {
    use super::{Ipv4Addr, SocketAddr, TcpListener};
    use std::process::Command;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    pub(super) const OURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
    const THEIRS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
    const LINK: &str = "strowger-hole";
    /// Nobody has this address: what is sent there is lost.
    const NOBODY: &str = "02:00:00:00:00:01";

    type Job = Box<dyn FnOnce() + Send>;

    pub(super) struct Hole {
        listener: TcpListener,
        jobs: SyncSender<Job>,
    }

    impl Hole {
        /// `None`, and says why, where networks cannot be made.
        pub(super) fn dig() -> Option<Self> {
            match Self::try_dig() {
                Ok(hole) => Some(hole),
                Err(problem) => {
                    super::skip(&format!("no network can be made here: {problem}"));
                    None
                }
            }
        }

        fn try_dig() -> Result<Self, String> {
            let (jobs, work) = sync_channel(1);
            let thread = enter(work)?;
            let peer = ["type", "veth", "peer", "name", "hole", "netns", &thread];
            ip(&[&["link", "add", LINK][..], &peer].concat())?;
            ip(&["addr", "add", &format!("{OURS}/30"), "dev", LINK])?;
            ip(&["link", "set", LINK, "up"])?;
            let listener = inside(&jobs, || {
                ip(&["addr", "add", &format!("{THEIRS}/30"), "dev", "hole"])?;
                ip(&["link", "set", "hole", "up"])?;
                TcpListener::bind((THEIRS, 3868)).map_err(|e| e.to_string())
            })?;
            Ok(Self { listener, jobs })
        }

        pub(super) fn at(&self) -> SocketAddr {
            SocketAddr::from((THEIRS, 3868))
        }

        pub(super) fn listener(&self) -> TcpListener {
            self.listener.try_clone().expect("a listener")
        }

        /// From now on every packet vanishes, on both ways.
        pub(super) fn close(&self) {
            lose(THEIRS, LINK).expect("no way out");
            inside(&self.jobs, || lose(OURS, "hole")).expect("no way back");
        }
    }

    impl Drop for Hole {
        fn drop(&mut self) {
            // It goes with its network in any case.
            let _ = ip(&["link", "del", LINK]);
        }
    }

    /// A thread in a network of its own, by its id, that does what it is sent.
    fn enter(work: Receiver<Job>) -> Result<String, String> {
        let (tell, told) = sync_channel(1);
        std::thread::spawn(move || {
            let entered = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET);
            let entered = entered.map(|()| nix::unistd::gettid().to_string());
            let _ = tell.send(entered.map_err(|e| e.to_string()));
            for job in work {
                job();
            }
        });
        told.recv().map_err(|e| e.to_string())?
    }

    fn inside<T: Send + 'static>(
        jobs: &SyncSender<Job>,
        job: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let (tell, told) = sync_channel(1);
        let job: Job = Box::new(move || drop(tell.send(job())));
        jobs.send(job).map_err(|e| e.to_string())?;
        told.recv().map_err(|e| e.to_string())?
    }

    fn lose(to: Ipv4Addr, device: &str) -> Result<(), String> {
        let to = to.to_string();
        ip(&[
            "neigh",
            "replace",
            &to,
            "lladdr",
            NOBODY,
            "dev",
            device,
            "nud",
            "permanent",
        ])
    }

    fn ip(args: &[&str]) -> Result<(), String> {
        let out = Command::new("ip")
            .args(args)
            .output()
            .map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        out.status.success().then_some(()).ok_or(said)
    }
}
