//! What `#[derive(State)]` and `#[derive(Event)]` make of a type.

use std::fmt::Debug;
use strowger::event::{AnyEvent, EventDecl};
use strowger::postcard;
use strowger::prelude::*;
use strowger::state::Schema;

#[derive(Clone, Debug, PartialEq, Default, State)]
struct Leg {
    dialog: Option<Handle<NullActivity>>,
    tries: u8,
}

#[derive(Clone, Debug, PartialEq, State)]
enum Phase {
    Idle,
    Ringing(Leg, TimerId),
    Up { legs: (Leg, Leg), since: Duration },
}

#[derive(Clone, Debug, PartialEq, State)]
struct Call {
    phase: Phase,
    names: Vec<String>,
    #[state(opaque = "address-1")]
    peer: std::net::IpAddr,
}

#[derive(Clone, Debug, PartialEq, State)]
struct Unit;

#[derive(Clone, Debug, PartialEq, State)]
struct Wrapper(u32);

/// Contains itself.
#[derive(Clone, Debug, PartialEq, State)]
struct Chain {
    next: Option<Box<Chain>>,
    also: Option<Box<Chain>>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, State)]
#[state(serde = "own")]
struct Own {
    #[serde(skip)]
    scratch: u8,
    kept: u8,
}

fn call() -> Call {
    let leg = Leg {
        dialog: Some(Handle::from_id(ActivityId::from_raw(5))),
        tries: 2,
    };
    Call {
        phase: Phase::Up {
            legs: (leg.clone(), leg),
            since: secs(3),
        },
        names: vec!["a".into()],
        peer: [127, 0, 0, 1].into(),
    }
}

fn round_trip<T: State + Debug + PartialEq>(value: &T) {
    let bytes = postcard::to_allocvec(value).expect("encodes");
    assert_eq!(&postcard::from_bytes::<T>(&bytes).expect("decodes"), value);
}

#[test]
fn schemas_write_nested_types_out() {
    assert_eq!(
        Schema::of::<Leg>().text,
        "{dialog:option<handle null-activity>,tries:u8,}"
    );
    let leg = "{dialog:option<handle null-activity>,tries:u8,}";
    assert_eq!(
        Schema::of::<Call>().text,
        format!(
            "{{phase:enum{{Idle,Ringing({leg},timer,),Up{{legs:({leg},{leg},),since:duration,}},}},\
             names:list<str>,peer:opaque address-1,}}"
        )
    );
    assert_eq!(Schema::of::<Unit>().text, "()");
    assert_eq!(Schema::of::<Wrapper>().text, "(u32,)");
}

#[test]
fn a_types_own_name_is_no_part_of_its_schema() {
    mod v1 {
        use strowger::prelude::*;
        #[derive(State)]
        pub(super) struct OldLeg {
            dialog: Option<Handle<NullActivity>>,
            tries: u8,
        }
    }
    assert_eq!(Schema::of::<v1::OldLeg>(), Schema::of::<Leg>());
}

#[test]
fn a_schema_of_a_type_that_contains_itself_ends() {
    let text = Schema::of::<Chain>().text;
    assert!(text.contains("..."));
    assert!(text.len() < 256 * 1024, "{} bytes", text.len());
}

#[test]
fn states_come_back_from_their_bytes() {
    round_trip(&call());
    round_trip(&Phase::Idle);
    round_trip(&Phase::Ringing(Leg::default(), TimerId::from_raw(7)));
    round_trip(&Unit);
    round_trip(&Wrapper(1));
    round_trip(&Chain {
        next: Some(Box::new(Chain {
            next: None,
            also: None,
        })),
        also: None,
    });
    round_trip(&Own {
        scratch: 0,
        kept: 3,
    });
}

#[test]
fn a_state_is_encoded_like_its_fields() {
    let bytes = postcard::to_allocvec(&Leg {
        dialog: None,
        tries: 9,
    });
    assert_eq!(bytes.expect("encodes"), [0, 9]);
}

#[derive(Clone, Debug, Event)]
struct NoAnswer;

#[derive(Clone, Debug, PartialEq, Event)]
#[event(name = "call-rated", vendor = "org.example", version = "3.2")]
struct Rated {
    cents: u32,
    who: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Event)]
enum Verdict {
    Allowed,
    Blocked { reason: String },
}

#[derive(Debug, serde::Serialize, serde::Deserialize, Event)]
#[event(serde = "own")]
struct OwnEvent {
    text: String,
}

#[test]
fn event_types_are_named_after_type_and_crate_unless_they_say_otherwise() {
    assert_eq!(NoAnswer::TYPE.to_string(), "no-answer 1.0 (strowger-ui)");
    assert_eq!(Rated::TYPE.to_string(), "call-rated 3.2 (org.example)");
    assert_eq!(OwnEvent::TYPE.name, "own-event");
}

fn through_bytes<E: Event + Clone + PartialEq>(event: &E) {
    let mut bytes = Vec::new();
    AnyEvent::new(event.clone())
        .encode(&mut bytes)
        .expect("encodes");
    let back = (EventDecl::of::<E>().decode)(&bytes).expect("decodes");
    assert_eq!(back.downcast_ref::<E>(), Some(event));
}

#[test]
fn events_come_back_from_their_bytes() {
    through_bytes(&Rated {
        cents: 12,
        who: Some("bob".into()),
    });
    through_bytes(&Verdict::Allowed);
    through_bytes(&Verdict::Blocked {
        reason: "asleep".into(),
    });
    let own = postcard::to_allocvec(&OwnEvent { text: "x".into() }).expect("encodes");
    let own: OwnEvent = postcard::from_bytes(&own).expect("decodes");
    assert_eq!(own.text, "x");
}

#[test]
fn a_unit_struct_is_a_timer_tag() {
    fn is_tag<T: TimerTag>() {}
    is_tag::<NoAnswer>();
    assert_eq!(Timer::<NoAnswer>::TYPE.version, "timer");
}
