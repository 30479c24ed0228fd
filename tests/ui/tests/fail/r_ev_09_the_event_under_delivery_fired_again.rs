use strowger::event::EventContext;
use strowger::prelude::*;

#[derive(Debug, Event)]
struct Ring;

#[derive(Default, State)]
struct Bell {}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on]
    fn ring(&mut self, cx: &mut Cx, ev: &Ring, Aci(call): Aci<NullActivity>) -> Result {
        cx.fire(call, ev)?;
        cx.fire(call, *ev)?;
        let held: EventContext = cx.event_context()?;
        cx.fire(call, cx.fired(held)?.event)?;
        Ok(())
    }
}

fn main() {}
