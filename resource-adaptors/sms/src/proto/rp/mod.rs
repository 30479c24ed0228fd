//! The relay layer that carries TPDUs, in SIP MESSAGE too: RP-DATA, RP-ACK, RP-ERROR and RP-SMMA (3GPP TS 24.011 7.3).
