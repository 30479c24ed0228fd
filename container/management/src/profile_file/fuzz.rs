//! Body of the fuzz target `profile_files`: any bytes in, a panic if what reads files of profiles breaks a promise.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use super::{Attribute, Profile, Record, Records, Unread, Unwritten, Writer};

/// The bytes as CSV and as JSON lines: reading ends, lines follow each other, and what is read is read again from what is written.
pub fn profile_files(data: &[u8]) {
    let attributes = attributes();
    let mut read = all(Records::lines(data, attributes.clone()), data);
    if let Ok(records) = Records::csv(data, attributes.clone()) {
        read.extend(all(records, data));
    }
    for Record { name, values, .. } in read {
        let profile = Profile { name, values };
        again(Writer::Lines(Vec::new()), &profile, &attributes);
        let has = |attribute: &Attribute| profile.values.contains_key(&attribute.name);
        if attributes.iter().all(has) {
            let writer = Writer::csv(Vec::new(), attributes.clone());
            again(writer.expect("memory"), &profile, &attributes);
        }
    }
}

/// One of each kind, and one that may have no value.
fn attributes() -> Vec<Attribute> {
    let kinds = ["text", "integer", "bool", "ip", "address", "opaque"];
    let attribute = |kind: &str, name: &str, optional| Attribute {
        name: name.to_owned(),
        kind: kind.to_owned(),
        optional,
        unique: false,
        indexed: false,
    };
    let plain = kinds.iter().map(|kind| attribute(kind, kind, false));
    let all = plain.chain([attribute("text", "none", true)]);
    all.collect()
}

fn all(mut records: Records<&[u8]>, data: &[u8]) -> Vec<Record> {
    let (mut all, mut line) = (Vec::new(), 0);
    loop {
        let at = match records.next_record() {
            Ok(None) => break,
            Ok(Some(record)) => {
                let at = record.line;
                all.push(record);
                at
            }
            Err(Unread::Fault(fault)) => fault.line,
            Err(Unread::Lost(_) | Unread::Io(_)) => break,
        };
        // A carriage return alone ends a profile of CSV, and no line.
        assert!(at >= line, "line {at} comes after line {line}");
        line = at;
    }
    let breaks = data.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert!(line <= breaks + 1, "there is no line {line}");
    all
}

/// Numbers with a fraction are left out: what serde_json reads of them differs in the last digit from what it has written.
fn again(mut writer: Writer<Vec<u8>>, profile: &Profile, attributes: &[Attribute]) {
    let is_same = |text: Result<String, _>| {
        text.is_ok_and(|text| {
            serde_json::from_str(&text)
                .is_ok_and(|same: serde_json::Map<_, _>| same == profile.values)
        })
    };
    if !is_same(serde_json::to_string(&profile.values)) {
        return;
    }
    match writer.write(profile) {
        Ok(()) => {}
        Err(Unwritten::Ambiguous(_)) => return,
        Err(Unwritten::Io(error)) => panic!("memory: {error}"),
    }
    let (written, is_csv) = match writer {
        Writer::Csv(writer, _) => (writer.into_inner().expect("memory"), true),
        Writer::Lines(written) => (written, false),
    };
    let input: &[u8] = &written;
    let mut records = match is_csv {
        true => Records::csv(input, attributes.to_vec()).expect("its first line"),
        false => Records::lines(input, attributes.to_vec()),
    };
    let read = records
        .next_record()
        .expect("what was written")
        .expect("a profile");
    assert_eq!((&read.name, &read.values), (&profile.name, &profile.values));
    assert!(
        matches!(records.next_record(), Ok(None)),
        "more than was written"
    );
}
