//! Finding a definition: a hash table made by the compiler for the standard, a sorted list for the operator's extensions.

use std::borrow::Cow;

use super::{
    ApplicationDef, ApplicationKind, AvpDef, CommandDef, Kind, Rule, base, charging, credit, cx,
    gx, nas, overload, rx, s6a, sh, slh,
};

/// Most extension AVPs, and most extension commands, of one dictionary.
pub const EXTENSIONS_MAX: usize = 4096;

/// Everything that is known of AVPs, commands and applications.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    /// Sorted by vendor and code.
    avps: Vec<AvpDef>,
    /// Sorted by application and code.
    commands: Vec<CommandDef>,
    applications: Vec<ApplicationDef>,
}

/// An AVP of an operator's own.
#[derive(Clone, Debug)]
pub struct ExtensionAvp {
    /// The AVP code.
    pub code: u32,
    /// The vendor, 0 for none.
    pub vendor: u32,
    /// The name.
    pub name: String,
    /// The data format.
    pub kind: Kind,
    /// The rule for the M bit.
    pub mandatory: Rule,
}

/// A command of an operator's own, in a known or a new application.
#[derive(Clone, Debug)]
pub struct ExtensionCommand {
    /// The command code.
    pub code: u32,
    /// The application whose messages these are.
    pub application: u32,
    /// The name without `-Request` or `-Answer`.
    pub name: String,
    /// Whether agents may handle it (the P bit).
    pub proxiable: bool,
}

/// Why an extension was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryError {
    /// A specification defines this AVP.
    #[error("AVP {code} of vendor {vendor} is already defined")]
    AvpKnown {
        /// The AVP code.
        code: u32,
        /// The vendor.
        vendor: u32,
    },
    /// Two AVPs cannot have one name.
    #[error("another AVP than {code} of vendor {vendor} has that name")]
    NameTaken {
        /// The AVP code.
        code: u32,
        /// The vendor.
        vendor: u32,
    },
    /// A specification defines this command.
    #[error("command {code} of application {application} is already defined")]
    CommandKnown {
        /// The command code.
        code: u32,
        /// The Application-Id.
        application: u32,
    },
    /// This application is already there.
    #[error("application {0} is already defined")]
    ApplicationKnown(u32),
    /// Code 0 is reserved and a command code has 24 bits.
    #[error("{0} is no code of an AVP or a command")]
    Code(u32),
    /// There are [`EXTENSIONS_MAX`] of them.
    #[error("more than {EXTENSIONS_MAX} extensions")]
    TooMany,
}

impl Dictionary {
    /// What the specifications define, without extensions. Costs nothing.
    #[must_use]
    pub const fn standard() -> Dictionary {
        Dictionary {
            avps: Vec::new(),
            commands: Vec::new(),
            applications: Vec::new(),
        }
    }

    /// Adds an AVP.
    ///
    /// # Errors
    /// When the AVP or its name is known already, the code is 0, or there are too many.
    pub fn extend(&mut self, avp: ExtensionAvp) -> Result<(), DictionaryError> {
        let ExtensionAvp {
            code,
            vendor,
            name,
            kind,
            mandatory,
        } = avp;
        if code == 0 {
            return Err(DictionaryError::Code(code));
        }
        if standard_avp(code, vendor).is_some() {
            return Err(DictionaryError::AvpKnown { code, vendor });
        }
        if self.by_name(&name).is_some() {
            return Err(DictionaryError::NameTaken { code, vendor });
        }
        let Err(at) = self.extension(code, vendor) else {
            return Err(DictionaryError::AvpKnown { code, vendor });
        };
        if self.avps.len() == EXTENSIONS_MAX {
            return Err(DictionaryError::TooMany);
        }
        let def = AvpDef {
            name: Cow::Owned(name),
            mandatory,
            ..AvpDef::new(code, vendor, "", kind)
        };
        self.avps.insert(at, def);
        Ok(())
    }

    /// Adds a command, which takes any AVPs.
    ///
    /// # Errors
    /// When the command is known already, the code is out of range, or there are too many.
    pub fn extend_command(&mut self, command: ExtensionCommand) -> Result<(), DictionaryError> {
        let ExtensionCommand {
            code,
            application,
            name,
            proxiable,
        } = command;
        if code == 0 || code >= 1 << 24 {
            return Err(DictionaryError::Code(code));
        }
        if standard_command(application, code).is_some() {
            return Err(DictionaryError::CommandKnown { code, application });
        }
        let Err(at) = self
            .commands
            .binary_search_by_key(&(application, code), command_key)
        else {
            return Err(DictionaryError::CommandKnown { code, application });
        };
        if self.commands.len() == EXTENSIONS_MAX {
            return Err(DictionaryError::TooMany);
        }
        let def = CommandDef {
            code,
            application,
            name: Cow::Owned(name),
            proxiable,
            request: &[],
            answer: &[],
            open: true,
        };
        self.commands.insert(at, def);
        Ok(())
    }

