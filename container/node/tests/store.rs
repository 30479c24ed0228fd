//! A node on a store that fails, is full or is slow: what it acknowledges, refuses, and ends with.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod bench;
mod toy;

use bench::Bench;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use strowger_journal::memory::Faults;
use strowger_journal::{
    Group, Health, MemoryStore, Record, Recovered, Seq, Store, StoreError, Tended,
};
use strowger_node::status::Status;
use strowger_node::{Exit, NodeError};

/// A store in memory that can be made slow, and its disk small, from outside.
#[derive(Clone, Default)]
struct Levers {
    low_space: Arc<AtomicBool>,
    /// Recovering panics.
    broken: bool,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

#[derive(Default)]
struct Gate {
    /// While set, syncs wait.
    stuck: bool,
    /// One does.
    waits: bool,
}

/// Holds syncs up as long as it is there.
struct Stuck<'a>(&'a Levers);

struct Rigged {
    inner: MemoryStore,
    levers: Levers,
}

impl Levers {
    fn store(&self) -> Box<dyn Store> {
        Box::new(Rigged {
            inner: MemoryStore::new(),
            levers: self.clone(),
        })
    }
    fn stick(&self) -> Stuck<'_> {
        self.gate.0.lock().unwrap().stuck = true;
        Stuck(self)
    }
}

impl Stuck<'_> {
    /// Whether the writer is at a sync: it takes nothing from its queue then.
    fn holds(&self) -> bool {
        self.0.gate.0.lock().unwrap().waits
    }
}

impl Drop for Stuck<'_> {
    fn drop(&mut self) {
        self.0.gate.0.lock().unwrap().stuck = false;
        self.0.gate.1.notify_all();
    }
}

