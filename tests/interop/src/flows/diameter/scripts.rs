//! python-diameter and OTP's Diameter, each with every application that it has, in both roles.

use super::{SOON, at, end, ground};
use crate::diameter::ground::{HOST, PORT, REALM, SECURE_PORT};
use crate::diameter::scripts::{Ends, Script};
use crate::error::{Result, ensure};
use crate::flows::stage::Stage;
use crate::flows::{Client, Flow};
use crate::node::pause;
use std::time::Instant;

const PYTHON: &str = "Gy CCR, Rf ACR, Sh UDR/SNR/PNR, S6a ULR/CLR, Cx UAR, both ways";
const OTP: &str = "ACR, and CCR with the dictionary of RFC 4006 and strict M bits, both ways";

pub(super) const FLOWS: &[Flow] = &[
    Flow::new(
        "python-called",
        Client::PythonDiameter,
        "TCP",
        PYTHON,
        |stage| talk(stage, true, true, false),
    ),
    Flow::new(
        "python-calls",
        Client::PythonDiameter,
        "TCP",
        PYTHON,
        |stage| talk(stage, true, false, false),
    ),
    Flow::new(
        "python-called-tls",
        Client::PythonDiameter,
        "TLS",
        PYTHON,
        |stage| talk(stage, true, true, true),
    ),
    Flow::new(
        "python-calls-tls",
        Client::PythonDiameter,
        "TLS",
        PYTHON,
        |stage| talk(stage, true, false, true),
    ),
    Flow::new("otp-called", Client::OtpDiameter, "TCP", OTP, |stage| {
        talk(stage, false, true, false)
    }),
    Flow::new("otp-calls", Client::OtpDiameter, "TCP", OTP, |stage| {
        talk(stage, false, false, false)
    }),
    Flow::new("otp-called-tls", Client::OtpDiameter, "TLS", OTP, |stage| {
        talk(stage, false, true, true)
    }),
    Flow::new("otp-calls-tls", Client::OtpDiameter, "TLS", OTP, |stage| {
        talk(stage, false, false, true)
    }),
];

const PEER: &str = "peer.script.example";
const THEIR_REALM: &str = "script.example";

fn talk(stage: &Stage, python: bool, we_connect: bool, tls: bool) -> Result<String> {
    let there = at(stage, 2, if tls { SECURE_PORT } else { PORT });
    let ground = ground(stage)?
        .peer("script", PEER, we_connect.then_some(there), tls)
        .realm(THEIR_REALM, &["script"], "");
    let ends = Ends {
        own: (PEER, THEIR_REALM),
        peer: (HOST, REALM),
        at: if we_connect { there } else { ground.at(tls) },
        tls: tls.then_some(&ground.authority),
    };
    let (commands, orders): (&[&str], &[&str]) = if python {
        (
            &["ccr:20", "acr:20", "udr:5", "snr:1", "ulr:1", "uar:5"],
            &["ccr 20", "acr 20", "udr 5", "snr 1", "ulr 1", "uar 5"],
        )
    } else {
        (&["acr:50", "ccr:50"], &["acr 50", "ccr 50"])
    };
    let dir = stage.dir();
    let (node, mut script) = if we_connect {
        let script = if python {
            Script::python_listens(dir, ends, commands)?
        } else {
            Script::otp_listens(dir, ends, commands)?
        };
        (ground.start()?, script)
    } else {
        let node = ground.start()?;
        let script = if python {
            Script::python_connects(dir, ends, commands)?
        } else {
            Script::otp_connects(dir, ends, commands)?
        };
        (node, script)
    };
    script.ready()?;
    let mut driver = ground.driver()?;
    for command in commands {
        script.done(command, SOON)?;
    }
    for order in orders {
        let order = format!("{order} 1 {THEIR_REALM}");
        driver.order_once_up(&order, SOON)?;
    }
    if python {
        // What it sends of its own accord after an SNR and a ULR of ours, and what we send after its.
        script.done("SubscribeNotifications-notified:1", SOON)?;
        script.done("UpdateLocation-notified:1", SOON)?;
        for name in ["PushNotification", "CancelLocation"] {
            ensure(script.received(name) == 1, || format!("no {name} came"))?;
        }
    }
    let wanted = if python { 120 } else { 300 };
    // What it says may be on its way when what it has answered is here.
    let deadline = Instant::now() + SOON;
    let counted = || script.received("CreditControl") + script.received("Accounting");
    while counted() < wanted && Instant::now() < deadline {
        pause();
    }
    let received = counted();
    ensure(received == wanted, || {
        format!("{received} requests of ours came instead of {wanted}")
    })?;
    script.stop()?;
    end(&ground, node, driver)?;
    Ok(format!("{} kinds of requests each way", commands.len()))
}