    /// Adds an application, for commands of an operator's own.
    ///
    /// # Errors
    /// When the application is known already or there are too many.
    pub fn extend_application(
        &mut self,
        id: u32,
        vendor: u32,
        name: String,
        kind: ApplicationKind,
    ) -> Result<(), DictionaryError> {
        if self.application(id).is_some() {
            return Err(DictionaryError::ApplicationKnown(id));
        }
        if self.applications.len() == EXTENSIONS_MAX {
            return Err(DictionaryError::TooMany);
        }
        self.applications.push(ApplicationDef {
            id,
            vendor,
            name: Cow::Owned(name),
            kind,
        });
        Ok(())
    }

    /// The AVP with this code of this vendor (0: of the IETF).
    #[must_use]
    pub fn avp(&self, code: u32, vendor: u32) -> Option<&AvpDef> {
        if let Some(def) = standard_avp(code, vendor) {
            return Some(def);
        }
        self.extension(code, vendor)
            .ok()
            .and_then(|at| self.avps.get(at))
    }

    /// The AVP of this name. Walks all names: for settings and tools, not for messages.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&AvpDef> {
        self.avps().find(|def| def.name == name)
    }

    /// Every AVP: the standard's by vendor and module, then the extensions.
    pub fn avps(&self) -> impl Iterator<Item = &AvpDef> {
        AVPS.iter().copied().chain(&self.avps)
    }

    /// The command with this code in the messages of this application.
    ///
    /// An application of an operator's own has the session commands, or the accounting, of the base protocol.
    #[must_use]
    pub fn command(&self, application: u32, code: u32) -> Option<&CommandDef> {
        if let Some(def) = standard_command(application, code) {
            return Some(def);
        }
        if let Ok(at) = self
            .commands
            .binary_search_by_key(&(application, code), command_key)
        {
            return self.commands.get(at);
        }
        let own = self.applications.iter().find(|own| own.id == application)?;
        let (base, codes): (u32, &[u32]) = match own.kind {
            ApplicationKind::Auth => (base::COMMON_MESSAGES, &[258, 274, 275]),
            ApplicationKind::Acct => (base::BASE_ACCOUNTING, &[271]),
        };
        codes
            .contains(&code)
            .then(|| standard_command(base, code))
            .flatten()
    }

    /// Every command.
    pub fn commands(&self) -> impl Iterator<Item = &CommandDef> {
        COMMANDS.iter().copied().chain(&self.commands)
    }

    /// The application of this number.
    #[must_use]
    pub fn application(&self, id: u32) -> Option<&ApplicationDef> {
        self.applications().find(|def| def.id == id)
    }

    /// Every application.
    pub fn applications(&self) -> impl Iterator<Item = &ApplicationDef> {
        APPLICATIONS
            .iter()
            .flat_map(|applications| applications.iter())
            .chain(&self.applications)
    }

    fn extension(&self, code: u32, vendor: u32) -> Result<usize, usize> {
        self.avps
            .binary_search_by_key(&(vendor, code), |def| (def.vendor, def.code))
    }
}

fn command_key(def: &CommandDef) -> (u32, u32) {
    (def.application, def.code)
}

/// The tables, one of each specification.
const AVP_TABLES: &[&[&AvpDef]] = &[
    base::ALL,
    overload::ALL,
    credit::ALL,
    nas::ALL,
    nas::tgpp::ALL,
    charging::TABLES[0],
    charging::TABLES[1],
    charging::TABLES[2],
    charging::TABLES[3],
    charging::TABLES[4],
    cx::ALL,
    cx::digest::ALL,
    sh::ALL,
    slh::ALL,
    s6a::ALL,
    s6a::mip6::ALL,
    gx::ALL,
    gx::tgpp2::ALL,
    rx::ALL,
    rx::etsi::ALL,
];
const COMMAND_TABLES: &[&[&CommandDef]] = &[
    base::COMMANDS,
    credit::COMMANDS,
    cx::COMMANDS,
    sh::COMMANDS,
    slh::COMMANDS,
    s6a::COMMANDS,
    gx::COMMANDS,
    rx::COMMANDS,
];
const APPLICATIONS: &[&[ApplicationDef]] = &[
    base::APPLICATIONS,
    credit::APPLICATIONS,
    cx::APPLICATIONS,
    sh::APPLICATIONS,
    slh::APPLICATIONS,
    s6a::APPLICATIONS,
    gx::APPLICATIONS,
    rx::APPLICATIONS,
];

