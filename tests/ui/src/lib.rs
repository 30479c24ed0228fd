//! Tests of the macros, as the crates of service authors see them; all in `tests/`.
//!
//! `tests/fail/*.rs` must not compile, and each has beside it what the compiler is to say. After a change of wording:
//! `TRYBUILD=overwrite cargo test -p strowger-ui --test compile_fail`, and read the difference.

/// The code in README.md.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

/// The code in docs/services.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/services.md")]
pub struct Services;

/// The code in docs/profiles.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/profiles.md")]
pub struct Profiles;

/// The code in docs/usage.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/usage.md")]
pub struct Usage;

/// The code in docs/testing.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing.md")]
pub struct Testing;

/// The code in docs/sip-recipes.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sip-recipes.md")]
pub struct SipRecipes;

/// The code in docs/sip-recipes-users.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sip-recipes-users.md")]
pub struct SipRecipesUsers;

/// The code in docs/sip-recipes-events.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sip-recipes-events.md")]
pub struct SipRecipesEvents;

/// The code in docs/diameter.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/diameter.md")]
pub struct Diameter;

/// The code in docs/adaptors.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/adaptors.md")]
pub struct Adaptors;

/// The code in docs/http.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/http.md")]
pub struct Http;

/// The code in docs/sms.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/sms.md")]
pub struct Sms;

/// The code in docs/records.md.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/records.md")]
pub struct Records;
