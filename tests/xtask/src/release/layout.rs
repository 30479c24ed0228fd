//! The last step of `release`: what calls run is laid side by side in the program that is built already.
//!
//! A compiler knows what a function runs often, but lays its functions out one after the other, each with what it hardly ever
//! runs. A call that comes after a pause finds nothing of that in the processor's caches and waits for each line of it.
//! llvm-bolt counts what runs, puts that together across functions, and everything else elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result, at};
use crate::shell::{done, installed};

/// The compiler's part in it: without the relocations nobody can tell afterwards what refers to what; and llvm-bolt leaves some
/// functions that jump by a table as they are, large ones that each message runs through among them.
pub(super) const FLAGS: &str = "-Clink-arg=-Wl,--emit-relocs -Cjump-tables=no";

/// Written by hand, with data between the instructions: not for a program to take apart.
const ASSEMBLY: &str = "-skip-funcs=ring_core_.*";

/// llvm-bolt and what merges its counters.
pub(super) struct Bolt {
    bolt: PathBuf,
    merger: PathBuf,
}

impl Bolt {
    /// Those in `PATH`, or of this version of LLVM as Debian installs it.
    pub(super) fn find(llvm: &str) -> Option<Self> {
        if installed("llvm-bolt") && installed("merge-fdata") {
            return Some(Self {
                bolt: "llvm-bolt".into(),
                merger: "merge-fdata".into(),
            });
        }
        let folder = PathBuf::from(format!("/usr/lib/llvm-{llvm}/bin"));
        let found = Self {
            bolt: folder.join("llvm-bolt"),
            merger: folder.join("merge-fdata"),
        };
        (found.bolt.is_file() && found.merger.is_file()).then_some(found)
    }

    /// `node` with counters of its own, in `folder`.
    pub(super) fn watched(&self, node: &Path, folder: &Path) -> Result<PathBuf> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(at("remove", folder))?;
        }
        std::fs::create_dir_all(folder).map_err(at("create", folder))?;
        let watched = folder.join("strowger");
        let counters = folder.join("counters").display().to_string();
        let mut bolt = Command::new(&self.bolt);
        bolt.arg(node)
            .args(["-instrument", "-instrumentation-file-append-pid", ASSEMBLY])
            .arg(format!("-instrumentation-file={counters}"))
            .arg("-o")
            .arg(&watched);
        done("release", "llvm-bolt", &mut bolt)?;
        Ok(watched)
    }

    /// `node` laid out anew, for what was counted in `folder`, as `program`.
    pub(super) fn lay_out(&self, node: &Path, folder: &Path, program: &Path) -> Result<()> {
        let merged = folder.join("merged");
        let mut merge = Command::new(&self.merger);
        merge.arg("-o").arg(&merged).args(counters(folder)?);
        done("release", "merge-fdata", &mut merge)?;
        let mut bolt = Command::new(&self.bolt);
        bolt.arg(node)
            .arg(format!("-data={}", merged.display()))
            .args(["-reorder-blocks=ext-tsp", "-reorder-functions=cdsort"])
            .args(["-split-functions", "-split-all-cold", "-split-eh"])
            .args(["-icf=safe", ASSEMBLY])
            .arg("-o")
            .arg(program);
        done("release", "llvm-bolt", &mut bolt)
    }
}

/// What each process that was watched has left.
fn counters(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(at("list", folder))? {
        let path = entry.map_err(at("list", folder))?.path();
        if path.extension().is_some_and(|kind| kind == "fdata") {
            found.push(path);
        }
    }
    if found.is_empty() {
        return Err(Error::Failed {
            what: "the node with counters of llvm-bolt, which left none,".to_owned(),
        });
    }
    found.sort();
    Ok(found)
}
