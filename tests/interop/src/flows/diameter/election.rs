//! Both sides connect at once: of the two connections exactly one survives, that of the one whose name is greater
//! (RFC 6733 5.6.4).

use super::{SOON, at, ground, port};
use crate::diameter::freediameter::FreeDiameter;
use crate::diameter::gate::{Gate, Way};
use crate::diameter::ground::PORT;
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};

const WHAT: &str = "both connect at once";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new(
        "freediameter-election-lesser",
        Client::FreeDiameter,
        "TCP",
        WHAT,
        |stage| elections(stage, "a.labs.example", 5),
    ),
    Flow::new(
        "freediameter-election-greater",
        Client::FreeDiameter,
        "TCP",
        WHAT,
        |stage| elections(stage, "z.labs.example", 5),
    ),
    Flow::new(
        "freediameter-elections-lesser",
        Client::FreeDiameter,
        "TCP",
        "the same 100 times",
        |stage| elections(stage, "a.labs.example", 100),
    )
    .long(),
    Flow::new(
        "freediameter-elections-greater",
        Client::FreeDiameter,
        "TCP",
        "the same 100 times",
        |stage| elections(stage, "z.labs.example", 100),
    )
    .long(),
];

const OCS: &str = "ocs.fd.example";

/// `times`, both connect to the other through a gate that lets neither CER pass before the other is sent.
fn elections(stage: &Stage, host: &str, times: u32) -> Result<String> {
    let daemon = at(stage, 2, port(stage, 0));
    let (to_daemon, to_node) = (at(stage, 3, port(stage, 1)), at(stage, 4, PORT));
    let ground = ground(stage)?
        .called(host)
        .peer("ocs", OCS, Some(to_daemon), false)
        .realm("fd.example", &["ocs"], "");
    // The greater name keeps the connection that it has accepted.
    let kept = usize::from(host > OCS);
    for time in 0..times {
        let gate = Gate::close([
            Way {
                at: to_daemon,
                to: daemon,
            },
            Way {
                at: to_node,
                to: ground.at(false),
            },
        ])?;
        let fd = FreeDiameter::new(
            stage.dir(),
            &ground.authority,
            OCS,
            "fd.example",
            daemon.port(),
        );
        let fd = fd.charges("")?.connects(host, to_node, false).start()?;
        let mut node = ground.start()?;
        gate.open(SOON)?;
        let survivor = gate.survivor(SOON)?;
        ensure(survivor == kept, || {
            format!("time {time}: connection {survivor} survived and not {kept}")
        })?;
        let mut driver = ground.driver()?;
        driver.order_once_up("ccr 3 1 fd.example", SOON)?;
        ensure(gate.survivor(SOON)? == kept, || {
            format!("time {time}: the connection changed")
        })?;
        let book = fd.book()?;
        ensure(book.get("open") == 0, || format!("{:?}", book.sums))?;
        let status = node.terminate(SOON)?;
        ensure(status.success(), || format!("the node ended with {status}"))?;
        fd.stop()?;
    }
    Ok(format!("{times} times, {host} and {OCS}"))
}
