//! What is drawn of a recorded call, before it is drawn: lanes, and rows between them.
//!
//! Lanes are the remote ends, and between them the node's services: who spoke first stands left of these, everyone else
//! right. A message is an arrow between its remote end and the services; a delivery or a timer is a note on a service's lane.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use strowger_node::{Ladder, Step, What};

/// Lanes and rows.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) title: String,
    /// It is a part of the node.
    pub(super) own: bool,
}

#[derive(Debug)]
pub(super) struct Row {
    /// Nanoseconds since the beginning of the call.
    pub(super) at: u64,
    pub(super) mark: Mark,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A message between two lanes.
    Arrow {
        from: usize,
        to: usize,
        label: String,
        /// The same message went the same way before.
        again: bool,
        /// The place of the message among the steps.
        step: usize,
    },
    /// Something that happened in a lane.
    Note {
        lane: usize,
        label: String,
        tone: Tone,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// A delivery.
    Work,
    /// A timer.
    Time,
    /// Something that failed.
    Bad,
}

/// Where things stand from left to right.
struct Lanes {
    left: Vec<SocketAddr>,
    services: Vec<String>,
    right: Vec<SocketAddr>,
}

impl Lanes {
    fn of(ladder: &Ladder) -> Self {
        let mut lanes = Self {
            left: Vec::new(),
            services: ladder.info.services.clone(),
            right: Vec::new(),
        };
        if lanes.services.is_empty() {
            lanes.services.push("node".to_owned());
        }
        for step in &ladder.steps {
            let What::Message(message) = &step.what else {
                continue;
            };
            if lanes.left.is_empty() && lanes.right.is_empty() && !message.out {
                lanes.left.push(message.remote);
            } else if !lanes.left.contains(&message.remote)
                && !lanes.right.contains(&message.remote)
            {
                lanes.right.push(message.remote);
            }
        }
        lanes
    }

    /// The lane of a remote end, and that of the node's part next to it.
    fn ends(&self, remote: SocketAddr) -> (usize, usize) {
        let first = self.left.len();
        if let Some(place) = self.left.iter().position(|own| *own == remote) {
            return (place, first);
        }
        let last = first + self.services.len() - 1;
        let place = self.right.iter().position(|own| *own == remote);
        (last + 1 + place.unwrap_or(0), last)
    }

    fn service(&self, name: &str) -> usize {
        let place = self.services.iter().position(|own| own == name);
        self.left.len() + place.unwrap_or(0)
    }

    fn titles(&self) -> Vec<Lane> {
        let remote = |address: &SocketAddr| Lane {
            title: address.to_string(),
            own: false,
        };
        let services = self.services.iter().map(|name| Lane {
            title: name.clone(),
            own: true,
        });
        let left = self.left.iter().map(remote);
        left.chain(services)
            .chain(self.right.iter().map(remote))
            .collect()
    }
}

impl Chart {
    pub(super) fn of(ladder: &Ladder) -> Self {
        let lanes = Lanes::of(ladder);
        let delivered: BTreeSet<(&str, u64)> = ladder.steps.iter().filter_map(delivery).collect();
        let mut seen = BTreeSet::new();
        let mut rows = Vec::new();
        for (n, step) in ladder.steps.iter().enumerate() {
            let mark = match &step.what {
                What::Message(message) => {
                    let (remote, own) = lanes.ends(message.remote);
                    let (from, to) = if message.out {
                        (own, remote)
                    } else {
                        (remote, own)
                    };
                    let again = !seen.insert((message.out, message.remote, message.bytes.bytes()));
                    Some(Mark::Arrow {
                        from,
                        to,
                        label: message.title.clone(),
                        again,
                        step: n,
                    })
                }
                What::Event {
                    activity,
                    event,
                    number,
                } => {
                    let lost = event != "activity-end"
                        && !delivered.contains(&(activity.as_str(), *number));
                    lost.then(|| {
                        note(
                            lanes.left.len(),
                            format!("{event}: no receiver"),
                            Tone::Work,
                        )
                    })
                }
                What::Delivery {
                    event,
                    service,
                    rolled_back,
                    ..
                } => {
                    let lane = lanes.service(service);
                    Some(match rolled_back {
                        None => note(lane, event.clone(), Tone::Work),
                        Some(why) => note(lane, format!("{event} rolled back: {why}"), Tone::Bad),
                    })
                }
                What::TimerSet { .. } | What::TimerCancelled { .. } | What::TimerFired { .. } => {
                    timer(&step.what).map(|label| note(lanes.left.len(), label, Tone::Time))
                }
                // What belongs to a call is in its journal; a ladder is about what it does.
                What::Activity { .. } | What::Ended { .. } | _ => None,
            };
            rows.extend(mark.map(|mark| Row { at: step.at, mark }));
        }
        Self {
            lanes: lanes.titles(),
            rows,
        }
    }
}

/// What became of a timer.
fn timer(what: &What) -> Option<String> {
    if let What::TimerSet { event, after, .. } = what {
        return Some(format!("timer {event} set: {}", seconds(*after)));
    }
    if let What::TimerCancelled { event, .. } = what {
        return Some(format!("timer {event} cancelled"));
    }
    if let What::TimerFired { event, .. } = what {
        return Some(format!("timer {event} fired"));
    }
    None
}

fn note(lane: usize, label: String, tone: Tone) -> Mark {
    Mark::Note { lane, label, tone }
}

/// The event that was delivered.
fn delivery(step: &Step) -> Option<(&str, u64)> {
    let What::Delivery {
        activity, number, ..
    } = &step.what
    else {
        return None;
    };
    Some((activity, *number))
}

/// Milliseconds as people read them.
pub(super) fn seconds(ms: u64) -> String {
    if ms < 1_000 {
        format!("{ms} ms")
    } else if ms.is_multiple_of(3_600_000) {
        format!("{} h", ms / 3_600_000)
    } else if ms.is_multiple_of(60_000) {
        format!("{} min", ms / 60_000)
    } else if ms.is_multiple_of(1_000) {
        format!("{} s", ms / 1_000)
    } else {
        format!("{}.{:03} s", ms / 1_000, ms % 1_000)
    }
}

/// The time of a row: seconds with milliseconds.
pub(super) fn stamp(at: u64) -> String {
    format!("{}.{:03}", at / 1_000_000_000, at / 1_000_000 % 1_000)
}
