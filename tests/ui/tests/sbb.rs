//! What `#[sbb]` makes of an impl block.

use strowger::id::{Component, RaIx};
use strowger::prelude::*;
use strowger::ra::Provider;
use strowger::sbb::{SbbDescriptor, receives};
use strowger::state::Schema;

#[derive(Clone, Debug, Event)]
struct Ring;

#[derive(Clone, Debug, Event)]
#[event(name = "hush", vendor = "org.example", version = "2.1")]
struct Quiet {
    until: u64,
}

#[derive(Clone, Copy)]
struct Clapper;

impl Provider for Clapper {
    const TYPE: Component = Component {
        name: "clapper",
        vendor: "org.example",
        version: "1.0",
    };
    fn bind(_entity: RaIx) -> Self {
        Self
    }
}

#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
struct Settings {
    loudness: u8,
}

mod v1 {
    use strowger::prelude::*;

    #[derive(State)]
    pub(super) struct Bell {
        pub(super) rung: u8,
    }
}

enum Muted {}

impl Attribute for Muted {
    type Value = bool;
    const NAME: &'static str = "muted";
    const ALIAS: Option<&'static str> = Some("org.example.muted");
}

#[derive(Default, State)]
struct Echo {}

#[sbb(name = "echo", vendor = "org.example", version = "1.0", priority = 7)]
impl Echo {}

#[derive(Default, State)]
struct Bell {
    rung: u32,
}

#[sbb(
    name = "bell",
    vendor = "org.example",
    version = "1.1",
    priority = -3,
    children(Echo, EchoTwin = 5),
    aliases(Muted),
    migrate(v1::Bell)
)]
impl Bell {
    #[on(initial)]
    fn ring(
        &mut self,
        _cx: &mut Cx,
        _ev: &Ring,
        Aci(_on): Aci<NullActivity>,
        _ra: Ra<Clapper>,
        #[link("second")] _second: Ra<Clapper>,
        conf: Conf<Settings>,
    ) -> Result {
        self.rung += u32::from(conf.loudness);
        Ok(())
    }

    #[on(initial(address, event_type), select = Self::pick, masked)]
    fn quiet(&mut self, _cx: &mut Cx, ev: &Quiet) {
        self.rung = u32::try_from(ev.until).unwrap_or(u32::MAX);
    }

    #[on]
    fn any_ring(&mut self, _cx: &mut Cx, _ev: &Ring) -> Result<(), OpError> {
        Err(OpError::NoEvent)
    }

    #[on]
    fn timer(&mut self, _cx: &mut Cx, ev: &Timer<Quiet>) {
        self.rung = u32::try_from(ev.tag.until).unwrap_or(u32::MAX);
    }

    #[cfg(any())]
    #[on]
    fn left_out(&mut self, _cx: &mut Cx, _ev: &Timer<Ring>) {}

    #[cfg(test)]
    #[on(create)]
    fn created(&mut self, _cx: &mut Cx) -> Result {
        self.rung = 1;
        Ok(())
    }

    #[on(remove)]
    fn removed(&mut self, _cx: &mut Cx) {}

    #[on(exception)]
    fn failed(&mut self, _cx: &mut Cx, _error: &Error) {}

    #[on(rolled_back)]
    fn undone(&mut self, _cx: &mut Cx, _what: &RolledBack) -> Result {
        Ok(())
    }

    fn pick(sel: &mut Selector) {
        if sel.conf::<Settings>().is_none() || sel.event::<Quiet>().is_none() {
            sel.decline();
        }
    }
}

type EchoTwin = Echo;

impl Migrate<v1::Bell> for Bell {
    fn migrate(old: v1::Bell) -> Self {
        Self {
            rung: u32::from(old.rung),
        }
    }
}

fn bell() -> SbbDescriptor {
    Bell::descriptor()
}

fn handler(name: &str) -> strowger::sbb::HandlerDecl {
    bell()
        .handlers
        .into_iter()
        .find(|h| h.name == name)
        .expect("the handler is declared")
}

#[test]
fn component_and_priority() {
    assert_eq!(Bell::SBB.to_string(), "bell 1.1 (org.example)");
    assert_eq!((Bell::PRIORITY, Echo::PRIORITY), (-3, 7));
    assert_eq!(ServiceDef::of::<Bell>().priority, -3);
}

