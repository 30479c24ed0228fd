//! The rows of the probe: a good PDU, spoiled in one way each.

use super::{Bound, Expect, Row, SEQUENCE};
use crate::sms::ground::PASSWORD;
use crate::sms::pdu::{self, Message, Pdu, command, cstring, status, tag, tlv};

const RESP: u32 = command::RESP;
const SUBMIT_RESP: u32 = command::SUBMIT_SM | RESP;
const TRX: Bound = Bound::As(command::BIND_TRANSCEIVER);
const RX: Bound = Bound::As(command::BIND_RECEIVER);
const TX: Bound = Bound::As(command::BIND_TRANSMITTER);

/// A number of an account that is never bound: see [`super::ACCOUNTS`].
const NOBODY: &str = "9900009";

/// A PDU with the number of all stimuli.
fn numbered(command: u32, body: Vec<u8>) -> Vec<u8> {
    let mut pdu = Pdu::new(command, body);
    pdu.sequence = SEQUENCE;
    pdu.bytes()
}

/// With another command_length.
fn claiming(mut bytes: Vec<u8>, length: u32) -> Vec<u8> {
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

fn good() -> Message {
    Message::new("12345", NOBODY, b"probe")
}

fn submit(message: &Message) -> Vec<u8> {
    numbered(command::SUBMIT_SM, message.body())
}

/// A submit_sm whose body is spoiled.
fn spoiled(spoil: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = good().body();
    spoil(&mut body);
    numbered(command::SUBMIT_SM, body)
}

/// All rows, for this account.
#[must_use]
pub fn all(account: &str) -> Vec<Row> {
    [
        headers(account),
        states(account),
        binds(account),
        lengths(),
        values(),
        tlvs(),
        others(),
    ]
    .concat()
}

fn row(name: &'static str, bound: Bound, bytes: Vec<u8>, expect: Expect) -> Row {
    Row {
        name,
        bound,
        bytes,
        expect,
    }
}

fn headers(account: &str) -> Vec<Row> {
    let nack = |status| Expect::Answer(command::GENERIC_NACK, status);
    let close = Expect::NackAndClose(status::RINVCMDLEN);
    let ping = || numbered(command::ENQUIRE_LINK, Vec::new());
    let bind = numbered(
        command::BIND_TRANSCEIVER,
        pdu::bind(account, PASSWORD, 0x34),
    );
    let mut rows = vec![
        row(
            "unknown command",
            TRX,
            numbered(0x0000_00ff, vec![1, 2, 3]),
            nack(status::RINVCMDID),
        ),
        row(
            "unknown command before a bind",
            Bound::Not,
            numbered(0x0000_00ff, Vec::new()),
            nack(status::RINVCMDID),
        ),
        row(
            "response that nobody waits for",
            TRX,
            numbered(SUBMIT_RESP, cstring(b"1")),
            Expect::Nothing,
        ),
        row(
            "generic_nack of nothing",
            TRX,
            numbered(command::GENERIC_NACK, Vec::new()),
            Expect::Nothing,
        ),
        row(
            "response of an unknown command",
            TRX,
            numbered(RESP | 0xff, Vec::new()),
            Expect::Nothing,
        ),
        row(
            "status in a request",
            TRX,
            with_status(ping(), 8),
            Expect::Answer(command::ENQUIRE_LINK | RESP, status::ROK),
        ),
        row(
            "enquire_link before a bind",
            Bound::Not,
            ping(),
            Expect::Answer(command::ENQUIRE_LINK | RESP, status::ROK),
        ),
        row(
            "length beyond the largest PDU, with a bind",
            Bound::Not,
            claiming(bind, 0x0010_0000),
            close,
        ),
    ];
    for (name, length) in [
        ("length 0", 0),
        ("length 15", 15),
        ("length 0x7fffffff", 0x7fff_ffff),
        ("length 0xffffffff", 0xffff_ffff),
    ] {
        rows.push(row(name, TRX, claiming(ping(), length), close));
    }
    rows
}

fn with_status(mut bytes: Vec<u8>, status: u32) -> Vec<u8> {
    bytes[8..12].copy_from_slice(&status.to_be_bytes());
    bytes
}

/// What may not be sent in a state (3.4 2.3).
fn states(account: &str) -> Vec<Row> {
    let query = || {
        numbered(
            command::QUERY_SM,
            [cstring(b"1"), vec![1, 1], cstring(b"12345")].concat(),
        )
    };
    let wrong = |by: u32| Expect::Answer(by | RESP, status::RINVBNDSTS);
    let mut rows = vec![
        row(
            "submit_sm before a bind",
            Bound::Not,
            submit(&good()),
            wrong(command::SUBMIT_SM),
        ),
        row(
            "query_sm before a bind",
            Bound::Not,
            query(),
            wrong(command::QUERY_SM),
        ),
        row(
            "deliver_sm of an ESME",
            TRX,
            numbered(command::DELIVER_SM, good().body()),
            wrong(command::DELIVER_SM),
        ),
        row(
            "submit_sm of a receiver",
            RX,
            submit(&good()),
            wrong(command::SUBMIT_SM),
        ),
        row(
            "query_sm of a receiver",
            RX,
            query(),
            wrong(command::QUERY_SM),
        ),
    ];
    for (name, by) in [
        ("second bind, as a transceiver", command::BIND_TRANSCEIVER),
        ("second bind, as a receiver", command::BIND_RECEIVER),
    ] {
        let again = numbered(by, pdu::bind(account, PASSWORD, 0x34));
        rows.push(row(
            name,
            TRX,
            again,
            Expect::Answer(by | RESP, status::RALYBND),
        ));
    }
    rows
}

/// Binds that are refused, each answered before the connection ends.
fn binds(account: &str) -> Vec<Row> {
    let refused = |by: u32, status| Expect::AnswerAndClose(by | RESP, status);
    let trx = command::BIND_TRANSCEIVER;
    let bind = |name: &str, password: &str| numbered(trx, pdu::bind(name, password, 0x34));
    let long = "x".repeat(16);
    vec![
        row(
            "wrong password",
            Bound::Not,
            bind(account, "wrong"),
            refused(trx, status::RINVPASWD),
        ),
        row(
            "no password",
            Bound::Not,
            bind(account, ""),
            refused(trx, status::RINVPASWD),
        ),
        row(
            "unknown system_id",
            Bound::Not,
            bind("nobody", PASSWORD),
            refused(trx, status::RINVPASWD),
        ),
        row(
            "empty system_id",
            Bound::Not,
            bind("", ""),
            refused(trx, status::RINVPASWD),
        ),
        row(
            "over-long system_id",
            Bound::Not,
            bind(&long, PASSWORD),
            refused(trx, status::RINVSYSID),
        ),
        row(
            "over-long password",
            Bound::Not,
            bind(account, &long),
            refused(trx, status::RINVPASWD),
        ),
    ]
}

/// Where things are in the body of [`good`].
const SOURCE: usize = 3;

/// Of sm_length in it: before its text.
fn sm_length(body: &[u8]) -> usize {
    body.len() - good().short_message.len() - 1
}

/// Rows of a transceiver's submit_sm: what is wrong, the PDU, the status.
fn submits<const N: usize>(rows: [(&'static str, Vec<u8>, u32); N]) -> Vec<Row> {
    rows.map(|(name, bytes, status)| row(name, TRX, bytes, Expect::Answer(SUBMIT_RESP, status)))
        .to_vec()
}

/// Fields of a submit_sm that do not end where they must.
fn lengths() -> Vec<Row> {
    let long = Message::new(&"1".repeat(21), &good().destination.text(), b"probe");
    let far = Message::new("12345", &"3".repeat(21), b"probe");
    let overrun = spoiled(|body| {
        let at = sm_length(body);
        body[at] = 200;
    });
    let unterminated = spoiled(|body| {
        body.truncate(SOURCE);
        body.extend([b'1'; 12]);
    });
    let cut = spoiled(|body| body.truncate(sm_length(body)));
    let empty = numbered(command::SUBMIT_SM, Vec::new());
    let mut rows = submits([
        ("sm_length overruns", overrun.clone(), status::RINVMSGLEN),
        ("over-long source_addr", submit(&long), status::RINVSRCADR),
        (
            "over-long destination_addr",
            submit(&far),
            status::RINVDSTADR,
        ),
        (
            "source_addr without an end",
            unterminated,
            status::RINVSRCADR,
        ),
        ("empty body", empty, SERVICE_TYPE),
        ("body that ends at sm_length", cut, status::RINVCMDLEN),
    ]);
    let wrong = Expect::Answer(SUBMIT_RESP, status::RINVMSGLEN);
    rows.push(row(
        "sm_length overruns, of a transmitter",
        TX,
        overrun,
        wrong,
    ));
    rows
}

/// Fields of a submit_sm with values that are wrong, or only odd.
fn values() -> Vec<Row> {
    let timed = |schedule: &str, validity: &str| {
        let mut message = good();
        message.schedule = schedule.as_bytes().to_vec();
        message.validity = validity.as_bytes().to_vec();
        submit(&message)
    };
    let nowhere = Message::new("12345", "", b"probe");
    let bare = Message {
        short_message: Vec::new(),
        ..good()
    };
    let foreign = Message {
        source: pdu::Address {
            ton: 5,
            npi: 0,
            digits: vec![b'C', 0xe9, b't'],
        },
        ..good()
    };
    let odd = Message {
        coding: 0xe7,
        ..good()
    };
    submits([
        ("schedule that is no time", timed("tomorrow", ""), SCHEDULE),
        ("validity that is no time", timed("", "for ever"), EXPIRY),
        ("over-long validity", timed("", "261121190000000+0"), EXPIRY),
        ("no destination", submit(&nowhere), status::RINVDSTADR),
        ("no text", submit(&bare), status::ROK),
        (
            "Latin-1 in an alphanumeric sender",
            submit(&foreign),
            status::ROK,
        ),
        ("data_coding that is not known", submit(&odd), status::ROK),
    ])
}

const SERVICE_TYPE: u32 = 0x15;
const SCHEDULE: u32 = 0x61;
const EXPIRY: u32 = 0x62;

/// What is wrong with optional parameters.
fn tlvs() -> Vec<Row> {
    let with = |more: &[u8]| spoiled(|body| body.extend(more));
    let lying = [tag::VENDOR.to_be_bytes(), 200_u16.to_be_bytes()].concat();
    let overrun = with(&[&lying[..], b"abc"].concat());
    let vendor = with(&tlv(tag::VENDOR, b"vendor"));
    let bare = with(&tlv(tag::VENDOR, b""));
    let both = with(&tlv(tag::MESSAGE_PAYLOAD, b"payload"));
    submits([
        ("TLV that overruns", overrun, status::RINVOPTPARSTREAM),
        ("one octet behind", with(&[0x14]), status::RINVOPTPARSTREAM),
        (
            "three octets behind",
            with(&[0x14, 0, 0]),
            status::RINVOPTPARSTREAM,
        ),
        ("vendor's TLV", vendor, status::ROK),
        ("vendor's TLV without value", bare, status::ROK),
        (
            "short_message and message_payload",
            both,
            status::ROPTPARNOTALLWD,
        ),
    ])
}

/// Requests about messages that are not there, and what few send.
fn others() -> Vec<Row> {
    let id = b"0123456789abcdef";
    let about = |command: u32, more: &[&[u8]]| {
        let source = [vec![1, 1], cstring(b"12345")].concat();
        numbered(
            command,
            [&cstring(id)[..], &source[..], &more.concat()].concat(),
        )
    };
    let cancel = [
        cstring(b""),
        cstring(id),
        vec![1, 1],
        cstring(b"12345"),
        vec![1, 1],
        cstring(good().destination.text().as_bytes()),
    ];
    let nobody = [
        vec![0, 1, 1],
        cstring(b"12345"),
        vec![0],
        vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ];
    let junk = numbered(command::ENQUIRE_LINK, vec![1, 2, 3]);
    let resp = |by: u32, status| Expect::Answer(by | RESP, status);
    vec![
        row(
            "query_sm of an unknown message",
            TRX,
            about(command::QUERY_SM, &[]),
            resp(command::QUERY_SM, status::RQUERYFAIL),
        ),
        row(
            "cancel_sm of an unknown message",
            TRX,
            numbered(command::CANCEL_SM, cancel.concat()),
            resp(command::CANCEL_SM, status::RCANCELFAIL),
        ),
        row(
            "replace_sm of an unknown message",
            TRX,
            about(command::REPLACE_SM, &[&[0, 0, 0, 0], &[2], b"hi"]),
            resp(command::REPLACE_SM, status::RREPLACEFAIL),
        ),
        row(
            "submit_multi to nobody",
            TRX,
            numbered(command::SUBMIT_MULTI, nobody.concat()),
            resp(command::SUBMIT_MULTI, NUMBER_OF_DESTS),
        ),
        row(
            "enquire_link with octets behind it",
            TRX,
            junk,
            resp(command::ENQUIRE_LINK, status::RINVOPTPARSTREAM),
        ),
    ]
}

const NUMBER_OF_DESTS: u32 = 0x33;
