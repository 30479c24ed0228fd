use super::*;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use strowger_journal::Seq;

const SETTINGS: Settings = Settings {
    target: Duration::from_millis(100),
    interval: Duration::from_millis(200),
    unanswered_after: Duration::from_millis(400),
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(ms: u64) -> Mono {
    Mono(0) + Duration::from_millis(ms)
}

/// Portions every 10 ms from `from` to before `to`, all of which have waited so long; what became of the last one.
fn flood(
    overload: &mut Overload,
    backlog: &mut Backlog,
    (from, to): (u64, u64),
    waited: u64,
) -> NewWork {
    let mut new = NewWork::Taken;
    for now in (from..to).step_by(10) {
        overload.turned(at(now));
        new = overload.waited(at(now), backlog, ms(waited));
    }
    new
}

#[test]
fn a_burst_within_the_interval_is_taken() {
    let (mut overload, mut backlog) = (Overload::new(SETTINGS), Backlog::default());
    assert_eq!(
        flood(&mut overload, &mut backlog, (0, 200), 140),
        NewWork::Taken
    );
    overload.waited(at(200), &mut backlog, ms(10));
    assert_eq!(
        flood(&mut overload, &mut backlog, (210, 400), 140),
        NewWork::Taken
    );
    backlog.emptied();
    assert_eq!(
        flood(&mut overload, &mut backlog, (400, 600), 140),
        NewWork::Taken
    );
    assert!(!overload.lasts());
}

#[test]
fn what_has_waited_too_long_is_refused_and_what_has_not_is_taken() {
    let (mut overload, mut backlog) = (Overload::new(SETTINGS), Backlog::default());
    assert_eq!(
        flood(&mut overload, &mut backlog, (0, 210), 120),
        NewWork::Refused
    );
    // Until what is left is well below that.
    assert_eq!(
        overload.waited(at(211), &mut backlog, ms(76)),
        NewWork::Refused
    );
    for waited in [75, 100] {
        let new = overload.waited(at(211), &mut backlog, ms(waited));
        assert_eq!(new, NewWork::Taken);
    }
    assert_eq!(
        overload.waited(at(212), &mut backlog, ms(101)),
        NewWork::Refused
    );
    assert_eq!(
        overload.waited(at(213), &mut backlog, ms(401)),
        NewWork::Unanswered
    );
    assert_eq!(overload.begun, 1);
}

#[test]
fn a_queue_that_does_not_wait_is_taken_whatever_others_do() {
    let mut overload = Overload::new(SETTINGS);
    let (mut flooded, mut calm) = (Backlog::default(), Backlog::default());
    for now in (0..400).step_by(10) {
        overload.waited(at(now), &mut flooded, ms(120));
        let new = overload.waited(at(now + 1), &mut calm, ms(5));
        assert_eq!(new, NewWork::Taken);
    }
    assert!(overload.lasts());
}

#[test]
fn an_overload_is_over_a_second_after_the_last_refusal() {
    let (mut overload, mut backlog) = (Overload::new(SETTINGS), Backlog::default());
    flood(&mut overload, &mut backlog, (0, 210), 120);
    assert_eq!(overload.deadline(), Some(at(1_200)));
    overload.waited(at(220), &mut backlog, ms(0));
    overload.turned(at(1_199));
    assert!(overload.lasts());
    overload.turned(at(1_200));
    assert!(!overload.lasts());
    assert_eq!(overload.deadline(), None);
    assert_eq!(
        flood(&mut overload, &mut backlog, (1_210, 1_400), 120),
        NewWork::Taken
    );
    assert_eq!(
        flood(&mut overload, &mut backlog, (1_400, 1_420), 120),
        NewWork::Refused
    );
    assert_eq!(overload.begun, 2);
}

#[test]
fn a_process_that_was_held_up_is_not_overloaded() {
    let (mut overload, mut backlog) = (Overload::new(SETTINGS), Backlog::default());
    for now in [0, 5_000, 5_001, 5_002] {
        let new = overload.waited(at(now), &mut backlog, ms(5_000));
        assert_eq!(new, NewWork::Taken);
    }
    assert!(!overload.lasts());
}

#[test]
fn without_a_target_nothing_is_refused() {
    let settings = Settings {
        target: Duration::ZERO,
        ..SETTINGS
    };
    let (mut overload, mut backlog) = (Overload::new(settings), Backlog::default());
    let new = flood(&mut overload, &mut backlog, (0, 10_000), 900);
    assert_eq!((new, overload.lasts()), (NewWork::Taken, false));
}

#[test]
fn where_refusing_does_not_help_some_is_taken_all_the_same() {
    // However few there are in a portion: one of them for 1,024 that are refused.
    for (portion, portions) in [(64, 16), (2, 512)] {
        let (mut overload, mut backlog) = (Overload::new(SETTINGS), Backlog::default());
        flood(&mut overload, &mut backlog, (0, 500), 300);
        let mut taken = 0;
        for n in 0..10 * (portions + 1) {
            let new = overload.waited(at(5_000 + n / 8), &mut backlog, ms(300));
            (0..portion).for_each(|_| overload.input());
            taken += u32::from(!new.is_refused());
        }
        assert_eq!(taken, 10, "{portion}");
    }
}

/// A node in virtual time: what its calls cost, and what comes.
struct Simulated {
    overload: Overload,
    backlog: Backlog,
    queue: VecDeque<Call>,
    /// Those that come again because nobody has answered them, by when.
    again: BinaryHeap<Reverse<(u64, Call)>>,
    now: u64,
    /// Microseconds after which it has the processor again, of each 100 ms.
    pause: u64,
    /// How many have their turn at once.
    portion: usize,
    /// Microseconds for which the store stands still at the beginning of each ten seconds.
    stall: u64,
    /// Commits on their way, and when they are durable; the last one that is, and the last one.
    commits: VecDeque<(Seq, u64)>,
    durable: Seq,
    commit: u64,
    /// Of those that were taken, how long they waited since they came first.
    taken: Vec<u64>,
    refused: u64,
}

/// When a call has come, when first, and how often.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    came: u64,
    first: u64,
    copies: u32,
    /// It is the ACK of a refused one.
    ack: bool,
}

