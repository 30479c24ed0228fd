//! A copy of the checkout to put mutations into. What is the same as last time is not written, so that cargo builds it once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::list::{Edit, Kind, List, Mutation};
use super::schema;
use crate::error::{Result, at};
use crate::shell::{root, run_logged, target};
use crate::step::log;

/// The copy, with all mutations that can be chosen at run time in it.
pub(super) struct Copy {
    folder: PathBuf,
}

impl Copy {
    pub(super) fn make(list: &List) -> Result<Self> {
        let copy = Self {
            folder: target().join("mutants/src"),
        };
        let mutated = copy.mutated(list)?;
        let files = files()?;
        for file in &files {
            let source = root().join(file);
            match mutated.get(file) {
                Some(text) => copy.write(file, text.as_bytes())?,
                None => {
                    let bytes = std::fs::read(&source).map_err(at("read", &source))?;
                    copy.write(file, &bytes)?;
                }
            }
            let mode = std::fs::metadata(&source).map_err(at("read", &source))?;
            let there = copy.folder.join(file);
            std::fs::set_permissions(&there, mode.permissions()).map_err(at("write", &there))?;
        }
        copy.forget_others(&copy.folder, &files)?;
        Ok(copy)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Changes what a mutation changes for as long as `work` goes on.
    pub(super) fn with<T>(
        &self,
        mutation: &Mutation,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut before: BTreeMap<&String, Vec<u8>> = BTreeMap::new();
        let mut after: BTreeMap<&String, String> = BTreeMap::new();
        for edit in &mutation.edits {
            let there = self.folder.join(&edit.file);
            let old = std::fs::read(&there).map_err(at("read", &there))?;
            let text = match after.get(&edit.file) {
                Some(text) => text.clone(),
                // Other files of the crate use what its root has.
                None if old.ends_with(schema::module().as_bytes()) => {
                    source(&edit.file)? + &schema::module()
                }
                None => source(&edit.file)?,
            };
            before.insert(&edit.file, old);
            after.insert(&edit.file, schema::exchange(&text, (mutation, edit))?);
        }
        for (file, text) in after {
            self.write(file, text.as_bytes())?;
        }
        let done = work();
        for (file, bytes) in before {
            self.write(file, &bytes)?;
        }
        done
    }

    /// The texts of files that are not as they are in the checkout.
    fn mutated(&self, list: &List) -> Result<BTreeMap<String, String>> {
        let mut by_file: BTreeMap<&str, Vec<(&Mutation, &Edit)>> = BTreeMap::new();
        let schemata = list.mutations.iter();
        for mutation in schemata.filter(|m| m.entry.kind == Kind::Schema) {
            for edit in &mutation.edits {
                let edits = by_file.entry(&edit.file).or_default();
                edits.push((mutation, edit));
            }
        }
        let mut texts = BTreeMap::new();
        for (file, edits) in by_file {
            texts.insert(file.to_owned(), schema::apply(&source(file)?, &edits)?);
            for top in tops(file) {
                texts.entry(top.clone()).or_insert(source(&top)?);
            }
        }
        let files: Vec<String> = texts.keys().cloned().collect();
        let roots: BTreeSet<String> = files.iter().flat_map(|file| tops(file)).collect();
        for top in roots {
            texts.entry(top).or_default().push_str(&schema::module());
        }
        Ok(texts)
    }

    fn write(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(file);
        if std::fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(at("create", folder))?;
        }
        std::fs::write(&path, bytes).map_err(at("write", &path))
    }

    /// Deletes what the checkout has no more.
    fn forget_others(&self, folder: &Path, files: &BTreeSet<String>) -> Result<()> {
        for entry in std::fs::read_dir(folder).map_err(at("list", folder))? {
            let path = entry.map_err(at("list", folder))?.path();
            let within = path.strip_prefix(&self.folder).unwrap_or(&path);
            if path.is_dir() {
                self.forget_others(&path, files)?;
            } else if !files.contains(&*within.to_string_lossy()) {
                std::fs::remove_file(&path).map_err(at("delete", &path))?;
            }
        }
        Ok(())
    }
}

fn source(file: &str) -> Result<String> {
    let path = root().join(file);
    std::fs::read_to_string(&path).map_err(at("read", &path))
}

/// The roots of the file's crate: its library, its program, or both.
fn tops(file: &str) -> Vec<String> {
    let Some((package, _)) = file.split_once("/src/") else {
        return Vec::new();
    };
    let tops = ["lib.rs", "main.rs"].map(|top| format!("{package}/src/{top}"));
    tops.into_iter()
        .filter(|top| root().join(top).is_file())
        .collect()
}

/// Files that git knows or would add.
fn files() -> Result<BTreeSet<String>> {
    let mut command = Command::new("git");
    command
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root());
    let said = run_logged(&mut command, &log("mutations-files"))?;
    let there = |file: &&str| root().join(file).is_file();
    Ok(said.text.lines().filter(there).map(str::to_owned).collect())
}
