//! `strowger profiles`: what can be done with profile tables, and files of profiles.

use super::{Asked, Named, Told};
use clap::Subcommand;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What can be done with profile tables.
#[derive(Debug, Subcommand)]
pub(crate) enum Profiles {
    /// List the profile tables: how many profiles they have, and of which specification.
    List(Told),
    /// Show a table with its attributes, or one profile.
    Show(ShownProfiles),
    /// Make a table of a specification that a service of the node's binary brings.
    Create(NewTable),
    /// Rename a table. Refused while a service that is not inactive needs it.
    Rename(TableName),
    /// Remove a table with all that is in it. Refused while a service that is not inactive needs it.
    Drop(Named),
    /// Remove profiles from a table.
    Remove(RemovedProfiles),
    /// Change a profile attribute by attribute in a session of its own, verify it, and commit or drop it.
    ///
    /// No service and no query sees what a session holds until it is committed. Sessions have no owner: whoever may read sees them,
    /// whoever may operate changes them. A commit is refused where somebody else wrote the profile since the session began: restore it
    /// then, and begin again. A session that nobody has used for 15 minutes ends.
    #[command(subcommand)]
    Edits(ProfileEdits),
    /// Write the profiles of a file into a table: each is made, or takes the place of the one of its name.
    ///
    /// CSV has a line that names the attributes, of which the first column is the profile's name. JSON lines are objects with `name` and
    /// `values`. Attributes that a file does not have are as in the table's default. Calls go on meanwhile. What is wrong ends it, and is
    /// told with its line; what came before is written then.
    Import(ProfileImport),
    /// Write all profiles of a table as CSV or JSON lines.
    Export(ProfileExport),
}

/// Options of `profiles show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShownProfiles {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// A profile of it.
    #[arg(value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `profiles create`.
#[derive(Debug, clap::Args)]
pub(crate) struct NewTable {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// The name of its specification.
    #[arg(long, value_name = "SPECIFICATION")]
    pub(crate) specification: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `profiles rename`.
#[derive(Debug, clap::Args)]
pub(crate) struct TableName {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// What it is called from here on.
    #[arg(value_name = "NEW")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `profiles remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct RemovedProfiles {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// The profiles. They are taken one after the other; the first that is refused ends it.
    #[arg(required = true, value_name = "PROFILE")]
    pub(crate) profiles: Vec<String>,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// What can be done with edit sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileEdits {
    /// List the edit sessions of a table.
    List(Named),
    /// Show what a session holds.
    Show(ProfileEdit),
    /// Begin to change a profile, or to make one.
    Begin(BegunEdit),
    /// Change attributes in a session, all or none.
    Set(SetInEdit),
    /// Say whether a session would be committed; nothing is changed.
    Verify(ProfileEdit),
    /// Publish what a session holds. The session goes on.
    Commit(ProfileEdit),
    /// Drop what was not committed, and take up what the table has.
    Restore(ProfileEdit),
    /// End a session. Refused while it holds what is neither committed nor dropped.
    Close(ProfileEdit),
}

/// An edit session.
#[derive(Debug, clap::Args)]
pub(crate) struct ProfileEdit {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// The session, as `begin` and `list` show it.
    #[arg(value_name = "EDIT")]
    pub(crate) id: u64,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `profiles edits begin`.
#[derive(Debug, clap::Args)]
pub(crate) struct BegunEdit {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// The profile.
    #[arg(value_name = "PROFILE")]
    pub(crate) profile: String,
    /// It is not there yet: it begins with what the table's default holds.
    #[arg(long)]
    pub(crate) new: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `profiles edits set`.
#[derive(Debug, clap::Args)]
pub(crate) struct SetInEdit {
    #[command(flatten)]
    pub(crate) edit: ProfileEdit,
    /// Attributes with their values, as a JSON object: '{"zone": 7}'.
    #[arg(value_name = "VALUES", value_parser = object)]
    pub(crate) values: Map<String, Value>,
}

fn object(text: &str) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_str(text)
}

/// Options of `profiles import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ProfileImport {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// The file; - is standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Its form; unless given, a file whose name ends in .csv is CSV, and all else JSON lines.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ProfileForm>,
    /// Write nothing: read the whole file, and say which lines are wrong.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) told: Told,
}

/// Options of `profiles export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ProfileExport {
    /// The table.
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,
    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Its form; unless given, a file whose name ends in .csv is CSV, and all else JSON lines.
    #[arg(long, value_enum)]
    pub(crate) format: Option<ProfileForm>,
    #[command(flatten)]
    pub(crate) node: Asked,
}

/// How profiles are written in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum ProfileForm {
    /// A column for the name and one for each attribute.
    Csv,
    /// A JSON object in each line.
    Jsonl,
}

impl ProfileForm {
    /// The one that was asked for, or that of a file's name.
    pub(crate) fn of(given: Option<Self>, file: Option<&Path>) -> Self {
        let extension = file.and_then(Path::extension);
        let is_csv = extension.is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        given.unwrap_or(if is_csv { Self::Csv } else { Self::Jsonl })
    }
}
