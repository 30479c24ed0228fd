"""A pjsua2 phone: commands as lines of JSON on standard input, what happens as lines of JSON on standard output.

The lines are those of src/flows/phone.rs. Everything runs on one thread; the library is polled.
"""

import ctypes
import glob
import json
import os
import select
import sys

import pjsua2 as pj

HERE = json.loads(sys.argv[1])
CALLS = {}


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Call(pj.Call):
    """One call; `name` is what commands and events call it."""

    def __init__(self, account, name, call_id=pj.PJSUA_INVALID_ID):
        super().__init__(account, call_id)
        self.name = name
        self.confirmed = False
        CALLS[name] = self

    def onCallState(self, _prm):
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC:
            tell("ringing", call=self.name, code=info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            tell("confirmed", call=self.name, peer=info.remoteUri)
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            tell("ended", call=self.name, code=info.lastStatusCode)

    def onCallTsxState(self, prm):
        tsx = prm.e.body.tsxState.tsx
        if tsx.method == "PRACK" and tsx.state == pj.PJSIP_TSX_STATE_COMPLETED:
            tell("acknowledged", call=self.name, code=tsx.statusCode)

    def onCallMediaState(self, _prm):
        info = self.getInfo()
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO:
                names = {
                    pj.PJSUA_CALL_MEDIA_ACTIVE: "active",
                    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD: "local-hold",
                    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD: "remote-hold",
                }
                tell("media", call=self.name, state=names.get(media.status, "none"))

    def onCallTransferRequest(self, prm):
        tell("transfer-asked", call=self.name, to=prm.dstUri)
        prm.newCall = Call(self.account, self.name + "-moved")

    def onCallReplaceRequest(self, _prm):
        tell("replace-asked", call=self.name)

    def onCallReplaced(self, prm):
        Call(ACCOUNT, self.name + "-replaced", prm.newCallId)
        tell("replaced", call=self.name)

    def onCallTransferStatus(self, prm):
        tell("transfer-status", call=self.name, code=prm.statusCode, final=prm.finalNotify)


class Account(pj.Account):
    def onRegState(self, prm):
        tell("registered" if prm.code == 200 and prm.expiration else "register", code=prm.code, expires=prm.expiration)

    def onIncomingCall(self, prm):
        name = "in%d" % (1 + sum(1 for name in CALLS if name.startswith("in")))
        call = Call(self, name, prm.callId)
        call.account = self
        tell("incoming", call=name, peer=call.getInfo().remoteUri)
        op = pj.CallOpParam()
        op.statusCode = 180
        call.answer(op)
        if HERE.get("answer", True):
            answer(call)

    def onInstantMessage(self, prm):
        tell("message", peer=prm.fromUri, text=prm.msgBody)

    def onInstantMessageStatus(self, prm):
        tell("message-status", code=prm.code)


def answer(call):
    op = pj.CallOpParam()
    op.statusCode = 200
    call.answer(op)


def transport(endpoint):
    kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
    config = pj.TransportConfig()
    config.boundAddress = HERE["address"]
    config.port = 5061 if HERE["transport"] == "tls" else 5060
    if HERE["transport"] == "tls":
        config.tlsConfig.CaListFile = HERE["ca"]
        config.tlsConfig.certFile = HERE["certificate"]
        config.tlsConfig.privKeyFile = HERE["key"]
        config.tlsConfig.verifyServer = True
    return endpoint.transportCreate(kinds[HERE["transport"]], config)


def wake_openssl():
    """The wheel takes MD5 and SHA-256 from OpenSSL 1.0, and wakes that up for TLS only."""
    libraries = os.path.join(os.path.dirname(pj.__file__), os.pardir, "pjsua2_python.libs")
    for found in glob.glob(os.path.join(libraries, "libcrypto-*")):
        ctypes.CDLL(found).OPENSSL_add_all_algorithms_noconf()


def account(bound):
    config = pj.AccountConfig()
    config.idUri = HERE["uri"]
    config.sipConfig.transportId = bound
    if "proxy" in HERE:
        config.sipConfig.proxies.append(HERE["proxy"])
    if "registrar" in HERE:
        config.regConfig.registrarUri = HERE["registrar"]
        config.regConfig.timeoutSec = 120
        config.regConfig.registerOnAdd = True
    if "password" in HERE:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", HERE["user"], 0, HERE["password"]))
    if "timers" in HERE:
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_REQUIRED
        config.callConfig.timerMinSESec = 90
        config.callConfig.timerSessExpiresSec = HERE["timers"]
    if HERE.get("prack"):
        config.callConfig.prackUse = pj.PJSUA_100REL_MANDATORY
    config.natConfig.iceEnabled = False
    config.mediaConfig.transportConfig.boundAddress = HERE["address"]
    config.mediaConfig.transportConfig.port = 0
    made = Account()
    made.create(config)
    return made


def obey(line):
    what = json.loads(line)
    do, call = what["do"], CALLS.get(what.get("call"))
    op = pj.CallOpParam(True)
    if do == "call":
        made = Call(ACCOUNT, what["call"])
        made.account = ACCOUNT
        made.makeCall(what["to"], op)
    elif do == "answer":
        answer(call)
    elif do == "reject":
        op.statusCode = what["code"]
        call.hangup(op)
    elif do == "hangup":
        call.hangup(pj.CallOpParam())
    elif do == "hold":
        call.setHold(pj.CallOpParam())
    elif do == "resume":
        op.opt.flag = pj.PJSUA_CALL_UNHOLD
        call.reinvite(op)
    elif do == "update":
        call.update(op)
    elif do == "transfer":
        call.xfer(what["to"], pj.CallOpParam())
    elif do == "attend":
        call.xferReplaces(CALLS[what["other"]], pj.CallOpParam())
    elif do == "message":
        buddy = pj.Buddy()
        config = pj.BuddyConfig()
        config.uri = what["to"]
        buddy.create(ACCOUNT, config)
        param = pj.SendInstantMessageParam()
        param.content = what["text"]
        buddy.sendInstantMessage(param)
        KEPT.append(buddy)
    elif do == "unregister":
        ACCOUNT.setRegistration(False)
    elif do == "quit":
        return False
    return True


ENDPOINT = pj.Endpoint()
ENDPOINT.libCreate()
settings = pj.EpConfig()
settings.uaConfig.threadCnt = 0
settings.uaConfig.mainThreadOnly = True
settings.logConfig.level = 5
settings.logConfig.consoleLevel = 0
settings.logConfig.filename = HERE["log"]
settings.logConfig.msgLogging = True
settings.medConfig.hasIoqueue = True
settings.medConfig.noVad = True
ENDPOINT.libInit(settings)
ENDPOINT.audDevManager().setNullDev()
BOUND = transport(ENDPOINT)
wake_openssl()
ENDPOINT.libStart()
KEPT = []
ACCOUNT = account(BOUND)
tell("ready")

waiting = b""
running = True
while running:
    ENDPOINT.libHandleEvents(10)
    if not select.select([sys.stdin], [], [], 0)[0]:
        continue
    read = os.read(sys.stdin.fileno(), 65536)
    if not read:
        break
    waiting += read
    while running and b"\n" in waiting:
        line, waiting = waiting.split(b"\n", 1)
        try:
            running = obey(line)
        except pj.Error as error:
            tell("failed", command=line.decode(), why=error.info())
CALLS.clear()
KEPT.clear()
ENDPOINT.libDestroy()
