//! Accounting of a service (Rf): its records wait for their server, also over the death of the process, and arrive in order.

use strowger::prelude::*;
use strowger_diameter::charging::{
    Accounted, Accounting, AccountingEvent, AccountingTerms, AccountingTimer, RecordType,
};
use strowger_diameter::proto::dict::{base, credit};
use strowger_diameter::testkit::{Asked, DiameterTestKit as _, Peer, settings};
use strowger_diameter::{
    AccountingAnswer, CreditControlRequest, Diameter, ErrorAnswer, Outgoing, SendFailure, Session,
    SessionTo, Timeout,
};
use strowger_testkit::TestKit;

const ACR: &strowger_diameter::proto::dict::CommandDef = &base::ACCOUNTING;

/// A call that is recorded, as a peer tells by requests of credit control: INITIAL, UPDATE and TERMINATION.
#[derive(Default, State)]
struct Call {
    records: Option<Accounting>,
    told: Vec<String>,
}

#[sbb(name = "call", vendor = "test", version = "1.0")]
impl Call {
    #[on(initial)]
    fn told(
        &mut self,
        cx: &mut Cx,
        ev: &CreditControlRequest,
        Aci(call): Aci<Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        let kind = ev.message().find(&credit::CC_REQUEST_TYPE);
        let kind = match kind.and_then(|avp| avp.i32().ok()) {
            Some(1) => RecordType::Start,
            Some(2) => RecordType::Interim,
            _ => RecordType::Stop,
        };
        diameter.answer(cx, ev, Outgoing::answer(2001))?;
        if kind == RecordType::Stop {
            cx.detach(call);
        }
        if self.records.is_none() {
            let terms = AccountingTerms {
                records: 4,
                keep: secs(3_600),
                ..AccountingTerms::default()
            };
            let to = SessionTo::realm(3, "example");
            self.records = Some(Accounting::begin(cx, *diameter, &terms, to)?);
        }
        let Some(records) = self.records.as_mut() else {
            return Ok(());
        };
        let told = records.record(cx, *diameter, kind, |acr| {
            acr.avp(&base::USER_NAME, "alice");
        })?;
        self.note(&told);
        Ok(())
    }

