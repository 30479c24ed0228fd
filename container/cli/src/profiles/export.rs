//! `strowger profiles export`: all profiles of a table as CSV or JSON lines, in the order of their names.
//!
//! They are asked for part by part, so what is written meanwhile is in it or not; what is not written is in it once.

use super::Detail;
use super::progress::Progress;
use crate::api::{Api, path};
use crate::args::{self, ProfileForm};
use crate::failure::Failure;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use strowger_management::profile_file::{Profile, Unwritten, Writer};
use strowger_node::listed::Page;

/// Profiles that are asked for at one time.
const PAGE: u32 = 1_000;

/// Writes them to a file or to standard output.
pub(crate) fn run(args: &args::ProfileExport) -> Result<(), Failure> {
    let api = Api::of(&args.node)?;
    let table: Detail = api.get(&path(&["profiles", &args.table], &[]))?;
    let form = ProfileForm::of(args.format, args.output.as_deref());
    let Some(file) = &args.output else {
        let output = BufWriter::new(io::stdout().lock());
        // A reader that has seen enough is no error.
        return match write(&api, table, form, output) {
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        };
    };
    let unwritten = |source| Failure::File {
        file: file.clone(),
        source,
    };
    // What is not whole never has the name of what is.
    let part = beside(file);
    let output = BufWriter::new(File::create(&part).map_err(unwritten)?);
    let written = match write(&api, table, form, output) {
        Err(Failure::Output(source)) => Err(unwritten(source)),
        done => done,
    };
    let written = written.and_then(|()| std::fs::rename(&part, file).map_err(unwritten));
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// The name of a file that is being written.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write(api: &Api, table: Detail, form: ProfileForm, output: impl Write) -> Result<(), Failure> {
    let mut progress = Progress::of(Some(table.profiles));
    let name = table.name;
    let mut writer = match form {
        ProfileForm::Csv => Writer::csv(output, table.attributes)?,
        ProfileForm::Jsonl => Writer::Lines(output),
    };
    let (mut after, mut written) = (None, 0);
    loop {
        let query = [("limit", Some(PAGE.to_string())), ("after", after)];
        let page: Page<Profile> = api.get(&path(&["profiles", &name, "entries"], &query))?;
        for profile in &page.items {
            writer.write(profile).map_err(|why| match why {
                Unwritten::Io(error) => Failure::Output(error),
                Unwritten::Ambiguous(attribute) => Failure::Ambiguous {
                    profile: profile.name.clone(),
                    attribute,
                },
            })?;
        }
        written += page.items.len() as u64;
        progress.tell(written, written);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    writer.flush()?;
    progress.end();
    Ok(())
}
