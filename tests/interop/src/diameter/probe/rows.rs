//! The rows of the probe: a good request, spoiled in one way each.

use super::{Expect, Row, Target};
use crate::diameter::link::{Identity, credit_control};
use crate::diameter::raw::{
    CREDIT, ERROR, MANDATORY, PROXIABLE, REQUEST, Raw, VENDOR, avp, code, command, flagged, head,
    number, vendors,
};

/// The AVPs of a good event CCR, to be spoiled.
struct Good(Vec<(u32, Vec<u8>)>);

impl Good {
    fn new(target: &Target<'_>, from: &Identity) -> Self {
        let session = format!("{};bad;1", from.host);
        Self(vec![
            (code::SESSION_ID, avp(code::SESSION_ID, session.as_bytes())),
            (
                code::ORIGIN_HOST,
                avp(code::ORIGIN_HOST, from.host.as_bytes()),
            ),
            (
                code::ORIGIN_REALM,
                avp(code::ORIGIN_REALM, from.realm.as_bytes()),
            ),
            (
                code::DESTINATION_REALM,
                avp(code::DESTINATION_REALM, target.realm.as_bytes()),
            ),
            (
                code::AUTH_APPLICATION_ID,
                number(code::AUTH_APPLICATION_ID, CREDIT),
            ),
            (
                code::SERVICE_CONTEXT_ID,
                avp(code::SERVICE_CONTEXT_ID, b"32260@3gpp.org"),
            ),
            (code::CC_REQUEST_TYPE, number(code::CC_REQUEST_TYPE, 4)),
            (code::CC_REQUEST_NUMBER, number(code::CC_REQUEST_NUMBER, 0)),
            (code::REQUESTED_ACTION, number(code::REQUESTED_ACTION, 0)),
        ])
    }

    fn without(mut self, code: u32) -> Self {
        self.0.retain(|(c, _)| *c != code);
        self
    }

    fn with(mut self, avp: &[u8]) -> Self {
        self.0.push((0, avp.to_vec()));
        self
    }

    fn instead(mut self, code: u32, avp: &[u8]) -> Self {
        for (_, bytes) in self.0.iter_mut().filter(|(c, _)| *c == code) {
            *bytes = avp.to_vec();
        }
        self
    }

    fn raw(self) -> Raw {
        let avps: Vec<u8> = self.0.into_iter().flat_map(|(_, bytes)| bytes).collect();
        let mut raw = Raw::request(command::CREDIT_CONTROL, CREDIT).with(&avps);
        (raw.hop_by_hop, raw.end_to_end) = (0x1234_5678, 0x9abc_def0);
        raw
    }
}

fn row(name: impl Into<String>, raw: &Raw, expect: Expect) -> Row {
    Row {
        name: name.into(),
        bytes: raw.bytes(),
        expect,
    }
}

/// What is wrong with the header of a request.
#[must_use]
pub fn headers(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let with = |change: fn(&mut Raw)| {
        let mut raw = Good::new(target, from).raw();
        change(&mut raw);
        raw
    };
    let plain = |code| Expect::Answer(code, None);
    let mut watchdog = Raw::request(command::DEVICE_WATCHDOG, 0).with(&from.origin());
    watchdog.flags |= PROXIABLE;
    let mut cer = Raw::request(command::CAPABILITIES_EXCHANGE, 0).with(&from.capabilities());
    for (raw, id) in [(&mut watchdog, 3), (&mut cer, 5)] {
        (raw.hop_by_hop, raw.end_to_end) = (id, id + 1);
    }
    vec![
        row("unknown command", &with(|r| r.command = 9_999), plain(3001)),
        row(
            "unknown application",
            &with(|r| r.application = 99),
            plain(3007),
        ),
        row("E in a request", &with(|r| r.flags |= ERROR), plain(3008)),
        // Believed: nothing is lost by it, and peers do it.
        row("P missing", &with(|r| r.flags = REQUEST), plain(2001)),
        row("P in a DWR", &watchdog, plain(3008)),
        row("version 2", &with(|r| r.version = 2), plain(5011)),
        row(
            "reserved bit in the header",
            &with(|r| r.flags |= 0x01),
            plain(5013),
        ),
        row("second CER", &cer, plain(5012)),
        row(
            "answer that nobody waits for",
            &with(|r| r.flags = PROXIABLE),
            Expect::Nothing,
        ),
        row(
            "length not a multiple of 4",
            &with(|r| r.length = Some(101)),
            Expect::Close,
        ),
        row(
            "length below 20",
            &with(|r| r.length = Some(16)),
            Expect::Close,
        ),
        row("length 0", &with(|r| r.length = Some(0)), Expect::Close),
    ]
}

