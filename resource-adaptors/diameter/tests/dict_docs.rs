//! docs/diameter-dictionary.md says what the dictionary has, and from which level on what is refused.

#![expect(clippy::unwrap_used, reason = "a test fails where an assumption does")]

mod dict_support;

use std::collections::BTreeSet;

use dict_support::{put, request, required, with};
use strowger_diameter::proto::dict::base::{PRODUCT_NAME, RESULT_CODE, SESSION_TIMEOUT, USER_NAME};
use strowger_diameter::proto::dict::credit::{CREDIT_CONTROL_COMMAND, REQUESTED_ACTION};
use strowger_diameter::proto::dict::{Dictionary, ExtensionAvp, Kind, Level, Rule, validate};
use strowger_diameter::proto::wire::{Header, Message, flag};

const PAGE: &str = include_str!("../../../docs/diameter-dictionary.md");

/// The rows of the table whose head begins so, without head and rule.
fn rows(head: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let table = PAGE
        .lines()
        .skip_while(move |line| !line.starts_with(head))
        .skip(2);
    table
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

#[test]
fn the_page_lists_every_application_and_command() {
    let dictionary = Dictionary::standard();
    let listed: BTreeSet<(String, u32, String)> = rows("| application |")
        .map(|row| {
            (
                row[0].to_owned(),
                row[1].parse().unwrap(),
                row[2].to_owned(),
            )
        })
        .collect();
    let known: BTreeSet<(String, u32, String)> = dictionary
        .applications()
        .map(|app| {
            let commands: BTreeSet<(u32, &str)> = dictionary
                .commands()
                .filter(|def| def.application == app.id)
                .map(|def| (def.code, def.name.as_ref()))
                .collect();
            let commands: Vec<String> = commands
                .iter()
                .map(|(code, name)| format!("{code} {name}"))
                .collect();
            (app.name.clone().into_owned(), app.id, commands.join(", "))
        })
        .collect();
    assert_eq!(listed, known);
}

/// A message for each row of the page.
fn stimuli() -> Vec<Message> {
    let of = |application, command, flags| {
        let header = Header {
            version: 1,
            length: 20,
            flags,
            command,
            application,
            hop_by_hop: 1,
            end_to_end: 2,
        };
        Message::parse(header.to_bytes().to_vec().into()).unwrap()
    };
    let ccr = |avps: &[u8]| {
        request(
            &CREDIT_CONTROL_COMMAND,
            &[required(CREDIT_CONTROL_COMMAND.request, 4), avps.to_vec()].concat(),
        )
    };
    let deep = (0..40).fold(Vec::new(), |inside: Vec<u8>, _| {
        put(7, 19808, flag::VENDOR, &inside)
    });
    vec![
        of(99_999, 272, flag::REQUEST),
        of(4, 300, flag::REQUEST),
        of(0, 280, flag::REQUEST | flag::PROXIABLE),
        ccr(&with(&SESSION_TIMEOUT, &[0])),
        ccr(&deep),
        ccr(&put(9999, 0, flag::MANDATORY, b"")),
        ccr(&with(&USER_NAME, b"\xff")),
        request(&CREDIT_CONTROL_COMMAND, &[]),
        ccr(&with(&REQUESTED_ACTION, &[0; 4])),
        ccr(&with(&RESULT_CODE, &[0; 4])),
        ccr(&required(&CREDIT_CONTROL_COMMAND.request[..1], 4)),
        ccr(&put(PRODUCT_NAME.code, 0, flag::MANDATORY, b"x")),
    ]
}

#[test]
fn the_page_lists_every_code_with_the_level_from_which_it_is_answered() {
    let mut dictionary = Dictionary::standard();
    let own = ExtensionAvp {
        code: 7,
        vendor: 19808,
        name: "Own-Group".to_owned(),
        kind: Kind::Grouped,
        mandatory: Rule::May,
    };
    dictionary.extend(own).unwrap();
    let levels = [
        ("structure", Level::Structure),
        ("mandatory", Level::Mandatory),
        ("full", Level::Full),
    ];
    let answered = stimuli().into_iter().map(|message| {
        let code = |level| {
            validate(&message, &dictionary, level)
                .err()
                .map(|fault| fault.result_code)
        };
        assert_eq!(code(Level::Off), None);
        levels
            .into_iter()
            .find_map(|(name, level)| code(level).map(|code| (code.to_string(), name.to_owned())))
            .unwrap()
    });
    let listed = rows("| code |").map(|row| (row[0].to_owned(), row[1].to_owned()));
    assert_eq!(listed.collect::<Vec<_>>(), answered.collect::<Vec<_>>());
}
