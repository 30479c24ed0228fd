//! The nearest of some names to what was written.

/// The name that `written` was probably meant to be, if one is near enough.
pub(crate) fn nearest<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = written.chars().count();
    // In a short word one slip may be the whole of it.
    let near_enough = (length / 3).max(1).min(length.saturating_sub(1));
    let distances = names
        .into_iter()
        .map(|name| (strsim::osa_distance(written, name), name));
    let (distance, name) = distances.min()?;
    (distance <= near_enough).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_leaves_strangers_alone() {
        let names = ["group_delay", "group_bytes", "cache", "queue"];
        assert_eq!(nearest("cahce", names), Some("cache"));
        assert_eq!(nearest("groupdelay", names), Some("group_delay"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("c", ["b"]), None);
    }
}
