//! The parameters of bodies: names, longest lengths, and the status that says that one is wrong (SMPP 3.4 5.2, 5.0 4.7).

use super::Status;

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Octets of a string, its NUL included; 1 of an integer.
    pub(super) max: usize,
    /// The same of peers that keep no such limit; what they send is given back to them as it is.
    pub(super) lenient: usize,
    pub(super) status: Status,
}

const fn string(name: &'static str, max: usize, status: Status) -> Field {
    longer(name, max, max, status)
}

const fn longer(name: &'static str, max: usize, lenient: usize, status: Status) -> Field {
    Field {
        name,
        max,
        lenient,
        status,
    }
}

const fn octet(name: &'static str, status: Status) -> Field {
    longer(name, 1, 1, status)
}

/// A time is empty or 16 characters.
pub(super) const TIME_MAX: usize = 17;

pub(super) const SYSTEM_ID: Field = string("system_id", 16, Status::RINVSYSID);
pub(super) const PASSWORD: Field = longer("password", 9, 16, Status::RINVPASWD);
pub(super) const SYSTEM_TYPE: Field = string("system_type", 13, Status::RINVSYSTYP);
pub(super) const INTERFACE_VERSION: Field = octet("interface_version", Status::RBINDFAIL);
pub(super) const ADDR_TON: Field = octet("addr_ton", Status::RBINDFAIL);
pub(super) const ADDR_NPI: Field = octet("addr_npi", Status::RBINDFAIL);
pub(super) const ADDRESS_RANGE: Field = string("address_range", 41, Status::RINVTLVLEN);

pub(super) const SERVICE_TYPE: Field = string("service_type", 6, Status::RINVSERTYP);
pub(super) const SOURCE_TON: Field = octet("source_addr_ton", Status::RINVSRCTON);
pub(super) const SOURCE_NPI: Field = octet("source_addr_npi", Status::RINVSRCNPI);
pub(super) const SOURCE_ADDR: Field = string("source_addr", 21, Status::RINVSRCADR);
pub(super) const LONG_SOURCE_ADDR: Field = string("source_addr", 65, Status::RINVSRCADR);
pub(super) const DEST_TON: Field = octet("dest_addr_ton", Status::RINVDSTTON);
pub(super) const DEST_NPI: Field = octet("dest_addr_npi", Status::RINVDSTNPI);
pub(super) const DEST_ADDR: Field = string("destination_addr", 21, Status::RINVDSTADR);
pub(super) const LONG_DEST_ADDR: Field = string("destination_addr", 65, Status::RINVDSTADR);
pub(super) const ESME_TON: Field = octet("esme_addr_ton", Status::RINVDSTTON);
pub(super) const ESME_NPI: Field = octet("esme_addr_npi", Status::RINVDSTNPI);
pub(super) const ESME_ADDR: Field = string("esme_addr", 65, Status::RINVDSTADR);
pub(super) const NUMBER_OF_DESTS: Field = octet("number_of_dests", Status::RINVNUMDESTS);
pub(super) const DEST_FLAG: Field = octet("dest_flag", Status::RINVDESTFLAG);
pub(super) const DL_NAME: Field = string("dl_name", 21, Status::RINVDLNAME);
pub(super) const ESM_CLASS: Field = octet("esm_class", Status::RINVESMCLASS);
pub(super) const PROTOCOL_ID: Field = octet("protocol_id", Status::RINVCMDLEN);
pub(super) const PRIORITY_FLAG: Field = octet("priority_flag", Status::RINVPRTFLG);
pub(super) const SCHEDULE: Field = string("schedule_delivery_time", TIME_MAX, Status::RINVSCHED);
pub(super) const VALIDITY: Field = string("validity_period", TIME_MAX, Status::RINVEXPIRY);
pub(super) const REGISTERED_DELIVERY: Field = octet("registered_delivery", Status::RINVREGDLVFLG);
pub(super) const REPLACE_IF_PRESENT: Field = octet("replace_if_present_flag", Status::RINVREPFLAG);
pub(super) const DATA_CODING: Field = octet("data_coding", Status::RINVDCS);
pub(super) const SM_DEFAULT_MSG_ID: Field = octet("sm_default_msg_id", Status::RINVDFTMSGID);
pub(super) const SHORT_MESSAGE: Field = string("short_message", 255, Status::RINVMSGLEN);
pub(super) const MESSAGE_ID: Field = longer("message_id", 65, 255, Status::RINVMSGID);
pub(super) const FINAL_DATE: Field = string("final_date", TIME_MAX, Status::RQUERYFAIL);
pub(super) const MESSAGE_STATE: Field = octet("message_state", Status::RQUERYFAIL);
pub(super) const ERROR_CODE: Field = octet("error_code", Status::RQUERYFAIL);
pub(super) const NO_UNSUCCESS: Field = octet("no_unsuccess", Status::RINVNUMDESTS);
pub(super) const ERROR_STATUS_CODE: Field = octet("error_status_code", Status::RINVCMDLEN);
