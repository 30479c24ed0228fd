//! SBBs that `#[sbb]` made, running: children, callbacks, masks, attributes, selection, suspension. Every feature once,
//! as an author uses it; the kernel's own tests hold each rule to its letter.

use strowger::prelude::*;
use strowger_testkit::TestKit;

#[derive(Clone, Debug, Event)]
struct Ping {
    n: u32,
}

/// Where the SBBs of a test meet.
fn meeting(cx: &Cx) -> Result<ActivityId> {
    cx.lookup("meeting").ok_or_else(|| Error::msg("no meeting"))
}

/// Opens the meeting and fires `count` pings on it, a second apart, the first after a second.
#[derive(Debug, Default, State)]
struct Caller {
    fired: u32,
}

#[derive(Clone, Debug, Event)]
struct Next;

#[sbb(name = "caller", vendor = "test", version = "1.0")]
impl Caller {
    #[on(initial)]
    fn started(
        &mut self,
        cx: &mut Cx,
        _ev: &ServiceStarted,
        Aci(own): Aci<ServiceActivity>,
    ) -> Result {
        let place = cx.null_activity()?;
        cx.attach(place);
        cx.bind("meeting", place)?;
        let first = cx.now().wall + secs(1);
        cx.timer_with(own, TimerOptions::periodic(first, secs(1), 0), &Next)?;
        Ok(())
    }

    #[on]
    fn next(&mut self, cx: &mut Cx, _ev: &Timer<Next>) -> Result {
        self.fired += 1;
        let place = meeting(cx)?;
        Ok(cx.fire(place, Ping { n: self.fired })?)
    }
}

fn with(services: impl IntoIterator<Item = ServiceDef>) -> TestKit {
    let kit = TestKit::strict().service(ServiceDef::of::<Caller>());
    services.into_iter().fold(kit, TestKit::service)
}

fn only<S: Sbb>(kit: &TestKit) -> S {
    let mut states = kit.states::<S>();
    assert_eq!(states.len(), 1, "entities of {}\n{}", S::SBB, kit.ladder());
    states.remove(0)
}

// ---- children

#[derive(Debug, Default, PartialEq, State)]
struct Child0 {
    heard: Vec<u32>,
    made: bool,
}

#[sbb(name = "child", vendor = "test", version = "1.0")]
impl Child0 {
    #[on(create)]
    fn create(&mut self, _cx: &mut Cx) {
        self.made = true;
    }

    #[on]
    fn ping(&mut self, _cx: &mut Cx, ev: &Ping) {
        self.heard.push(ev.n);
    }

    fn sum(&self) -> u32 {
        self.heard.iter().sum()
    }
}

#[derive(Debug, Default, State)]
struct Parent {
    child: Option<Child<Child0>>,
    sums: Vec<u32>,
}

#[sbb(
    name = "parent",
    vendor = "test",
    version = "1.0",
    children(Child0 = 3)
)]
impl Parent {
    #[on(initial(event_type))]
    fn ping(&mut self, cx: &mut Cx, ev: &Ping, Aci(place): Aci<NullActivity>) -> Result {
        let child = match self.child {
            Some(child) => child,
            None => {
                let child = cx.create::<Child0>()?;
                cx.attach_entity(child, place);
                *self.child.insert(child)
            }
        };
        // The parent is served first: the child has not heard this one.
        self.sums.push(cx.call(child, |child, _| Ok(child.sum()))?);
        if ev.n == 3 {
            cx.remove(child);
        }
        Ok(())
    }
}

#[test]
fn a_child_hears_after_its_parent_and_goes_when_it_is_told() {
    let mut kit = with([ServiceDef::of::<Parent>()]);
    kit.advance(millis(2_500));
    let child: Child0 = only(&kit);
    assert_eq!((child.heard, child.made), (vec![1, 2], true));
    kit.crash_and_restart();
    kit.advance(secs(1));
    assert_eq!(only::<Parent>(&kit).sums, [0, 1, 3]);
    assert!(kit.states::<Child0>().is_empty());
}

// ---- callbacks

#[derive(Debug, Default, State)]
struct Clumsy {
    good: u32,
    undone: Vec<String>,
}

