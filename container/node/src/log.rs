//! What the process writes about itself: lines on standard error, plain or JSON, values as fields.
//!
//! A thread of its own writes them; what it cannot keep up with is dropped, so that a terminal that nobody reads never
//! stops a shard. Levels: ERROR, the node or a service cannot go on as it is; WARN, somebody should look soon; INFO, what
//! an operator did or would want to know the next day; DEBUG, one line per odd message; TRACE, one per message.

use crate::listed::LogLevels;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use strowger::tracer::Level;
use strowger_config::{Log, LogFormat};
use strowger_kernel::{Shard, TracerMessage};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

/// Lines that wait to be written.
const LINES: usize = 16_384;

/// Keeps the log's thread; dropping it writes what waits.
#[derive(Debug)]
pub struct LogGuard(());

impl Drop for LogGuard {
    fn drop(&mut self) {
        end();
    }
}

/// What keeps the log's thread.
static WORKER: Mutex<Option<WorkerGuard>> = Mutex::new(None);

/// Writes what waits, and ends the log: before the process ends, or is another one. Waits a second at most.
pub(crate) fn end() {
    let mut worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
    drop(worker.take());
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is none.
    #[error("`log.filter` cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The process writes a log already.
    #[error("the process has a log already")]
    Taken(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// What changes the filter of the process's log.
static LEVELS: OnceLock<Mutex<Levels>> = OnceLock::new();

/// The source that names the root of all tracers.
const TRACERS: &str = "tracers";
/// What tracers say comes from here: their own levels alone decide of it.
const TRACER: &str = "strowger::tracer";

/// Sources whose level was set by an operator, at one time.
const SOURCES: usize = 100;

struct Levels {
    configured: String,
    /// On top of it.
    sources: BTreeMap<String, String>,
    /// The most that any tracer lets pass.
    traced: Level,
    apply: Box<dyn Fn(EnvFilter) + Send>,
}

/// Why a level is not set.
#[derive(Debug, thiserror::Error)]
pub enum LevelError {
    /// The process writes no log of ours.
    #[error("this process has no log whose levels could be set")]
    NoLog,
    /// The source is no path of a module.
    #[error(
        "`source` is the beginning of the path of a module, such as `strowger_sip`, or a tracer: `tracers`, \
         `service.NAME.SBB`, `adaptor.NAME`"
    )]
    Source,
    /// The level is none.
    #[error("`level` is one of off, error, warn, info, debug and trace")]
    Level,
    /// As many have one as may.
    #[error("{SOURCES} sources have a level of their own already")]
    TooMany,
}

/// Starts the log of the process, and logs panics through it, once each.
///
/// # Errors
/// See [`LogError`].
pub fn init(log: &Log) -> Result<LogGuard, LogError> {
    let none = BTreeMap::new();
    let filter = EnvFilter::try_new(combined(&log.filter, &none, Level::default()))?;
    let builder = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true);
    let (writer, worker) = builder.thread_name("strowger-log").finish(io::stderr());
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    match log.format {
        LogFormat::Plain => {
            let ansi = io::IsTerminal::is_terminal(&io::stderr());
            let writer = move || OneLine {
                inner: writer.clone(),
                colours: ansi,
            };
            let lines = lines.with_writer(writer).with_ansi(ansi);
            let lines = lines.with_filter_reloading();
            keep(log, lines.reload_handle());
            tracing::subscriber::set_global_default(lines.finish())?;
        }
        LogFormat::Json => {
            let lines = lines.with_writer(writer).json();
            let lines = lines.flatten_event(true).with_current_span(false);
            let lines = lines.with_span_list(false).with_filter_reloading();
            keep(log, lines.reload_handle());
            tracing::subscriber::set_global_default(lines.finish())?;
        }
    }
    std::panic::set_hook(Box::new(panicked));
    *WORKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(worker);
    Ok(LogGuard(()))
}