/// Ways that a request cannot go, and a service that fails.
#[must_use]
pub fn ways(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let good = || Good::new(target, from);
    let plain = |code| Expect::Answer(code, None);
    let text = |code, text: &str| avp(code, text.as_bytes());
    let realm = |name: &str| {
        let other = text(code::DESTINATION_REALM, name);
        good().instead(code::DESTINATION_REALM, &other).raw()
    };
    let nobody = text(code::DESTINATION_HOST, "nobody.labs.example");
    let own = text(code::ROUTE_RECORD, &target.host);
    let panic = text(code::SERVICE_CONTEXT_ID, "panic");
    let spent = text(code::SERVICE_CONTEXT_ID, "answer 5006");
    let mut rows = vec![
        row(
            "unknown host in the realm",
            &good().with(&nobody).raw(),
            plain(3002),
        ),
        row("unknown realm", &realm("nowhere.example"), plain(3003)),
        row(
            "own name in Route-Record",
            &good().with(&own).raw(),
            plain(3005),
        ),
        row(
            "service that panics",
            &good().instead(code::SERVICE_CONTEXT_ID, &panic).raw(),
            plain(5012),
        ),
        // What a user may use is for the service to say.
        row(
            "user who has used up what there was",
            &good().instead(code::SERVICE_CONTEXT_ID, &spent).raw(),
            plain(5006),
        ),
    ];
    if let Some(name) = &target.away {
        rows.push(row("realm whose peer is away", &realm(name), plain(3002)));
    }
    if let Some(name) = &target.redirected {
        let redirected = Expect::AnswerWith(3006, code::REDIRECT_HOST);
        rows.push(row("realm that is redirected", &realm(name), redirected));
    }
    rows
}

/// Sessions that are not there.
#[must_use]
pub fn sessions(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let session = format!("{};gone;1", from.host);
    let base = |command, more: &[u8]| {
        let avps = [
            avp(code::SESSION_ID, session.as_bytes()),
            from.origin(),
            avp(code::DESTINATION_REALM, target.realm.as_bytes()),
            avp(code::DESTINATION_HOST, target.host.as_bytes()),
            number(code::AUTH_APPLICATION_ID, CREDIT),
        ];
        let mut raw = Raw::request(command, CREDIT)
            .with(&avps.concat())
            .with(more);
        (raw.hop_by_hop, raw.end_to_end) = (7, 8);
        raw
    };
    let plain = || Expect::Answer(5002, None);
    let mut update = credit_control(from, &session, &target.realm, 2, 1);
    (update.hop_by_hop, update.end_to_end) = (9, 10);
    vec![
        row(
            "RAR of an unknown session",
            &base(command::RE_AUTH, &number(code::RE_AUTH_REQUEST_TYPE, 0)),
            plain(),
        ),
        row(
            "ASR of an unknown session",
            &base(command::ABORT_SESSION, &[]),
            plain(),
        ),
        row("CCR-U of an unknown session", &update, plain()),
    ]
}

/// What is wrong with AVPs.
#[must_use]
pub fn avps(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let mut rows = unknown_avps(target, from);
    rows.extend(values(target, from));
    rows.extend(occurrences(target, from));
    rows.extend(lengths(target, from));
    rows
}

const UNKNOWN: u32 = 99_999;

/// A group of a known code.
fn group(code: u32, inside: &[u8]) -> Vec<u8> {
    avp(code, inside)
}

