//! Settings of what the dictionary does not have: `[adaptors.NAME.settings.extensions]`.

use std::collections::BTreeMap;

use serde::Deserialize;
use strowger::ra::SettingsError;
use strowger::schemars::JsonSchema;

use crate::proto::dict::{
    ApplicationKind, Dictionary, DictionaryError, ExtensionAvp, ExtensionCommand, Kind, Rule,
};

/// AVPs, commands and applications of vendors, by names of your own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct ExtensionSettings {
    /// AVPs.
    pub avps: BTreeMap<String, AvpSettings>,
    /// Commands.
    pub commands: BTreeMap<String, CommandSettings>,
    /// Applications.
    pub applications: BTreeMap<String, ApplicationSettings>,
}

/// An AVP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct AvpSettings {
    /// Its code.
    #[schemars(extend("x-unit" = "AVP code", "x-reload" = "restart-adaptor"))]
    pub code: u32,
    /// Its vendor's enterprise number; 0 for none.
    #[serde(default)]
    #[schemars(extend("x-unit" = "enterprise number", "x-reload" = "restart-adaptor"))]
    pub vendor: u32,
    /// The format of its data.
    #[serde(default)]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub kind: KindSetting,
    /// What its specification says of the M bit.
    #[serde(default)]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub mandatory: MandatorySetting,
}

/// Formats of data (RFC 6733 4.2, 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(crate = "strowger::schemars")]
#[expect(missing_docs, reason = "the RFC's names")]
pub enum KindSetting {
    #[default]
    OctetString,
    Integer32,
    Integer64,
    Unsigned32,
    Unsigned64,
    Float32,
    Float64,
    Grouped,
    Address,
    Time,
    Utf8String,
    DiameterIdentity,
    DiameterUri,
    Enumerated,
}

/// What a specification says of the M bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(crate = "strowger::schemars")]
pub enum MandatorySetting {
    /// It is set.
    Must,
    /// It may be set.
    #[default]
    May,
    /// It is clear.
    MustNot,
}

/// A command, which takes any AVPs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct CommandSettings {
    /// Its code.
    #[schemars(range(min = 1, max = 16_777_215), extend("x-unit" = "command code", "x-reload" = "restart-adaptor"))]
    pub code: u32,
    /// The application whose command it is.
    #[schemars(extend("x-unit" = "application id", "x-reload" = "restart-adaptor"))]
    pub application: u32,
    /// Whether agents may forward it (P bit).
    #[serde(default = "yes")]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub proxiable: bool,
}

fn yes() -> bool {
    true
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "strowger::schemars")]
pub struct ApplicationSettings {
    /// Its id.
    #[schemars(extend("x-unit" = "application id", "x-reload" = "restart-adaptor"))]
    pub id: u32,
    /// Its vendor's enterprise number; 0 for none.
    #[serde(default)]
    #[schemars(extend("x-unit" = "enterprise number", "x-reload" = "restart-adaptor"))]
    pub vendor: u32,
    /// Whether it is announced as one of accounting.
    #[serde(default)]
    #[schemars(extend("x-reload" = "restart-adaptor"))]
    pub accounting: bool,
}

impl ExtensionSettings {
    /// The standard dictionary and these.
    pub(super) fn dictionary(&self) -> Result<Dictionary, SettingsError> {
        let mut dictionary = Dictionary::standard();
        for (name, app) in &self.applications {
            let kind = match app.accounting {
                true => ApplicationKind::Acct,
                false => ApplicationKind::Auth,
            };
            let done = dictionary.extend_application(app.id, app.vendor, name.clone(), kind);
            done.map_err(|error| refused("applications", name, error))?;
        }
        for (name, avp) in &self.avps {
            let done = dictionary.extend(ExtensionAvp {
                code: avp.code,
                vendor: avp.vendor,
                name: name.clone(),
                kind: avp.kind.into(),
                mandatory: avp.mandatory.into(),
            });
            done.map_err(|error| refused("avps", name, error))?;
        }
        for (name, command) in &self.commands {
            let done = dictionary.extend_command(ExtensionCommand {
                code: command.code,
                application: command.application,
                name: name.clone(),
                proxiable: command.proxiable,
            });
            done.map_err(|error| refused("commands", name, error))?;
        }
        Ok(dictionary)
    }
}

fn refused(table: &str, name: &str, error: DictionaryError) -> SettingsError {
    let (key, problem) = match error {
        DictionaryError::AvpKnown { .. } => {
            (".code", "is the code of an AVP that is known already")
        }
        DictionaryError::NameTaken { .. } => ("", "is the name of an AVP that is known already"),
        DictionaryError::CommandKnown { .. } => {
            (".code", "is the code of a command that is known already")
        }
        DictionaryError::ApplicationKnown(_) => {
            (".id", "is the id of an application that is known already")
        }
        DictionaryError::Code(_) => (".code", "is no code that can be used"),
        DictionaryError::TooMany => ("", "is one too many: there may be 4096"),
    };
    SettingsError {
        key: format!("extensions.{table}.{name}{key}"),
        problem,
    }
}

impl From<KindSetting> for Kind {
    fn from(kind: KindSetting) -> Self {
        match kind {
            KindSetting::OctetString => Self::OctetString,
            KindSetting::Integer32 => Self::Integer32,
            KindSetting::Integer64 => Self::Integer64,
            KindSetting::Unsigned32 => Self::Unsigned32,
            KindSetting::Unsigned64 => Self::Unsigned64,
            KindSetting::Float32 => Self::Float32,
            KindSetting::Float64 => Self::Float64,
            KindSetting::Grouped => Self::Grouped,
            KindSetting::Address => Self::Address,
            KindSetting::Time => Self::Time,
            KindSetting::Utf8String => Self::Utf8String,
            KindSetting::DiameterIdentity => Self::DiameterIdentity,
            KindSetting::DiameterUri => Self::DiameterUri,
            KindSetting::Enumerated => Self::Enumerated,
        }
    }
}

impl From<MandatorySetting> for Rule {
    fn from(rule: MandatorySetting) -> Self {
        match rule {
            MandatorySetting::Must => Self::Must,
            MandatorySetting::May => Self::May,
            MandatorySetting::MustNot => Self::MustNot,
        }
    }
}