/// Keeps an event in one line and its control characters from the terminal, whatever peers have written into its values: nobody
/// forges a line of another event. JSON escapes all of it by itself.
struct OneLine<W> {
    inner: W,
    /// The formatter writes colours.
    colours: bool,
}

impl<W: io::Write> io::Write for OneLine<W> {
    /// Takes a whole event, as the formatter writes it.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.contains(char::is_control) {
            let line = shown(text, self.colours) + "\n";
            self.inner.write_all(line.as_bytes())?;
        } else {
            self.inner.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A text with its control characters escaped, but for those of colours where there are any.
fn shown(text: &str, colours: bool) -> String {
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(char::is_control) {
        let (plain, odd) = rest.split_at(at);
        shown.push_str(plain);
        let colour = colours.then(|| colour(odd)).flatten();
        rest = match colour {
            Some(colour) => {
                shown.push_str(colour);
                odd.strip_prefix(colour).unwrap_or_default()
            }
            None => {
                let mut letters = odd.chars();
                shown.extend(letters.next().into_iter().flat_map(char::escape_default));
                letters.as_str()
            }
        };
    }
    shown + rest
}

/// The change of colour that a text begins with: `ESC [`, numbers, `m`.
fn colour(text: &str) -> Option<&str> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    let whole = text.get(..end + 3)?;
    whole.ends_with('m').then_some(whole)
}

fn keep<S: 'static>(log: &Log, handle: Handle<EnvFilter, S>) {
    let levels = Levels {
        configured: log.filter.clone(),
        sources: BTreeMap::new(),
        traced: Level::default(),
        apply: Box::new(move |filter| {
            // Fails where the log has ended, with the process.
            drop(handle.reload(filter));
        }),
    };
    // A second log is refused by what comes next.
    drop(LEVELS.set(Mutex::new(levels)));
}

/// What the log has, where its tracers are known; `configured` where the process writes no log of ours.
pub(crate) fn complete(known: &mut LogLevels, configured: &str) {
    match locked() {
        Some(levels) => {
            known.configured.clone_from(&levels.configured);
            known.sources.clone_from(&levels.sources);
        }
        None => configured.clone_into(&mut known.configured),
    }
}

/// Whether a source is a tracer, and no module: then it is the shard that has its level.
pub(crate) fn is_tracer(source: &str) -> bool {
    let first = source.split('.').next().unwrap_or_default();
    matches!(first, TRACERS | "service" | "adaptor")
}

/// The path of a tracer that a source names.
pub(crate) fn tracer(source: &str) -> &str {
    if source == TRACERS { "" } else { source }
}

/// Another filter is configured.
pub(crate) fn configure(filter: &str) {
    if let Some(mut levels) = locked() {
        filter.clone_into(&mut levels.configured);
        levels.take_effect();
    }
}

/// Sets the level of one source, or gives it back to what is configured.
pub(crate) fn set_source(source: &str, level: Option<&str>) -> Result<(), LevelError> {
    const WORDS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let path = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    if source.is_empty() || source.len() > 128 || !source.bytes().all(path) {
        return Err(LevelError::Source);
    }
    if level.is_some_and(|level| !WORDS.contains(&level)) {
        return Err(LevelError::Level);
    }
    let mut levels = locked().ok_or(LevelError::NoLog)?;
    match level {
        Some(level) => {
            if levels.sources.len() >= SOURCES && !levels.sources.contains_key(source) {
                return Err(LevelError::TooMany);
            }
            levels.sources.insert(source.to_owned(), level.to_owned());
        }
        None => drop(levels.sources.remove(source)),
    }
    levels.take_effect();
    drop(levels);
    tracing::info!(source, level, "log level set by the operator");
    Ok(())
}

/// Levels of tracers and who was heard, as the API has them.
pub(crate) fn of_tracers(shard: &Shard) -> LogLevels {
    let named = |(path, level): (&str, Level)| {
        let source = if path.is_empty() { TRACERS } else { path };
        (source.to_owned(), level.to_string())
    };
    let heard = shard.tracers_used().map(|(path, n)| (path.to_owned(), n));
    LogLevels {
        tracers: shard.levels().map(named).collect(),
        heard: heard.collect(),
        ..LogLevels::default()
    }
}

