//! What a test does with a [`Kit`] that is the same whether a kernel or a node is behind it.

use super::{Kit, toy};
use std::sync::Arc;
use strowger::OpError;
use strowger::activity::Activity;
use strowger::event::{Event, FireOptions};
use strowger::id::{ActivityId, ServiceIx, Slot};
use strowger::ra::{ActivityFlags, FireFlags};
use strowger::sbb::Sbb as _;
use strowger::service::ServiceDef;
use strowger_kernel::{Durability, InstallError, ServiceOptions};
use toy::{Call, Conn, Data, Spec, Toy, log};

impl Kit {
    /// Installs and activates a service whose root is `Toy<N>`.
    pub(crate) fn service<const N: u8>(&mut self, spec: Spec) -> ServiceIx {
        self.service_in::<N>(spec, Durability::None)
    }
    /// Installs it only.
    pub(crate) fn install<const N: u8>(&mut self, spec: Spec, class: Durability) -> ServiceIx {
        let (def, options) = self.define::<N>(spec, class);
        self.add(def, options)
    }
    /// Installs `Toy<N>` as another version of `Toy<0>`; the configuration does not want it to be active.
    pub(crate) fn version<const N: u8>(
        &mut self,
        version: &'static str,
        spec: Spec,
        class: Durability,
    ) -> ServiceIx {
        self.version_with::<N>(version, spec, class, |def| def)
    }
    pub(crate) fn version_with<const N: u8>(
        &mut self,
        version: &'static str,
        spec: Spec,
        class: Durability,
        with: fn(ServiceDef) -> ServiceDef,
    ) -> ServiceIx {
        let (def, mut options) = self.define::<N>(spec, class);
        let mut def = with(def);
        def.component.name = Toy::<0>::SBB.name;
        def.root.component.name = Toy::<0>::SBB.name;
        def = def.version(version);
        options.name = format!("toy-0@{version}");
        options.active = false;
        self.add(def, options)
    }
    pub(crate) fn try_install<const N: u8>(
        &mut self,
        spec: Spec,
    ) -> Result<ServiceIx, InstallError> {
        let (def, options) = self.define::<N>(spec, Durability::None);
        self.shard.install_service(def, options)
    }
    fn define<const N: u8>(&self, spec: Spec, class: Durability) -> (ServiceDef, ServiceOptions) {
        let priority = spec.priority;
        toy::specify(N, spec);
        let def = ServiceDef::of::<Toy<N>>().priority(priority);
        let options = ServiceOptions {
            durability: class,
            ..ServiceOptions::new(&format!("toy-{N}"), &def)
        };
        (def, options)
    }
    /// Declares an SBB that only appears as a child.
    pub(crate) fn child<const N: u8>(&mut self, spec: Spec) {
        toy::specify(N, spec);
    }
    /// The script of `Toy<N>`.
    pub(crate) fn on<const N: u8>(
        &mut self,
        script: impl Fn(&mut Data, &mut strowger::Cx<'_>, &Call<'_>) -> strowger::Result
        + Send
        + Sync
        + 'static,
    ) {
        toy::script(N, Arc::new(script));
    }

    /// Starts an activity.
    pub(crate) fn start(&mut self) -> ActivityId {
        self.start_with(ActivityFlags::default())
    }
    pub(crate) fn start_with(&mut self, flags: ActivityFlags) -> ActivityId {
        self.ra(move |cx| cx.start_activity::<Conn>(Slot(3), flags, 0))
            .expect("the adaptor is active")
    }
    pub(crate) fn start_kind<A: Activity>(&mut self) -> ActivityId {
        self.ra(|cx| cx.start_activity::<A>(Slot(4), ActivityFlags::default(), 0))
            .expect("the adaptor is active")
    }
    /// Fires an event.
    pub(crate) fn fire<E: Event + Send>(&mut self, on: ActivityId, event: E) {
        self.try_fire(on, event, FireOptions::default(), FireFlags::default())
            .expect("accepted");
    }
    pub(crate) fn try_fire<E: Event + Send>(
        &mut self,
        on: ActivityId,
        event: E,
        options: FireOptions,
        flags: FireFlags,
    ) -> Result<u64, OpError> {
        self.ra(move |cx| cx.fire_with(on, event, options, flags))
    }
    pub(crate) fn end(&mut self, activity: ActivityId) {
        self.ra(move |cx| cx.end_activity(activity))
            .expect("its own activity");
    }

    /// Runs and gives what was logged since the last call.
    pub(crate) fn log(&mut self) -> Vec<String> {
        let mut log = self.full_log();
        log.retain(|line| line != "ra: receivers changed");
        log
    }
    /// The same with what the adaptor hears of services.
    pub(crate) fn full_log(&mut self) -> Vec<String> {
        self.run();
        log()
    }
}
