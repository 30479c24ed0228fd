//! What is watched: figures of the last minutes, the tables that are made of them, and how keys change what is looked at.

use super::pane::{Cell, Column, Order, Pane, Row, Tone};
use crate::listing::time;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::sync::Arc;
use std::time::Instant;
use strowger::alarm::Severity;
use strowger_management::figures::words::{count, maybe_rate, maybe_seconds};
use strowger_management::figures::{History, Recent, quantile, real};
use strowger_node::status::{AdaptorStatus, Alarm, ServiceStatus, Status};

/// Lines that a page goes.
const PAGE: usize = 10;

const fn word(name: &'static str, spare: u8) -> Column {
    Column {
        name,
        is_number: false,
        spare,
    }
}

const fn number(name: &'static str, spare: u8) -> Column {
    Column {
        name,
        is_number: true,
        spare,
    }
}

const SERVICES: &[Column] = &[
    word("SERVICE", 0),
    word("STATE", 1),
    number("PER S", 2),
    number("HALF", 5),
    number("99 %", 3),
    number("ENTITIES", 4),
    number("ROLLED BACK", 7),
    number("PANICS", 6),
    word("DURABILITY", 8),
];
const ADAPTORS: &[Column] = &[
    word("ADAPTOR", 0),
    word("STATE", 1),
    number("IN PER S", 2),
    number("EVENTS PER S", 4),
    number("ACTIVITIES", 3),
    number("PANICS", 5),
    word("COMPONENT", 6),
];
const ALARMS: &[Column] = &[
    number("SEVERITY", 2),
    word("SOURCE", 1),
    word("ALARM", 0),
    word("SINCE", 4),
    word("TEXT", 3),
];

/// What a key asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Nothing.
    Rest,
    /// Something is to be seen.
    Draw,
    /// It is enough.
    End,
}

/// What is watched.
#[derive(Debug)]
pub(super) struct View {
    history: History,
    /// The last look.
    pub(super) status: Arc<Status>,
    pub(super) recent: Recent,
    /// When it was, in UTC.
    pub(super) clock: String,
    /// Why there was none since.
    pub(super) failure: Option<String>,
    pub(super) is_paused: bool,
    pub(super) has_help: bool,
    /// The table that keys are for.
    pub(super) focus: usize,
    pub(super) orders: [Order; 3],
}

impl Default for View {
    fn default() -> Self {
        Self {
            history: History::default(),
            status: Arc::default(),
            recent: Recent::default(),
            clock: String::new(),
            failure: None,
            is_paused: false,
            has_help: false,
            focus: 0,
            orders: [Order::by(2), Order::by(0), Order::by(0)],
        }
    }
}

impl View {
    /// How the node is. While it is paused, that is kept for later.
    pub(super) fn add(&mut self, now: Instant, clock: &str, status: Status) {
        let status = Arc::new(status);
        self.history.add(now, &status);
        self.failure = None;
        if !self.is_paused {
            self.recent = self.history.recent();
            clock.clone_into(&mut self.clock);
            self.status = status;
        }
    }

    /// The node did not answer.
    pub(super) fn fail(&mut self, why: &str) {
        self.failure = Some(crate::table::clean(why));
    }

    /// The tables, sorted.
    pub(super) fn panes(&self) -> [Pane; 3] {
        let mut panes = [self.services(), self.adaptors(), self.alarms()];
        for (pane, order) in panes.iter_mut().zip(self.orders) {
            pane.sort(order);
        }
        panes
    }

