//! TP-FCS: why a message is refused (TS 23.040 9.2.3.22).

/// The protocol is not supported.
pub const PROTOCOL: u8 = 0x81;
/// TP-PID, something else.
pub const PROTOCOL_UNSPECIFIED: u8 = 0x8f;
/// The data coding scheme is not supported.
pub const DCS: u8 = 0x90;
/// The message class is not supported.
pub const CLASS: u8 = 0x91;
/// The command cannot be carried out.
pub const COMMAND: u8 = 0xa0;
/// The command is not supported.
pub const COMMAND_UNSUPPORTED: u8 = 0xa1;
/// The TPDU is not supported.
pub const TPDU: u8 = 0xb0;
/// The service centre is busy.
pub const BUSY: u8 = 0xc0;
/// The sender has no subscription with the service centre.
pub const NO_SUBSCRIPTION: u8 = 0xc1;
/// The service centre has failed.
pub const SYSTEM: u8 = 0xc2;
/// The address is invalid.
pub const ADDRESS: u8 = 0xc3;
/// The receiver is barred.
pub const BARRED: u8 = 0xc4;
/// It is a duplicate.
pub const DUPLICATE: u8 = 0xc5;
/// The format of the validity period is not supported.
pub const VALIDITY_FORMAT: u8 = 0xc6;
/// The validity period is not supported.
pub const VALIDITY: u8 = 0xc7;
/// The SIM is full.
pub const SIM_FULL: u8 = 0xd0;
/// The SIM cannot store messages.
pub const NO_STORAGE: u8 = 0xd1;
/// The phone has failed.
pub const PHONE: u8 = 0xd2;
/// The memory is full.
pub const MEMORY: u8 = 0xd3;
/// Something else.
pub const UNSPECIFIED: u8 = 0xff;
