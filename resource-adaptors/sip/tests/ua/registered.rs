//! Peers that are registered here: requests of a dialog follow them (RFC 5626 5.3).

use strowger_sip::proto::flow::Conn;
use strowger_sip::proto::registrar::{Aor, Policy, Refusal};

use super::*;

const POLICY: Policy = Policy {
    min_expires: 60,
    default_expires: 3600,
    max_expires: 7200,
    contacts: 2,
};

fn tcp(conn: u64, port: u16) -> Flow {
    Flow {
        transport: Transport::Tcp,
        conn: Some(Conn(conn)),
        peer: ([192, 0, 2, 9], port).into(),
        ..udp()
    }
}

fn register(cseq: u32, extra: &str) -> Message {
    let text = request("REGISTER", "r", "", cseq, extra);
    Message::parse(
        text.replace(&format!("Contact: <sip:alice@{PEER}>\r\n"), "")
            .into(),
        &Limits::DEFAULT,
    )
    .unwrap()
}

impl Bench {
    fn register(&mut self, flow: Flow, cseq: u32, extra: &str) -> Result<usize, Refusal> {
        self.register_as("sip:alice@a.example", flow, cseq, extra)
    }

    fn register_as(
        &mut self,
        aor: &str,
        flow: Flow,
        cseq: u32,
        extra: &str,
    ) -> Result<usize, Refusal> {
        let aor = Aor::parse(aor.as_bytes()).unwrap();
        let message = register(cseq, extra);
        let location = self.ua.location();
        let outcome = location.decide(self.now, &aor, &message, flow, &POLICY)?;
        let bindings = outcome.bindings;
        let count = bindings.len();
        self.ua.location_mut().apply(77, &aor, bindings);
        Ok(count)
    }

    /// A call from a peer over a connection, answered and acknowledged.
    fn called_over(&mut self, flow: Flow) -> Key {
        let invite = request("INVITE", "i1", "", 1, "");
        self.ua.frame(self.now, flow, invite.into());
        self.drain();
        let Some(Event::Call { dialog, tx }) = self.events.pop() else {
            panic!("no call")
        };
        self.reply(tx, 200);
        let tag = String::from_utf8_lossy(self.take_sent()[0].to_tag().unwrap()).into_owned();
        let ack = request("ACK", "a1", &tag, 1, "");
        self.ua.frame(self.now, flow, ack.into());
        self.drain();
        dialog
    }
}

#[test]
fn a_dialogs_requests_follow_a_client_that_registered_anew() {
    let mut bench = Bench::new();
    let (first, second) = (tcp(1, 40_001), tcp(2, 40_002));
    bench.ua.set_connected(Conn(1), true);
    let contact = format!("Contact: <sip:alice@{PEER};ob>;expires=600\r\n");
    bench.register(first, 1, &contact).unwrap();
    let dialog = bench.called_over(first);
    bench.ua.set_connected(Conn(1), false);
    bench.ua.set_connected(Conn(2), true);
    assert_eq!(bench.register(second, 2, &contact), Ok(1));
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let (flow, bye) = bench.sent.pop().unwrap();
    assert_eq!((line(&bye), flow), ("BYE".to_owned(), second));
}

#[test]
fn who_is_not_registered_is_not_followed() {
    let mut bench = Bench::new();
    let (first, other) = (tcp(1, 40_001), tcp(2, 40_002));
    bench.ua.set_connected(Conn(1), true);
    bench.ua.set_connected(Conn(2), true);
    let contact = "Contact: <sip:carol@192.0.2.9:5070>\r\n";
    bench.register(other, 1, contact).unwrap();
    let dialog = bench.called_over(first);
    bench.ua.set_connected(Conn(1), false);
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let (flow, _) = bench.sent.pop().unwrap();
    assert_ne!(flow.conn, other.conn);
}

