use strowger::prelude::*;
use strowger::ra::RaCx;

#[derive(Debug, Event)]
struct Ring;

fn rings(cx: &mut RaCx<'_>, call: ActivityId) -> std::result::Result<(), OpError> {
    let ring = Ring;
    cx.fire(call, ring)?;
    cx.fire(call, ring)?;
    Ok(())
}

fn main() {}
