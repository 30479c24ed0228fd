//! Header fields between hyper and the adaptor, a byte for a character (ISO 8859-1).

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use strowger_http::Headers;

/// As the adaptor has them, in the order of the message as far as names differ.
pub(crate) fn read(map: &HeaderMap) -> Headers {
    let text = |value: &HeaderValue| -> String {
        value.as_bytes().iter().map(|b| char::from(*b)).collect()
    };
    map.iter()
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect()
}

/// As hyper has them; fields that cannot be written are left out, and the adaptor lets none through.
pub(crate) fn write(headers: &Headers, map: &mut HeaderMap) {
    for (name, value) in headers.iter() {
        let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
        let value = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            map.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_value_comes_through() {
        let bytes: Vec<u8> = (0x20..=0xff).filter(|b| *b != 0x7f).collect();
        let mut map = HeaderMap::new();
        map.append("x-all", HeaderValue::from_bytes(&bytes).unwrap());
        map.append("x-two", HeaderValue::from_static("1"));
        map.append("x-two", HeaderValue::from_static("2"));
        let headers = read(&map);
        assert_eq!(headers.get_all("X-Two").collect::<Vec<_>>(), ["1", "2"]);
        let mut back = HeaderMap::new();
        write(&headers, &mut back);
        assert_eq!(back, map);
    }
}
