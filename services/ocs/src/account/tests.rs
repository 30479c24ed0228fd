//! What becomes of the money.

use super::*;
use strowger_diameter::charging::{Reason, SubscriptionId};

const CALL: GroupKey = GroupKey::SESSION;

/// One unit of money a second, 60 seconds at a time.
fn conf() -> Settings {
    Settings::default()
}

fn request(kind: RequestType, number: u32, usage: Vec<Usage>) -> CreditRequest {
    CreditRequest {
        kind,
        number,
        action: None,
        context: "32260@3gpp.org".to_owned(),
        subscriber: vec![SubscriptionId::sip_uri("sip:alice@a.example")],
        service: None,
        usage,
    }
}

fn initial() -> CreditRequest {
    request(RequestType::Initial, 0, vec![Usage::ask(CALL, Units::NONE)])
}

fn update(number: u32, used: u32) -> CreditRequest {
    let usage = Usage::report(CALL, Units::time(used), Reason::Threshold).and_ask(Units::NONE);
    request(RequestType::Update, number, vec![usage])
}

fn last(number: u32, used: u32) -> CreditRequest {
    let usage = Usage::report(CALL, Units::time(used), Reason::Final);
    request(RequestType::Termination, number, vec![usage])
}

fn event(action: RequestedAction, units: Units) -> CreditRequest {
    CreditRequest {
        action: Some(action),
        ..request(RequestType::Event, 0, vec![Usage::ask(CALL, units)])
    }
}

fn seconds(outcome: &Outcome) -> Option<u32> {
    outcome.reply.groups.first()?.granted?.time
}

fn is_final(outcome: &Outcome) -> bool {
    outcome
        .reply
        .groups
        .iter()
        .any(|group| group.final_unit.is_some())
}

#[test]
fn a_call_is_debited_for_what_it_used_and_the_rest_is_given_back() {
    let mut account = Account::new(1_000);
    let first = account.request("s", &initial(), &conf());
    assert_eq!((first.reply.result, seconds(&first)), (2001, Some(60)));
    assert_eq!(first.tcc, Some(Tcc::Start(conf().validity * 2)));
    assert_eq!((account.balance, account.available()), (1_000, 940));
    let next = account.request("s", &update(1, 50), &conf());
    assert_eq!(
        (next.debited, account.balance, account.available()),
        (50, 950, 890)
    );
    let end = account.request("s", &last(2, 7), &conf());
    assert_eq!((end.tcc, end.debited), (Some(Tcc::Stop), 7));
    assert_eq!(
        (account.balance, account.available(), account.sessions.len()),
        (943, 943, 0)
    );
}

#[test]
fn what_comes_again_is_answered_as_before_and_debits_nothing() {
    let mut account = Account::new(1_000);
    let first = account.request("s", &initial(), &conf());
    let again = account.request("s", &initial(), &conf());
    assert_eq!((again.reply, again.repeated), (first.reply, true));
    let next = account.request("s", &update(1, 50), &conf());
    let again = account.request("s", &update(1, 50), &conf());
    assert_eq!((again.reply, again.debited), (next.reply, 0));
    account.request("s", &last(2, 7), &conf());
    let again = account.request("s", &last(2, 7), &conf());
    assert_eq!((again.reply.result, again.debited), (5002, 0));
    assert_eq!(account.balance, 943);
}

#[test]
fn the_last_units_are_said_to_be_the_last_and_then_there_are_none() {
    let mut account = Account::new(75);
    let first = account.request("s", &initial(), &conf());
    assert_eq!((seconds(&first), is_final(&first)), (Some(60), false));
    let next = account.request("s", &update(1, 50), &conf());
    assert_eq!((seconds(&next), is_final(&next)), (Some(25), true));
    assert_eq!(account.at_their_last(), ["s"]);
    let none = account.request("s", &update(2, 25), &conf());
    assert_eq!((none.reply.result, none.tcc), (4012, Some(Tcc::Stop)));
    assert_eq!((account.balance, account.sessions.len()), (0, 0));
}

#[test]
fn an_empty_account_gets_nothing() {
    let mut account = Account::new(0);
    let refused = account.request("s", &initial(), &conf());
    assert_eq!((refused.reply.result, account.sessions.len()), (4012, 0));
}

#[test]
fn calls_of_one_account_cannot_have_the_same_money() {
    let mut account = Account::new(100);
    assert_eq!(
        seconds(&account.request("a", &initial(), &conf())),
        Some(60)
    );
    let second = account.request("b", &initial(), &conf());
    assert_eq!((seconds(&second), is_final(&second)), (Some(40), true));
    assert_eq!(account.request("c", &initial(), &conf()).reply.result, 4012);
    account.request("a", &last(1, 10), &conf());
    assert_eq!(
        seconds(&account.request("d", &initial(), &conf())),
        Some(50)
    );
}

