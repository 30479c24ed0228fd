//! Stored profiles of which an attribute has become unique.

use super::*;

mod v4 {
    use super::Profile;

    /// What was indexed has become unique; names and types are the same.
    #[derive(Clone, Debug, Profile)]
    #[profile(vendor = "strowger-kernel")]
    pub(super) struct Subscriber {
        #[profile(unique)]
        pub(super) number: String,
        #[profile(unique)]
        pub(super) zone: u32,
        #[profile(default = true)]
        pub(super) active: bool,
        #[profile(indexed)]
        pub(super) forward: Option<String>,
        #[profile(opaque)]
        pub(super) notes: Vec<String>,
    }
}

#[test]
fn stored_profiles_that_repeat_a_value_that_has_become_unique_are_refused() {
    let mut kit = kit();
    kit.profiles = vec![ProfileDecl::of::<v4::Subscriber>()];
    let refused = kit.try_restart(secs(1)).unwrap_err();
    let twice = RestoreError::NotUnique {
        table: "users".to_owned(),
        attribute: "zone",
        first: "bob".to_owned(),
        second: "carol".to_owned(),
    };
    assert_eq!(refused, twice);
    // The build that wrote them mends it.
    kit.profiles = vec![ProfileDecl::of::<Subscriber>()];
    kit.restart(secs(1));
    let other = vec![put("carol", "4930300", 3)];
    kit.shard.write_profiles(kit.now, "users", other).unwrap();
    kit.run();
    kit.profiles = vec![ProfileDecl::of::<v4::Subscriber>()];
    assert_eq!(kit.restart(secs(1)).profiles, 3);
}
