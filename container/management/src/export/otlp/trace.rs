//! A recorded call as a trace of OpenTelemetry, in the JSON form of OTLP 1.
//!
//! One span is the call; below it is one for each delivery, from the event to the end of its transaction, and one for each timer, from
//! when it was set until it fired or was cancelled. Messages are events of the call's span, without their text. Ids are computed:
//! the trace's from the Call-ID by which the call began, so that whoever knows that finds the trace. Pure: the same call, the
//! same trace.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use strowger_node::{Ladder, LadderMessage, What};

/// The body of a request, with one list of spans for each call.
pub(super) fn body(node: &str, calls: &[Vec<Span>]) -> Result<Vec<u8>, serde_json::Error> {
    let resource = Resource {
        attributes: vec![
            text("service.name", "strowger"),
            text("service.instance.id", node),
            text("service.version", env!("CARGO_PKG_VERSION")),
        ],
    };
    let scope = Scope {
        name: "strowger.recorder",
        version: env!("CARGO_PKG_VERSION"),
    };
    let spans = calls.iter().flatten().collect();
    let request = Request {
        resource_spans: [ResourceSpans {
            resource,
            scope_spans: [ScopeSpans { scope, spans }],
        }],
    };
    serde_json::to_vec(&request)
}

/// The spans of a call; the first is the call itself.
pub(super) fn spans(node: &str, ladder: &Ladder) -> Vec<Span> {
    let mut trace = Trace::new(node, ladder);
    for step in &ladder.steps {
        trace.step(step.at, &step.what);
    }
    trace.finish()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    resource_spans: [ResourceSpans<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: Scope,
    spans: Vec<&'a Span>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

/// A span. Of the trace its ids are hexadecimal and its times texts, as the JSON form wants them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    parent_span_id: String,
    name: String,
    kind: u8,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Attribute>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event>,
    #[serde(skip_serializing_if = "is_zero")]
    dropped_events_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    time_unix_nano: String,
    name: String,
    attributes: Vec<Attribute>,
}

#[derive(Debug, Serialize)]
struct Attribute {
    key: &'static str,
    value: Value,
}

#[derive(Debug, Serialize)]
enum Value {
    #[serde(rename = "stringValue")]
    Text(String),
    #[serde(rename = "intValue")]
    Count(String),
    #[serde(rename = "arrayValue")]
    List { values: Vec<Value> },
}

#[derive(Debug, Serialize)]
struct Status {
    code: u8,
    message: String,
}

/// Kinds of spans.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
/// The code of a span that went wrong.
const ERROR: u8 = 2;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn text(key: &'static str, value: impl Into<String>) -> Attribute {
    let value = Value::Text(value.into());
    Attribute { key, value }
}

fn count(key: &'static str, value: u64) -> Attribute {
    // A number of 64 bits is a text in JSON.
    let value = Value::Count(value.to_string());
    Attribute { key, value }
}

fn list(key: &'static str, values: &[String]) -> Attribute {
    let values = values.iter().cloned().map(Value::Text).collect();
    let value = Value::List { values };
    Attribute { key, value }
}

/// What is learned on the way through the steps of a call.
struct Trace<'a> {
    node: &'a str,
    ladder: &'a Ladder,
    id: String,
    /// Nanoseconds since 1970 at which it began.
    began: u64,
    spans: Vec<Span>,
    /// When events were fired, by their numbers.
    fired: BTreeMap<u64, u64>,
    /// The spans of timers that are set.
    timers: BTreeMap<&'a str, usize>,
    events: Vec<Event>,
    failed: Option<&'a str>,
}

