//! Which version of a component takes over what another one has left in the store (R-SV-08).

use strowger::id::Component;

/// Of some components, the place of the one that takes over from another, which is written as it prints itself: the same version, or
/// else the one with the highest numbers. A start chooses so among the services that are configured.
pub fn successor<'a>(
    written: &str,
    components: impl Iterator<Item = &'a Component>,
) -> Option<usize> {
    let versions = components.enumerate();
    let versions = versions.filter(|(_, c)| c.is_version_written(written));
    let newest = versions.max_by_key(|(_, c)| (c.to_string() == written, numbers(c.version)));
    newest.map(|(place, _)| place)
}

/// A version in the order of its numbers: 1.10 is newer than 1.9.
fn numbers(version: &str) -> Vec<(u64, &str)> {
    let parts = version.split('.');
    parts
        .map(|part| (part.parse().unwrap_or(0), part))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_sv_08_the_same_version_takes_over_or_else_the_newest() {
        let component = |name, version| Component {
            name,
            vendor: "test",
            version,
        };
        let all = [
            component("toy", "1.9"),
            component("toy", "1.10"),
            component("toy", "1.2"),
            component("other", "3"),
        ];
        let chosen = |written| successor(written, all.iter());
        assert_eq!(chosen("toy 1.2 (test)"), Some(2));
        assert_eq!(chosen("toy 2 (test)"), Some(1));
        assert_eq!(chosen("toy 2 (another)"), None);
    }
}
