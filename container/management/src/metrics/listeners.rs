//! Listeners of the shard: datagrams, connections, handshakes. Connections that are opened count with the listener from whose
//! address they are; listeners of an adaptor's own driver are counted by that.

use super::metric::{Metric, Read};

const LABELS: &[&str] = &["adaptor", "listener", "transport"];

/// Reads a figure of the network.
macro_rules! total {
    ($field:ident) => {{
        const READ: Read = |status, series| {
            for at in &status.listeners {
                if let Some(counts) = &at.network {
                    series.count(&[&at.adaptor, &at.listener, &at.transport], counts.$field);
                }
            }
        };
        READ
    }};
}

/// What is counted by listener.
macro_rules! by_listener {
    ($name:literal, $help:literal, $field:ident) => {
        Metric::counter($name, LABELS, $help, total!($field))
    };
}

pub(super) const METRICS: &[Metric] = &[
    Metric::info(
        "strowger_listener",
        &["adaptor", "listener", "transport", "address"],
        "Where a listener listens.",
        |status, series| {
            for at in &status.listeners {
                series.info(&[&at.adaptor, &at.listener, &at.transport, &at.address]);
            }
        },
    ),
    Metric::counter(
        "strowger_listener_received",
        LABELS,
        "Bytes received, over TLS as they are on the wire.",
        total!(bytes_in),
    )
    .bytes(),
    Metric::counter(
        "strowger_listener_sent",
        LABELS,
        "Bytes sent, over TLS as they are on the wire.",
        total!(bytes_out),
    )
    .bytes(),
    by_listener!(
        "strowger_listener_datagrams_received",
        "Datagrams received.",
        datagrams_in
    ),
    by_listener!(
        "strowger_listener_datagrams_sent",
        "Datagrams sent.",
        datagrams_out
    ),
    by_listener!(
        "strowger_listener_datagrams_failed",
        "Datagrams that the system refused to send.",
        datagrams_failed
    ),
    by_listener!(
        "strowger_listener_datagrams_dropped",
        "Datagrams dropped because too many waited to be sent.",
        datagrams_dropped
    ),
    by_listener!(
        "strowger_listener_accepted",
        "Connections accepted.",
        accepted
    ),
    by_listener!(
        "strowger_listener_refused",
        "Connections closed as they arrived, because as many as allowed were there.",
        refused
    ),
    by_listener!(
        "strowger_listener_denied",
        "Datagrams and connections dropped because `sources.allow` or `sources.deny` has it that their source is not heard.",
        denied
    ),
    by_listener!(
        "strowger_listener_banned",
        "Datagrams and connections dropped because their source is banned.",
        banned
    ),
    by_listener!(
        "strowger_listener_limited",
        "Datagrams, and portions of what came on connections, from sources above `sources.rate`: what was new in them was refused.",
        limited
    ),
    by_listener!("strowger_listener_opened", "Connections opened.", connected),
    by_listener!(
        "strowger_listener_open_failed",
        "Connections that could not be opened.",
        connects_failed
    ),
    by_listener!(
        "strowger_listener_overflown",
        "Connections closed because the peer did not read.",
        streams_overflown
    ),
    by_listener!(
        "strowger_listener_idle",
        "Connections closed because nothing moved on them.",
        streams_idle
    ),
    by_listener!(
        "strowger_listener_garbled",
        "Connections over TLS that broke off because of what came on them.",
        streams_garbled
    ),
    by_listener!(
        "strowger_listener_handshakes",
        "Handshakes of TLS that succeeded.",
        handshakes
    ),
    by_listener!(
        "strowger_listener_handshakes_resumed",
        "Handshakes of TLS that resumed an earlier session.",
        handshakes_resumed
    ),
    by_listener!(
        "strowger_listener_handshakes_failed",
        "Handshakes of TLS that failed, or were not over in time.",
        handshakes_failed
    ),
    Metric::gauge(
        "strowger_listener_connections",
        LABELS,
        "Connections accepted that stand.",
        |status, series| {
            for at in status.listeners.iter().filter(|at| at.open_max > 0) {
                series.count(&[&at.adaptor, &at.listener, &at.transport], at.open);
            }
        },
    ),
    Metric::gauge(
        "strowger_listener_connections_limit",
        LABELS,
        "Connections accepted that may stand.",
        |status, series| {
            for at in status.listeners.iter().filter(|at| at.open_max > 0) {
                series.count(&[&at.adaptor, &at.listener, &at.transport], at.open_max);
            }
        },
    ),
];