impl<'a> Trace<'a> {
    fn new(node: &'a str, ladder: &'a Ladder) -> Self {
        let info = &ladder.info;
        let own = format!("{node} {} {}", info.id, info.started);
        let key = info.keys.first().map_or(own.as_str(), String::as_str);
        let hash = Sha256::digest(key);
        let mut trace = Self {
            node,
            ladder,
            id: hex(hash.get(..16).unwrap_or_default()),
            began: info.started.saturating_mul(1_000_000),
            spans: Vec::new(),
            fired: BTreeMap::new(),
            timers: BTreeMap::new(),
            events: Vec::new(),
            failed: None,
        };
        // Counted in milliseconds, cut off.
        let lasted = info.lasted.saturating_mul(1_000_000);
        let last = ladder.steps.last().map_or(0, |step| step.at);
        let mut call = trace.span("call".to_owned(), 0, lasted.max(last));
        call.kind = SERVER;
        call.dropped_events_count = u32::try_from(info.dropped).unwrap_or(u32::MAX);
        call.attributes = vec![
            count("strowger.call.id", info.id),
            text("strowger.call.from", &info.from),
            text("strowger.call.to", &info.to),
            text("strowger.call.state", &info.state),
            list("strowger.call.keys", &info.keys),
            list("strowger.call.services", &info.services),
            count("strowger.call.messages", info.messages),
        ];
        trace.spans.push(call);
        trace
    }

    /// The next span, between two times since the call's beginning.
    fn span(&self, name: String, start: u64, end: u64) -> Span {
        // Nodes that saw a call with the same Call-ID have spans of their own in its trace.
        let started = self.ladder.info.started;
        let own = format!("{} {} {started} {}", self.node, self.id, self.spans.len());
        let hash = Sha256::digest(own);
        let parent = self.spans.first().map(|call| call.span_id.clone());
        Span {
            trace_id: self.id.clone(),
            span_id: hex(hash.get(..8).unwrap_or_default()),
            parent_span_id: parent.unwrap_or_default(),
            name,
            kind: INTERNAL,
            start_time_unix_nano: self.at(start),
            end_time_unix_nano: self.at(end.max(start)),
            attributes: Vec::new(),
            events: Vec::new(),
            dropped_events_count: 0,
            status: None,
        }
    }

    fn at(&self, since: u64) -> String {
        self.began.saturating_add(since).to_string()
    }

    fn event(&mut self, at: u64, name: String, attributes: Vec<Attribute>) {
        let time_unix_nano = self.at(at);
        self.events.push(Event {
            time_unix_nano,
            name,
            attributes,
        });
    }

    fn step(&mut self, at: u64, what: &'a What) {
        match what {
            What::Message(message) => {
                let attributes = described(self.ladder, message);
                self.event(at, message.title.clone(), attributes);
            }
            What::Event { number, .. } => {
                self.fired.entry(*number).or_insert(at);
            }
            What::Delivery { .. } => self.delivery(at, what),
            What::TimerSet {
                timer,
                event,
                after,
                activity,
            } => {
                let mut span = self.span(format!("timer {event}"), at, at);
                span.attributes = vec![
                    text("strowger.timer", timer),
                    text("strowger.event", event),
                    text("strowger.activity", activity),
                    count("strowger.timer.after_ms", *after),
                ];
                self.timers.insert(timer, self.spans.len());
                self.spans.push(span);
            }
            What::TimerCancelled { timer, event } => self.timer_over(at, timer, event, "cancelled"),
            What::TimerFired { timer, event } => self.timer_over(at, timer, event, "fired"),
            // Seen by what happens on them; and what later versions have.
            What::Activity { .. } | What::Ended { .. } | _ => {}
        }
    }

    fn delivery(&mut self, at: u64, what: &'a What) {
        let What::Delivery {
            activity,
            event,
            number,
            service,
            sbb,
            entity,
            rolled_back,
        } = what
        else {
            return;
        };
        let fired = self.fired.get(number).copied().unwrap_or(at);
        let mut span = self.span(format!("{service} {event}"), fired, at);
        span.attributes = vec![
            text("strowger.service", service),
            text("strowger.sbb", sbb),
            text("strowger.entity", entity),
            text("strowger.event", event),
            count("strowger.event.number", *number),
            text("strowger.activity", activity),
            text(
                "strowger.outcome",
                match rolled_back {
                    None => "committed",
                    Some(_) => "rolled back",
                },
            ),
        ];
        if let Some(cause) = rolled_back {
            self.failed = Some(cause);
            span.status = Some(Status {
                code: ERROR,
                message: cause.clone(),
            });
        }
        self.spans.push(span);
    }

