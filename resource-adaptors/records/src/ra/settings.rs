//! Settings of a records adaptor entity: `[adaptors.NAME.settings]`.

use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use strowger::ra::SettingsError;
use strowger::schemars::JsonSchema;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// What names this node in its records.
    #[schemars(extend("x-reload" = "live"))]
    pub node: String,
    /// Records that may wait until they are written. Beyond it services that write records refuse new work; what is in progress
    /// may write as many again.
    #[schemars(range(min = 100, max = 1_000_000), extend("x-unit" = "records", "x-reload" = "restart-adaptor"))]
    pub pending: u32,
    /// Bytes of records that may wait, likewise.
    #[schemars(range(min = 1_048_576, max = 17_179_869_184_u64), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub pending_bytes: u64,
    /// How many letters and digits at the end of the numbers and addresses of persons are written as `*`; 0 for none. What is
    /// masked is not in the store either.
    #[schemars(range(min = 0, max = 100), extend("x-unit" = "characters", "x-reload" = "live"))]
    pub mask_last: u8,
    /// Files.
    pub files: FileSettings,
    /// Services that tell records on, such as `record-hook`.
    pub offer: OfferSettings,
}

/// Offering records to services that tell them on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct OfferSettings {
    /// Whether each record is offered until a service has taken it.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub enabled: bool,
    /// Records of one offer.
    #[schemars(range(min = 1, max = 1_000), extend("x-unit" = "records", "x-reload" = "live"))]
    pub batch: u32,
    /// Records that may wait for a service. Of more the oldest are not offered any more, which is counted; the files have them.
    #[schemars(range(min = 1_000, max = 10_000_000), extend("x-unit" = "records", "x-reload" = "live"))]
    pub waiting: u32,
    /// Time until an offer is made again that was not taken. It doubles each time, to `longest`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry: Duration,
    /// The longest time between two attempts.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub longest: Duration,
}

/// Files that records are written to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct FileSettings {
    /// The directory, which is made if there is none. A relative path starts at the working directory of the process. No two
    /// adaptors may have the same.
    #[schemars(with = "String", extend("x-reload" = "restart-adaptor"))]
    pub directory: PathBuf,
    /// What the names of files begin with: letters, digits, `-` and `_`.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub prefix: String,
    /// A file of so many bytes is finished, and another one begun.
    #[schemars(range(min = 4_096, max = 4_294_967_296_u64), extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub rotate_bytes: u64,
    /// A file is finished so long after its first record.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub rotate_age: Duration,
    /// Finished files to keep; older ones are removed. 0 for all.
    #[schemars(extend("x-unit" = "files", "x-reload" = "live"))]
    pub keep_files: u32,
    /// Bytes of finished files to keep; older ones are removed. 0 for all.
    #[schemars(extend("x-unit" = "bytes", "x-reload" = "live"))]
    pub keep_bytes: u64,
    /// How long finished files are kept; `0s` for ever.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub keep_age: Duration,
    /// Time between two attempts to write what could not be written.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "strowger".to_owned(),
            pending: 50_000,
            pending_bytes: 256 * 1024 * 1024,
            mask_last: 0,
            files: FileSettings::default(),
            offer: OfferSettings::default(),
        }
    }
}

impl Default for OfferSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            batch: 100,
            waiting: 100_000,
            retry: Duration::from_secs(1),
            longest: Duration::from_secs(60),
        }
    }
}

impl Default for FileSettings {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("records"),
            prefix: "records".to_owned(),
            rotate_bytes: 64 * 1024 * 1024,
            rotate_age: Duration::from_secs(3_600),
            keep_files: 0,
            keep_bytes: 0,
            keep_age: Duration::ZERO,
            retry: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// What is wrong beyond types.
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| {
            let key = key.to_owned();
            Err(SettingsError { key, problem })
        };
        let files = &self.files;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if files.prefix.is_empty() || !files.prefix.chars().all(plain) {
            return wrong("files.prefix", "must be letters, digits, `-` and `_`");
        }
        let times = [
            ("files.rotate_age", files.rotate_age),
            ("files.retry", files.retry),
            ("offer.retry", self.offer.retry),
        ];
        for (key, time) in times {
            if time.is_zero() {
                return wrong(key, "must be more than zero");
            }
        }
        Ok(())
    }
}
