//! Flows: a real client does one thing with a running node over one transport. `FLOWS` lists them all.
//!
//! A flow has its own loopback network, node, directory and capture. It holds when the client saw what it should, the node
//! is left with nothing and ends as it is told, its log complains of nothing, and tshark has nothing against what it sent.
//! Short flows are tests of this crate; `cargo xtask interop` runs all and writes docs/interop.md.

mod calls;
mod capture;
mod certificates;
mod client;
mod console;
mod diameter;
mod kamailio;
mod office;
mod phone;
mod phones;
pub(crate) mod program;
mod proxied;
mod scanners;
mod sipp;
mod sms;
pub(crate) mod stage;
pub mod table;
pub(crate) mod tools;
mod ways;
mod web;

pub(crate) use certificates::Certificates;
pub use client::Client;
pub use stage::Stage;

use crate::error::{Result, RunError};
use std::path::Path;
use std::time::{Duration, Instant};

/// A client, what it does, and how.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// By which it is run: `cargo xtask interop NAME`.
    pub name: &'static str,
    /// Who talks to the node.
    pub client: Client,
    /// Between the client and the node.
    pub transport: &'static str,
    /// What it does.
    pub what: &'static str,
    /// Too long for every day: not one of the tests.
    pub long: bool,
    run: fn(&Stage) -> Result<String>,
}

impl Flow {
    const fn new(
        name: &'static str,
        client: Client,
        transport: &'static str,
        what: &'static str,
        run: fn(&Stage) -> Result<String>,
    ) -> Self {
        Self {
            name,
            client,
            transport,
            what,
            long: false,
            run,
        }
    }

    const fn long(self) -> Self {
        Self { long: true, ..self }
    }
}

/// How a flow went.
#[derive(Debug)]
pub struct Report {
    /// Figures, or what did not hold.
    pub result: Result<String>,
    /// From its start to the end of all its processes.
    pub took: Duration,
}

/// All of them, in the order of their rows in docs/interop.md.
#[must_use]
pub fn all() -> Vec<Flow> {
    [
        calls::FLOWS,
        office::FLOWS,
        proxied::FLOWS,
        ways::FLOWS,
        web::FLOWS,
        console::FLOWS,
        scanners::FLOWS,
        kamailio::FLOWS,
        sipp::FLOWS,
        &diameter::flows(),
        &sms::flows(),
    ]
    .concat()
}

/// Loopback networks of flows: 127.0.61.0/24 and up.
const FIRST_HOST: usize = 61;
const HOSTS: usize = 59;

/// Runs one.
#[must_use]
pub fn run(flow: &Flow) -> Report {
    let began = Instant::now();
    let position = all().iter().position(|f| f.name == flow.name).unwrap_or(0);
    let host = u8::try_from(FIRST_HOST + position % HOSTS).unwrap_or(u8::MAX);
    let judge = if flow.client.does_diameter() {
        diameter::judge
    } else if flow.client.does_smpp() {
        sms::judge
    } else {
        capture::judge
    };
    let result = Stage::open(flow.name, host).and_then(|stage| {
        let dir = stage.dir().to_path_buf();
        let figures = (flow.run)(&stage);
        figures
            .and_then(|figures| Ok(format!("{figures}; {}", stage.close(judge)?)))
            .map_err(|why| explain(&why, &dir))
    });
    Report {
        result,
        took: began.elapsed(),
    }
}

/// `why` with where to look further.
fn explain(why: &RunError, dir: &Path) -> RunError {
    RunError::Broken(format!("{why}\n(logs and capture: {})", dir.display()).into())
}

/// Runs the one with this name.
///
/// # Errors
/// What did not hold, or that there is none of this name.
pub fn run_named(name: &str) -> Result<String> {
    let flow = all().into_iter().find(|flow| flow.name == name);
    let flow = flow.ok_or_else(|| RunError::Broken(format!("no flow is called {name}").into()))?;
    run(&flow).result
}