    /// A timer that fires again and again is over when it did so last.
    fn timer_over(&mut self, at: u64, timer: &str, event: &str, outcome: &'static str) {
        let end = self.at(at);
        let place = self.timers.get(timer).copied();
        match place.and_then(|place| self.spans.get_mut(place)) {
            Some(span) => {
                span.end_time_unix_nano = end;
                span.attributes.retain(|own| own.key != "strowger.outcome");
                span.attributes.push(text("strowger.outcome", outcome));
            }
            // It was set before the call was recorded, or before a restart.
            None => self.event(at, format!("timer {event} {outcome}"), Vec::new()),
        }
    }

    fn finish(mut self) -> Vec<Span> {
        if let Some(call) = self.spans.first_mut() {
            call.events = self.events;
            call.status = self.failed.map(|cause| Status {
                code: ERROR,
                message: cause.to_owned(),
            });
        }
        self.spans
    }
}

fn described(ladder: &Ladder, message: &LadderMessage) -> Vec<Attribute> {
    let direction = if message.out { "transmit" } else { "receive" };
    let transport = if message.transport == "udp" {
        "udp"
    } else {
        "tcp"
    };
    let mut attributes = vec![
        text("network.io.direction", direction),
        text("network.protocol.name", &message.protocol),
        text("network.transport", transport),
        text("network.peer.address", message.remote.ip().to_string()),
        count("network.peer.port", message.remote.port().into()),
        text("strowger.adaptor", &message.adaptor),
    ];
    if let Some(local) = message.local {
        attributes.push(text("network.local.address", local.ip().to_string()));
        attributes.push(count("network.local.port", local.port().into()));
    }
    if let Some(key) = ladder.info.keys.get(message.key as usize) {
        attributes.push(text("strowger.key", key));
    }
    attributes
}