    /// Does what a key says.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most keys of a keyboard mean nothing here"
    )]
    pub(super) fn key(&mut self, key: KeyEvent) -> Turn {
        if key.kind == KeyEventKind::Release {
            return Turn::Rest;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Turn::End,
            KeyCode::Char('q') => return Turn::End,
            KeyCode::Esc if !self.has_help => return Turn::End,
            _ if self.has_help => self.has_help = false,
            KeyCode::Char('?' | 'h') => self.has_help = true,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Tab => self.focus = (self.focus + 1) % self.orders.len(),
            KeyCode::BackTab => {
                self.focus = (self.focus + self.orders.len() - 1) % self.orders.len();
            }
            code => return self.order(code),
        }
        Turn::Draw
    }

    /// Does what a key says of the table that keys are for.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most keys of a keyboard mean nothing here"
    )]
    fn order(&mut self, code: KeyCode) -> Turn {
        let panes = self.panes();
        let (Some(pane), Some(order)) = (panes.get(self.focus), self.orders.get_mut(self.focus))
        else {
            return Turn::Rest;
        };
        let (columns, last) = (pane.columns.len(), pane.lines().saturating_sub(1));
        match code {
            KeyCode::Right => order.column = (order.column + 1) % columns,
            KeyCode::Left => order.column = (order.column + columns - 1) % columns,
            KeyCode::Char('r') => order.reversed = !order.reversed,
            KeyCode::Down | KeyCode::Char('j') => order.above = (order.above + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => order.above = order.above.saturating_sub(1),
            KeyCode::PageDown => order.above = (order.above + PAGE).min(last),
            KeyCode::PageUp => order.above = order.above.saturating_sub(PAGE),
            KeyCode::Home => order.above = 0,
            KeyCode::End => order.above = last,
            _ => return Turn::Rest,
        }
        Turn::Draw
    }

    fn services(&self) -> Pane {
        let services = self.status.services.iter().enumerate();
        Pane {
            name: "Services",
            columns: SERVICES,
            rows: services
                .map(|(place, service)| self.service(place, service))
                .collect(),
            empty: "no services: [services.NAME] of the configuration makes one",
        }
    }

    fn service(&self, place: usize, service: &ServiceStatus) -> Row {
        let recent = &self.recent;
        let rate = recent.rate(|status| Some(status.services.get(place)?.deliveries));
        let times = recent.times(|status| Some(&status.services.get(place)?.times));
        let (bounds, counts) = times.unwrap_or_default();
        let below = |share| {
            let below = quantile(&bounds, &counts, share);
            Cell::number(below.unwrap_or(-1.0), maybe_seconds(below), Tone::Plain)
        };
        let n = |n: u64, tone| Cell::number(real(n), count(n), tone);
        let cells = vec![
            Cell::text(&service.name),
            Cell::toned(&service.state, Tone::of(&service.state)),
            Cell::number(rate.unwrap_or(0.0), maybe_rate(rate), Tone::Plain),
            below(0.5),
            below(0.99),
            n(service.entities.unwrap_or(0), Tone::Plain),
            n(service.rollbacks, Tone::trouble(service.rollbacks)),
            n(service.panics, Tone::trouble(service.panics)),
            Cell::toned(&service.durability, Tone::Dim),
        ];
        let parts = Vec::new();
        Row { cells, parts }
    }

    fn adaptors(&self) -> Pane {
        let adaptors = self.status.adaptors.iter().enumerate();
        Pane {
            name: "Adaptors",
            columns: ADAPTORS,
            rows: adaptors
                .map(|(place, adaptor)| self.adaptor(place, adaptor))
                .collect(),
            empty: "no adaptors: [adaptors.NAME] of the configuration makes one",
        }
    }

    /// An adaptor, with its peers and what else of it has a state.
    fn adaptor(&self, place: usize, adaptor: &AdaptorStatus) -> Row {
        let rate = |of: fn(&AdaptorStatus) -> u64| {
            let rate = self.recent.rate(|s| s.adaptors.get(place).map(of));
            Cell::number(rate.unwrap_or(0.0), maybe_rate(rate), Tone::Plain)
        };
        let n = |n: u64, tone| Cell::number(real(n), count(n), tone);
        let cells = vec![
            Cell::text(&adaptor.name),
            Cell::toned(&adaptor.state, Tone::of(&adaptor.state)),
            rate(|adaptor| adaptor.inputs),
            rate(|adaptor| adaptor.events),
            n(adaptor.activities, Tone::Plain),
            n(adaptor.panics, Tone::trouble(adaptor.panics)),
            Cell::toned(&adaptor.component, Tone::Dim),
        ];
        let parts = adaptor.parts.iter().map(|part| {
            [
                Cell::text(&part.name),
                Cell::toned(&part.state, Tone::of(&part.state)),
                Cell::toned(&part.detail, Tone::Dim),
            ]
        });
        Row {
            cells,
            parts: parts.collect(),
        }
    }

    fn alarms(&self) -> Pane {
        let row = |alarm: &Alarm| {
            let (place, tone) = match alarm.severity {
                Severity::Critical => (4.0, Tone::Bad),
                Severity::Major => (3.0, Tone::Bad),
                Severity::Minor => (2.0, Tone::Warn),
                Severity::Warning => (1.0, Tone::Warn),
                Severity::Indeterminate => (0.0, Tone::Dim),
            };
            let name = match &alarm.instance[..] {
                "" => alarm.name.clone(),
                instance => format!("{} {instance}", alarm.name),
            };
            let cells = vec![
                Cell::number(place, alarm.severity.to_string(), tone),
                Cell::text(&alarm.source),
                Cell::toned(&name, tone),
                Cell::toned(&time(alarm.since), Tone::Dim),
                Cell::text(&alarm.text),
            ];
            let parts = Vec::new();
            Row { cells, parts }
        };
        Pane {
            name: "Alarms",
            columns: ALARMS,
            rows: self.status.alarms.iter().map(row).collect(),
            empty: "none",
        }
    }
}
