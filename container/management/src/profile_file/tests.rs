//! Lines, cells and values of files, good and bad.

use super::*;
use serde_json::json;

fn attributes() -> Vec<Attribute> {
    serde_json::from_value(json!([
        {"name": "number", "type": "text", "optional": false, "unique": true, "indexed": true},
        {"name": "zone", "type": "integer", "optional": false, "unique": false, "indexed": true},
        {"name": "active", "type": "bool", "optional": false, "unique": false, "indexed": false},
        {"name": "forward", "type": "text", "optional": true, "unique": false, "indexed": false},
        {"name": "notes", "type": "opaque", "optional": false, "unique": false, "indexed": false},
    ]))
    .expect("attributes")
}

/// All profiles and faults of a file.
fn all<R: Read>(records: &mut Records<R>) -> Vec<Result<Record, Fault>> {
    let mut all = Vec::new();
    loop {
        match records.next_record() {
            Ok(None) => return all,
            Ok(Some(record)) => all.push(Ok(record)),
            Err(Unread::Fault(fault)) => all.push(Err(fault)),
            Err(Unread::Lost(fault)) => {
                all.push(Err(fault));
                return all;
            }
            Err(Unread::Io(error)) => panic!("{error}"),
        }
    }
}

fn csv(text: &str) -> Vec<Result<Record, Fault>> {
    let mut records = Records::csv(text.as_bytes(), attributes()).expect("a first line");
    all(&mut records)
}

fn lines(text: &str) -> Vec<Result<Record, Fault>> {
    all(&mut Records::lines(text.as_bytes(), attributes()))
}

fn at(all: &[Result<Record, Fault>]) -> Vec<(u64, String)> {
    all.iter()
        .map(|one| match one {
            Ok(record) => (record.line, record.name.clone()),
            Err(fault) => (fault.line, fault.what.clone()),
        })
        .collect()
}

fn fault(line: u64, what: &str) -> (u64, String) {
    (line, what.to_owned())
}

#[test]
fn cells_are_values_of_their_columns() {
    let text = "profile,zone,number,forward,active,notes\n\
                alice,7,4930,,true,\"[\"\"a, b\"\"]\"\n\
                \"b,ob\",18446744073709551615,,\"x\ny\",false,\n";
    let read: Vec<_> = csv(text)
        .into_iter()
        .map(|one| one.expect("right"))
        .collect();
    assert_eq!(
        read[0].values,
        *json!({"zone": 7, "number": "4930", "forward": null, "active": true, "notes": ["a, b"]})
            .as_object()
            .expect("an object")
    );
    assert_eq!(read[1].name, "b,ob");
    assert_eq!(
        read[1].values,
        *json!({"zone": u64::MAX, "number": "", "forward": "x\ny", "active": false})
            .as_object()
            .expect("an object")
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for end in ["\n", "\r\n"] {
        let text = [
            "profile,number,zone,active",
            "a,1,x,true",
            "\"b\nb\",2,1,true",
            "",
            "c,3,1,maybe",
            "d,4",
            "e,5,-1,true",
            "",
        ];
        let found = csv(&text.join(end));
        assert_eq!(
            at(&found),
            [
                fault(2, "`zone`: expected a whole number"),
                fault(3, "b\nb"),
                fault(6, "`active`: expected true or false"),
                fault(7, "has 2 cells, and the first line 4"),
                fault(8, "e"),
            ],
            "{end:?}"
        );
    }
    let text = "\n{\"name\":\"a\",\"values\":{\"zone\":1}}\r\n{\"name\":\"b\"}\n\
                {\"name\":\"c\",\"values\":{\"zone\":\"1\"}}\n{\"name\":\"d\",\"values\":{\"x\":1}}\n{";
    assert_eq!(
        at(&lines(text)),
        [
            fault(2, "a"),
            fault(3, "missing field `values`, column 12"),
            fault(4, "`zone`: expected a whole number"),
            fault(5, "there is no attribute `x`"),
            fault(6, "EOF while parsing an object, column 1"),
        ]
    );
}

#[test]
fn a_first_line_names_attributes_once() {
    for (text, what) in [
        ("", "there is no line that names the attributes"),
        ("profile,colour\n", "there is no attribute `colour`"),
        ("profile,zone,zone\n", "`zone` has two columns"),
        (
            "number,zone\n",
            "the first column is the profile's name, and `number` is an attribute",
        ),
    ] {
        match Records::csv(text.as_bytes(), attributes()) {
            Err(Unread::Lost(fault)) => assert_eq!((fault.line, fault.what.as_str()), (1, what)),
            _ => panic!("{text}"),
        }
    }
}

#[test]
fn a_quote_that_is_not_closed_and_a_line_without_end_are_not_held() {
    let mut text = "profile,number\na,1\nb,\"2\n".to_owned();
    text.push_str(&"x\n".repeat(RECORD));
    let found = csv(&text);
    assert_eq!(found.len(), 2);
    assert!(
        at(&found)[1].1.contains("longer than 1 MiB"),
        "{:?}",
        at(&found)
    );
    let endless = io::repeat(b'x');
    let found = all(&mut Records::lines(endless, attributes()));
    assert_eq!((found.len(), at(&found)[0].0), (1, 1));
}

#[test]
fn what_is_not_text_is_told() {
    let text = b"profile,number\na,1\nb,\xff\nc,2\n";
    let mut records = Records::csv(&text[..], attributes()).expect("a first line");
    assert_eq!(at(&all(&mut records))[1], fault(3, "is not UTF-8"));
}

#[test]
fn what_is_written_is_read_again() {
    let profiles = [
        (
            "alice",
            json!({"number": "49,30", "zone": 7, "active": true, "forward": null, "notes": []}),
        ),
        (
            "b\"ob",
            json!({"number": "", "zone": 0, "active": false, "forward": "1\n2", "notes": ["ü", "="]}),
        ),
    ];
    for form in ["csv", "lines"] {
        let mut out = Vec::new();
        let mut writer = match form {
            "csv" => Writer::csv(&mut out, attributes()).expect("room"),
            _ => Writer::Lines(&mut out),
        };
        for (name, values) in &profiles {
            let values = values.as_object().expect("an object").clone();
            let name = (*name).to_owned();
            writer.write(&Profile { name, values }).expect("room");
        }
        writer.flush().expect("room");
        drop(writer);
        let text = String::from_utf8(out).expect("text");
        let read = if form == "csv" {
            csv(&text)
        } else {
            lines(&text)
        };
        for (read, (name, values)) in read.into_iter().zip(&profiles) {
            let read = read.expect("right");
            assert_eq!(
                (read.name.as_str(), &Value::Object(read.values)),
                (*name, values)
            );
        }
    }
}

#[test]
fn what_a_cell_cannot_tell_is_not_written() {
    let values = json!({"number": "", "zone": 0, "active": true, "forward": "", "notes": []});
    let profile = Profile {
        name: "alice".to_owned(),
        values: values.as_object().expect("an object").clone(),
    };
    let mut out = Vec::new();
    let mut csv = Writer::csv(&mut out, attributes()).expect("room");
    let refused = csv.write(&profile);
    assert!(matches!(refused, Err(Unwritten::Ambiguous(attribute)) if attribute == "forward"));
    let mut out = Vec::new();
    Writer::Lines(&mut out).write(&profile).expect("room");
    assert!(String::from_utf8_lossy(&out).contains("\"forward\":\"\""));
}