/// The most that any tracer lets pass is another.
pub(crate) fn let_pass(most: Level) {
    if let Some(mut levels) = locked()
        && levels.traced != most
    {
        levels.traced = most;
        levels.take_effect();
    }
}

/// Writes what a tracer has let pass.
pub(crate) fn trace(message: &TracerMessage) {
    macro_rules! write {
        ($level:ident) => {
            tracing::$level!(
                target: TRACER,
                tracer = message.tracer,
                entity = message.entity.map(tracing::field::display),
                activity = message.activity.map(tracing::field::display),
                "{}",
                message.text
            )
        };
    }
    match message.level {
        Level::Off => {}
        Level::Error => write!(error),
        Level::Warn => write!(warn),
        Level::Info => write!(info),
        Level::Debug => write!(debug),
        Level::Trace => write!(trace),
    }
}

impl LevelError {
    /// What of the request is to blame.
    pub(crate) const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Source => Some("source"),
            Self::Level => Some("level"),
            Self::NoLog | Self::TooMany => None,
        }
    }
}

fn locked() -> Option<MutexGuard<'static, Levels>> {
    let levels = LEVELS.get()?;
    Some(levels.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Levels {
    fn take_effect(&self) {
        match EnvFilter::try_new(combined(&self.configured, &self.sources, self.traced)) {
            Ok(filter) => (self.apply)(filter),
            // The parts were checked before.
            Err(error) => tracing::error!(%error, "the log's filter cannot be read"),
        }
    }
}

/// One filter of all: what comes later counts where both name a source.
fn combined(configured: &str, sources: &BTreeMap<String, String>, traced: Level) -> String {
    let mut filter = format!("{configured},{TRACER}={traced}");
    for (source, level) in sources {
        filter = format!("{filter},{source}={level}");
    }
    filter
}

fn panicked(info: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("?");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let message = info.payload_as_str().unwrap_or("no message");
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        tracing::error!(thread, place, message, %trace, "panic");
    } else {
        tracing::error!(thread, place, message, "panic");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// What was written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_value_of_a_peer_forges_a_line_or_moves_a_cursor() {
        for colours in [false, true] {
            let page = Page::default();
            let own = page.clone();
            let writer = move || OneLine {
                inner: own.clone(),
                colours,
            };
            let lines = tracing_subscriber::fmt().with_ansi(colours);
            let lines = lines.with_writer(writer).finish();
            let said = "x\r\n2026-11-23T00:00:00Z ERROR forged\u{1b}[2J\u{9b}2J\u{7}";
            tracing::subscriber::with_default(lines, || {
                let error = io::Error::other(said);
                tracing::warn!(shown = %said, debugged = ?said, plain = said, %error, "{said}");
                tracing::warn!("the next");
            });
            let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), 2, "{text}");
            assert_eq!(text.contains('\u{1b}'), colours, "{text}");
            let mut rest = &*text;
            while let Some(at) = rest.find(|letter: char| letter.is_control() && letter != '\n') {
                let colour = colour(&rest[at..]).expect("a colour and nothing else");
                rest = &rest[at + colour.len()..];
            }
        }
    }

    #[test]
    fn what_has_no_control_characters_is_written_as_it_is() {
        assert_eq!(shown("plain é \u{1f600}", false), "plain é \u{1f600}");
        assert_eq!(shown("a\u{1b}[1;31mb", true), "a\u{1b}[1;31mb");
        assert_eq!(shown("a\u{1b}[1;31mb", false), "a\\u{1b}[1;31mb");
        assert_eq!(shown("a\u{1b}[2Jb\u{1b}", true), "a\\u{1b}[2Jb\\u{1b}");
    }
}
