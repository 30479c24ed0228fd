//! All mutations of a file at once: each stands beside what it changes, and the environment chooses when the test runs.

use std::ops::Range;

use super::list::{Edit, Mutation};
use crate::error::{Error, Result};

/// Names the mutation that is on.
pub(super) const VARIABLE: &str = "XTASK_MUTANT";

/// What a crate with mutations needs, at the end of its root.
pub(super) fn module() -> String {
    format!(
        "\npub(crate) mod mutant {{\n    pub(crate) fn is(name: &str) -> bool {{\n        \
         static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();\n        \
         ON.get_or_init(|| std::env::var(\"{VARIABLE}\").ok()).as_deref() == Some(name)\n    }}\n}}\n"
    )
}

struct Place<'a> {
    range: Range<usize>,
    id: &'a str,
    replace: &'a str,
}

/// The file's text with all of these in it.
pub(super) fn apply(text: &str, edits: &[(&Mutation, &Edit)]) -> Result<String> {
    let mut places = Vec::new();
    for (mutation, edit) in edits {
        let start = find(text, &mutation.id, edit)?;
        places.push(Place {
            range: start..start + edit.find.len(),
            id: &mutation.id,
            replace: &edit.replace,
        });
    }
    places.sort_by_key(|place| (place.range.start, usize::MAX - place.range.end));
    render(text, 0..text.len(), &places)
}

/// The file's text with this alone in it.
pub(super) fn exchange(text: &str, (mutation, edit): (&Mutation, &Edit)) -> Result<String> {
    find(text, &mutation.id, edit)?;
    Ok(text.replacen(&edit.find, &edit.replace, 1))
}

/// Where it stands.
fn find(text: &str, id: &str, edit: &Edit) -> Result<usize> {
    let found: Vec<usize> = text.match_indices(&edit.find).map(|(at, _)| at).collect();
    match found.as_slice() {
        &[start] => Ok(start),
        others => Err(Error::Mutation {
            what: id.to_owned(),
            why: format!("{} has its `find` {} times", edit.file, others.len()),
        }),
    }
}

/// Outer places come before those in them, which stay what the outer one is when it is off.
fn render(text: &str, range: Range<usize>, places: &[Place<'_>]) -> Result<String> {
    let mut out = String::new();
    let mut at = range.start;
    let mut rest = places;
    while let Some(first) = rest.first() {
        let of = |places: &[Place<'_>], test: &dyn Fn(&Place<'_>) -> bool| {
            places.iter().take_while(|place| test(place)).count()
        };
        let same = of(rest, &|place| place.range == first.range);
        let (same, others) = rest.split_at(same);
        let (inner, after) =
            others.split_at(of(others, &|place| place.range.start < first.range.end));
        if let Some(half) = inner.iter().find(|p| p.range.end > first.range.end) {
            return Err(Error::Mutation {
                what: half.id.to_owned(),
                why: format!("its `find` overlaps that of {}", first.id),
            });
        }
        out.push_str(&text[at..first.range.start]);
        let off = render(text, first.range.clone(), inner)?;
        out.push_str(&choice(&text[first.range.clone()], same, &off));
        at = first.range.end;
        rest = after;
    }
    out.push_str(&text[at..range.end]);
    Ok(out)
}

/// `if` one is on, then what it has instead, `else` the next, and at last what was there.
fn choice(found: &str, places: &[Place<'_>], off: &str) -> String {
    let mut text = String::new();
    for Place { id, replace, .. } in places {
        text.push_str(&format!(
            "if crate::mutant::is(\"{id}\") {{ {replace} }} else "
        ));
    }
    text.push_str(&format!("{{ {off} }}"));
    // A statement stays one.
    match found.ends_with([';', '}']) {
        true => text,
        false => format!("({text})"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::list::List;
    use super::*;

    fn mutation(id: &str, find: &str, replace: &str) -> Mutation {
        let text = format!(
            "[[mutation]]\nrule = \"R-XX-01\"\nfile = \"a/src/lib.rs\"\nfind = \"{find}\"\nreplace = \"{replace}\"\ntests = []\nwhy = \"\"\n"
        );
        let mut list = List::default();
        list.add(std::path::Path::new("R-XX.toml"), &text).unwrap();
        let mutation = list.mutations.remove(0);
        Mutation {
            id: id.to_owned(),
            ..mutation
        }
    }

    fn applied(text: &str, mutations: &[Mutation]) -> String {
        let all: Vec<_> = mutations.iter().map(|m| (m, &m.edits[0])).collect();
        match apply(text, &all) {
            Ok(text) => text.replace("crate::mutant::is", "is"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn expressions_are_parenthesised_and_statements_are_not() {
        assert_eq!(
            applied("if a && b { c(); }", &[mutation("1", "a && b", "a")]),
            "if (if is(\"1\") { a } else { a && b }) { c(); }"
        );
        assert_eq!(
            applied("a(); b(); c();", &[mutation("1", "b();", "")]),
            "a(); if is(\"1\") {  } else { b(); } c();"
        );
    }

    #[test]
    fn they_may_share_a_place_or_stand_in_each_other() {
        let both = [mutation("1", "b();", ""), mutation("2", "b();", "d();")];
        assert_eq!(
            applied("a(); b();", &both),
            "a(); if is(\"1\") {  } else if is(\"2\") { d(); } else { b(); }"
        );
        let nested = [mutation("1", "b", "d"), mutation("2", "a(b);", "")];
        assert_eq!(
            applied("a(b); c();", &nested),
            "if is(\"2\") {  } else { a((if is(\"1\") { d } else { b })); } c();"
        );
        let half = [mutation("1", "a b", ""), mutation("2", "b c", "")];
        assert_eq!(
            applied("a b c", &half),
            "mutation 2: its `find` overlaps that of 1"
        );
    }

    #[test]
    fn what_is_there_twice_or_not_is_refused() {
        for (find, times) in [("d", 0), ("a", 3)] {
            assert_eq!(
                applied("a a a", &[mutation("1", find, "")]),
                format!("mutation 1: a/src/lib.rs has its `find` {times} times")
            );
        }
    }
}
