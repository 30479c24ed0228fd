//! Short messages on the radio side as bytes: DELIVER, SUBMIT and STATUS-REPORT (3GPP TS 23.040 9.2).
