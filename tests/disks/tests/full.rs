//! A child writes to a disk of a size of its own, and tells what came of it.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use strowger_disks::Quota;

const DIR: &str = "STROWGER_FULLDISK_DIR";
const KIB: u64 = 1024;

/// Not a test by itself: what the child does.
#[test]
#[ignore = "run by the other test, in a child process"]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let (dir, outside) = (Path::new(&dir), std::env::temp_dir());
    let full = |written: std::io::Result<()>| written.unwrap_err().kind() == ErrorKind::StorageFull;
    let block = vec![7; 64 * KIB as usize];

    let mut first = File::create(dir.join("first")).unwrap();
    first.write_all(&block).unwrap();
    fs::create_dir(dir.join("inner")).unwrap();
    let second = File::create(dir.join("inner/second")).unwrap();
    second.write_all_at(&block, 0).unwrap();
    assert!(full(first.write_all(&block)), "there is room for two");
    assert!(full(second.write_all_at(&block, 60 * KIB)));
    second.write_all_at(&block, 0).unwrap();
    fs::write(
        outside.join(format!("fulldisk-{}", std::process::id())),
        &block,
    )
    .unwrap();
    fs::remove_file(outside.join(format!("fulldisk-{}", std::process::id()))).unwrap();

    fs::remove_file(dir.join("inner/second")).unwrap();
    first.write_all(&block).unwrap();
}

#[test]
fn what_grows_beyond_the_size_fails_and_there_is_space_where_a_file_was() {
    let dir = tempfile::tempdir().unwrap();
    let quota = Quota::new(
        &dir.path().join("disk"),
        &dir.path().join("size"),
        150 * KIB,
    )
    .unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture"]);
    let ended = quota.preload(&mut command).unwrap().output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    assert_eq!(quota.used().unwrap(), 128 * KIB);
}
