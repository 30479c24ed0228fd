//! A network namespace with a cable to it, which can be cut: what is sent over it then goes nowhere, and nobody is told.
//!
//! It needs root and the program `ip`; [`Cable::lay`] says what is missing. Both go when it is dropped.

use crate::error::{Result, RunError, io};
use std::net::Ipv4Addr;
use std::process::Command;

/// See the module.
#[derive(Debug)]
pub struct Cable {
    namespace: String,
    /// Its end in the namespace.
    pub inside: Ipv4Addr,
    /// Its other end.
    pub outside: Ipv4Addr,
    near: String,
    far: String,
}

/// A hardware address that nobody has.
const NOBODY: &str = "02:00:00:00:00:99";

impl Cable {
    /// Lays one with this number, which no other has that stands at the same time.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn lay(number: u8) -> Result<Self> {
        let id = std::process::id();
        let cable = Self {
            namespace: format!("strowger-{id}-{number}"),
            inside: Ipv4Addr::new(10, 254, number, 2),
            outside: Ipv4Addr::new(10, 254, number, 1),
            // Names of interfaces have at most 15 characters.
            near: format!("sw{number}a{id}"),
            far: format!("sw{number}b{id}"),
        };
        let (namespace, near, far) = (&cable.namespace, &cable.near, &cable.far);
        let (inside, outside) = (cable.inside, cable.outside);
        for order in [
            format!("netns add {namespace}"),
            format!("link add {near} type veth peer name {far} netns {namespace}"),
            format!("addr add {outside}/24 dev {near}"),
            format!("link set {near} up"),
            format!("-n {namespace} addr add {inside}/24 dev {far}"),
            format!("-n {namespace} link set {far} up"),
            format!("-n {namespace} link set lo up"),
        ] {
            ip(&order)?;
        }
        Ok(cable)
    }

    /// For [`NodeSpec::under`](crate::node::NodeSpec::under).
    #[must_use]
    pub fn enter(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.namespace]
            .map(str::to_owned)
            .into()
    }

    /// From now on what either end sends goes to a hardware address that nobody has.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn cut(&self) -> Result {
        let Self {
            namespace,
            inside,
            outside,
            near,
            far,
        } = self;
        ip(&format!(
            "neigh replace {inside} lladdr {NOBODY} dev {near} nud permanent"
        ))?;
        ip(&format!(
            "-n {namespace} neigh replace {outside} lladdr {NOBODY} dev {far} nud permanent"
        ))
    }

    /// It carries again.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn mend(&self) -> Result {
        let Self {
            namespace,
            inside,
            outside,
            near,
            far,
        } = self;
        ip(&format!("neigh del {inside} dev {near}"))?;
        ip(&format!("-n {namespace} neigh del {outside} dev {far}"))
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // What was not laid cannot be taken up.
        let _ = ip(&format!("link del {}", self.near));
        let _ = ip(&format!("netns del {}", self.namespace));
    }
}

fn ip(order: &str) -> Result {
    let mut command = Command::new("ip");
    let out = command
        .args(order.split(' '))
        .output()
        .map_err(io("run `ip` (Debian package iproute2)"))?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    Err(RunError::NoNamespace(
        format!("`ip {order}`: {}", said.trim()).into(),
    ))
}
