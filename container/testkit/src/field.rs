//! The virtual network as scripted peers see it.

use crate::ground::{Ground, Received, Reflex, ScriptedDriver};
use crate::kit::TestKit;
use crate::world::World;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Weak;
use std::time::Duration;
use strowger::ra::{Message, Transport};

/// Refers to its kit without keeping it, for what is kept with a kit refers to this.
pub(crate) struct Field(pub(crate) Weak<RefCell<World>>);

impl Field {
    #[track_caller]
    fn kit(&self) -> TestKit {
        match self.0.upgrade() {
            Some(world) => TestKit { world },
            None => panic!("the test kit of this peer was dropped"),
        }
    }
}

impl Ground for Field {
    fn node(&self, transport: Transport) -> Option<SocketAddr> {
        self.kit().started().net.node(transport)
    }

    fn peer(&self, name: &str) -> SocketAddr {
        self.kit().started().net.peer(name)
    }

    #[track_caller]
    fn send(&self, from: SocketAddr, to: SocketAddr, transport: Transport, bytes: &[u8]) {
        let kit = self.kit();
        let result = {
            let mut world = kit.started();
            world.send(from, to, transport, bytes);
            world.settle()
        };
        kit.check(result);
    }

    #[track_caller]
    fn receive(&self, patience: Duration) -> Option<Received> {
        let kit = self.kit();
        let result = kit.started().receive(patience);
        kit.check(result)
    }

    fn reflex(&self, peer: SocketAddr, reflex: Reflex) -> bool {
        self.kit().started().net.reflex(peer, reflex);
        true
    }

    fn drive(&self, entity: &str, driver: ScriptedDriver) -> bool {
        let kit = self.kit();
        let result = {
            let mut world = kit.started();
            world.drive(entity, driver);
            world.settle()
        };
        kit.check(result);
        true
    }

    #[track_caller]
    fn say(&self, entity: &str, note: &str, message: Message) {
        let kit = self.kit();
        let result = {
            let mut world = kit.started();
            let now = world.clock.instant();
            let world = &mut *world;
            let ladder = &mut world.net.ladder;
            world.drivers.say(now, entity, note, message, ladder);
            world.settle()
        };
        kit.check(result);
    }

    #[track_caller]
    fn wait(&self, patience: Duration, holds: &dyn Fn() -> bool) -> bool {
        let kit = self.kit();
        let result = kit.started().wait(patience, holds);
        kit.check(result)
    }

    #[track_caller]
    fn close(&self, peer: SocketAddr) {
        let kit = self.kit();
        let result = {
            let mut world = kit.started();
            let now = world.clock.instant();
            world.net.close_peer(now, peer);
            world.settle()
        };
        kit.check(result);
    }

    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.kit().world.borrow().clock.instant())
    }

    fn unique(&self) -> u64 {
        self.kit().world.borrow_mut().unique()
    }

    fn context(&self) -> String {
        self.kit().context()
    }
}
