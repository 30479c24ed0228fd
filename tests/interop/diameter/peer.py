"""A Diameter node of python-diameter: answers all it is asked, and asks what it is told to.

peer.py IDENTITY REALM [tls CERTIFICATE KEY AUTHORITY] [listen IP PORT] peer URI REALM [IP] [do COMMAND:COUNT ...]

With an IP the peer is connected to. python-diameter has no TLS: that of Python stands before it in this process. Says `ready` when the peer is up, `done COMMAND COUNT` or `failed COMMAND WHY` after
each command, and `received COMMAND` for each request that it has answered. Ends at SIGTERM, with a DPR.
"""

import datetime
import os
import select
import signal
import socket
import ssl
import sys
import threading

from diameter.message import constants as c
from diameter.message.commands import (
    AccountingRequest,
    CancelLocationRequest,
    CreditControlRequest,
    PushNotificationRequest,
    SubscribeNotificationsRequest,
    UpdateLocationRequest,
    UserAuthorizationRequest,
    UserDataAnswer,
    UserDataRequest,
)
from diameter.message.avp.generator import AvpGenDef
from diameter.message.avp.grouped import (
    GrantedServiceUnit,
    RequestedServiceUnit,
    UsedServiceUnit,
    UserIdentity,
    VendorSpecificApplicationId,
)
from diameter.node import Node
from diameter.node.application import SimpleThreadingApplication

CREDIT, ACCOUNTING, CX, SH, S6A = 4, 3, 16777216, 16777217, 16777251
VENDOR_3GPP = 10415
ANSWER_WITHIN = 15
# Its definitions have the User-Data of Cx where that of Sh belongs.
for message in (UserDataAnswer, PushNotificationRequest):
    message.avp_def = tuple(
        AvpGenDef("user_data", c.AVP_TGPP_SH_USER_DATA, c.VENDOR_TGPP) if of.attr_name == "user_data" else of
        for of in message.avp_def
    )
# Its definition of this one request forgets the Session-Id.
UserAuthorizationRequest.avp_def = (
    AvpGenDef("session_id", c.AVP_SESSION_ID, is_required=True),
    *UserAuthorizationRequest.avp_def,
)
SUBSCRIBER = "sip:alice@ims.example"
IMSI = "001010123456789"
DOCUMENT = b"<?xml version=\"1.0\"?><Sh-Data/>"


saying = threading.Lock()


def say(*words):
    # Threads say things, too: a line at a time.
    with saying:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()


class Tls:
    """Takes connections at `entrance` and passes them on to `exit`, one of the two in TLS with certificates of both sides."""

    def __init__(self, files, entrance, exit, secured_name):
        certificate, key, authority = files
        # With a name to look for, we are the client.
        self.name, self.exit = secured_name, exit
        purpose = ssl.PROTOCOL_TLS_CLIENT if secured_name else ssl.PROTOCOL_TLS_SERVER
        self.context = ssl.SSLContext(purpose)
        self.context.load_cert_chain(certificate, key)
        self.context.load_verify_locations(authority)
        self.context.verify_mode = ssl.CERT_REQUIRED
        if keys := os.environ.get("SSLKEYLOGFILE"):
            self.context.keylog_filename = keys
        self.listener = socket.create_server(entrance)
        threading.Thread(target=self.serve, daemon=True).start()

    def port(self):
        return self.listener.getsockname()[1]

    def serve(self):
        while True:
            came, _ = self.listener.accept()
            threading.Thread(target=self.join, args=(came,), daemon=True).start()

    def join(self, came):
        try:
            if self.name:
                clear = came
                secure = self.context.wrap_socket(socket.create_connection(self.exit), server_hostname=self.name)
            else:
                secure = self.context.wrap_socket(came, server_side=True)
                clear = socket.create_connection(self.exit)
        except OSError as error:
            say("tls", repr(error))
            came.close()
            return
        say("tls", secure.version())
        try:
            while self.pump(clear, secure):
                pass
        except OSError as error:
            say("tls", repr(error))
        clear.close()
        secure.close()

    @staticmethod
    def pump(clear, secure):
        ready = [secure] if secure.pending() else select.select([clear, secure], [], [])[0]
        for source in ready:
            # What is readable may be no data, such as a session ticket.
            source.settimeout(0)
            try:
                data = source.recv(65536)
            except (ssl.SSLWantReadError, BlockingIOError):
                continue
            finally:
                source.settimeout(None)
            if not data:
                return False
            (clear if source is secure else secure).sendall(data)
        return True


