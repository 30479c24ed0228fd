//! Texts as octets: alphabets, packing, user data headers, splitting into parts and putting parts together (3GPP TS 23.038, TS 23.040 9.2.3.24).
