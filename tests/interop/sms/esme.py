"""An ESME: smpplib, smpp34 or rusmppyc. esme.py WHICH HOST PORT SYSTEM_ID PASSWORD CA|- MESSAGES

Binds as a transceiver, submits the texts, waits for a receipt of each and for so many messages, unbinds. It tells, a line each:
`bound VERSION`, `sent CODING ESM_CLASS HEX`, `submitted ID`, `receipt ID STAT`, `message FROM CODING HEX`, `ended`.
"""

import asyncio
import contextlib
import os
import re
import socket
import ssl
import sys
import time

DESTINATION = "31600000001"
SOURCE = "12345"
PATIENCE = 30


def say(*words):
    print(*words, flush=True)


def parts(text):
    """Parts as (coding, esm_class, octets): in one if it fits, else with an 8-bit reference."""
    if all(ord(c) < 128 for c in text):
        coding, octets, single, multi = 0, text.encode("ascii"), 160, 153
    else:
        coding, octets, single, multi = 8, text.encode("utf-16-be"), 140, 134
    if len(octets) <= single:
        return [(coding, 0, octets)]
    pieces = [octets[n : n + multi] for n in range(0, len(octets), multi)]
    head = lambda n: bytes([5, 0, 3, 77, len(pieces), n + 1])
    return [(coding, 0x40, head(n) + piece) for n, piece in enumerate(pieces)]


TEXTS = ["plain", "Привет 👋", "long " * 40, "длинный " * 12]
PARTS = [part for text in TEXTS for part in parts(text)]


def tell(esm_class, coding, source, octets):
    """A deliver_sm; answers whether it is a receipt."""
    if esm_class & 0x3C == 4:
        text = octets.decode("ascii")
        found = re.search(r"id:(\S+) .*stat:(\S+)", text)
        say("receipt", found.group(1), found.group(2))
        return True
    say("message", source, coding, octets.hex())
    return False


class Counts:
    def __init__(self, messages):
        self.receipts, self.messages = len(PARTS), messages

    def took(self, receipt):
        if receipt:
            self.receipts -= 1
        else:
            self.messages -= 1

    def done(self):
        return self.receipts <= 0 and self.messages <= 0


def trusting(ca):
    if ca == "-":
        return None
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False
    context.keylog_filename = "keys.log"
    return context


def smpplib(host, port, system_id, password, ca, messages):
    import smpplib.client

    client = smpplib.client.Client(
        host, port, timeout=5, ssl_context=trusting(ca), allow_unknown_opt_params=True
    )
    counts, waiting = Counts(messages), []

    def submitted(pdu):
        waiting.remove(pdu.sequence)
        say("submitted", pdu.message_id.decode())

    def received(pdu):
        counts.took(tell(pdu.esm_class, pdu.data_coding, pdu.source_addr.decode(), pdu.short_message or b""))

    client.set_message_sent_handler(submitted)
    client.set_message_received_handler(received)
    client.connect()
    answer = client.bind_transceiver(system_id=system_id, password=password)
    say("bound", getattr(answer, "sc_interface_version", None))
    for coding, esm_class, octets in PARTS:
        say("sent", coding, esm_class, octets.hex())
        pdu = client.send_message(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=SOURCE,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=DESTINATION,
            short_message=octets,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=True,
        )
        waiting.append(pdu.sequence)
        client.read_once()
    deadline = time.monotonic() + PATIENCE
    while (waiting or not counts.done()) and time.monotonic() < deadline:
        client.read_once()
    client.unbind()
    client.disconnect()
    return counts.done()


async def smpp34(host, port, system_id, password, ca, messages):
    import smpp34

    client = smpp34.Client(host, port, system_id, password, bind_type="TRX", tls=ca != "-")
    smsc = await client.connect()
    say("bound", smsc.system_id)
    counts = Counts(messages)

    async def listen():
        while not counts.done():
            event = await smsc.next()
            if isinstance(event, smpp34.Disconnected):
                return
            counts.took(tell(event.esm_class, event.data_coding, event.source_addr, bytes(event.short_message)))

    listening = asyncio.create_task(listen())
    for coding, esm_class, octets in PARTS:
        say("sent", coding, esm_class, octets.hex())
        answer = await smsc.submit_sm(
            destination_addr=DESTINATION,
            source_addr=SOURCE,
            source_addr_ton=1,
            source_addr_npi=1,
            dest_addr_ton=1,
            dest_addr_npi=1,
            short_message=octets,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=1,
        )
        say("submitted", answer.message_id)
    await asyncio.wait_for(listening, PATIENCE)
    await smsc.unbind()
    return counts.done()


