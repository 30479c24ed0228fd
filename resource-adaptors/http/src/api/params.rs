//! Names and values as queries and forms have them: `application/x-www-form-urlencoded`.

use url::form_urlencoded;

/// Names with their values, decoded, in their order. A name may stand more than once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads what stands behind the `?`, or what a form has sent. Whatever is there is read: what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        Self(pairs.into_owned().collect())
    }

    /// The value of the first of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let fits = |(known, _): &&(String, String)| known == name;
        self.0.iter().find(fits).map(|(_, value)| value.as_str())
    }

    /// The values of all of that name.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let fits = move |(known, _): &&(String, String)| known == name;
        self.0.iter().filter(fits).map(|(_, value)| value.as_str())
    }

    /// Whether there is one of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Writes names and values as a form.
pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded() {
        let params = Params::parse(b"to=%2B31612345678&text=two+words&to=2&flag&empty=");
        assert_eq!(params.get("to"), Some("+31612345678"));
        assert_eq!(params.get_all("to").count(), 2);
        assert_eq!(params.get("text"), Some("two words"));
        assert_eq!(params.get("flag"), Some(""));
        assert!(params.contains("empty") && !params.contains("absent"));
    }

    #[test]
    fn what_is_not_encoded_right_is_taken_as_it_is() {
        let params = Params::parse(b"a=%zz&b=%ff&=x&&c=%");
        assert_eq!(params.get("a"), Some("%zz"));
        assert_eq!(params.get("b"), Some("\u{fffd}"));
        assert_eq!(params.get("c"), Some("%"));
        assert_eq!(Params::parse(b"").iter().count(), 0);
    }

    #[test]
    fn what_is_written_is_read() {
        let pairs = [("a b", "1&2=3"), ("é", "+%")];
        let params = Params::parse(encode(&pairs).as_bytes());
        assert_eq!(params.iter().collect::<Vec<_>>(), pairs);
    }
}
