//! RP-Cause (TS 24.011 8.2.5.4).

/// The number is not assigned.
pub const UNASSIGNED: u8 = 1;
/// The operator has barred it.
pub const OPERATOR_BARRED: u8 = 8;
/// Calls are barred.
pub const CALL_BARRED: u8 = 10;
/// The transfer is rejected.
pub const REJECTED: u8 = 21;
/// The phone's memory is full.
pub const MEMORY: u8 = 22;
/// The destination is out of order.
pub const OUT_OF_ORDER: u8 = 27;
/// The subscriber is not identified.
pub const UNIDENTIFIED: u8 = 28;
/// The facility is rejected.
pub const FACILITY: u8 = 29;
/// The subscriber is unknown.
pub const UNKNOWN: u8 = 30;
/// The network is out of order.
pub const NETWORK: u8 = 38;
/// A temporary failure.
pub const TEMPORARY: u8 = 41;
/// Congestion.
pub const CONGESTION: u8 = 42;
/// Resources are not available.
pub const RESOURCES: u8 = 47;
/// The facility is not subscribed to.
pub const NOT_SUBSCRIBED: u8 = 50;
/// The facility is not implemented.
pub const NOT_IMPLEMENTED: u8 = 69;
/// The reference is no longer used, or is one in use.
pub const REFERENCE: u8 = 81;
/// The message is semantically wrong.
pub const SEMANTICS: u8 = 95;
/// Mandatory information is invalid.
pub const MANDATORY: u8 = 96;
/// The message type does not exist.
pub const MESSAGE_TYPE: u8 = 97;
/// The message does not fit the state.
pub const STATE: u8 = 98;
/// An element does not exist.
pub const ELEMENT: u8 = 99;
/// Another protocol error.
pub const PROTOCOL: u8 = 111;
/// Interworking, unspecified.
pub const INTERWORKING: u8 = 127;

/// Whether trying again later may help.
#[must_use]
pub const fn is_temporary(cause: u8) -> bool {
    matches!(
        cause,
        MEMORY | OUT_OF_ORDER | NETWORK | TEMPORARY | CONGESTION | RESOURCES
    )
}
