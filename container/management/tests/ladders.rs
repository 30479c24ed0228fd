//! A call through the B2BUA, recorded in virtual time and drawn: always the same to the last letter.
//!
//! The picture is the one in docs/ladders.md; `UPDATE_EXPECT=1` draws it anew.

use expect_test::{expect, expect_file};
use std::time::Duration;
use strowger_b2bua::{Route, Settings, service};
use strowger_management::ladder::{Page, Width, list, pcapng, svg, text};
use strowger_node::Ladder;
use strowger_sip::testkit::SipTestKit as _;
use strowger_testkit::{Link, RecorderMode, RecorderOptions, TestKit};

/// A call that is hung up by the caller, to somebody who takes so long to ring.
fn call(link: Link, rings: Duration) -> Ladder {
    let settings = Settings {
        routes: vec![Route {
            open: true,
            ..Route::default()
        }],
        ..Settings::default()
    };
    let options = RecorderOptions {
        mode: RecorderMode::Sampled(1),
        ..RecorderOptions::default()
    };
    let mut slee = TestKit::strict()
        .link(link)
        .adaptor(strowger_sip::adaptor())
        .service_with(service(), settings)
        .recording_with(options);
    let alice = slee
        .sip()
        .invite("sip:+46701234567@a.example", "sip:+4687654321@b.example");
    let bob = slee.sip().expect_invite("sip:+4687654321@b.example");
    slee.advance(rings);
    bob.ring();
    slee.advance(Duration::from_millis(2_400));
    bob.answer();
    alice.expect(180).expect(200);
    bob.expect_ack();
    slee.advance(Duration::from_secs(42));
    let bye = alice.bye();
    bob.expect_bye();
    bye.expect(200);
    slee.advance(Duration::from_secs(33));
    slee.recordings().remove(0)
}

fn perfect() -> Ladder {
    call(Link::default(), Duration::from_millis(350))
}

#[test]
fn a_call_as_a_text() {
    expect![[r#"
        call 1: +46701234567 -> +4687654321, 2026-01-01 00:00:00.000, 44.750 s, ended
          db7ab77582588ea6@192.0.2.1
          6b1b24a3015c379ec034548a47

                 192.0.2.1:5060                   b2bua                            192.0.2.2:5060
           0.000 |---- INVITE +4687654321 +SDP -->|                                |
           0.000 |                                * sip-invite                     |
           0.000 |                                * timer no-answer set: 1 min     |
           0.000 |                                |---- INVITE +4687654321 +SDP -->|
           0.200 |<----- 100 Trying (INVITE) -----|                                |
           0.350 |                                |<---- 180 Ringing (INVITE) -----|
           0.350 |                                * sip-response                   |
           0.350 |<---- 180 Ringing (INVITE) -----|                                |
           2.750 |                                |<---- 200 OK (INVITE) +SDP -----|
           2.750 |                                |-------------- ACK ------------>|
           2.750 |                                * sip-response                   |
           2.750 |                                * timer no-answer cancelled      |
           2.750 |                                * timer too-long set: 4 h        |
           2.750 |<---- 200 OK (INVITE) +SDP -----|                                |
           2.750 |-------------- ACK ------------>|                                |
           2.750 |                                * sip-ack: no receiver           |
          44.750 |-------------- BYE ------------>|                                |
          44.750 |                                * sip-bye                        |
          44.750 |                                |-------------- BYE ------------>|
          44.750 |<-------- 200 OK (BYE) ---------|                                |
          44.750 |                                * activity-end                   |
          44.750 |                                |<-------- 200 OK (BYE) ---------|
          44.750 |                                * activity-end                   |
    "#]]
    .assert_eq(&text(&perfect(), Width(110)));
}

#[test]
fn a_call_in_a_list() {
    // The first line keeps the others' indentation.
    let printed = format!("calls:\n{}", list(&[perfect().info]));
    expect![[r#"
        calls:
            CALL  BEGAN                        LASTED  STATE  MESSAGES  FROM                     TO                       SERVICES
               1  2026-01-01 00:00:00.000    44.750 s  ended        13  +46701234567             +4687654321              b2bua
    "#]].assert_eq(&printed);
}

#[test]
fn a_call_as_a_picture() {
    let link = Link {
        delay: Duration::from_millis(12),
        ..Link::default()
    };
    let picture = svg(&call(link, Duration::from_millis(700)), Page::Alone);
    expect_file!["../../../docs/figures/ladder.svg"].assert_eq(&picture);
    assert!(
        !picture.contains("http://") || picture.matches("http://").count() == 1,
        "the name space is all"
    );
    assert!(
        !picture.contains("<script") && !picture.contains("href"),
        "it needs nothing"
    );
}

#[test]
fn a_picture_within_a_page_links_its_messages() {
    let ladder = perfect();
    let picture = svg(&ladder, Page::Within);
    assert!(picture.contains("<a href=\"#step-0\">"), "{picture}");
}

#[test]
fn what_messages_say_cannot_leave_the_picture() {
    let mut json = serde_json::to_value(perfect()).unwrap();
    json["info"]["from"] = "\"><script>alert(1)</script>\u{1b}[2J".into();
    json["steps"][0]["what"]["message"]["title"] = "INVITE </text><script>\u{7}".into();
    let ladder: Ladder = serde_json::from_value(json).unwrap();
    for page in [Page::Alone, Page::Within] {
        let picture = svg(&ladder, page);
        assert!(!picture.contains("<script"), "{picture}");
        assert!(!picture.contains('\u{1b}') && !picture.contains('\u{7}'));
    }
    let text = text(&ladder, Width(110));
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{7}'),
        "{text:?}"
    );
}

#[test]
fn a_call_as_json_is_the_same_when_it_is_read_again() {
    let ladder = perfect();
    let json = serde_json::to_string(&ladder).unwrap();
    assert_eq!(serde_json::from_str::<Ladder>(&json).unwrap(), ladder);
}

#[test]
fn a_capture_has_a_packet_for_each_message() {
    let ladder = perfect();
    let capture = pcapng(&ladder);
    let mut rest = &capture[..];
    let mut packets = 0;
    while rest.len() >= 12 {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let length = word(4) as usize;
        assert_eq!(word(length - 4) as usize, length);
        packets += u64::from(word(0) == 6);
        rest = &rest[length..];
    }
    assert_eq!((packets, rest.len()), (ladder.info.messages, 0));
}
