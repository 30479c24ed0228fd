//! The recorder's options from configuration.

use strowger::ra::Redaction;
use strowger_config::{Config, RecorderMode as Mode, Redact};
use strowger_kernel::{FeedOptions, RecorderFilter, RecorderMode, RecorderOptions};

/// The protocol whose messages are given away.
const SIP: &str = "sip";

/// What the kernel's recorder is given.
pub(crate) fn options(config: &Config) -> RecorderOptions {
    let (settings, export) = (&config.recorder, &config.export);
    let collector = export.hep.collector.as_ref();
    RecorderOptions {
        mode: match settings.mode {
            Mode::Off => RecorderMode::Off,
            Mode::Sampled => RecorderMode::Sampled(settings.one_in),
            Mode::Matching => RecorderMode::Matching(RecorderFilter {
                calling: settings.calling.clone(),
                called: settings.called.clone(),
                keys: settings.keys.clone(),
                adaptors: settings.adaptors.clone(),
            }),
        },
        redaction: Redaction {
            secrets: settings.redact != Redact::Nothing,
            bodies: settings.redact == Redact::All,
        },
        calls: settings.calls,
        bytes: settings.memory.bytes(),
        call_bytes: settings.call_memory.bytes(),
        feed: FeedOptions {
            messages: collector.map(|_| (SIP, export.hep.queue.bytes())),
            calls: export.otlp.endpoint.is_some(),
        },
    }
}
