//! Body of the fuzz target `management_requests`: any bytes in, a panic if what reads requests to the API breaks a promise. Their
//! heads are hyper's, and what JSON is, serde_json's.
//!
//! It lives here so that the ordinary tests replay the corpus with the very same code. Not part of the interface.

use super::input::{Fields, Params};
use super::ladders::Format;
use super::problem::Problem;
use super::profiles::{condition, fill, values};
use super::services::share;
use std::net::IpAddr;
use strowger::Profile;
use strowger::address::Address;
use strowger::profile::{AnyProfile, ProfileDecl};

/// A profile with an attribute of each kind.
#[derive(Clone, Debug, Profile)]
#[profile(name = "kinds", vendor = "strowger.fuzz")]
struct Kinds {
    #[profile(indexed)]
    text: String,
    #[profile(indexed)]
    unsigned: u64,
    #[profile(indexed)]
    signed: Option<i64>,
    #[profile(indexed)]
    flag: bool,
    #[profile(indexed)]
    ip: Option<IpAddr>,
    #[profile(indexed)]
    address: Option<Address>,
    #[profile(opaque)]
    opaque: Vec<(String, i32)>,
}

/// The query of a request, and behind its first newline the body.
pub fn management_requests(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (query, body) = data.split_at(end.unwrap_or(data.len()));
    let query = String::from_utf8_lossy(query);
    told(Params::read(&query).and_then(|mut params| {
        let part = params.part()?;
        assert!(part.limit.is_none_or(|limit| (1..=1000).contains(&limit)));
        params.seconds("min_age")?;
        let _ = (
            params.take::<bool>("check")?,
            params.take::<Format>("format")?,
        );
        params.end()
    }));
    let body = body.get(1..).unwrap_or_default();
    let read =
        |fields: fn(Fields) -> Result<(), Problem>| told(Fields::read(body).and_then(fields));
    read(|mut fields| {
        share(&mut fields)?;
        fields.end()
    });
    read(|mut fields| {
        let _ = (fields.text("name")?, fields.number("number")?);
        let _ = (fields.objects("put")?, fields.texts("remove")?);
        fields.end()
    });
    read(|fields| profile(fields.all()));
    read(|mut fields| {
        let filter = condition::filter(fields.take("where"))?;
        let query = ProfileDecl::of::<Kinds>().query(&filter);
        query.map_err(|error| Problem::wrong("where", error.to_string()))?;
        fields.end()
    });
}

/// What is taken for a profile is the same when it is taken again as it is shown.
fn profile(given: serde_json::Map<String, serde_json::Value>) -> Result<(), Problem> {
    let decl = &ProfileDecl::of::<Kinds>();
    let (mut profile, mut again) = (Kinds::default(), Kinds::default());
    fill(decl, &mut profile, given, "")?;
    let shown = values(decl, &profile);
    fill(decl, &mut again, shown.clone(), "")?;
    assert_eq!(values(decl, &again), shown, "it is shown otherwise");
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let encoded = (
        AnyProfile::encode(&profile, &mut one),
        AnyProfile::encode(&again, &mut other),
    );
    assert!(
        encoded.0.is_ok() && encoded.1.is_ok() && one == other,
        "it is kept otherwise"
    );
    Ok(())
}

/// What is wrong can be said.
fn told(read: Result<(), Problem>) {
    if let Err(problem) = read {
        let text = serde_json::to_string(&problem);
        assert!(text.is_ok_and(|text| text.contains("title")));
    }
}