impl Store for Rigged {
    fn append(&mut self, group: &Group) -> Result<(), StoreError> {
        self.inner.append(group)
    }
    fn sync(&mut self) -> Result<Seq, StoreError> {
        let (gate, changed) = &*self.levers.gate;
        let mut gate = gate.lock().unwrap();
        while gate.stuck {
            gate.waits = true;
            gate = changed.wait(gate).unwrap();
        }
        gate.waits = false;
        drop(gate);
        self.inner.sync()
    }
    fn tend(&mut self) -> Result<Tended, StoreError> {
        self.inner.tend()?;
        Ok(Tended {
            again: Some(Duration::from_millis(5)),
        })
    }
    fn checkpoint(&mut self) -> Result<Seq, StoreError> {
        self.inner.checkpoint()
    }
    fn recover(&mut self, sink: &mut dyn FnMut(Record<'_>)) -> Result<Recovered, StoreError> {
        assert!(!self.levers.broken, "a store with a bug");
        self.inner.recover(sink)
    }
    fn health(&self) -> Health {
        Health {
            low_space: self.levers.low_space.load(Ordering::SeqCst),
            ..self.inner.health()
        }
    }
    fn close(self: Box<Self>) -> Result<(), StoreError> {
        Box::new(self.inner).close()
    }
}

#[test]
fn a_failed_sync_ends_the_node_and_acknowledges_nothing_more() {
    let bench = Bench::new("");
    let faults = Faults {
        fail_sync: Some(3),
        ..Faults::default()
    };
    let store = Box::new(MemoryStore::with_faults(faults));
    let node = bench.builder().store(store).start().unwrap();
    let udp = bench.udp(&node);
    let mut answered = 0;
    // Each word is a commit of its own, and its answer waits for a sync.
    udp.patience(Duration::from_millis(500));
    while answered < 10 {
        udp.send("ann hello");
        if udp.hear().is_err() {
            break;
        }
        answered += 1;
    }
    assert!((1..10).contains(&answered), "{answered}");
    assert_eq!(node.wait(), Exit::StoreFailed);
    assert_eq!(Exit::StoreFailed.code(), 74);
}

#[test]
fn a_bug_on_the_shards_thread_is_an_error_with_a_code_of_its_own() {
    let bench = Bench::new("");
    let levers = Levers {
        broken: true,
        ..Levers::default()
    };
    let error = bench.builder().store(levers.store()).start().unwrap_err();
    assert_eq!((error.code(), error.exit()), ("NOD-012", Exit::Panicked));
}

#[test]
fn new_work_is_refused_while_space_is_low() {
    let bench = Bench::new("");
    let levers = Levers::default();
    let node = bench.builder().store(levers.store()).start().unwrap();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    levers.low_space.store(true, Ordering::SeqCst);
    bench.until(|| node.status().unwrap().refusing == ["low-space"]);
    assert_eq!(udp.ask("bob hello"), "bob busy");
    assert_eq!(udp.ask("ann hello"), "ann 2 hello");
    let alarms = node.status().unwrap().alarms;
    assert_eq!((alarms.len(), alarms[0].name.as_str()), (1, "low_space"));
    levers.low_space.store(false, Ordering::SeqCst);
    bench.until(|| node.status().unwrap().alarms.is_empty());
    assert_eq!(udp.ask("bob hello"), "bob 1 hello");
}

#[test]
fn a_writer_that_does_not_keep_up_stops_the_reading_and_loses_nothing() {
    let bench = Bench::new("[store]\nqueue = 1\n");
    let levers = Levers::default();
    let node = bench.builder().store(levers.store()).start().unwrap();
    let udp = bench.udp(&node);
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    let stuck = levers.stick();
    udp.send("ann hello");
    let mut sent = 2;
    bench.until(|| stuck.holds());
    bench.until(|| {
        udp.send("ann hello");
        sent += 1;
        node.status()
            .unwrap()
            .refusing
            .contains(&"store-queue-full".to_owned())
    });
    let read = node.status().unwrap().network.datagrams_in;
    for _ in 0..20 {
        udp.send("ann hello");
        sent += 1;
    }
    let later = node.status().unwrap();
    assert_eq!(later.network.datagrams_in, read, "sockets are read");
    assert!(later.counts.outputs > 0);
    udp.patience(Duration::from_millis(50));
    assert!(udp.hear().is_err(), "an answer overtook its commit");
    drop(stuck);
    udp.patience(bench::PATIENCE);
    for n in 2..=sent {
        assert_eq!(udp.hear().unwrap(), format!("ann {n} hello"));
    }
    assert!(node.status().unwrap().refusing.is_empty());
}

#[test]
fn in_an_overload_nobody_is_taken_while_the_store_stands_still() {
    let bench = Bench::new("[overload]\ntarget = \"10ms\"\ninterval = \"100ms\"\n");
    let levers = Levers::default();
    let node = bench.builder().store(levers.store()).start().unwrap();
    let (udp, flood) = (bench.udp(&node), bench.udp(&node));
    assert_eq!(udp.ask("ann hello"), "ann 1 hello");
    let stuck = levers.stick();
    // Without an overload they wait for it.
    udp.send("ann waits");
    bench.until(|| stuck.holds());
    let status = || node.status().unwrap();
    let read = || status().network.datagrams_in;
    let mut sent = read();
    let mut say = |word: &str| {
        for _ in 0..20 {
            sent += 1;
            flood.send(&format!("talk{sent} {word}"));
        }
        sent
    };
    let mut rounds = 0;
    bench.until(|| {
        // Each takes two milliseconds of the node's time, and none of the sender's. A hundred fit into any socket's buffer.
        let mut sent = read();
        bench.until(|| {
            if sent < read() + 80 {
                sent = say("slow");
            }
            status().refusing == ["overload"]
        });
        bench.until(|| read() == sent);
        let before = status();
        sent = say("hello");
        bench.until(|| read() == sent);
        let after = status();
        // On a busy machine it may have been over before they were read.
        if after.refusing == ["overload"] && after.overloads == before.overloads {
            let begun = |status: &Status| status.kernel.activities_started;
            assert_eq!(begun(&after), begun(&before), "taken meanwhile");
            rounds += 1;
        }
        rounds == 2
    });
    drop(stuck);
    assert_eq!(udp.hear().unwrap(), "ann 2 waits");
    bench.until(|| node.status().unwrap().refusing.is_empty());
    assert_eq!(udp.ask("bob hello"), "bob 1 hello");
}

#[test]
fn answers_that_wait_for_a_sync_leave_when_the_node_stops() {
    let bench = Bench::new("");
    let levers = Levers::default();
    let node = bench.builder().store(levers.store()).start().unwrap();
    let udp = bench.udp(&node);
    let stuck = levers.stick();
    udp.send("ann hello");
    bench.until(|| {
        let status = node.status().unwrap();
        status.kernel.deliveries == 1 && status.counts.outputs > 0
    });
    node.stop();
    node.stop();
    drop(stuck);
    assert_eq!(udp.hear().unwrap(), "ann 1 hello");
    assert_eq!(node.wait(), Exit::Clean);
}

/// What watches the node starts it again after this one, and not where the store itself is what is wrong.
#[test]
fn a_start_without_space_may_be_tried_again() {
    let full = NodeError::Store(StoreError::Full {
        path: "journal".into(),
    });
    assert_eq!((full.code(), full.exit()), ("STO-001", Exit::StartFailed));
}