#[test]
fn who_registers_the_contact_of_another_user_gets_none_of_that_ones_requests() {
    let mut bench = Bench::new();
    let (first, thief) = (tcp(1, 40_001), tcp(2, 40_002));
    bench.ua.set_connected(Conn(1), true);
    bench.ua.set_connected(Conn(2), true);
    let contact = format!("Contact: <sip:alice@{PEER};ob>;expires=600\r\n");
    let dialog = bench.called_over(first);
    let registered = bench.register_as("sip:mallory@a.example", thief, 1, &contact);
    assert_eq!(registered, Ok(1));
    bench.ua.set_connected(Conn(1), false);
    bench.ua.hang_up(bench.now, dialog).unwrap();
    bench.drain();
    let (flow, _) = bench.sent.pop().unwrap();
    assert_ne!(flow.conn, thief.conn);
}

/// RFC 3261 10.3 steps 6 and 7.
#[test]
fn a_register_is_carried_out_as_a_whole_or_not_at_all() {
    let mut bench = Bench::new();
    let two = "Contact: <sip:1@192.0.2.9>;expires=600, <sip:2@192.0.2.9>;q=0.3\r\n";
    assert_eq!(bench.register(udp(), 5, two), Ok(2));
    let older = "Contact: <sip:1@192.0.2.9>;expires=0, <sip:9@192.0.2.9>\r\n";
    assert_eq!(bench.register(udp(), 4, older), Err(Refusal::OutOfOrder));
    assert_eq!(
        bench.register(udp(), 4, "Contact: *\r\nExpires: 0\r\n"),
        Err(Refusal::OutOfOrder)
    );
    let brief = "Contact: <sip:1@192.0.2.9>;expires=0, <sip:2@192.0.2.9>;expires=5\r\n";
    assert_eq!(bench.register(udp(), 6, brief), Err(Refusal::TooBrief(60)));
    let broken = "Contact: <sip:1@192.0.2.9>;expires=0\r\nContact: <sip:2@192.0.2.9>;q=7\r\n";
    let refusal = bench.register(udp(), 6, broken).unwrap_err();
    assert_eq!(refusal.status(), 400);
    let more = "Contact: <sip:3@192.0.2.9>\r\n";
    assert_eq!(bench.register(udp(), 6, more), Err(Refusal::TooMany));
    assert_eq!(bench.register(udp(), 6, ""), Ok(2), "nothing was changed");
    let swap = "Contact: <sip:1@192.0.2.9>;expires=0, <sip:3@192.0.2.9>\r\n";
    assert_eq!(bench.register(udp(), 7, swap), Ok(2));
    assert_eq!(
        bench.register(udp(), 7, swap),
        Ok(2),
        "a copy changes nothing"
    );
    assert_eq!(
        bench.register(udp(), 8, "Contact: *\r\nExpires: 0\r\n"),
        Ok(0)
    );
    assert!(bench.ua.location().is_empty());
}

/// RFC 5626 6.
#[test]
fn flows_of_an_instance_replace_each_other_by_their_number() {
    let mut bench = Bench::new();
    let flow = |reg_id: u32, host: &str| {
        format!(
            "Supported: path, outbound\r\nContact: <sip:a@{host}>;reg-id={reg_id};+sip.instance=\"<urn:uuid:1>\"\r\n"
        )
    };
    assert_eq!(bench.register(tcp(1, 1), 1, &flow(1, "10.0.0.1")), Ok(1));
    assert_eq!(bench.register(tcp(2, 2), 2, &flow(2, "10.0.0.1")), Ok(2));
    assert_eq!(bench.register(tcp(3, 3), 3, &flow(1, "10.0.0.2")), Ok(2));
    let aor = Aor::parse(b"sip:alice@a.example").unwrap();
    let flows: Vec<_> = bench
        .ua
        .location()
        .bindings(&aor)
        .iter()
        .map(|b| (b.reg_id, b.flow.conn))
        .collect();
    assert_eq!(flows, [(1, Some(Conn(3))), (2, Some(Conn(2)))]);
    let proxied = format!(
        "Via: SIP/2.0/TCP p;branch=z9hG4bKp\r\n{}",
        flow(1, "10.0.0.1")
    );
    assert_eq!(
        bench.register(tcp(3, 3), 4, &proxied),
        Err(Refusal::NoOutbound)
    );
    let keeping = format!("{proxied}Path: <sip:q;lr>, <sip:p;lr;ob>\r\n");
    assert_eq!(bench.register(tcp(3, 3), 5, &keeping), Ok(2));
}
