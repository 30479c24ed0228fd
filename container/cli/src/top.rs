//! `strowger top`: a running node, watched: what it does and how it is, every second.
//!
//! A thread of its own asks the node, so that a node that does not answer keeps no key from being heard. Not here: what is
//! shown (view.rs) and how (draw.rs).
//!
//! **Invariant:** however it ends (a key, a signal, a panic), the terminal is as it was before.

mod draw;
mod pane;
mod view;

use crate::api::Api;
use crate::args;
use crate::failure::Failure;
use crate::listing::time;
use crate::output::{print, room};
use draw::{Look, text};
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{Event, poll, read};
use ratatui::crossterm::execute;
use std::io::{IsTerminal as _, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};
use strowger_node::status::Status;
use view::{Turn, View};

/// Longest time between a signal, or a new status, and its effect.
const REST: Duration = Duration::from_millis(100);
/// Shortest and longest time between two looks.
const EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(60)];
/// Characters of a line where there is no terminal.
const WIDTH: u16 = 100;

/// Watches the node.
pub(crate) fn run(args: &args::Top) -> Result<(), Failure> {
    let api = Api::of(&args.node)?;
    let every = args.every.clamp(EVERY[0], EVERY[1]);
    let mut view = View::default();
    // A node that is not there is told before the screen is taken.
    view.add(Instant::now(), &clock(), look(&api)?);
    // Who does not look at a terminal gets one picture.
    if args.once || !stdout().is_terminal() {
        std::thread::park_timeout(every);
        view.add(Instant::now(), &clock(), look(&api)?);
        let width = room().map_or(WIDTH, |room| u16::try_from(room).unwrap_or(WIDTH));
        print(&text(&view, width))?;
        return Ok(());
    }
    let told = signals()?;
    let looks = looks(api, every);
    let look = Look::here();
    let screen = Screen::take()?;
    watch(screen, &mut view, look, &looks, &told)?;
    Ok(())
}

/// Draws, and does what keys say, until one says that it is enough.
fn watch(
    mut screen: Screen,
    view: &mut View,
    look: Look,
    looks: &Receiver<Result<Status, Failure>>,
    told: &AtomicBool,
) -> std::io::Result<()> {
    let mut stale = true;
    loop {
        if stale {
            screen
                .terminal
                .draw(|frame| draw::draw(view, look, frame.area(), frame.buffer_mut()))?;
            stale = false;
        }
        if poll(REST)? {
            let turn = match read()? {
                Event::Key(key) => view.key(key),
                // The next picture is as large as the terminal is.
                Event::Resize(..) => Turn::Draw,
                Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {
                    Turn::Rest
                }
            };
            match turn {
                Turn::End => return Ok(()),
                Turn::Draw => stale = true,
                Turn::Rest => {}
            }
        }
        if told.load(Ordering::Relaxed) {
            return Ok(());
        }
        for look in looks.try_iter() {
            match look {
                Ok(status) => view.add(Instant::now(), &clock(), status),
                Err(failure) => view.fail(&failure.to_string()),
            }
            stale = true;
        }
    }
}

/// The terminal, as this program has it.
struct Screen {
    terminal: ratatui::DefaultTerminal,
}

impl Screen {
    /// Takes it; a panic gives it back before it is told.
    fn take() -> std::io::Result<Self> {
        let terminal = ratatui::try_init().inspect_err(|_| drop(ratatui::try_restore()))?;
        Ok(Self { terminal })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Where the terminal has gone there is nothing to give back.
        drop(ratatui::try_restore());
        drop(execute!(stdout(), Show));
    }
}

/// Set by the signals that end a program.
fn signals() -> std::io::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&told))?;
    }
    Ok(told)
}

/// How the node is, again and again, until nobody wants to know.
fn looks(api: Api, every: Duration) -> Receiver<Result<Status, Failure>> {
    let (sender, looks): (SyncSender<_>, _) = sync_channel(1);
    std::thread::spawn(move || {
        loop {
            std::thread::park_timeout(every);
            if sender.send(look(&api)).is_err() {
                return;
            }
        }
    });
    looks
}

fn look(api: &Api) -> Result<Status, Failure> {
    api.get("/v1/status")
}

/// The time of day, in UTC.
fn clock() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(0));
    time(now).get(11..).unwrap_or_default().to_owned()
}
