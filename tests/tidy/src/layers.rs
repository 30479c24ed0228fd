//! Who may import whom (docs/ARCHITECTURE.md), over `cargo metadata`: direct dependencies, without dev-dependencies.

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::expect_none;
use crate::tree::{File, root, with_extension};

/// What a crate of the workspace may import of the workspace. Folders stand for every crate in them.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("config", &["strowger"]),
    ("container/api", &["strowger-macros"]),
    ("container/connection-client", &["strowger"]),
    ("container/driver", &["strowger"]),
    ("container/journal", &[]),
    ("container/kernel", &["strowger", "strowger-journal"]),
    ("container/macros", &[]),
    (
        "container/management",
        &["strowger-node", "strowger-config", "strowger"],
    ),
    (
        "container/node",
        &[
            "strowger-kernel",
            "strowger-store",
            "strowger-journal",
            "strowger-config",
            "strowger-driver",
            "strowger",
        ],
    ),
    ("container/store", &["strowger-journal"]),
    (
        "container/testkit",
        &["strowger", "strowger-kernel", "strowger-journal"],
    ),
    // The test kit only behind an adaptor's feature `testkit`.
    ("resource-adaptors/", &["strowger", "strowger-testkit"]),
    ("services/", &["strowger", "resource-adaptors/"]),
    ("tests/xtask", &[]),
];

/// Adaptors whose bytes are moved by a driver have it in a crate of its own, `resource-adaptors/NAME-driver`, which does input
/// and output, imports its other half, and is imported by what makes a node only (docs/adr/0007).
const DRIVER: (&str, &str) = ("resource-adaptors/", "-driver");
/// What such a crate may import beside its other half.
const DRIVER_MAY_IMPORT: &[&str] = &["strowger", "strowger-driver"];

/// Folders whose crates are sans-IO, but for drivers.
const CORE: &[&str] = &[
    "container/api",
    "container/journal",
    "container/kernel",
    "container/macros",
    "container/testkit",
    "resource-adaptors/",
    "services/",
];

/// Crates that bring clocks, files, sockets, threads or randomness.
const NOT_IN_CORE: &[&str] = &[
    "async-std",
    "chrono",
    "crossbeam",
    "fastrand",
    "getrandom",
    "hyper",
    "jiff",
    "libc",
    "mio",
    "nix",
    "parking_lot",
    "rand",
    "rayon",
    "reqwest",
    "rustix",
    "rustls",
    "sled",
    "smol",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "tokio-rustls",
    "uuid",
];

/// The same from the standard library.
const NOT_IN_CORE_STD: &[&str] = &[
    "std::env",
    "std::fs",
    "std::process",
    "std::thread",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "Instant::now",
    "SystemTime::now",
    "Mutex<",
    "RwLock<",
];

#[test]
fn crates_import_only_what_their_layer_may() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let crates: Vec<Crate> = metadata.packages.iter().map(Crate::read).collect();
    expect_none(
        "a layer imports what it may not (docs/ARCHITECTURE.md):",
        &imports(&crates),
    );
}

#[test]
fn core_crates_do_no_io() {
    expect_none(
        "the core is sans-IO (docs/ARCHITECTURE.md, invariant 1):",
        &io(&with_extension("rs")),
    );
}

/// A crate of the workspace with the names of its direct dependencies.
struct Crate {
    name: String,
    folder: String,
    imports: Vec<String>,
}

impl Crate {
    fn read(package: &Package) -> Self {
        let folder = package
            .manifest_path
            .parent()
            .expect("a manifest lies in a folder");
        let folder = folder
            .strip_prefix(root())
            .expect("a member lies in the workspace");
        let imports = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .map(|dependency| dependency.name.clone())
            .collect();
        Self {
            name: package.name.to_string(),
            folder: folder.to_string(),
            imports,
        }
    }
}

fn imports(crates: &[Crate]) -> Vec<String> {
    let mut violations = Vec::new();
    for krate in crates {
        let core = is_core(&krate.folder);
        for import in &krate.imports {
            let forbidden = match crates.iter().find(|other| other.name == *import) {
                Some(other) => !may_import(krate, other),
                None => core && NOT_IN_CORE.contains(&import.as_str()),
            };
            if forbidden {
                violations.push(format!("{} ({}) -> {import}", krate.name, krate.folder));
            }
        }
    }
    violations
}

