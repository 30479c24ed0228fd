//! The targets of texts, TPDUs and the relay layer.

use strowger_sms::proto::fuzz;

/// The corpora and what they are for.
pub(crate) const TARGETS: [(&str, fn(&[u8])); 4] = [
    ("sms_text", fuzz::sms_text),
    ("sms_parts", fuzz::sms_parts),
    ("sms_tpdu", fuzz::sms_tpdu),
    ("sms_rp", fuzz::sms_rp),
];