const AVP_COUNT: usize = count(AVP_TABLES);
const COMMAND_COUNT: usize = count(COMMAND_TABLES);

/// Four slots and more for each definition, so that nearly every one is found at its first.
const AVP_SLOTS: usize = (AVP_COUNT * 4).next_power_of_two();
const COMMAND_SLOTS: usize = (COMMAND_COUNT * 4).next_power_of_two();
const EMPTY: u16 = u16::MAX;

pub(in crate::proto) static AVPS: [&AvpDef; AVP_COUNT] = merge(AVP_TABLES);
static AVP_KEYS: [Key; AVP_COUNT] = avp_keys(&AVPS);
static AVP_INDEX: [u16; AVP_SLOTS] = index(&AVP_KEYS);
static COMMANDS: [&CommandDef; COMMAND_COUNT] = merge(COMMAND_TABLES);
static COMMAND_KEYS: [Key; COMMAND_COUNT] = command_keys(&COMMANDS);
static COMMAND_INDEX: [u16; COMMAND_SLOTS] = index(&COMMAND_KEYS);

/// Code and vendor of an AVP, code and application of a command.
type Key = (u32, u32);

fn standard_avp(code: u32, vendor: u32) -> Option<&'static AvpDef> {
    find((code, vendor), &AVP_KEYS, &AVP_INDEX).and_then(|at| AVPS.get(at).copied())
}

fn standard_command(application: u32, code: u32) -> Option<&'static CommandDef> {
    find((code, application), &COMMAND_KEYS, &COMMAND_INDEX)
        .and_then(|at| COMMANDS.get(at).copied())
}

/// The place of a key. An empty slot ends every search, and three slots of four are empty.
fn find(key: Key, keys: &[Key], index: &[u16]) -> Option<usize> {
    let mut slot = slot(key, index.len());
    loop {
        let at = usize::from(*index.get(slot)?);
        if *keys.get(at)? == key {
            return Some(at);
        }
        slot = (slot + 1) % index.len();
    }
}

const fn slot(key: Key, slots: usize) -> usize {
    let mixed = (key.0 ^ key.1.rotate_left(16)).wrapping_mul(0x9e37_79b1);
    (mixed >> 8) as usize % slots
}

const fn count<T>(tables: &[&[&T]]) -> usize {
    let mut sum = 0;
    let mut table = 0;
    while table < tables.len() {
        sum += tables[table].len();
        table += 1;
    }
    sum
}

const fn merge<T, const N: usize>(tables: &[&[&'static T]]) -> [&'static T; N] {
    let mut all = [tables[0][0]; N];
    let (mut at, mut table) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            all[at] = tables[table][row];
            at += 1;
            row += 1;
        }
        table += 1;
    }
    all
}

const fn avp_keys<const N: usize>(avps: &[&AvpDef; N]) -> [Key; N] {
    let mut keys = [(0, 0); N];
    let mut at = 0;
    while at < N {
        keys[at] = (avps[at].code, avps[at].vendor);
        at += 1;
    }
    keys
}

const fn command_keys<const N: usize>(commands: &[&CommandDef; N]) -> [Key; N] {
    let mut keys = [(0, 0); N];
    let mut at = 0;
    while at < N {
        keys[at] = (commands[at].code, commands[at].application);
        at += 1;
    }
    keys
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the count is far below 65,535"
)]
const fn index<const N: usize, const S: usize>(keys: &[Key; N]) -> [u16; S] {
    assert!(N < EMPTY as usize);
    let mut index = [EMPTY; S];
    let mut at = 0;
    while at < N {
        let mut place = slot(keys[at], S);
        while index[place] != EMPTY {
            let other = keys[index[place] as usize];
            assert!(
                other.0 != keys[at].0 || other.1 != keys[at].1,
                "two definitions of one code"
            );
            place = (place + 1) % S;
        }
        index[place] = at as u16;
        at += 1;
    }
    index
}