/// Whether a path leads into a crate of the core.
fn is_core(path: &str) -> bool {
    !is_driver(path) && CORE.iter().any(|folder| path.starts_with(folder))
}

fn is_driver(path: &str) -> bool {
    let (folder, suffix) = DRIVER;
    let rest = path.strip_prefix(folder);
    let krate = rest.and_then(|rest| rest.split('/').next());
    krate.is_some_and(|krate| krate.ends_with(suffix))
}

fn may_import(krate: &Crate, other: &Crate) -> bool {
    if other.name == "strowger-cli" {
        return false;
    }
    if is_driver(&krate.folder) {
        let own = krate.name.strip_suffix(DRIVER.1);
        return own == Some(&other.name) || DRIVER_MAY_IMPORT.contains(&other.name.as_str());
    }
    let rule = MAY_IMPORT
        .iter()
        .find(|(folder, _)| krate.folder.starts_with(folder));
    if is_driver(&other.folder) && rule.is_some() {
        return false;
    }
    // No rule: the CLI, which names everything, and the tests.
    rule.is_none_or(|(_, allowed)| {
        allowed
            .iter()
            .any(|name| *name == other.name || other.folder.starts_with(name))
    })
}

fn io(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        if !is_core(&file.path) {
            continue;
        }
        for (number, line) in file.code_lines() {
            let code = line.split("//").next().unwrap_or_default();
            for word in NOT_IN_CORE_STD.iter().filter(|word| code.contains(**word)) {
                violations.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    violations
}

#[test]
fn finds_bad_imports() {
    let krate = |name: &str, folder: &str, imports: &[&str]| Crate {
        name: name.to_owned(),
        folder: folder.to_owned(),
        imports: imports.iter().map(|&import| import.to_owned()).collect(),
    };
    let crates = [
        krate("strowger", "container/api", &["serde", "tokio"]),
        krate(
            "strowger-uas",
            "services/uas",
            &["strowger", "strowger-sip", "strowger-b2bua"],
        ),
        krate("strowger-b2bua", "services/b2bua", &["strowger-sip"]),
        krate(
            "strowger-sip",
            "resource-adaptors/sip",
            &["strowger", "bytes"],
        ),
        krate(
            "strowger-node",
            "container/node",
            &["tokio", "strowger-cli"],
        ),
        krate(
            "strowger-cli",
            "container/cli",
            &["strowger-uas", "strowger-sip", "strowger-sip-driver"],
        ),
        krate(
            "strowger-sip-driver",
            "resource-adaptors/sip-driver",
            &[
                "strowger-driver",
                "strowger-sip",
                "tokio",
                "strowger-kernel",
            ],
        ),
        krate("strowger-kernel", "container/kernel", &[]),
        krate(
            "strowger-driver",
            "container/driver",
            &["strowger", "tokio"],
        ),
        krate("strowger-web", "services/web", &["strowger-sip-driver"]),
    ];
    let wanted = [
        "strowger (container/api) -> tokio",
        "strowger-uas (services/uas) -> strowger-b2bua",
        "strowger-node (container/node) -> strowger-cli",
        "strowger-sip-driver (resource-adaptors/sip-driver) -> strowger-kernel",
        "strowger-web (services/web) -> strowger-sip-driver",
    ];
    assert_eq!(imports(&crates), wanted);
}

#[test]
fn finds_io_in_the_core() {
    let text =
        "use std::fs;\n// std::env is not used\n#[cfg(test)]\nmod tests {\n use std::fs; }\n";
    let files = [
        File::sample("container/kernel/src/router.rs", text),
        File::sample("container/node/src/socket.rs", text),
        File::sample("resource-adaptors/sip-driver/src/lib.rs", text),
        File::sample("container/kernel/tests/router.rs", text),
    ];
    assert_eq!(io(&files), ["container/kernel/src/router.rs:1: std::fs"]);
}
