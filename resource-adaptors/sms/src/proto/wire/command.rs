//! Command ids (SMPP 3.4 5.1.2.1, 5.0 4.7.5).

/// The bit that makes a command a response.
pub const RESP: u32 = 0x8000_0000;

macro_rules! commands {
    ($($name:ident = $id:literal $text:literal),* $(,)?) => {
        $(#[doc = concat!("`", $text, "`")] pub const $name: u32 = $id;)*

        /// The standard's name; `unknown` for what it does not define.
        #[must_use]
        pub const fn name(command: u32) -> &'static str {
            match command {
                $($id => $text,)*
                _ => "unknown",
            }
        }

        /// Every command of the standard.
        pub const ALL: &[u32] = &[$($name),*];
    };
}

commands! {
    GENERIC_NACK = 0x8000_0000 "generic_nack",
    BIND_RECEIVER = 0x0000_0001 "bind_receiver",
    BIND_RECEIVER_RESP = 0x8000_0001 "bind_receiver_resp",
    BIND_TRANSMITTER = 0x0000_0002 "bind_transmitter",
    BIND_TRANSMITTER_RESP = 0x8000_0002 "bind_transmitter_resp",
    QUERY_SM = 0x0000_0003 "query_sm",
    QUERY_SM_RESP = 0x8000_0003 "query_sm_resp",
    SUBMIT_SM = 0x0000_0004 "submit_sm",
    SUBMIT_SM_RESP = 0x8000_0004 "submit_sm_resp",
    DELIVER_SM = 0x0000_0005 "deliver_sm",
    DELIVER_SM_RESP = 0x8000_0005 "deliver_sm_resp",
    UNBIND = 0x0000_0006 "unbind",
    UNBIND_RESP = 0x8000_0006 "unbind_resp",
    REPLACE_SM = 0x0000_0007 "replace_sm",
    REPLACE_SM_RESP = 0x8000_0007 "replace_sm_resp",
    CANCEL_SM = 0x0000_0008 "cancel_sm",
    CANCEL_SM_RESP = 0x8000_0008 "cancel_sm_resp",
    BIND_TRANSCEIVER = 0x0000_0009 "bind_transceiver",
    BIND_TRANSCEIVER_RESP = 0x8000_0009 "bind_transceiver_resp",
    OUTBIND = 0x0000_000b "outbind",
    ENQUIRE_LINK = 0x0000_0015 "enquire_link",
    ENQUIRE_LINK_RESP = 0x8000_0015 "enquire_link_resp",
    SUBMIT_MULTI = 0x0000_0021 "submit_multi",
    SUBMIT_MULTI_RESP = 0x8000_0021 "submit_multi_resp",
    ALERT_NOTIFICATION = 0x0000_0102 "alert_notification",
    DATA_SM = 0x0000_0103 "data_sm",
    DATA_SM_RESP = 0x8000_0103 "data_sm_resp",
    BROADCAST_SM = 0x0000_0111 "broadcast_sm",
    BROADCAST_SM_RESP = 0x8000_0111 "broadcast_sm_resp",
    QUERY_BROADCAST_SM = 0x0000_0112 "query_broadcast_sm",
    QUERY_BROADCAST_SM_RESP = 0x8000_0112 "query_broadcast_sm_resp",
    CANCEL_BROADCAST_SM = 0x0000_0113 "cancel_broadcast_sm",
    CANCEL_BROADCAST_SM_RESP = 0x8000_0113 "cancel_broadcast_sm_resp",
}

/// Whether it is a response, a generic_nack among them.
#[must_use]
pub const fn is_response(command: u32) -> bool {
    command & RESP != 0
}

/// What answers a request: its own response, or generic_nack if it has none or is not known.
#[must_use]
pub const fn answer_of(request: u32) -> u32 {
    match request {
        BIND_RECEIVER | BIND_TRANSMITTER | QUERY_SM | SUBMIT_SM | DELIVER_SM | UNBIND
        | REPLACE_SM | CANCEL_SM | BIND_TRANSCEIVER | ENQUIRE_LINK | SUBMIT_MULTI | DATA_SM
        | BROADCAST_SM | QUERY_BROADCAST_SM | CANCEL_BROADCAST_SM => request | RESP,
        _ => GENERIC_NACK,
    }
}
