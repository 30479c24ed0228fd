//! Message ids as peers repeat them: in hexadecimal or decimal, in another case, without leading zeros.
//!
//! An id in a receipt is that of a response if a form of it is what the response's is without case and leading zeros.

use smallvec::SmallVec;

/// The forms of an id, without copies, at most [`MOST`].
pub type Forms = SmallVec<[String; 4]>;

/// The most forms that an id has.
pub const MOST: usize = 4;

/// Which readings of an id are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// All of them.
    #[default]
    Any,
    /// As it stands, but for case and leading zeros.
    Same,
    /// The response has decimal digits where the receipt has hexadecimal ones, or the other way round.
    Converted,
}

/// The normal forms of an id, the likeliest first: as it stands without leading zeros and in lower case; if it is digits,
/// these as a decimal number in hexadecimal; if it is hexadecimal digits, these in decimal.
///
/// To find a message: write it down under the first form ([`Reading::Same`]) of the id in its response, and look it up by every
/// form of the one in the receipt, in order.
#[must_use]
pub fn forms(id: &str, reading: Reading) -> Forms {
    let mut forms = Forms::new();
    let id = id.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let stripped = id.trim_start_matches('0');
    if id.is_empty() {
        return forms;
    }
    let plain = if stripped.is_empty() { "0" } else { stripped };
    if reading != Reading::Converted {
        forms.push(plain.to_ascii_lowercase());
    }
    if reading != Reading::Same {
        let digits = stripped.bytes().all(|b| b.is_ascii_digit());
        let decimal = plain.parse::<u64>().ok().filter(|_| digits);
        let hexadecimal = u64::from_str_radix(plain, 16).ok();
        let hexadecimal = hexadecimal.filter(|_| plain.bytes().all(|b| b.is_ascii_hexdigit()));
        let written = decimal.map(|n| format!("{n:x}"));
        for form in written
            .into_iter()
            .chain(hexadecimal.map(|n| n.to_string()))
        {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// Whether two ids may be the same message's.
#[must_use]
pub fn is_same(response: &str, receipt: &str) -> bool {
    let known = forms(response, Reading::Same);
    let wanted = forms(receipt, Reading::Any);
    wanted.iter().any(|form| known.contains(form))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_that_peers_have_been_seen_to_mangle() {
        for (response, receipt) in [
            ("a1b2c3d4", "a1b2c3d4"),
            ("A1B2C3D4", "a1b2c3d4"),
            ("00000001", "1"),
            ("1", "00000001"),
            ("1f", "31"),
            ("31", "1f"),
            ("0000001F", "0000000031"),
            ("ffffffffffffffff", "18446744073709551615"),
            ("4f2a-77:1", "4F2A-77:1"),
            ("42", " 42\0"),
            ("0", "000"),
        ] {
            assert!(is_same(response, receipt), "{response} {receipt}");
        }
        for (response, receipt) in [("1", "2"), ("1f", "1e"), ("", ""), ("", "0"), ("10", "100")] {
            assert!(!is_same(response, receipt), "{response} {receipt}");
        }
    }

    #[test]
    fn one_form_of_an_id_that_is_no_number() {
        let forms = forms("Message-0007", Reading::Any);
        assert_eq!(&forms[..], ["message-0007"]);
        // More than 64 bits are no number of ours.
        assert_eq!(super::forms("123456789012345678901", Reading::Any).len(), 1);
    }

    proptest! {
        #[test]
        fn a_number_is_found_however_it_is_written(n: u64, upper: bool, zeros in 0_usize..4) {
            let (zeros, plain) = ("0".repeat(zeros), format!("{n:x}"));
            let hex = if upper { format!("{zeros}{n:X}") } else { format!("{zeros}{n:x}") };
            prop_assert!(is_same(&n.to_string(), &hex));
            prop_assert!(is_same(&hex, &n.to_string()));
            prop_assert!(is_same(&hex, &plain));
        }

        #[test]
        fn any_text_has_few_forms(id in "\\PC*") {
            let forms = forms(&id, Reading::Any);
            prop_assert!(forms.len() <= MOST);
        }
    }
}