#[sbb(name = "clumsy", vendor = "test", version = "1.0")]
impl Clumsy {
    #[on(initial(event_type))]
    fn ping(&mut self, cx: &mut Cx, ev: &Ping) -> Result {
        self.good += 1;
        match ev.n {
            2 => Err(Error::msg("two")),
            3 => panic!("three"),
            4 => {
                cx.set_rollback_only();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[on(exception)]
    fn exception(&mut self, _cx: &mut Cx, error: &Error) {
        // Undone with everything else.
        self.undone.push(error.to_string());
    }

    #[on(rolled_back)]
    fn rolled_back(&mut self, _cx: &mut Cx, what: &RolledBack) {
        let ping = what.event.as_ref().and_then(|e| e.downcast_ref::<Ping>());
        self.undone.push(format!("{:?}", ping.map(|p| p.n)));
    }
}

#[test]
fn what_fails_is_undone_and_told_and_the_rest_goes_on() {
    let mut kit = with([ServiceDef::of::<Clumsy>()]);
    kit.advance(millis(5_500));
    let clumsy: Clumsy = only(&kit);
    assert_eq!(clumsy.good, 2);
    assert_eq!(clumsy.undone, ["Some(2)", "Some(3)", "Some(4)"]);
    assert_eq!(kit.metrics().panics, 1);
    assert_eq!(kit.rolled_back().len(), 3);
}

// ---- masks

#[derive(Debug, Default, State)]
struct Shy {
    heard: Vec<u32>,
}

#[sbb(name = "shy", vendor = "test", version = "1.0")]
impl Shy {
    #[on(initial)]
    fn started(
        &mut self,
        cx: &mut Cx,
        _ev: &ServiceStarted,
        Aci(own): Aci<ServiceActivity>,
    ) -> Result {
        cx.timer(own, millis(500), Next);
        let _ = cx.timer(own, millis(2_500), Ping { n: 0 });
        Ok(())
    }

    /// By now the caller has opened the meeting.
    #[on]
    fn join(&mut self, cx: &mut Cx, _ev: &Timer<Next>) -> Result {
        let place = meeting(cx)?;
        cx.attach(place);
        Ok(())
    }

    #[on]
    fn unmask(&mut self, cx: &mut Cx, _ev: &Timer<Ping>) -> Result {
        let place = meeting(cx)?;
        assert_eq!(cx.event_mask(place)?, [Ping::TYPE]);
        Ok(cx.mask(place, &[])?)
    }

    #[on(masked)]
    fn ping(&mut self, _cx: &mut Cx, ev: &Ping) {
        self.heard.push(ev.n);
    }
}

#[test]
fn a_masked_event_is_not_heard_until_it_is_unmasked() {
    let mut kit = with([ServiceDef::of::<Shy>()]);
    kit.advance(millis(4_500));
    assert_eq!(only::<Shy>(&kit).heard, [3, 4]);
}

// ---- attributes

enum Total {}

impl Attribute for Total {
    type Value = u32;
    const NAME: &'static str = "total";
    const ALIAS: Option<&'static str> = Some("test.total");
}

#[derive(Debug, Default, State)]
struct Writer {}

#[sbb(
    name = "writer",
    vendor = "test",
    version = "1.0",
    priority = 10,
    aliases(Total)
)]
impl Writer {
    #[on(initial)]
    fn ping(&mut self, cx: &mut Cx, ev: &Ping, Aci(place): Aci<NullActivity>) -> Result {
        let total = cx.get::<Total>(place)? + ev.n;
        Ok(cx.set::<Total>(place, &total)?)
    }
}

#[derive(Debug, Default, State)]
struct Reader {
    totals: Vec<u32>,
}

#[sbb(name = "reader", vendor = "test", version = "1.0", aliases(Total))]
impl Reader {
    #[on(initial)]
    fn ping(&mut self, cx: &mut Cx, _ev: &Ping, Aci(place): Aci<NullActivity>) -> Result {
        self.totals.push(cx.get::<Total>(place)?);
        Ok(())
    }
}

#[test]
fn services_share_an_attribute_under_its_alias() {
    let mut kit = with([ServiceDef::of::<Reader>(), ServiceDef::of::<Writer>()]);
    kit.advance(millis(2_500));
    kit.crash_and_restart();
    kit.advance(secs(1));
    assert_eq!(only::<Reader>(&kit).totals, [1, 3, 6]);
}

// ---- selection

#[derive(Debug, Default, PartialEq, State)]
struct Sorted {
    heard: Vec<u32>,
}

#[sbb(name = "sorted", vendor = "test", version = "1.0")]
impl Sorted {
    /// One entity for even numbers and one for odd ones; none for five.
    fn pick(sel: &mut Selector) {
        let n = sel.event::<Ping>().map_or(5, |ping| ping.n);
        if n == 5 {
            sel.decline();
        } else {
            sel.by_activity = false;
            sel.custom = Some(if n % 2 == 0 {
                "even".into()
            } else {
                "odd".into()
            });
        }
    }

    #[on(initial, select = Self::pick)]
    fn ping(&mut self, cx: &mut Cx, ev: &Ping, Aci(place): Aci<NullActivity>) {
        self.heard.push(ev.n);
        // Or both would hear everything that follows.
        cx.detach(place);
        if let Some(own) = cx.service_activity() {
            cx.attach(own);
        }
    }
}

#[test]
fn a_selection_function_sorts_events_to_entities() {
    let mut kit = with([ServiceDef::of::<Sorted>()]);
    kit.advance(millis(6_500));
    let mut states = kit.states::<Sorted>();
    states.sort_by_key(|s| s.heard.clone());
    assert_eq!(
        states,
        [
            Sorted { heard: vec![1, 3] },
            Sorted {
                heard: vec![2, 4, 6]
            }
        ]
    );
}

// ---- suspension

#[derive(Debug, Default, State)]
struct Gate {}

#[derive(Clone, Debug, Event)]
struct Open {
    held: EventContext,
}

#[sbb(name = "gate", vendor = "test", version = "1.0", priority = 10)]
impl Gate {
    /// Holds the first ping back from the others for a quarter of a second.
    #[on(initial)]
    fn ping(&mut self, cx: &mut Cx, ev: &Ping) -> Result {
        if ev.n == 1 {
            let held = cx.suspend(None)?;
            if let Some(own) = cx.service_activity() {
                cx.attach(own);
                cx.timer(own, millis(250), Open { held });
            }
        }
        Ok(())
    }

    #[on]
    fn open(&mut self, cx: &mut Cx, ev: &Timer<Open>) -> Result {
        assert!(cx.is_suspended(ev.tag.held)?);
        Ok(cx.resume(ev.tag.held)?)
    }
}

#[test]
fn a_suspended_event_waits_for_its_resumption_also_over_a_crash() {
    let mut kit = with([ServiceDef::of::<Gate>(), ServiceDef::of::<Reader>()]);
    kit.advance(millis(1_200));
    assert!(kit.states::<Reader>().is_empty());
    assert_eq!(kit.counts().suspended, 1);
    kit.crash_and_restart();
    kit.advance(millis(60));
    assert_eq!(only::<Reader>(&kit).totals.len(), 1);
    assert_eq!(kit.counts().suspended, 0);
}