class Peer:
    def __init__(self, identity, realm, listen, uri, peer_realm, address, tls):
        ip, port = listen if listen else (None, None)
        if tls and listen:
            Tls(tls, (ip, int(port)), (ip, int(port) + 1), None)
            port = int(port) + 1
        elif tls:
            host, there = uri.split("://")[1].split(":")
            front = Tls(tls, ("127.0.0.1", 0), (address, int(there)), host)
            uri, address = f"aaa://{host}:{front.port()}", "127.0.0.1"
        self.node = Node(identity, realm, [ip] if ip else None, int(port) if port else None)
        # How soon it looks at its timers: the least that any of them can be.
        self.node.wakeup_interval = 1
        self.realm, self.peer_realm = realm, peer_realm
        peer = self.node.add_peer(uri, peer_realm, [address] if address else [], is_persistent=bool(address))
        peer.reconnect_wait = 1
        self.peer_host = uri.split("://")[1].split(":")[0].split(";")[0]
        self.apps = {}
        for app_id in (CREDIT, ACCOUNTING, CX, SH, S6A):
            accounting = app_id == ACCOUNTING
            app = SimpleThreadingApplication(
                app_id,
                is_acct_application=accounting,
                is_auth_application=not accounting,
                request_handler=self.answer,
            )
            self.node.add_application(app, [peer], [realm, peer_realm])
            self.apps[app_id] = app

    def answer(self, app, request):
        answer = app.generate_answer(request, result_code=c.E_RESULT_CODE_DIAMETER_SUCCESS)
        name = type(request).__name__.removesuffix("Request")
        if app.application_id > 0xFFFFFF:
            answer.auth_application_id = None
            self.vendor_specific(answer, app.application_id)
        if name == "CreditControl":
            answer.cc_request_type = request.cc_request_type
            answer.cc_request_number = request.cc_request_number
            for service in request.multiple_services_credit_control:
                answer.add_multiple_services_credit_control(
                    granted_service_unit=GrantedServiceUnit(cc_time=60),
                    rating_group=service.rating_group,
                    result_code=c.E_RESULT_CODE_DIAMETER_SUCCESS,
                )
        elif name == "Accounting":
            answer.accounting_record_type = request.accounting_record_type
            answer.accounting_record_number = request.accounting_record_number
        elif name == "UserData":
            answer.user_data = DOCUMENT
        elif name == "UpdateLocation":
            answer.ula_flags = 1
        self.afterwards(name, request)
        say("received", name)
        return answer

    def afterwards(self, name, request):
        """What a server sends of its own accord."""
        more = {"SubscribeNotifications": self.pnr, "UpdateLocation": self.clr}.get(name)
        if more:
            host = request.origin_host.decode()
            threading.Thread(target=self.attempt, args=(more, f"{name}-notified", host)).start()

    def attempt(self, send, name, host):
        try:
            send(host)
            say("done", name, 1)
        except Exception as error:
            say("failed", name, repr(error))

    def vendor_specific(self, message, app_id):
        message.vendor_specific_application_id = VendorSpecificApplicationId(
            vendor_id=VENDOR_3GPP, auth_application_id=app_id
        )
        message.auth_session_state = c.E_AUTH_SESSION_STATE_NO_STATE_MAINTAINED

    def request(self, kind, app_id, host=None, session=None):
        message = kind()
        message.session_id = session or self.node.session_generator.next_id()
        message.origin_host = self.node.origin_host.encode()
        message.origin_realm = self.realm.encode()
        message.destination_realm = self.peer_realm.encode()
        message.header.application_id = app_id
        if host:
            message.destination_host = host.encode()
        if app_id > 0xFFFFFF:
            self.vendor_specific(message, app_id)
        return message

    def send(self, message):
        app = self.apps[message.header.application_id]
        answer = app.send_request(message, ANSWER_WITHIN)
        if answer.result_code != c.E_RESULT_CODE_DIAMETER_SUCCESS:
            raise ValueError(f"Result-Code {answer.result_code} {getattr(answer, 'error_message', None)}")
        if answer.session_id != message.session_id:
            raise ValueError(f"Session-Id {answer.session_id} instead of {message.session_id}")
        return answer

    def ccr(self, _host):
        session = self.node.session_generator.next_id()
        for number, kind in enumerate((1, 2, 3)):
            message = self.request(CreditControlRequest, CREDIT, session=session)
            message.auth_application_id = CREDIT
            message.service_context_id = "32260@3gpp.org"
            message.cc_request_type = kind
            message.cc_request_number = number
            message.event_timestamp = datetime.datetime.now()
            message.add_multiple_services_credit_control(
                rating_group=1,
                requested_service_unit=RequestedServiceUnit(cc_time=60) if kind < 3 else None,
                used_service_unit=UsedServiceUnit(cc_time=10) if kind > 1 else None,
            )
            answer = self.send(message)
            if (answer.cc_request_type, answer.cc_request_number) != (kind, number):
                raise ValueError(f"answer to {answer.cc_request_type} {answer.cc_request_number}")

    def acr(self, _host):
        session = self.node.session_generator.next_id()
        for number, kind in enumerate((2, 3, 4)):
            message = self.request(AccountingRequest, ACCOUNTING, session=session)
            message.acct_application_id = ACCOUNTING
            message.accounting_record_type = kind
            message.accounting_record_number = number
            answer = self.send(message)
            if (answer.accounting_record_type, answer.accounting_record_number) != (kind, number):
                raise ValueError(f"answer to {answer.accounting_record_type} {answer.accounting_record_number}")

    def udr(self, _host):
        message = self.request(UserDataRequest, SH)
        message.user_identity = UserIdentity(public_identity=SUBSCRIBER)
        message.data_reference = [0]
        if not self.send(message).user_data:
            raise ValueError("no User-Data")

    def snr(self, _host):
        message = self.request(SubscribeNotificationsRequest, SH)
        message.user_identity = UserIdentity(public_identity=SUBSCRIBER)
        message.subs_req_type = 0
        message.data_reference = [0]
        self.send(message)

    def pnr(self, host):
        message = self.request(PushNotificationRequest, SH, host or self.peer_host)
        message.user_identity = UserIdentity(public_identity=SUBSCRIBER)
        message.user_data = DOCUMENT
        self.send(message)

    def ulr(self, _host):
        message = self.request(UpdateLocationRequest, S6A)
        message.user_name = IMSI
        message.rat_type = 1004
        message.ulr_flags = 2
        message.visited_plmn_id = bytes.fromhex("00f110")
        self.send(message)

    def clr(self, host):
        message = self.request(CancelLocationRequest, S6A, host or self.peer_host)
        message.user_name = IMSI
        message.cancellation_type = 0
        self.send(message)

    def uar(self, _host):
        message = self.request(UserAuthorizationRequest, CX)
        message.user_name = "alice@ims.example"
        message.public_identity = SUBSCRIBER
        message.visited_network_identifier = b"visited.example"
        self.send(message)

    def run(self, commands):
        self.node.start()
        for app in self.apps.values():
            app.wait_for_ready(60)
        say("ready")
        for command in commands:
            name, count = command.split(":")
            try:
                for _ in range(int(count)):
                    getattr(self, name)(None)
                say("done", name, count)
            except Exception as error:
                say("failed", name, repr(error))


def main(args):
    identity, realm = args[:2]
    rest, listen, commands, uri, peer_realm, address = args[2:], None, [], None, None, None
    tls = None
    while rest:
        word = rest.pop(0)
        if word == "tls":
            tls = (rest.pop(0), rest.pop(0), rest.pop(0))
        elif word == "listen":
            listen = (rest.pop(0), rest.pop(0))
        elif word == "peer":
            uri, peer_realm = rest.pop(0), rest.pop(0)
            if rest and rest[0] not in ("do", "listen"):
                address = rest.pop(0)
        elif word == "do":
            commands, rest = rest, []
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    peer = Peer(identity, realm, listen, uri, peer_realm, address, tls)
    threading.Thread(target=peer.run, args=(commands,), daemon=True).start()
    ended.wait()
    peer.node.stop(wait_timeout=5)
    say("ended")
    # Threads of its own would keep it for as long as the other side tries to connect.
    os._exit(0)


main(sys.argv[1:])
