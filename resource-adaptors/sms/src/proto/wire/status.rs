//! Values of command_status (SMPP 3.4 5.1.3, 5.0 4.7.6).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A command_status. Values that the standard does not name are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Status(pub u32);

macro_rules! statuses {
    ($($name:ident = $value:literal $doc:literal),* $(,)?) => {
        impl Status {
            $(#[doc = $doc] pub const $name: Self = Self($value);)*

            /// The standard's name, without the `ESME_` in front.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// Every status of the standard.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

statuses! {
    ROK = 0x0000 "No error.",
    RINVMSGLEN = 0x0001 "Message length is invalid.",
    RINVCMDLEN = 0x0002 "Command length is invalid.",
    RINVCMDID = 0x0003 "Command id is invalid.",
    RINVBNDSTS = 0x0004 "Wrong bind state for the command.",
    RALYBND = 0x0005 "Bound already.",
    RINVPRTFLG = 0x0006 "Priority flag is invalid.",
    RINVREGDLVFLG = 0x0007 "Registered delivery flag is invalid.",
    RSYSERR = 0x0008 "System error.",
    RINVSRCADR = 0x000a "Source address is invalid.",
    RINVDSTADR = 0x000b "Destination address is invalid.",
    RINVMSGID = 0x000c "Message id is invalid.",
    RBINDFAIL = 0x000d "Bind failed.",
    RINVPASWD = 0x000e "Password is invalid.",
    RINVSYSID = 0x000f "System id is invalid.",
    RCANCELFAIL = 0x0011 "cancel_sm failed.",
    RREPLACEFAIL = 0x0013 "replace_sm failed.",
    RMSGQFUL = 0x0014 "Message queue is full.",
    RINVSERTYP = 0x0015 "Service type is invalid.",
    RINVNUMDESTS = 0x0033 "Number of destinations is invalid.",
    RINVDLNAME = 0x0034 "Name of a distribution list is invalid.",
    RINVDESTFLAG = 0x0040 "Destination flag is invalid.",
    RINVSUBREP = 0x0042 "Submit with replace is not supported or not allowed.",
    RINVESMCLASS = 0x0043 "esm_class is invalid.",
    RCNTSUBDL = 0x0044 "Cannot submit to a distribution list.",
    RSUBMITFAIL = 0x0045 "submit_sm, data_sm or submit_multi failed.",
    RINVSRCTON = 0x0048 "TON of the source is invalid.",
    RINVSRCNPI = 0x0049 "NPI of the source is invalid.",
    RINVDSTTON = 0x0050 "TON of the destination is invalid.",
    RINVDSTNPI = 0x0051 "NPI of the destination is invalid.",
    RINVSYSTYP = 0x0053 "System type is invalid.",
    RINVREPFLAG = 0x0054 "replace_if_present_flag is invalid.",
    RINVNUMMSGS = 0x0055 "Number of messages is invalid.",
    RTHROTTLED = 0x0058 "Throttled: the ESME exceeds what it may send.",
    RINVSCHED = 0x0061 "Scheduled delivery time is invalid.",
    RINVEXPIRY = 0x0062 "Validity period is invalid.",
    RINVDFTMSGID = 0x0063 "Predefined message is not found.",
    RX_T_APPN = 0x0064 "The receiver has a temporary error.",
    RX_P_APPN = 0x0065 "The receiver has a permanent error.",
    RX_R_APPN = 0x0066 "The receiver rejects the message.",
    RQUERYFAIL = 0x0067 "query_sm failed.",
    RINVTLVSTREAM = 0x00c0 "The optional part of the body is malformed.",
    RTLVNOTALLWD = 0x00c1 "TLV is not allowed.",
    RINVTLVLEN = 0x00c2 "Length of a parameter is invalid.",
    RMISSINGTLV = 0x00c3 "A TLV is missing.",
    RINVTLVVAL = 0x00c4 "Value of a TLV is invalid.",
    RDELIVERYFAILURE = 0x00fe "Delivery failed.",
    RUNKNOWNERR = 0x00ff "Unknown error.",
    RSERTYPUNAUTH = 0x0100 "The ESME may not use the service type.",
    RPROHIBITED = 0x0101 "The ESME may not use the operation.",
    RSERTYPUNAVAIL = 0x0102 "Service type is not available.",
    RSERTYPDENIED = 0x0103 "Service type is denied.",
    RINVDCS = 0x0104 "Data coding is invalid.",
    RINVSRCADDRSUBUNIT = 0x0105 "Subunit of the source is invalid.",
    RINVDSTADDRSUBUNIT = 0x0106 "Subunit of the destination is invalid.",
    RINVBCASTFREQINT = 0x0107 "Interval of a broadcast is invalid.",
    RINVBCASTALIAS_NAME = 0x0108 "Alias of a broadcast is invalid.",
    RINVBCASTAREAFMT = 0x0109 "Format of a broadcast's area is invalid.",
    RINVNUMBCAST_AREAS = 0x010a "Number of broadcast areas is invalid.",
    RINVBCASTCNTTYPE = 0x010b "Content type of a broadcast is invalid.",
    RINVBCASTMSGCLASS = 0x010c "Message class of a broadcast is invalid.",
    RBCASTFAIL = 0x010d "broadcast_sm failed.",
    RBCASTQUERYFAIL = 0x010e "query_broadcast_sm failed.",
    RBCASTCANCELFAIL = 0x010f "cancel_broadcast_sm failed.",
    RINVBCAST_REP = 0x0110 "Number of repeats of a broadcast is invalid.",
    RINVBCASTSRVGRP = 0x0111 "Service group of a broadcast is invalid.",
    RINVBCASTCHANIND = 0x0112 "Channel indicator of a broadcast is invalid.",
}

impl Status {
    /// Whether the command was carried out.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "ESME_{name}"),
            None => write!(f, "0x{:08x}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
