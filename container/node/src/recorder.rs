//! The recorder's options from configuration.

use strowger::ra::Redaction;
use strowger_config::{Recorder, RecorderMode as Mode, Redact};
use strowger_kernel::{RecorderFilter, RecorderMode, RecorderOptions};

/// What the kernel's recorder is given.
pub(crate) fn options(settings: &Recorder) -> RecorderOptions {
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
    }
}