async def before_tls(host, port, tls):
    """A port of this process, and what is said there goes on over TLS: for a client that takes no certificates of ours."""

    async def pump(source, sink):
        with contextlib.suppress(OSError):
            while octets := await source.read(65536):
                sink.write(octets)
                await sink.drain()
        sink.close()

    async def serve(reader, writer):
        far_reader, far_writer = await asyncio.open_connection(host, port, ssl=tls)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


async def rusmppyc(host, port, system_id, password, ca, messages):
    import rusmppyc as r

    if tls := trusting(ca):
        host, port = "127.0.0.1", await before_tls(host, port, tls)
    # Not over a connection of asyncio's: of that it loses what comes while it writes.
    client, events = await r.Client.connect(f"smpp://{host}:{port}", interface_version_check=False)
    counts, all_there = Counts(messages), asyncio.Event()

    async def listen():
        async for event in events:
            match event:
                case r.Event.Incoming(command):
                    match command.pdu:
                        case r.Pdu.DeliverSm(sm):
                            receipt = "DeliveryReceipt" in repr(sm.esm_class.message_type)
                            coding = 8 if "Ucs2" in repr(sm.data_coding) else 0
                            source = bytes(sm.source_addr).rstrip(b"\0").decode()
                            counts.took(tell(4 if receipt else 0, coding, source, bytes(sm.short_message)))
                            await client.deliver_sm_resp(command.sequence_number)
                            if counts.done():
                                all_there.set()
                case r.Event.Error(error):
                    say("error", error)

    listening = asyncio.create_task(listen())
    answer = await client.bind_transceiver(
        system_id=system_id, password=password, interface_version=r.InterfaceVersion.Smpp5_0()
    )
    say("bound", answer.sc_interface_version)
    receipt = r.RegisteredDelivery(
        mc_delivery_receipt=r.MCDeliveryReceipt.McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsSuccessOrFailure()
    )
    for coding, esm_class, octets in PARTS:
        say("sent", coding, esm_class, octets.hex())
        features = r.GsmFeatures.UdhiIndicator() if esm_class else r.GsmFeatures.NotSelected()
        answer = await client.submit_sm(
            source_addr_ton=r.Ton.International(),
            source_addr_npi=r.Npi.Isdn(),
            source_addr=SOURCE,
            dest_addr_ton=r.Ton.International(),
            dest_addr_npi=r.Npi.Isdn(),
            destination_addr=DESTINATION,
            short_message=octets,
            data_coding=r.DataCoding.Ucs2() if coding else r.DataCoding.McSpecific(),
            esm_class=r.EsmClass(gsm_features=features),
            registered_delivery=receipt,
        )
        say("submitted", bytes(answer.message_id).rstrip(b"\0").decode())
    await asyncio.wait_for(all_there.wait(), PATIENCE)
    await client.unbind()
    # The node closes when it has answered: the rest is a race.
    with contextlib.suppress(r.exceptions.RusmppycException):
        await client.close()
        await client.closed()
    listening.cancel()
    return counts.done()


def main():
    which, host, port, system_id, password, ca, messages = sys.argv[1:]
    run = {"smpplib": smpplib, "smpp34": smpp34, "rusmppyc": rusmppyc}[which]
    good = run(host, int(port), system_id, password, ca, int(messages))
    if asyncio.iscoroutine(good):
        good = asyncio.run(good)
    say("ended" if good else "not all came")
    # smpp34 may crash in its threads when the interpreter ends.
    os._exit(0 if good else 1)


if __name__ == "__main__":
    socket.setdefaulttimeout(PATIENCE)
    main()
