//! Every mistake that the macros know is reported in one sentence at the token that is wrong.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
