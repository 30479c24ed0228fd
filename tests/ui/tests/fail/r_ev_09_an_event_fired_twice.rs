use strowger::prelude::*;

#[derive(Debug, Event)]
struct Ring;

#[derive(Debug, Event)]
struct Lift;

#[derive(Default, State)]
struct Bell {}

#[sbb(name = "bell", vendor = "org.example", version = "1.0")]
impl Bell {
    #[on]
    fn lift(&mut self, cx: &mut Cx, _ev: &Lift, Aci(call): Aci<NullActivity>) -> Result {
        let ring = Ring;
        cx.fire(call, ring)?;
        cx.fire(call, ring)?;
        Ok(())
    }
}

fn main() {}