/// Microseconds that a call takes, that a refusal takes, and that its ACK takes, or one without an answer.
const CALL: u64 = 1_000;
const REFUSAL: u64 = 8;
const UNANSWERED: u64 = 2;
/// And that a commit takes.
const COMMIT: u64 = 1_000;

impl Simulated {
    fn new(pause: u64) -> Self {
        Self {
            overload: Overload::new(SETTINGS),
            backlog: Backlog::default(),
            queue: VecDeque::new(),
            again: BinaryHeap::new(),
            now: 1,
            pause,
            portion: 8,
            stall: 0,
            commits: VecDeque::new(),
            durable: Seq::NONE,
            commit: 0,
            taken: Vec::new(),
            refused: 0,
        }
    }

    /// Calls come every `every` microseconds until `until`, and a queue of 4,000 takes them.
    fn offered(&mut self, every: u64, until: u64) {
        let mut next = self.now;
        while self.now < until {
            if self.now % 100_000 < self.pause {
                self.now += self.pause - self.now % 100_000;
            }
            self.arrive(&mut next, every);
            let Some(first) = self.queue.front() else {
                self.backlog.emptied();
                let again = self.again.peek().map(|Reverse((at, _))| *at);
                self.now = again.unwrap_or(next).min(next);
                continue;
            };
            let now = Mono(0) + Duration::from_micros(self.now);
            self.overload.turned(now);
            let waited = Duration::from_micros(self.now - first.came);
            while let Some((seq, _)) = self.commits.pop_front_if(|(_, at)| *at <= self.now) {
                self.durable = seq;
            }
            self.overload.store.durable(self.durable, now);
            let new = self.overload.waited(now, &mut self.backlog, waited);
            let (mut acks, mut last) = (Vec::new(), None);
            for call in self.queue.drain(..self.queue.len().min(self.portion)) {
                self.overload.input();
                match new {
                    _ if call.ack => self.now += UNANSWERED,
                    NewWork::Taken => {
                        self.now += CALL;
                        let at = stored_at(self.now, self.pause, self.stall);
                        self.taken.push(at - call.first);
                        last = Some(at);
                    }
                    NewWork::Refused => {
                        self.now += REFUSAL;
                        self.refused += 1;
                        acks.push(Call {
                            came: self.now,
                            ack: true,
                            ..call
                        });
                    }
                    NewWork::Unanswered => {
                        self.now += UNANSWERED;
                        come_again(&mut self.again, call);
                    }
                }
            }
            if let Some(at) = last {
                self.commit += 1;
                self.overload.store.begins(Seq(self.commit));
                self.commits.push_back((Seq(self.commit), at));
            }
            let room = 4_000_usize.saturating_sub(self.queue.len());
            self.queue.extend(acks.into_iter().take(room));
        }
    }

    fn arrive(&mut self, next: &mut u64, every: u64) {
        loop {
            let again = self.again.peek().map(|Reverse((at, _))| *at);
            let call = if again.is_some_and(|at| at <= self.now) {
                self.again.pop().map(|Reverse((_, call))| call)
            } else {
                None
            };
            let call = match call {
                Some(call) => call,
                None if *next <= self.now => {
                    let came = std::mem::replace(next, *next + every);
                    Call {
                        came,
                        first: came,
                        copies: 0,
                        ack: false,
                    }
                }
                None => return,
            };
            if self.queue.len() < 4_000 {
                self.queue.push_back(call);
            } else {
                come_again(&mut self.again, call);
            }
        }
    }

    /// How long 99 of 100 that were taken have waited at most.
    fn p99(&mut self) -> u64 {
        self.taken.sort_unstable();
        let at = self.taken.len() * 99 / 100;
        self.taken.get(at).copied().unwrap_or_default()
    }

    fn forget(&mut self) {
        self.taken.clear();
        self.refused = 0;
    }
}

