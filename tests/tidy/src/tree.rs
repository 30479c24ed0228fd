//! The files of the checkout: those that git knows or would add.

use std::path::PathBuf;
use std::process::Command;

/// A text file with its path relative to the root, `/` between folders.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// A sample for the tests of the rules.
    pub(crate) fn sample(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn is(&self, extension: &str) -> bool {
        self.path
            .rsplit_once('.')
            .is_some_and(|(_, end)| end == extension)
    }

    /// Whether the file holds tests only: a folder `tests`, `benches`, `examples`, or a module of tests.
    pub(crate) fn is_test(&self) -> bool {
        let folders = ["tests/", "benches/", "examples/"];
        folders.iter().any(|folder| {
            self.path.starts_with(folder) || self.path.contains(&format!("/{folder}"))
        }) || self.path.ends_with("/tests.rs")
    }

    /// The lines in front of the module of tests at the file's end, with their numbers from 1.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut attribute = false;
        let tests = self.text.lines().position(|line| {
            let module = attribute && line.starts_with("mod ") && line.ends_with('{');
            attribute = line == "#[cfg(test)]";
            module
        });
        (1..)
            .zip(self.text.lines())
            .take(tests.unwrap_or(usize::MAX))
    }
}

pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// All text files; binary ones are left out.
pub(crate) fn files() -> Vec<File> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ])
        .current_dir(root())
        .output()
        .expect("git lists the files of the checkout");
    assert!(
        listed.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let mut paths: Vec<String> = String::from_utf8_lossy(&listed.stdout)
        .split_terminator('\0')
        .map(str::to_owned)
        .collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        // A file that was removed but not committed is listed and absent.
        .filter_map(|path| {
            let text = std::fs::read_to_string(root().join(&path)).ok()?;
            Some(File { path, text })
        })
        .collect()
}

/// All files with this extension.
pub(crate) fn with_extension(extension: &str) -> Vec<File> {
    files()
        .into_iter()
        .filter(|file| file.is(extension))
        .collect()
}