fn unknown_avps(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let good = || Good::new(target, from);
    let unknown = avp(UNKNOWN, b"what");
    let mut rows = vec![
        row(
            "unknown AVP without M",
            &good().with(&flagged(UNKNOWN, 0, b"what")).raw(),
            Expect::AnswerWith(2001, code::CC_REQUEST_TYPE),
        ),
        row(
            "unknown AVP with M",
            &good().with(&unknown).raw(),
            Expect::Answer(5001, Some(unknown.clone())),
        ),
        row(
            "unknown AVP of a vendor with M",
            &good().with(&vendors(UNKNOWN, 9, MANDATORY, b"what")).raw(),
            Expect::Answer(5001, Some(vendors(UNKNOWN, 9, MANDATORY, b"what"))),
        ),
        row(
            "reserved bit in an AVP",
            &good().with(&flagged(code::USER_NAME, 0x41, b"alice")).raw(),
            Expect::Answer(3009, Some(flagged(code::USER_NAME, 0x41, b"alice"))),
        ),
        // The same holds of the M bit.
        row(
            "M missing where it must be",
            &good().with(&flagged(code::USER_NAME, 0, b"alice")).raw(),
            Expect::Answer(2001, None),
        ),
        row(
            "M where it must not be",
            &good().with(&avp(code::ERROR_MESSAGE, b"hm")).raw(),
            Expect::Answer(5016, Some(avp(code::ERROR_MESSAGE, b"hm"))),
        ),
        row(
            "V with vendor 0",
            &good()
                .with(&vendors(code::USER_NAME, 0, MANDATORY, b"alice"))
                .raw(),
            Expect::Answer(5016, Some(vendors(code::USER_NAME, 0, MANDATORY, b"alice"))),
        ),
    ];
    // MSCC, Requested-Service-Unit, CC-Money: a chain of groups, and in Failed-AVP only the way to what is wrong.
    let mut inside = unknown.clone();
    let chain = [
        (code::MULTIPLE_SERVICES, "one group"),
        (code::REQUESTED_SERVICE_UNIT, "two groups"),
        (CC_MONEY, "three groups"),
    ];
    for depth in 1..=chain.len() {
        inside.clone_from(&unknown);
        for (code, _) in chain[..depth].iter().rev() {
            inside = group(*code, &inside);
        }
        rows.push(row(
            format!("unknown AVP with M in {}", chain[depth - 1].1),
            &good().with(&inside).raw(),
            Expect::Answer(5001, Some(inside.clone())),
        ));
    }
    rows
}

const CC_MONEY: u32 = 413;

fn values(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let good = || Good::new(target, from);
    let bad = |name: &str, wrong: Vec<u8>| {
        row(
            name,
            &good().with(&wrong).raw(),
            Expect::Answer(5004, Some(wrong.clone())),
        )
    };
    let kind = number(code::CC_REQUEST_TYPE, 9);
    let context = avp(code::SERVICE_CONTEXT_ID, &[0xff, 0xfe, 0xfd, 0xfc]);
    let money = |inside: &[u8]| {
        group(
            code::MULTIPLE_SERVICES,
            &group(code::REQUESTED_SERVICE_UNIT, &group(CC_MONEY, inside)),
        )
    };
    let unit_value = group(445, &avp(447, &7_u64.to_be_bytes()));
    let too_much = money(&[unit_value, avp(code::USER_NAME, b"alice")].concat());
    vec![
        bad("bad UTF-8", avp(code::USER_NAME, &[0xc3, 0x28, 0xff, 0xff])),
        bad(
            "bad DiameterIdentity",
            avp(code::DESTINATION_HOST, b"no such host"),
        ),
        row(
            "Enumerated out of range",
            &good().instead(code::CC_REQUEST_TYPE, &kind).raw(),
            Expect::Answer(5004, Some(kind.clone())),
        ),
        row(
            "bad UTF-8 in what is required",
            &good().instead(code::SERVICE_CONTEXT_ID, &context).raw(),
            Expect::Answer(5004, Some(context.clone())),
        ),
        row(
            "AVP that is not allowed in a group",
            &good().with(&too_much).raw(),
            Expect::Answer(5008, Some(money(&avp(code::USER_NAME, b"alice")))),
        ),
        row(
            "event without Requested-Action",
            &good().without(code::REQUESTED_ACTION).raw(),
            Expect::Answer(5007, None),
        ),
    ]
}