    #[on]
    fn answered(&mut self, cx: &mut Cx, ev: &AccountingAnswer, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn refused(&mut self, cx: &mut Cx, ev: &ErrorAnswer, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn timed_out(&mut self, cx: &mut Cx, ev: &Timeout, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn not_sent(&mut self, cx: &mut Cx, ev: &SendFailure, diameter: Ra<Diameter>) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn again(
        &mut self,
        cx: &mut Cx,
        ev: &Timer<AccountingTimer>,
        diameter: Ra<Diameter>,
    ) -> Result {
        self.on(cx, ev.into(), *diameter)
    }

    #[on]
    fn ended(
        &mut self,
        cx: &mut Cx,
        _: &ActivityEnd,
        Aci(session): Aci<Session>,
        diameter: Ra<Diameter>,
    ) -> Result {
        match &self.records {
            Some(records) if records.session() == session => {
                self.on(cx, AccountingEvent::Gone, *diameter)
            }
            _ => Ok(()),
        }
    }
}

impl Call {
    fn on(&mut self, cx: &mut Cx, event: AccountingEvent<'_>, diameter: Diameter) -> Result {
        if let Some(records) = self.records.as_mut() {
            let told = records.on(cx, diameter, event)?;
            self.note(&told);
        }
        Ok(())
    }

    fn note(&mut self, told: &[Accounted]) {
        self.told.extend(told.iter().map(|one| format!("{one:?}")));
    }
}

struct Ground {
    slee: TestKit,
    cdf: Peer,
    gateway: Peer,
    call: Option<String>,
    number: u32,
}

impl Ground {
    fn new() -> Self {
        let slee = TestKit::strict()
            .adaptor_with(
                "diameter",
                strowger_diameter::adaptor(),
                settings(&["cdf.example"]),
            )
            .service(ServiceDef::of::<Call>());
        let cdf = slee.diameter().server("cdf.example");
        cdf.expect_up();
        let gateway = slee.diameter().client("gw.example");
        Self {
            slee,
            cdf,
            gateway,
            call: None,
            number: 0,
        }
    }

    /// The call goes on.
    fn tell(&mut self, kind: i32) {
        let sent = self
            .gateway
            .request(&credit::CREDIT_CONTROL_COMMAND, |ccr| {
                ccr.opt(&base::SESSION_ID, self.call.as_deref());
                ccr.avp(&base::AUTH_APPLICATION_ID, 4_u32);
                ccr.avp(&credit::SERVICE_CONTEXT_ID, "call@test");
                ccr.avp(&credit::CC_REQUEST_TYPE, kind);
                ccr.avp(&credit::CC_REQUEST_NUMBER, self.number);
            });
        sent.expect(2001);
        self.number += 1;
        self.call.get_or_insert_with(|| sent.session_id());
    }

    fn told(&self) -> Vec<String> {
        let states = self.slee.states::<Call>();
        states
            .first()
            .map(|call| call.told.clone())
            .unwrap_or_default()
    }
}

/// Type and number of a record.
fn record(asked: &Asked) -> (i32, u32) {
    let message = asked.message();
    let kind = message.find(&base::ACCOUNTING_RECORD_TYPE).expect("a type");
    let number = message
        .find(&base::ACCOUNTING_RECORD_NUMBER)
        .expect("a number");
    let application = message.find(&base::ACCT_APPLICATION_ID).expect("an id");
    assert_eq!(application.u32(), Ok(3));
    (
        kind.i32().expect("an integer"),
        number.u32().expect("a number"),
    )
}

fn answer(asked: &Asked, result: u32) {
    asked.answer_with(result, |aca| {
        for def in [
            &base::ACCOUNTING_RECORD_TYPE,
            &base::ACCOUNTING_RECORD_NUMBER,
        ] {
            aca.raw(asked.message().find(def).expect("in every record"));
        }
    });
}

#[test]
fn records_arrive_in_order_and_nothing_is_left() {
    let mut ground = Ground::new();
    for kind in [1, 2, 3] {
        ground.tell(kind);
    }
    let mut id = None;
    for expected in [(2, 0), (3, 1), (4, 2)] {
        let asked = ground.cdf.expect(ACR);
        assert_eq!(record(&asked), expected);
        assert!(!asked.message().header().is_retransmit());
        let session = asked.message().session_id().map(str::to_owned);
        assert_eq!(id.get_or_insert_with(|| session.clone()), &session);
        assert!(ground.cdf.find(ACR, millis(100)).is_none(), "one at a time");
        answer(&asked, 2001);
    }
    ground.slee.advance(secs(1));
    assert_eq!(ground.slee.states::<Call>().len(), 0);
    assert_eq!(ground.slee.counts().activities, 0);
    let counts = ["records", "kept", "resent", "delivered", "discarded"];
    let counts = counts.map(|name| ground.slee.counter(&format!("diameter.accounting_{name}")));
    assert_eq!(counts, [3, 2, 0, 3, 0]);
    assert_eq!(ground.slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn records_wait_for_a_server_that_is_away_also_over_the_death_of_the_process() {
    let mut ground = Ground::new();
    ground.tell(1);
    let first = ground.cdf.expect(ACR);
    let end_to_end = first.message().header().end_to_end;
    ground.cdf.freeze(true);
    ground.tell(2);
    ground.tell(3);
    // The request has timed out, and was tried again some times.
    ground.slee.advance(secs(60));
    for _ in 0..3 {
        ground.slee.crash_and_restart_after(secs(30));
        ground.slee.advance(secs(45));
    }
    ground.cdf.freeze(false);
    let mut seen = Vec::new();
    let mut copies = 0;
    while seen.last() != Some(&(4, 2)) {
        let Some(asked) = ground.cdf.find(ACR, secs(120)) else {
            panic!("got only {seen:?}\n{}", ground.slee.ladder());
        };
        assert_eq!(asked.message().session_id(), first.message().session_id());
        if record(&asked).1 == 0 {
            assert!(asked.message().header().is_retransmit());
            assert_eq!(asked.message().header().end_to_end, end_to_end);
            copies += 1;
        }
        if !seen.contains(&record(&asked)) {
            seen.push(record(&asked));
        }
        answer(&asked, 2001);
    }
    assert_eq!(seen, [(2, 0), (3, 1), (4, 2)]);
    assert!(copies > 0);
    ground.slee.advance(secs(5));
    assert_eq!(
        ground.slee.states::<Call>().len(),
        0,
        "{}",
        ground.slee.ladder()
    );
    assert_eq!(ground.slee.counts().activities, 0);
    assert_eq!(ground.slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_record_that_cannot_be_taken_now_is_kept_and_one_that_is_refused_is_given_up() {
    for last in [1, 3] {
        let mut ground = Ground::new();
        ground.tell(1);
        answer(&ground.cdf.expect(ACR), 2001);
        ground.tell(if last == 3 { 3 } else { 2 });
        let asked = ground.cdf.expect(ACR);
        answer(&asked, 4002); // DIAMETER_OUT_OF_SPACE
        assert!(ground.cdf.find(ACR, secs(9)).is_none());
        let again = ground.cdf.expect(ACR);
        assert_eq!(record(&again), record(&asked));
        assert!(again.message().header().is_retransmit());
        let ends = [&asked, &again].map(|its| its.message().header().end_to_end);
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ground.slee.alarms(), Vec::<String>::new());
        answer(&again, 5005);
        ground.slee.advance(secs(1));
        assert_eq!(ground.slee.counter("diameter.accounting_discarded"), 1);
        assert_eq!(ground.slee.alarms(), ["reports raised"]);
        if last == 1 {
            let told = ground.told();
            assert_eq!(told, ["Delivered(0)", "Discarded(1, Some(5005))"]);
        } else {
            assert_eq!(ground.slee.states::<Call>().len(), 0);
        }
        assert_eq!(ground.slee.rolled_back(), Vec::<String>::new());
    }
}

#[test]
fn records_that_no_server_takes_are_bounded_in_number_and_time() {
    let mut ground = Ground::new();
    ground.cdf.close();
    ground.cdf.freeze(true);
    ground.slee.advance(secs(60));
    ground.tell(1);
    for _ in 0..5 {
        ground.tell(2);
    }
    ground.tell(3);
    // START, the two latest of the interim records, STOP.
    assert_eq!(ground.slee.counter("diameter.accounting_discarded"), 3);
    ground.slee.advance(secs(3_500));
    assert_eq!(ground.slee.states::<Call>().len(), 1);
    ground.slee.advance(secs(200));
    assert_eq!(ground.slee.counter("diameter.accounting_discarded"), 7);
    assert_eq!(ground.slee.states::<Call>().len(), 0);
    assert_eq!(ground.slee.rolled_back(), Vec::<String>::new());
}

#[test]
fn a_server_that_has_restarted_gets_what_waits_in_the_same_session() {
    let mut ground = Ground::new();
    ground.cdf.origin_state_id(1);
    ground.cdf.close();
    ground.cdf.expect_up();
    ground.slee.advance(secs(100));
    ground.tell(1);
    let first = ground.cdf.expect(ACR);
    answer(&first, 2001);
    ground.cdf.origin_state_id(2);
    ground.cdf.close();
    ground.slee.advance(secs(100));
    ground.tell(3);
    let last = ground.cdf.expect(ACR);
    assert_eq!(record(&last), (4, 1));
    assert_eq!(last.message().session_id(), first.message().session_id());
    answer(&last, 2001);
    ground.slee.advance(secs(1));
    assert_eq!(ground.slee.states::<Call>().len(), 0);
    assert_eq!(ground.slee.rolled_back(), Vec::<String>::new());
}
