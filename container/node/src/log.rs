//! What the process writes about itself: lines on standard error, plain or JSON, values as fields.
//!
//! A thread of its own writes them; what it cannot keep up with is dropped, so that a terminal that nobody reads never
//! stops a shard. Levels: ERROR, the node or a service cannot go on as it is; WARN, somebody should look soon; INFO, what
//! an operator did or would want to know the next day; DEBUG, one line per odd message; TRACE, one per message.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use strowger_config::{Log, LogFormat};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Lines that wait to be written.
const LINES: usize = 16_384;

/// Keeps the log's thread; dropping it writes what waits.
#[derive(Debug)]
pub struct LogGuard {
    _worker: WorkerGuard,
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

/// Starts the log of the process, and logs panics through it, once each.
///
/// # Errors
/// See [`LogError`].
pub fn init(log: &Log) -> Result<LogGuard, LogError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let builder = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true);
    let (writer, worker) = builder.thread_name("strowger-log").finish(io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match log.format {
        LogFormat::Plain => {
            let ansi = io::IsTerminal::is_terminal(&io::stderr());
            tracing::subscriber::set_global_default(lines.with_ansi(ansi).finish())?;
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            tracing::subscriber::set_global_default(lines.with_span_list(false).finish())?;
        }
    }
    std::panic::set_hook(Box::new(panicked));
    Ok(LogGuard { _worker: worker })
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