fn occurrences(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let good = || Good::new(target, from);
    let mut rows = Vec::new();
    // What is missing is named by an AVP of its least length, all zeros.
    for (code, name, least) in [
        (code::SESSION_ID, "Session-Id", 0),
        (code::ORIGIN_HOST, "Origin-Host", 0),
        (code::ORIGIN_REALM, "Origin-Realm", 0),
        (code::DESTINATION_REALM, "Destination-Realm", 0),
        (code::AUTH_APPLICATION_ID, "Auth-Application-Id", 4),
        (code::SERVICE_CONTEXT_ID, "Service-Context-Id", 0),
        (code::CC_REQUEST_TYPE, "CC-Request-Type", 4),
        (code::CC_REQUEST_NUMBER, "CC-Request-Number", 4),
    ] {
        let missing = avp(code, &vec![0; least]);
        rows.push(row(
            format!("{name} missing"),
            &good().without(code).raw(),
            Expect::Answer(5005, Some(missing)),
        ));
    }
    let second = number(code::CC_REQUEST_NUMBER, 1);
    let third = number(code::CC_REQUEST_NUMBER, 2);
    rows.push(row(
        "AVP too often",
        &good().with(&second).with(&third).raw(),
        Expect::Answer(5009, Some(second)),
    ));
    let rating = [number(code::RATING_GROUP, 1), number(code::RATING_GROUP, 2)];
    rows.push(row(
        "AVP too often in a group",
        &good()
            .with(&group(code::MULTIPLE_SERVICES, &rating.concat()))
            .raw(),
        Expect::Answer(5009, Some(group(code::MULTIPLE_SERVICES, &rating[1]))),
    ));
    rows
}

fn lengths(target: &Target<'_>, from: &Identity) -> Vec<Row> {
    let good = || Good::new(target, from);
    let mut rows = Vec::new();
    for length in 0..8 {
        // Its header, and nothing behind it: an Unsigned32 of the least length, zeros where its data would be.
        let wrong = head(code::RATING_GROUP, MANDATORY, length);
        rows.push(row(
            format!("AVP length {length}"),
            &good().with(&wrong).with(&[0; 4]).raw(),
            Expect::Answer(5014, Some(avp(code::RATING_GROUP, &[0; 4]))),
        ));
    }
    let vendor = [
        head(1, MANDATORY | VENDOR, 8),
        10_415_u32.to_be_bytes().to_vec(),
    ]
    .concat();
    let beyond = [head(code::USER_NAME, MANDATORY, 400), b"alic".to_vec()].concat();
    let inner = [head(code::RATING_GROUP, MANDATORY, 40), vec![0; 4]].concat();
    let short = avp(code::RATING_GROUP, &[1, 2]);
    let long = avp(code::RATING_GROUP, &[0; 8]);
    let time = avp(code::EVENT_TIMESTAMP, &[0; 3]);
    let stray = [
        head(code::MULTIPLE_SERVICES, MANDATORY, 24),
        number(code::RATING_GROUP, 1),
        vec![0; 4],
    ]
    .concat();
    // Its header, completed with zeros, before the fewest data that its format has, and the groups around it.
    let services = |inside: &[u8]| group(code::MULTIPLE_SERVICES, inside);
    let zeros = services(&avp(code::RATING_GROUP, &[0; 4]));
    for (name, wrong, failed) in [
        (
            "AVP of a vendor shorter than its header",
            vendor,
            vendors(1, 10_415, MANDATORY, &[]),
        ),
        ("AVP beyond the message", beyond, avp(code::USER_NAME, &[])),
        ("AVP beyond its group", services(&inner), zeros.clone()),
        ("Unsigned32 of 2 bytes", services(&short), zeros.clone()),
        ("Unsigned32 of 8 bytes", services(&long), zeros),
        ("Time of 3 bytes", time, avp(code::EVENT_TIMESTAMP, &[0; 4])),
        (
            "stray bytes in a group",
            stray,
            services(&flagged(0, 0, &[])),
        ),
    ] {
        rows.push(row(
            name,
            &good().with(&wrong).raw(),
            Expect::Answer(5014, Some(failed)),
        ));
    }
    rows
}
