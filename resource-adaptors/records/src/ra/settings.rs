//! Settings of a records adaptor entity: `[adaptors.NAME.settings]`.

use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use strowger::ra::{ClientTls, SettingsError};
use strowger::schemars::JsonSchema;

use crate::driver::Target;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct Settings {
    /// Where records go: `files`, `webhook`, or both. A record is kept until it is in each of them.
    #[schemars(length(min = 1, max = 2), extend("x-reload" = "restart-adaptor"))]
    pub targets: Vec<Target>,
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
    /// The webhook.
    pub webhook: WebhookSettings,
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

/// A server that records are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct WebhookSettings {
    /// Where batches are posted: a URL with `http` or `https`.
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub url: String,
    /// Records of one batch at most.
    #[schemars(range(min = 1, max = 10_000), extend("x-unit" = "records", "x-reload" = "live"))]
    pub batch: u32,
    /// How long one request may take, with the opening of its connection.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub timeout: Duration,
    /// Time until a batch that was not acknowledged is sent again; it doubles from one time to the next.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry: Duration,
    /// The longest such time.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String", extend("format" = "time-span", "x-reload" = "live"))]
    pub retry_max: Duration,
    /// The value of the field Authorization, such as `Bearer TOKEN`; empty for none.
    #[schemars(extend("x-secret" = true, "x-reload" = "live"))]
    pub authorization: String,
    /// Whom requests to `https` believe.
    pub tls: ClientTls,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: vec![Target::Files],
            node: "strowger".to_owned(),
            pending: 50_000,
            pending_bytes: 256 * 1024 * 1024,
            mask_last: 0,
            files: FileSettings::default(),
            webhook: WebhookSettings::default(),
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

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            batch: 100,
            timeout: Duration::from_secs(10),
            retry: Duration::from_secs(1),
            retry_max: Duration::from_secs(60),
            authorization: String::new(),
            tls: ClientTls::default(),
        }
    }
}

impl Settings {
    /// Whether records go there.
    #[must_use]
    pub fn has(&self, target: Target) -> bool {
        self.targets.contains(&target)
    }

    /// What is wrong beyond types.
    pub(super) fn verify(&self) -> Result<(), SettingsError> {
        let wrong = |key: &str, problem| {
            let key = key.to_owned();
            Err(SettingsError { key, problem })
        };
        if self.targets.is_empty() {
            return wrong("targets", "must name where records go: `files`, `webhook`");
        }
        let (files, webhook) = (&self.files, &self.webhook);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if files.prefix.is_empty() || !files.prefix.chars().all(plain) {
            return wrong("files.prefix", "must be letters, digits, `-` and `_`");
        }
        let times = [
            ("files.rotate_age", files.rotate_age),
            ("files.retry", files.retry),
            ("webhook.timeout", webhook.timeout),
            ("webhook.retry", webhook.retry),
            ("webhook.retry_max", webhook.retry_max),
        ];
        for (key, time) in times {
            if time.is_zero() {
                return wrong(key, "must be more than zero");
            }
        }
        if self.has(Target::Webhook) {
            let url = url::Url::parse(&webhook.url).ok();
            if !url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
                return wrong("webhook.url", "must be a URL with `http` or `https`");
            }
        }
        if !webhook
            .authorization
            .bytes()
            .all(|b| (b' '..=b'~').contains(&b))
        {
            return wrong(
                "webhook.authorization",
                "must be of printable ASCII characters",
            );
        }
        if let Err((key, problem)) = webhook.tls.verify() {
            return wrong(&format!("webhook.tls.{key}"), problem);
        }
        Ok(())
    }
}
