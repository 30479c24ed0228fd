//! SMPP PDUs as bytes: framing, headers, borrowed views of bodies, TLVs, builders, and the faults of malformed ones (SMPP 3.4, 5.0).