#[test]
fn a_handler_that_names_its_activity_goes_first() {
    let names: Vec<_> = bell().handlers.iter().map(|h| h.name).collect();
    assert_eq!(names, ["ring", "quiet", "any_ring", "timer"]);
    let on = |activity: Component| {
        let descriptor = bell();
        let i = receives(&descriptor.handlers, Ring::TYPE.id(), activity.id());
        i.map(|i| descriptor.handlers[i].name)
    };
    assert_eq!(on(NullActivity::TYPE), Some("ring"));
    assert_eq!(on(ServiceActivity::TYPE), Some("any_ring"));
}

#[test]
fn events_of_handlers() {
    assert_eq!(handler("ring").event.component.name, "ring");
    assert_eq!(handler("ring").event.component.vendor, "strowger-ui");
    assert_eq!(handler("quiet").event.component.version, "2.1");
    assert_eq!(handler("timer").event.component, Timer::<Quiet>::TYPE);
}

#[test]
fn initial_is_by_activity_unless_it_says_otherwise() {
    let ring = handler("ring").initial.expect("initial");
    assert!(ring.by_activity && !ring.by_address && !ring.by_event_type && !ring.by_event);
    assert!(ring.select.is_none());
    let quiet = handler("quiet").initial.expect("initial");
    assert!(!quiet.by_activity && quiet.by_address && quiet.by_event_type && !quiet.by_event);
    assert!(quiet.select.is_some());
    assert!(handler("any_ring").initial.is_none());
}

#[test]
fn selection_declines() {
    let select = handler("quiet")
        .initial
        .and_then(|i| i.select)
        .expect("select");
    let decide = |event: strowger::event::AnyEvent,
                  settings: &(dyn std::any::Any + Send + Sync)| {
        let mut selector = Selector {
            initial: true,
            by_activity: false,
            by_address: true,
            by_event_type: true,
            by_event: false,
            custom: None,
            address: None,
            event: &event,
            activity: ActivityId::from_raw(1),
            settings,
        };
        select(&mut selector);
        selector.initial
    };
    let quiet = || strowger::event::AnyEvent::new(Quiet { until: 1 });
    assert!(decide(quiet(), &Settings::default()));
    assert!(!decide(quiet(), &()));
    assert!(!decide(
        strowger::event::AnyEvent::new(Ring),
        &Settings::default()
    ));
}

#[test]
fn masks() {
    assert!(handler("quiet").mask_on_attach);
    assert!(!handler("ring").mask_on_attach);
}

#[test]
fn links_are_named_like_the_adaptor_type_unless_they_say_otherwise() {
    let links: Vec<_> = handler("ring").links.iter().map(|l| l.name).collect();
    assert_eq!(links, ["clapper", "second"]);
    assert!(
        handler("ring")
            .links
            .iter()
            .all(|l| l.ra_type == Clapper::TYPE)
    );
}

#[test]
fn children_have_a_priority_of_their_own_or_their_sbbs() {
    let children: Vec<_> = bell()
        .children
        .iter()
        .map(|c| (c.sbb.name, c.priority))
        .collect();
    assert_eq!(children, [("echo", 7), ("echo", 5)]);
    assert_eq!((bell().children[0].descriptor)().component, Echo::SBB);
}

#[test]
fn aliases_carry_the_schema_of_their_type() {
    let aliases = bell().aliases;
    assert_eq!(aliases.len(), 1);
    assert_eq!(aliases[0].alias, "org.example.muted");
    assert_eq!(aliases[0].schema, Schema::of::<bool>());
}

#[test]
fn every_callback_is_there() {
    let hooks = bell().hooks;
    assert!(hooks.create.is_some() && hooks.remove.is_some());
    assert!(hooks.exception.is_some() && hooks.rolled_back.is_some());
    let none = Echo::descriptor().hooks;
    assert!(none.create.is_none() && none.remove.is_none());
    assert!(none.exception.is_none() && none.rolled_back.is_none());
}

#[test]
fn an_old_state_becomes_the_new_one() {
    let migration = &bell().migrations[0];
    assert_eq!(migration.from, Schema::of::<v1::Bell>());
    let old = strowger::postcard::to_allocvec(&v1::Bell { rung: 200 }).expect("encodes");
    let mut object = (migration.migrate)(&old).expect("migrates");
    let bell: &mut Bell = object.as_any_mut().downcast_mut().expect("a Bell");
    assert_eq!(bell.rung, 200);
}

#[test]
fn an_object_resets_loads_and_stores() {
    let mut object = (bell().object)();
    object.load(&[42]).expect("loads");
    let mut bytes = vec![9];
    object.store(&mut bytes).expect("stores");
    assert_eq!(bytes, [9, 42]);
    object.reset();
    let bell: &mut Bell = object.as_any_mut().downcast_mut().expect("a Bell");
    assert_eq!(bell.rung, 0);
}