/// When what is done now is durable: a millisecond later, in which the process must run; where the store stands still for so long
/// at the beginning of each ten seconds, not before that is over.
fn stored_at(now: u64, pause: u64, stall: u64) -> u64 {
    let stalled = now.max(now / 10_000_000 * 10_000_000 + stall);
    let (slot, into) = (stalled / 100_000 * 100_000, stalled % 100_000);
    if into < pause {
        slot + pause + COMMIT
    } else if pause > 0 && into + COMMIT > 100_000 {
        slot + 100_000 + pause + COMMIT
    } else {
        stalled + COMMIT
    }
}

/// A caller that was not answered sends its INVITE again, six times at most (RFC 3261 17.1.1.2).
fn come_again(again: &mut BinaryHeap<Reverse<(u64, Call)>>, mut call: Call) {
    if call.copies < 6 {
        call.came += 500_000 << call.copies;
        call.copies += 1;
        again.push(Reverse((call.came, call)));
    }
}

#[test]
fn ten_times_the_capacity_leaves_nine_tenths_of_the_goodput() {
    let mut node = Simulated::new(0);
    node.offered(CALL / 10, 2_000_000);
    node.forget();
    node.offered(CALL / 10, 62_000_000);
    // 60 s, at a thousand a second, of which nine refusals each take 9 %.
    assert!(node.taken.len() >= 54_000, "{} taken", node.taken.len());
    assert!(node.p99() < 200_000, "{} us", node.p99());
    // All but what came in the first moments was told to come back.
    assert!(node.refused >= 440_000, "{} refused", node.refused);
    // As soon as the load falls all is taken again.
    let begun = node.overload.begun;
    node.offered(CALL * 2, 64_000_000);
    node.forget();
    node.offered(CALL * 2, 74_000_000);
    assert_eq!((node.refused, node.taken.len() / 100), (0, 50));
    assert_eq!((begun, node.overload.begun), (1, 1));
    assert!(!node.overload.lasts());
}

#[test]
fn what_waits_only_while_the_process_does_not_run_is_taken() {
    let (mut overload, mut backlog) = (Overload::new(SETTINGS), Backlog::default());
    assert_eq!(
        flood(&mut overload, &mut backlog, (0, 210), 120),
        NewWork::Refused
    );
    for now in (400..4_000).step_by(250) {
        backlog.emptied();
        overload.turned(at(now));
        let new = overload.waited(at(now), &mut backlog, ms(240));
        assert_eq!(new, NewWork::Taken);
    }
    assert!(!overload.lasts());
}

#[test]
fn so_does_a_node_that_has_the_processor_for_a_tenth_of_the_time() {
    // A hundred calls a second are what it can do.
    for (every, least) in [(CALL, 5_400), (CALL * 3, 5_400), (CALL * 9, 5_300)] {
        let mut node = Simulated::new(90_000);
        node.offered(every, 2_000_000);
        node.forget();
        node.offered(every, 62_000_000);
        assert!(node.taken.len() >= least, "{} taken", node.taken.len());
        assert!(node.p99() < 200_000, "{} us", node.p99());
        // What it can do it takes, and that at once.
        node.offered(CALL * 15, 64_000_000);
        node.forget();
        node.offered(CALL * 15, 70_000_000);
        assert_eq!((node.refused, node.taken.len()), (0, 400));
    }
}

#[test]
fn so_does_one_whose_calls_are_dear() {
    for portion in [1, 2, 4] {
        let mut node = Simulated::new(90_000);
        node.portion = portion;
        node.offered(CALL, 2_000_000);
        node.forget();
        node.offered(CALL, 62_000_000);
        assert!(node.taken.len() >= 5_400, "{} taken", node.taken.len());
        assert!(node.p99() < 200_000, "{} us", node.p99());
    }
}

#[test]
fn who_is_taken_is_answered_soon_though_the_store_stands_still_at_times() {
    for portion in [2, 8] {
        let mut node = Simulated::new(0);
        node.portion = portion;
        node.offered(CALL / 10, 2_000_000);
        node.forget();
        // A twentieth of the time, in which nobody could be answered.
        node.stall = 500_000;
        node.offered(CALL / 10, 62_000_000);
        assert!(node.taken.len() >= 51_000, "{} taken", node.taken.len());
        assert!(node.p99() < 200_000, "{} us", node.p99());
    }
}

#[test]
fn a_store_that_stands_still_is_no_overload() {
    let mut node = Simulated::new(0);
    node.stall = 4_000_000;
    node.offered(CALL * 2, 30_000_000);
    assert_eq!((node.refused, node.overload.begun), (0, 0));
    assert_eq!(node.taken.len(), 15_000);
}

#[test]
fn three_times_the_capacity_is_refused_with_an_answer() {
    let mut node = Simulated::new(0);
    node.offered(CALL / 3, 2_000_000);
    node.forget();
    node.offered(CALL / 3, 12_000_000);
    assert!(node.taken.len() >= 9_000, "{} taken", node.taken.len());
    assert!(node.refused >= 15_000, "{} refused", node.refused);
    assert!(node.p99() < 150_000, "{} us", node.p99());
}