#[test]
fn a_session_that_is_lost_gives_its_reservation_back_and_costs_nothing() {
    let mut account = Account::new(100);
    account.request("s", &initial(), &conf());
    assert!(account.release("s"));
    assert!(!account.release("s"));
    assert_eq!((account.balance, account.available()), (100, 100));
    assert_eq!(
        account.request("s", &last(1, 10), &conf()).reply.result,
        5002
    );
}

#[test]
fn groups_are_rated_each_by_its_tariff_and_one_that_has_none_does_not_end_the_others() {
    let text = r#"
        tariffs = [
            { rating_group = 1, price = 2, per = 60, quota = 120 },
            { rating_group = 2, counts = "octets", price = 1, per = 1000, quota = 5000 },
            { rating_group = 3, price = 0 },
        ]
    "#;
    let conf: Settings = toml::from_str(text).expect("settings");
    let key = GroupKey::rating_group;
    let ask = |group| Usage::ask(key(group), Units::NONE);
    let mut account = Account::new(9);
    let all = request(
        RequestType::Initial,
        0,
        vec![ask(1), ask(2), ask(3), ask(4)],
    );
    let reply = account.request("s", &all, &conf).reply;
    assert_eq!(reply.result, 2001);
    let groups: Vec<_> = reply.groups.iter().map(|g| (g.result, g.granted)).collect();
    assert_eq!(
        groups,
        [
            (2001, Some(Units::time(120))),
            (2001, Some(Units::octets(5000))),
            (4011, None),
            (5031, None),
        ]
    );
    assert!(
        reply.groups[1].final_unit.is_some(),
        "5 of the 5 that were left"
    );
    let used = vec![
        Usage::report(key(1), Units::time(61), Reason::Final),
        Usage::report(key(2), Units::octets(1), Reason::Final),
    ];
    account.request("s", &request(RequestType::Termination, 1, used), &conf);
    assert_eq!(account.balance, 9 - 4 - 1);
}

#[test]
fn a_block_is_paid_once_however_its_use_is_reported() {
    let conf = Settings {
        tariffs: vec![Tariff {
            price: 10,
            per: 60,
            quota: 60,
            ..Tariff::default()
        }],
        ..Settings::default()
    };
    let mut account = Account::new(1_000);
    account.request("s", &initial(), &conf);
    for (number, used) in [(1, 20), (2, 20), (3, 20)] {
        account.request("s", &update(number, used), &conf);
    }
    account.request("s", &last(4, 1), &conf);
    assert_eq!(account.balance, 1_000 - 20);
}

#[test]
fn more_than_was_granted_is_debited_all_the_same() {
    let mut account = Account::new(10);
    account.request("s", &initial(), &conf());
    account.request("s", &last(1, 12), &conf());
    assert_eq!(account.balance, -2);
    assert_eq!(account.request("t", &initial(), &conf()).reply.result, 4012);
}

#[test]
fn events_debit_refund_and_tell() {
    let mut account = Account::new(100);
    let money = |digits| Units::money(Money::new(digits, -2));
    let debit = account.request(
        "a",
        &event(RequestedAction::DirectDebiting, money(30)),
        &conf(),
    );
    assert_eq!((debit.reply.result, account.balance), (2001, 70));
    let again = account.request(
        "a",
        &event(RequestedAction::DirectDebiting, money(30)),
        &conf(),
    );
    assert_eq!((again.repeated, account.balance), (true, 70));
    let refund = account.request(
        "b",
        &event(RequestedAction::RefundAccount, money(5)),
        &conf(),
    );
    assert_eq!((refund.filled, account.balance), (true, 75));
    let check = account.request(
        "c",
        &event(RequestedAction::CheckBalance, Units::time(76)),
        &conf(),
    );
    assert_eq!(check.reply.enough, Some(false));
    assert_eq!(check.reply.balance.map(|m| m.digits), Some(75));
    let price = account.request(
        "d",
        &event(RequestedAction::PriceEnquiry, Units::time(9)),
        &conf(),
    );
    assert_eq!(price.reply.cost.map(|m| m.digits), Some(9));
    let much = account.request(
        "e",
        &event(RequestedAction::DirectDebiting, money(76)),
        &conf(),
    );
    assert_eq!((much.reply.result, account.balance), (4012, 75));
    let odd = account.request(
        "f",
        &event(RequestedAction::DirectDebiting, money(-1)),
        &conf(),
    );
    assert_eq!((odd.reply.result, account.balance), (5031, 75));
}

#[test]
fn sessions_and_remembered_events_are_bounded() {
    let conf = Settings {
        sessions_per_account: 2,
        remembered_events: 2,
        ..Settings::default()
    };
    let mut account = Account::new(10_000);
    let open = |account: &mut Account, id| account.request(id, &initial(), &conf).reply.result;
    assert_eq!(
        [open(&mut account, "a"), open(&mut account, "b")],
        [2001, 2001]
    );
    assert_eq!(open(&mut account, "c"), 5012);
    for n in 0..10 {
        let refund = event(RequestedAction::RefundAccount, Units::time(1));
        account.request(&n.to_string(), &refund, &conf);
    }
    assert_eq!(account.events.len(), 2);
}
