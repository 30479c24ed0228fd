//! What is told of recorded calls: numbers become names.

use super::{CallNo, Held, Kept, Ladder, LadderInfo, LadderMessage, Octets, Step, What};
use crate::kernel::Kernel;
use crate::registry::{EventIx, KindIx};
use strowger::id::RaIx;
use strowger::ra::{Direction, Transport};

/// Calls that one page of a list looks at.
const LOOKS: usize = 10_000;

impl Kernel {
    /// Calls below a number, the latest first, in which `find` is part of a name or key; and where the next page begins.
    pub(crate) fn ladders(
        &self,
        after: Option<u64>,
        limit: usize,
        find: &str,
    ) -> (Vec<LadderInfo>, Option<u64>) {
        let mut found = Vec::new();
        let calls = self.recorder.calls.range(..after.unwrap_or(u64::MAX)).rev();
        for (looked, (no, _)) in calls.enumerate() {
            if found.len() >= limit || looked >= LOOKS {
                return (found, Some(no + 1));
            }
            let Some(info) = self.ladder_info(*no) else {
                continue;
            };
            let has = |text: &String| text.contains(find);
            if has(&info.from) || has(&info.to) || info.keys.iter().any(has) {
                found.push(info);
            }
        }
        (found, None)
    }

    fn ladder_info(&self, no: CallNo) -> Option<LadderInfo> {
        let call = self.recorder.calls.get(&no)?;
        let parties = call.parties.clone().unwrap_or_default();
        let services = call.services.iter().filter_map(|ix| self.service(*ix));
        let state = match (call.cut, call.live) {
            (true, _) => "cut",
            (false, 0) => "ended",
            (false, _) => "live",
        };
        let keys = call
            .keys
            .iter()
            .map(|(_, key)| String::from_utf8_lossy(key).into_owned());
        Some(LadderInfo {
            id: no,
            started: call.began.wall.0,
            lasted: u64::try_from((call.last.mono - call.began.mono).as_millis())
                .unwrap_or(u64::MAX),
            state: state.to_owned(),
            from: parties.calling,
            to: parties.called,
            keys: keys.collect(),
            services: services.map(|s| s.name.clone()).collect(),
            messages: call.messages,
            dropped: call.dropped,
        })
    }

    pub(crate) fn ladder(&self, no: u64) -> Option<Ladder> {
        let info = self.ladder_info(no)?;
        let call = self.recorder.calls.get(&no)?;
        let redaction = call.redaction;
        let step = |held: &Held| Step {
            at: held.at.mono.0.saturating_sub(call.began.mono.0),
            what: self.what(held),
        };
        Some(Ladder {
            info,
            without_secrets: redaction.secrets,
            without_bodies: redaction.bodies,
            steps: call.steps.iter().map(step).collect(),
        })
    }

    fn what(&self, held: &Held) -> What {
        match &held.what {
            Kept::Message {
                ra,
                protocol,
                direction,
                transport,
                listener,
                remote,
                key,
                title,
                bytes,
            } => What::Message(LadderMessage {
                adaptor: self.adaptor_name(*ra),
                protocol: (*protocol).to_owned(),
                out: *direction == Direction::Out,
                transport: transport_word(*transport).to_owned(),
                listener: *listener,
                local: None,
                remote: *remote,
                key: *key,
                title: String::from(&**title),
                bytes: Octets::from(&**bytes),
            }),
            Kept::Activity(id, kind, ra) => What::Activity {
                activity: id.to_string(),
                kind: self.kind_name(*kind),
                adaptor: ra.map_or_else(String::new, |ra| self.adaptor_name(ra)),
            },
            Kept::Ended(id) => What::Ended {
                activity: id.to_string(),
            },
            Kept::Event(id, event, number) => What::Event {
                activity: id.to_string(),
                event: self.event_name(*event),
                number: *number,
            },
            Kept::Delivery(delivered) => What::Delivery {
                activity: delivered.activity.to_string(),
                event: self.event_name(delivered.event),
                number: delivered.number,
                service: self
                    .service(delivered.service)
                    .map_or_else(String::new, |s| s.name.clone()),
                sbb: delivered.sbb.name.to_owned(),
                entity: delivered.entity.to_string(),
                rolled_back: delivered.rolled_back.clone(),
            },
            Kept::TimerSet(id, timer, event, at) => What::TimerSet {
                activity: id.to_string(),
                timer: timer.to_string(),
                event: self.event_name(*event),
                after: at.0.saturating_sub(held.at.wall.0),
            },
            Kept::TimerCancelled(timer, event) => What::TimerCancelled {
                timer: timer.to_string(),
                event: self.event_name(*event),
            },
            Kept::TimerFired(timer, event) => What::TimerFired {
                timer: timer.to_string(),
                event: self.event_name(*event),
            },
        }
    }

    fn adaptor_name(&self, ra: RaIx) -> String {
        self.adaptor(ra)
            .map_or_else(String::new, |a| a.name.clone())
    }
    fn kind_name(&self, kind: KindIx) -> String {
        let component = self.registry.kind_component(kind);
        component.map_or_else(String::new, |c| c.name.to_owned())
    }
    fn event_name(&self, event: EventIx) -> String {
        let decl = self.registry.event_decl(event);
        decl.map_or_else(String::new, |d| d.component.name.to_owned())
    }
}

const fn transport_word(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        _ => "other",
    }
}
