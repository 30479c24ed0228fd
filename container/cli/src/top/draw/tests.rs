//! Pictures of a node that has work, in terminals of all sizes.

use super::*;
use expect_test::{ExpectFile, expect_file};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use std::time::{Duration, Instant};
use strowger_node::status::{ServiceStatus, ShardStatus};

/// A node after so many seconds of work.
fn status(seconds: u64) -> Status {
    let text = include_str!("status.json");
    let mut status: Status = serde_json::from_str(text).unwrap();
    status.uptime_ms = 187_000 + seconds * 1_000;
    status.process.cpu_us = seconds * 310_000;
    let mut shard = ShardStatus::default();
    shard.cpu_us = seconds * 240_000;
    status.shards = vec![shard];
    status.kernel.deliveries = seconds * 800 + (seconds % 4) * 90;
    status.kernel.events = seconds * 810;
    status.kernel.activities_started = seconds * 200;
    status.network.datagrams_in = seconds * 600;
    status.network.datagrams_out = seconds * 600;
    status.network.bytes_in = seconds * 290_000;
    let le_ns = vec![10_000, 100_000, 1_000_000, 10_000_000];
    status.store.sync_times.le_ns.clone_from(&le_ns);
    status.store.sync_times.counts = vec![0, 0, seconds * 40, seconds, 0];
    let works = |service: &mut ServiceStatus, n: u64| {
        service.deliveries = seconds * n;
        service.times.le_ns.clone_from(&le_ns);
        service.times.counts = vec![seconds * n / 2, seconds * n / 3, seconds * n / 100, 0, 0];
    };
    for (service, n) in status.services.iter_mut().zip([640, 0, 160]) {
        works(service, n);
    }
    for adaptor in &mut status.adaptors {
        adaptor.inputs = seconds * 610;
        adaptor.events = seconds * 405;
    }
    status
}

/// What is seen after twenty seconds.
fn view() -> View {
    let (mut view, start) = (View::default(), Instant::now());
    for n in 0..=20 {
        let clock = format!("12:00:{n:02}Z");
        view.add(start + Duration::from_secs(n), &clock, status(n));
    }
    view
}

/// Draws on a terminal of this size.
fn picture(view: &View, (width, height): (u16, u16), has_colours: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let look = Look { has_colours };
    terminal
        .draw(|frame| draw(view, look, frame.area(), frame.buffer_mut()))
        .unwrap();
    terminal.backend().buffer().clone()
}

#[track_caller]
fn seen(view: &View, size: (u16, u16), expected: &ExpectFile) {
    expected.assert_eq(&lines_of(&picture(view, size, false)));
}

fn press(view: &mut View, keys: &[KeyCode]) {
    for key in keys {
        view.key(KeyEvent::from(*key));
    }
}

#[test]
fn a_common_terminal_has_all_that_matters() {
    seen(&view(), (80, 24), &expect_file!["80x24.txt"]);
}

#[test]
fn a_wide_terminal_has_everything() {
    seen(&view(), (140, 40), &expect_file!["140x40.txt"]);
}

#[test]
fn a_narrow_terminal_has_what_matters_most() {
    seen(&view(), (40, 16), &expect_file!["40x16.txt"]);
}

#[test]
fn no_terminal_is_too_small() {
    let mut view = view();
    for help in [false, true] {
        view.has_help = help;
        for width in 0..30 {
            for height in 0..30 {
                picture(&view, (width, height), true);
            }
        }
    }
}

#[test]
fn keys_sort_scroll_stop_and_explain() {
    let mut view = view();
    // By name, the other way round, in the second table; the mark and the rows say so.
    press(&mut view, &[KeyCode::Left, KeyCode::Left]);
    press(
        &mut view,
        &[KeyCode::Tab, KeyCode::Char('r'), KeyCode::Down],
    );
    press(&mut view, &[KeyCode::Char('p')]);
    view.add(Instant::now(), "12:34:56Z", Status::default());
    view.fail("the node does not\u{1b}answer");
    seen(&view, (80, 24), &expect_file!["keys.txt"]);
    press(&mut view, &[KeyCode::Char('p'), KeyCode::Char('?')]);
    seen(&view, (80, 24), &expect_file!["help.txt"]);
    press(&mut view, &[KeyCode::Char('x')]);
    assert!(!view.has_help);
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let coloured = |has: bool| {
        let buffer = picture(&view(), (80, 24), has);
        let mut cells = buffer.content().iter();
        cells.any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(coloured(true) && !coloured(false));
}

#[test]
fn a_picture_as_text_is_as_long_as_it_takes() {
    let text = text(&view(), 100);
    assert!(text.contains("└ smsc-east-1"), "{text}");
    assert!(text.contains("Alarms 2"), "{text}");
    assert!(!text.contains("lines 1"), "{text}");
}
