//! A certificate that ends while the node works: operators are told before and after, connections that are up stay, and a new
//! certificate in its place ends it.

use super::hostile::{is_closed, secure, trusting};
use super::{spec, torture};
use crate::error::{Result, RunError, ensure};
use crate::flows::Certificates;
use crate::node::{Node, pause};
use nix::sys::signal::Signal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// How long it is valid yet.
const VALID: Duration = Duration::from_secs(8);
/// How soon the node tells of a change.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);

/// See the module.
///
/// # Errors
/// What did not hold.
pub fn expired(host: u8, dir: &Path) -> Result<String> {
    let mut spec = spec(host, dir, "expiry");
    let IpAddr::V4(ip) = spec.sip.ip() else {
        return Err(RunError::Broken("a node of this run has IPv4".into()));
    };
    let certificates = Certificates::make_until(dir, ip, Some(SystemTime::now() + VALID))?;
    let ends = Instant::now() + VALID;
    let secured = SocketAddr::from((ip, 5061));
    spec.more = format!(
        r#"[adaptors.sip.settings.listeners.tls]
transport = "tls"
bind = "{secured}"
tls = {{ certificate = "{}", key = "{}" }}
[tls]
check_interval = "1s"
"#,
        certificates.path("node.pem"),
        certificates.path("node.key")
    );
    let node = Node::start(&spec)?;
    let me = Ipv4Addr::new(127, 0, host, 2);
    let mut standing = secure(&trusting(&certificates)?, me, secured)?;
    told(&node, "certificate_expires_soon", true, NOTICED_WITHIN)?;
    let left = ends.saturating_duration_since(Instant::now());
    told(&node, "certificate_expired", true, left + NOTICED_WITHIN)?;
    // To the second in which it ends a certificate is valid.
    let config = trusting(&certificates)?;
    let limit = Instant::now() + Duration::from_secs(3);
    while secure(&config, me, secured).is_ok() && Instant::now() < limit {
        pause();
    }
    ensure(secure(&config, me, secured).is_err(), || {
        "a client that looks took a certificate that has ended".to_owned()
    })?;
    torture::alive(me, spec.sip)?;
    ensure(!is_closed(&mut standing), || {
        "a connection of before was ended".to_owned()
    })?;
    let renewed = Certificates::make(dir, ip)?;
    node.signal(Signal::SIGHUP)?;
    let begun = Instant::now();
    told(&node, "certificate_expired", false, NOTICED_WITHIN)?;
    let mended = begun.elapsed();
    secure(&trusting(&renewed)?, me, secured)?;
    ensure(!is_closed(&mut standing), || {
        "a connection of before was ended by a new certificate".to_owned()
    })?;
    Ok(format!(
        "told before it ended and when it had, a connection of before stood all the time, UDP was served; a new certificate \
         was in use {mended:.1?} after SIGHUP and the alarm was gone"
    ))
}

/// Waits until an alarm is raised, or is not.
fn told(node: &Node, name: &str, raised: bool, within: Duration) -> Result {
    let is_raised = |status: &serde_json::Value| {
        let alarms = status["alarms"].as_array();
        alarms.is_some_and(|alarms| alarms.iter().any(|alarm| alarm["name"] == name))
    };
    let status = node.wait_status(within, |status| is_raised(status) == raised)?;
    ensure(is_raised(&status) == raised, || {
        format!("`{name}` among {}", status["alarms"])
    })
}
