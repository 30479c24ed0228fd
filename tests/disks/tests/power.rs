//! The library proves itself: a child does known things to files, is killed, and the shadow holds what was synced.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use strowger_disks::Cut;

const DIR: &str = "STROWGER_POWERCUT_DIR";

/// Not a test by itself: what the child does.
#[test]
#[ignore = "run by the other test, in a child process"]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let dir = Path::new(&dir);
    let sync_dir = || File::open(dir).unwrap().sync_all().unwrap();

    fs::write(dir.join("old"), b"never synced").unwrap();

    let mut file = File::create(dir.join("synced")).unwrap();
    file.write_all(b"first,").unwrap();
    file.sync_data().unwrap();
    sync_dir();
    file.write_all(b"lost").unwrap();

    let file = File::create(dir.join("overwritten")).unwrap();
    file.write_all_at(b"0123456789", 0).unwrap();
    file.sync_all().unwrap();
    sync_dir();
    file.set_len(4).unwrap();
    file.write_all_at(b"xy", 8).unwrap();
    file.sync_all().unwrap();
    file.write_all_at(b"lost", 0).unwrap();

    let mut file = File::create(dir.join("no-entry")).unwrap();
    file.write_all(b"synced, but its directory was not")
        .unwrap();
    file.sync_all().unwrap();

    fs::write(dir.join("draft"), b"").unwrap();
    let mut file = OpenOptions::new()
        .append(true)
        .open(dir.join("draft"))
        .unwrap();
    file.write_all(b"appended ").unwrap();
    file.write_all(b"twice").unwrap();
    file.sync_all().unwrap();
    fs::rename(dir.join("draft"), dir.join("renamed")).unwrap();
    fs::remove_file(dir.join("no-entry")).unwrap();
    fs::create_dir(dir.join("sub")).unwrap();
    fs::write(dir.join("sub/unsynced"), b"x").unwrap();
    sync_dir();
    fs::remove_file(dir.join("synced")).unwrap();
    let _ = Command::new("kill")
        .args(["-9", &std::process::id().to_string()])
        .status();
}

#[test]
fn the_shadow_holds_what_was_synced_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let (dir, after) = (place.path().join("data"), place.path().join("after"));
    let cut = Cut::new(&dir, &place.path().join("shadow"), None).unwrap();
    fs::write(dir.join("before"), b"was there at the start").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored"]);
    let output = cut.preload(&mut command).unwrap().output().unwrap();
    assert!(!output.status.success(), "the child ends by its own hand");
    cut.restore(&after).unwrap();

    let mut names: Vec<_> = fs::read_dir(&after)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let report = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        names,
        ["before", "old", "overwritten", "renamed", "sub", "synced"],
        "{report}"
    );
    let read = |name: &str| String::from_utf8(fs::read(after.join(name)).unwrap()).unwrap();
    assert_eq!(read("before"), "was there at the start");
    assert_eq!(
        read("old"),
        "",
        "an entry is durable with its directory, contents are not"
    );
    assert_eq!(read("synced"), "first,");
    assert_eq!(read("overwritten"), "0123\0\0\0\0xy");
    assert_eq!(read("renamed"), "appended twice");
    assert_eq!(fs::read_dir(after.join("sub")).unwrap().count(), 0);
}