/// Two digits for each byte. Of a hash, they are not all zero.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn ladder() -> Ladder {
        let delivery = |number: u64, cause: Json| {
            let mut delivery = json!({"activity": "a1", "event": "sip-invite", "number": number, "service": "b2bua",
                "sbb": "b2bua", "entity": "e1"});
            if !cause.is_null() {
                delivery["rolled_back"] = cause;
            }
            json!({ "delivery": delivery })
        };
        let message = json!({"message": {"adaptor": "sip", "protocol": "sip", "out": false, "transport": "udp", "listener": 0,
            "local": "192.0.2.9:5060", "remote": "192.0.2.1:5080", "key": 0, "title": "INVITE 2000",
            "bytes": {"text": "secret"}}});
        let event = |number: u64| json!({"event": {"activity": "a1", "event": "sip-invite", "number": number}});
        let timer = |what: &str, timer: &str| json!({what: {"timer": timer, "event": "no-answer"}});
        let set = json!({"timer-set": {"activity": "a1", "timer": "t1", "event": "no-answer", "after": 60_000}});
        let steps = [
            (0, message),
            (1_000, event(7)),
            (2_000, delivery(7, Json::Null)),
            (2_000, set),
            (3_000, delivery(8, json!("it panicked"))),
            (4_000, timer("timer-cancelled", "t1")),
            (5_000, timer("timer-fired", "t9")),
        ];
        let steps = steps.map(|(at, what)| json!({"at": at, "what": what}));
        let info = json!({"id": 17, "started": 1_700_000_000_000_u64, "lasted": 5, "state": "ended", "from": "1000", "to": "2000",
            "keys": ["a84b4c76e66710@pc33"], "services": ["b2bua"], "messages": 1, "dropped": 2});
        serde_json::from_value(json!({"info": info, "steps": steps})).unwrap()
    }

    fn request() -> Json {
        let body = body("node-1", &[spans("node-1", &ladder())]).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn attribute<'a>(of: &'a Json, key: &str) -> &'a Json {
        let found = of["attributes"].as_array().unwrap().iter();
        let mut found = found.filter(|attribute| attribute["key"] == key);
        let found = found.next_back();
        &found.unwrap_or_else(|| panic!("{key}: {of}"))["value"]
    }

    #[test]
    fn a_call_is_a_span_with_its_deliveries_and_timers_below() {
        let request = request();
        let all = &request["resourceSpans"][0]["scopeSpans"][0]["spans"];
        let spans = all.as_array().unwrap();
        let names: Vec<&str> = spans
            .iter()
            .map(|span| span["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "call",
                "b2bua sip-invite",
                "timer no-answer",
                "b2bua sip-invite"
            ]
        );
        // sha256("a84b4c76e66710@pc33"), of which the first half is the trace.
        let hash = hex(&Sha256::digest("a84b4c76e66710@pc33")[..16]);
        let call = &spans[0];
        let mut ids = std::collections::BTreeSet::new();
        for span in spans {
            assert_eq!(span["traceId"], hash.as_str());
            assert!(ids.insert(span["spanId"].as_str().unwrap()), "{span}");
        }
        for span in &spans[1..] {
            assert_eq!(span["parentSpanId"], call["spanId"]);
        }
        assert_eq!(
            (&call["kind"], &call["droppedEventsCount"]),
            (&json!(2), &json!(2))
        );
        assert_eq!(call["startTimeUnixNano"], "1700000000000000000");
        assert_eq!(call["endTimeUnixNano"], "1700000000005000000");
        assert_eq!(attribute(call, "strowger.call.to")["stringValue"], "2000");
        assert_eq!(attribute(call, "strowger.call.messages")["intValue"], "1");
    }

    #[test]
    fn a_delivery_lasts_from_its_event_to_its_outcome() {
        let request = request();
        let spans = &request["resourceSpans"][0]["scopeSpans"][0]["spans"];
        let (done, undone) = (&spans[1], &spans[3]);
        assert_eq!(done["startTimeUnixNano"], "1700000000000001000");
        assert_eq!(done["endTimeUnixNano"], "1700000000000002000");
        assert_eq!(
            attribute(done, "strowger.outcome")["stringValue"],
            "committed"
        );
        assert_eq!(done["status"], Json::Null);
        assert_eq!(
            undone["status"],
            json!({"code": 2, "message": "it panicked"})
        );
        assert_eq!(spans[0]["status"]["code"], 2);
        let timer = &spans[2];
        assert_eq!(timer["endTimeUnixNano"], "1700000000000004000");
        assert_eq!(
            attribute(timer, "strowger.outcome")["stringValue"],
            "cancelled"
        );
    }

    #[test]
    fn messages_are_events_without_their_text() {
        let request = request();
        let call = &request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        let names: Vec<&Json> = call["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["name"])
            .collect();
        assert_eq!(names, ["INVITE 2000", "timer no-answer fired"]);
        let message = &call["events"][0];
        assert_eq!(
            attribute(message, "network.io.direction")["stringValue"],
            "receive"
        );
        assert_eq!(attribute(message, "network.peer.port")["intValue"], "5080");
        assert!(!request.to_string().contains("secret"));
        let resource = &request["resourceSpans"][0]["resource"];
        assert_eq!(
            attribute(resource, "service.instance.id")["stringValue"],
            "node-1"
        );
    }

    #[test]
    fn the_same_call_has_the_same_ids_on_one_node_and_others_on_another() {
        let ids = |node: &str| -> Vec<String> {
            spans(node, &ladder())
                .into_iter()
                .map(|span| span.span_id)
                .collect()
        };
        assert_eq!(ids("node-1"), ids("node-1"));
        assert!(ids("node-2").iter().all(|id| !ids("node-1").contains(id)));
    }
}
