//! One PDU: which command it is, and its body.

use bytes::Bytes;

use super::read::{Bad, Reader};
use super::write::{self, Writer};
use super::{
    Alert, Bind, BindResp, Broadcast, Cancel, CancelBroadcast, Data, EncodeError, Fault, Header,
    MessageIdResp, Outbind, Policy, Query, QueryBroadcast, QueryResp, Replace, Status, Submit,
    SubmitMulti, SubmitMultiResp, Tlvs, command, tlv,
};

/// A PDU without its header, borrowed from the octets that it was read from or that it is to be written from.
///
/// Commands without parameters have TLVs at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum Pdu<'a> {
    BindReceiver(Bind<'a>),
    BindReceiverResp(BindResp<'a>),
    BindTransmitter(Bind<'a>),
    BindTransmitterResp(BindResp<'a>),
    BindTransceiver(Bind<'a>),
    BindTransceiverResp(BindResp<'a>),
    Outbind(Outbind<'a>),
    Unbind(Tlvs<'a>),
    UnbindResp(Tlvs<'a>),
    EnquireLink(Tlvs<'a>),
    EnquireLinkResp(Tlvs<'a>),
    GenericNack(Tlvs<'a>),
    SubmitSm(Submit<'a>),
    SubmitSmResp(MessageIdResp<'a>),
    DeliverSm(Submit<'a>),
    DeliverSmResp(MessageIdResp<'a>),
    DataSm(Data<'a>),
    DataSmResp(MessageIdResp<'a>),
    SubmitMulti(SubmitMulti<'a>),
    SubmitMultiResp(SubmitMultiResp<'a>),
    QuerySm(Query<'a>),
    QuerySmResp(QueryResp<'a>),
    CancelSm(Cancel<'a>),
    CancelSmResp(Tlvs<'a>),
    ReplaceSm(Replace<'a>),
    ReplaceSmResp(Tlvs<'a>),
    AlertNotification(Alert<'a>),
    BroadcastSm(Broadcast<'a>),
    BroadcastSmResp(MessageIdResp<'a>),
    QueryBroadcastSm(QueryBroadcast<'a>),
    QueryBroadcastSmResp(MessageIdResp<'a>),
    CancelBroadcastSm(CancelBroadcast<'a>),
    CancelBroadcastSmResp(Tlvs<'a>),
    /// A command that the standard does not define.
    Unknown {
        command: u32,
        body: &'a [u8],
    },
    /// A response without the body that its command has: it says that the request failed, or the lenient policy has taken it.
    Bodyless {
        command: u32,
    },
}

impl<'a> Pdu<'a> {
    /// Reads one whole PDU.
    ///
    /// # Errors
    ///
    /// What is wrong with it and what its response says.
    pub fn parse(frame: &'a [u8], policy: Policy) -> Result<(Header, Self), Fault> {
        let whole = Header::read(frame).filter(|header| header.length as usize == frame.len());
        let Some(header) = whole else {
            return Err(cut(frame));
        };
        match Self::body(&header, frame, policy) {
            Ok(pdu) => Ok((header, pdu)),
            Err(bad) => Err(Fault {
                header,
                status: bad.status,
                field: bad.field,
                offset: u32::try_from(bad.offset).unwrap_or(u32::MAX),
            }),
        }
    }

    fn body(header: &Header, frame: &'a [u8], policy: Policy) -> Result<Self, Bad> {
        let mut reader = Reader::new(frame, policy);
        let command = header.command;
        let failed = header.is_response() && !header.status.is_ok();
        if failed && reader.is_at_end() && has_body(command) {
            return Ok(Self::Bodyless { command });
        }
        match Self::known(command, &mut reader) {
            // What a refusal says besides its status is of no meaning.
            Err(_) if failed && policy == Policy::Lenient => {
                Self::body(header, &frame[..super::HEADER_LEN], policy)
            }
            read => read,
        }
    }

    fn known(command: u32, r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(match command {
            command::SUBMIT_SM => Self::SubmitSm(Submit::read(r)?),
            command::SUBMIT_SM_RESP => Self::SubmitSmResp(MessageIdResp::read(r)?),
            command::DELIVER_SM => Self::DeliverSm(Submit::read(r)?),
            command::DELIVER_SM_RESP => Self::DeliverSmResp(MessageIdResp::read(r)?),
            command::DATA_SM => Self::DataSm(Data::read(r)?),
            command::DATA_SM_RESP => Self::DataSmResp(MessageIdResp::read(r)?),
            command::SUBMIT_MULTI => Self::SubmitMulti(SubmitMulti::read(r)?),
            command::SUBMIT_MULTI_RESP => Self::SubmitMultiResp(SubmitMultiResp::read(r)?),
            command::QUERY_SM => Self::QuerySm(Query::read(r)?),
            command::QUERY_SM_RESP => Self::QuerySmResp(QueryResp::read(r)?),
            command::CANCEL_SM => Self::CancelSm(Cancel::read(r)?),
            command::CANCEL_SM_RESP => Self::CancelSmResp(r.tlvs()?),
            command::REPLACE_SM => Self::ReplaceSm(Replace::read(r)?),
            command::REPLACE_SM_RESP => Self::ReplaceSmResp(r.tlvs()?),
            command::ALERT_NOTIFICATION => Self::AlertNotification(Alert::read(r)?),
            command::BROADCAST_SM => Self::BroadcastSm(Broadcast::read(r)?),
            command::BROADCAST_SM_RESP => Self::BroadcastSmResp(MessageIdResp::read(r)?),
            command::QUERY_BROADCAST_SM => Self::QueryBroadcastSm(QueryBroadcast::read(r)?),
            command::QUERY_BROADCAST_SM_RESP => Self::QueryBroadcastSmResp(MessageIdResp::read(r)?),
            command::CANCEL_BROADCAST_SM => Self::CancelBroadcastSm(CancelBroadcast::read(r)?),
            command::CANCEL_BROADCAST_SM_RESP => Self::CancelBroadcastSmResp(r.tlvs()?),
            _ => return Self::of_session(command, r),
        })
    }

    fn of_session(command: u32, r: &mut Reader<'a>) -> Result<Self, Bad> {
        Ok(match command {
            command::BIND_RECEIVER => Self::BindReceiver(Bind::read(r)?),
            command::BIND_RECEIVER_RESP => Self::BindReceiverResp(BindResp::read(r)?),
            command::BIND_TRANSMITTER => Self::BindTransmitter(Bind::read(r)?),
            command::BIND_TRANSMITTER_RESP => Self::BindTransmitterResp(BindResp::read(r)?),
            command::BIND_TRANSCEIVER => Self::BindTransceiver(Bind::read(r)?),
            command::BIND_TRANSCEIVER_RESP => Self::BindTransceiverResp(BindResp::read(r)?),
            command::OUTBIND => Self::Outbind(Outbind::read(r)?),
            command::UNBIND => Self::Unbind(r.tlvs()?),
            command::UNBIND_RESP => Self::UnbindResp(r.tlvs()?),
            command::ENQUIRE_LINK => Self::EnquireLink(r.tlvs()?),
            command::ENQUIRE_LINK_RESP => Self::EnquireLinkResp(r.tlvs()?),
            command::GENERIC_NACK => Self::GenericNack(r.tlvs()?),
            _ => Self::Unknown {
                command,
                body: r.rest(),
            },
        })
    }

    /// The PDU's command_id.
    #[must_use]
    pub const fn command(&self) -> u32 {
        match self {
            Self::BindReceiver(_) => command::BIND_RECEIVER,
            Self::BindReceiverResp(_) => command::BIND_RECEIVER_RESP,
            Self::BindTransmitter(_) => command::BIND_TRANSMITTER,
            Self::BindTransmitterResp(_) => command::BIND_TRANSMITTER_RESP,
            Self::BindTransceiver(_) => command::BIND_TRANSCEIVER,
            Self::BindTransceiverResp(_) => command::BIND_TRANSCEIVER_RESP,
            Self::Outbind(_) => command::OUTBIND,
            Self::Unbind(_) => command::UNBIND,
            Self::UnbindResp(_) => command::UNBIND_RESP,
            Self::EnquireLink(_) => command::ENQUIRE_LINK,
            Self::EnquireLinkResp(_) => command::ENQUIRE_LINK_RESP,
            Self::GenericNack(_) => command::GENERIC_NACK,
            Self::SubmitSm(_) => command::SUBMIT_SM,
            Self::SubmitSmResp(_) => command::SUBMIT_SM_RESP,
            Self::DeliverSm(_) => command::DELIVER_SM,
            Self::DeliverSmResp(_) => command::DELIVER_SM_RESP,
            Self::DataSm(_) => command::DATA_SM,
            Self::DataSmResp(_) => command::DATA_SM_RESP,
            Self::SubmitMulti(_) => command::SUBMIT_MULTI,
            Self::SubmitMultiResp(_) => command::SUBMIT_MULTI_RESP,
            Self::QuerySm(_) => command::QUERY_SM,
            Self::QuerySmResp(_) => command::QUERY_SM_RESP,
            Self::CancelSm(_) => command::CANCEL_SM,
            Self::CancelSmResp(_) => command::CANCEL_SM_RESP,
            Self::ReplaceSm(_) => command::REPLACE_SM,
            Self::ReplaceSmResp(_) => command::REPLACE_SM_RESP,
            Self::AlertNotification(_) => command::ALERT_NOTIFICATION,
            Self::BroadcastSm(_) => command::BROADCAST_SM,
            Self::BroadcastSmResp(_) => command::BROADCAST_SM_RESP,
            Self::QueryBroadcastSm(_) => command::QUERY_BROADCAST_SM,
            Self::QueryBroadcastSmResp(_) => command::QUERY_BROADCAST_SM_RESP,
            Self::CancelBroadcastSm(_) => command::CANCEL_BROADCAST_SM,
            Self::CancelBroadcastSmResp(_) => command::CANCEL_BROADCAST_SM_RESP,
            Self::Unknown { command, .. } | Self::Bodyless { command } => *command,
        }
    }

    /// The PDU's TLVs.
    #[must_use]
    pub const fn tlvs(&self) -> Tlvs<'a> {
        match self {
            Self::BindReceiver(it) | Self::BindTransmitter(it) | Self::BindTransceiver(it) => {
                it.tlvs
            }
            Self::BindReceiverResp(it)
            | Self::BindTransmitterResp(it)
            | Self::BindTransceiverResp(it) => it.tlvs,
            Self::Outbind(it) => it.tlvs,
            Self::Unbind(tlvs)
            | Self::UnbindResp(tlvs)
            | Self::EnquireLink(tlvs)
            | Self::EnquireLinkResp(tlvs)
            | Self::GenericNack(tlvs)
            | Self::CancelSmResp(tlvs)
            | Self::ReplaceSmResp(tlvs)
            | Self::CancelBroadcastSmResp(tlvs) => *tlvs,
            Self::SubmitSm(it) | Self::DeliverSm(it) => it.tlvs,
            Self::SubmitSmResp(it)
            | Self::DeliverSmResp(it)
            | Self::DataSmResp(it)
            | Self::BroadcastSmResp(it)
            | Self::QueryBroadcastSmResp(it) => it.tlvs,
            Self::DataSm(it) => it.tlvs,
            Self::SubmitMulti(it) => it.message.tlvs,
            Self::SubmitMultiResp(it) => it.tlvs,
            Self::QuerySm(it) => it.tlvs,
            Self::QuerySmResp(it) => it.tlvs,
            Self::CancelSm(it) => it.tlvs,
            Self::ReplaceSm(it) => it.tlvs,
            Self::AlertNotification(it) => it.tlvs,
            Self::BroadcastSm(it) => it.tlvs,
            Self::QueryBroadcastSm(it) => it.tlvs,
            Self::CancelBroadcastSm(it) => it.tlvs,
            Self::Unknown { .. } | Self::Bodyless { .. } => Tlvs::EMPTY,
        }
    }

    /// The response that says no more than `status` to a request of this command: with an empty message_id where the
    /// response has one, as peers look for its NUL also in a refusal; generic_nack where the command has no response.
    #[must_use]
    pub fn reply(request: u32, status: Status) -> Self {
        let answer = command::answer_of(request);
        match answer {
            command::GENERIC_NACK => Self::GenericNack(Tlvs::EMPTY),
            command::SUBMIT_SM_RESP => Self::SubmitSmResp(MessageIdResp::default()),
            command::DELIVER_SM_RESP => Self::DeliverSmResp(MessageIdResp::default()),
            command::DATA_SM_RESP => Self::DataSmResp(MessageIdResp::default()),
            command::SUBMIT_MULTI_RESP => Self::SubmitMultiResp(SubmitMultiResp::default()),
            command::UNBIND_RESP => Self::UnbindResp(Tlvs::EMPTY),
            command::ENQUIRE_LINK_RESP => Self::EnquireLinkResp(Tlvs::EMPTY),
            command::CANCEL_SM_RESP => Self::CancelSmResp(Tlvs::EMPTY),
            command::REPLACE_SM_RESP => Self::ReplaceSmResp(Tlvs::EMPTY),
            command::CANCEL_BROADCAST_SM_RESP => Self::CancelBroadcastSmResp(Tlvs::EMPTY),
            command::QUERY_SM_RESP if status.is_ok() => Self::QuerySmResp(QueryResp::default()),
            command::BROADCAST_SM_RESP if status.is_ok() => {
                Self::BroadcastSmResp(MessageIdResp::default())
            }
            command::QUERY_BROADCAST_SM_RESP if status.is_ok() => {
                Self::QueryBroadcastSmResp(MessageIdResp::default())
            }
            command => Self::Bodyless { command },
        }
    }

    /// Writes the PDU with its header.
    ///
    /// # Errors
    ///
    /// A value that its field cannot hold.
    pub fn encode(&self, status: Status, sequence: u32) -> Result<Bytes, EncodeError> {
        let mut out = Vec::new();
        self.append(&mut out, status, sequence, true, Tlvs::EMPTY)?;
        Ok(out.into())
    }

    /// Writes the PDU with its header behind what `out` has and, only if the peer knows TLVs, its TLVs and `more` behind them.
    pub(crate) fn append(
        &self,
        out: &mut Vec<u8>,
        status: Status,
        sequence: u32,
        knows_tlvs: bool,
        more: Tlvs<'_>,
    ) -> Result<(), EncodeError> {
        let header = write::header(self.command(), status, sequence);
        let room = self.room() + more.as_bytes().len();
        let mut writer = Writer::new(out, header, room, knows_tlvs);
        self.write(&mut writer);
        writer.tlvs(more);
        writer.finish()
    }

    /// About how long the body is.
    fn room(&self) -> usize {
        let tlvs = self.tlvs().as_bytes().len();
        let fields = if let Self::SubmitSm(it) | Self::DeliverSm(it) = self {
            96 + it.short_message.len()
        } else if let Self::SubmitSmResp(it) | Self::DeliverSmResp(it) = self {
            1 + it.message_id.len()
        } else {
            64
        };
        fields + tlvs
    }

    fn write(&self, w: &mut Writer<'_>) {
        match self {
            Self::BindReceiver(it) | Self::BindTransmitter(it) | Self::BindTransceiver(it) => {
                it.write(w);
            }
            Self::BindReceiverResp(it)
            | Self::BindTransmitterResp(it)
            | Self::BindTransceiverResp(it) => it.write(w),
            Self::Outbind(it) => it.write(w),
            Self::Unbind(tlvs)
            | Self::UnbindResp(tlvs)
            | Self::EnquireLink(tlvs)
            | Self::EnquireLinkResp(tlvs)
            | Self::GenericNack(tlvs)
            | Self::CancelSmResp(tlvs)
            | Self::ReplaceSmResp(tlvs)
            | Self::CancelBroadcastSmResp(tlvs) => w.tlvs(*tlvs),
            Self::SubmitSm(it) | Self::DeliverSm(it) => it.write(w),
            Self::SubmitSmResp(it)
            | Self::DeliverSmResp(it)
            | Self::DataSmResp(it)
            | Self::BroadcastSmResp(it)
            | Self::QueryBroadcastSmResp(it) => it.write(w),
            Self::DataSm(it) => it.write(w),
            Self::SubmitMulti(it) => it.write(w),
            Self::SubmitMultiResp(it) => it.write(w),
            Self::QuerySm(it) => it.write(w),
            Self::QuerySmResp(it) => it.write(w),
            Self::CancelSm(it) => it.write(w),
            Self::ReplaceSm(it) => it.write(w),
            Self::AlertNotification(it) => it.write(w),
            Self::BroadcastSm(it) => it.write(w),
            Self::QueryBroadcastSm(it) => it.write(w),
            Self::CancelBroadcastSm(it) => it.write(w),
            Self::Unknown { body, .. } => {
                w.octets(body);
            }
            Self::Bodyless { .. } => {}
        }
    }

    /// Whether part of the meaning stands in TLVs: a peer that knows none would get another message.
    #[must_use]
    pub fn needs_tlvs(&self) -> bool {
        self.tlvs().iter().any(|(tag, _)| {
            matches!(
                tag,
                tlv::MESSAGE_PAYLOAD
                    | tlv::SAR_MSG_REF_NUM
                    | tlv::SAR_TOTAL_SEGMENTS
                    | tlv::SAR_SEGMENT_SEQNUM
            )
        })
    }
}

/// What is shorter or longer than its header says, or has none.
fn cut(frame: &[u8]) -> Fault {
    let mut head = [0; super::HEADER_LEN];
    let there = frame.len().min(head.len());
    head[..there].copy_from_slice(&frame[..there]);
    let none = write::header(0, Status::ROK, 0);
    Fault {
        header: Header::read(&head).unwrap_or(none),
        status: Status::RINVCMDLEN,
        field: "command_length",
        offset: 0,
    }
}

/// Whether a response of this command has parameters.
const fn has_body(response: u32) -> bool {
    matches!(
        response,
        command::BIND_RECEIVER_RESP
            | command::BIND_TRANSMITTER_RESP
            | command::BIND_TRANSCEIVER_RESP
            | command::SUBMIT_SM_RESP
            | command::DELIVER_SM_RESP
            | command::DATA_SM_RESP
            | command::SUBMIT_MULTI_RESP
            | command::QUERY_SM_RESP
            | command::BROADCAST_SM_RESP
            | command::QUERY_BROADCAST_SM_RESP
    )
}
