// A JsSIP phone: commands in, events out, both as the objects of src/flows/phone.rs. In Node.js (jssip-node.js) it has no
// media and so no calls; in a browser (jssip-page.js) it has both.

module.exports = function phone(JsSIP, socket, here, tell) {
  const calls = {};
  let incoming = 0;
  const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

  const agent = new JsSIP.UA({
    sockets: [socket],
    uri: here.uri,
    authorization_user: here.user,
    password: here.password,
    register: Boolean(here.register),
    register_expires: 120,
    session_timers: Boolean(here.timers),
  });

  function watch(name, session) {
    calls[name] = session;
    const from = (e) => (e.originator === 'local' ? 'local' : 'remote');
    session.on('progress', (e) => e.originator === 'remote' && tell('ringing', { call: name, code: e.response.status_code }));
    session.on('confirmed', () => tell('confirmed', { call: name }));
    session.on('ended', (e) => tell('ended', { call: name, code: 200, why: e.cause }));
    session.on('failed', (e) => tell('ended', { call: name, code: (e.message && e.message.status_code) || 0, why: e.cause }));
    session.on('hold', (e) => tell('media', { call: name, state: from(e) + '-hold' }));
    session.on('unhold', () => tell('media', { call: name, state: 'active' }));
    session.on('getusermediafailed', (e) => tell('failed', { call: name, why: String(e) }));
    session.on('peerconnection:setremotedescriptionfailed', (e) => tell('failed', { call: name, why: String(e) }));
    session.on('refer', (e) => {
      tell('transfer-asked', { call: name, to: String(e.request.refer_to.uri) });
      e.accept((moved) => watch(name + '-moved', moved), media);
    });
    session.on('replaces', (e) => {
      tell('replace-asked', { call: name });
      e.accept((fresh) => watch(name + '-replaced', fresh));
    });
  }

  agent.on('connected', () => tell('ready'));
  agent.on('registered', (e) => tell('registered', { code: e.response.status_code }));
  agent.on('unregistered', () => tell('unregistered'));
  agent.on('registrationFailed', (e) => tell('register', { code: e.response ? e.response.status_code : 0, why: e.cause }));
  agent.on('newMessage', (e) => {
    if (e.originator === 'remote') {
      tell('message', { peer: String(e.message.remote_identity.uri), text: e.request.body });
    }
  });
  agent.on('newOptions', (e) => tell('options', { from: e.originator }));
  agent.on('newRTCSession', (e) => {
    if (e.originator !== 'remote') {
      return;
    }
    incoming += 1;
    const name = 'in' + incoming;
    watch(name, e.session);
    tell('incoming', { call: name, peer: String(e.session.remote_identity.uri) });
    if (here.answer !== false) {
      e.session.answer(media);
    }
  });

  const commands = {
    call: (c) => watch(c.call, agent.call(c.to, media)),
    answer: (c) => calls[c.call].answer(media),
    reject: (c) => calls[c.call].terminate({ status_code: c.code }),
    hangup: (c) => calls[c.call].terminate(),
    hold: (c) => calls[c.call].hold({}, () => tell('media', { call: c.call, state: 'agreed' })),
    resume: (c) => calls[c.call].unhold({}, () => tell('media', { call: c.call, state: 'agreed' })),
    transfer: (c) => calls[c.call].refer(c.to, transferring(c.call)),
    attend: (c) => {
      const other = calls[c.other];
      calls[c.call].refer(other.remote_identity.uri, { ...transferring(c.call), replaces: other });
    },
    message: (c) => agent.sendMessage(c.to, c.text, { eventHandlers: outcome('message-status') }),
    options: (c) => agent.sendOptions(c.to, undefined, { eventHandlers: outcome('options-status') }),
    unregister: () => agent.unregister(),
    stop: () => agent.stop(),
  };

  function transferring(call) {
    const status = (code, final) => tell('transfer-status', { call, code, final });
    return {
      eventHandlers: {
        trying: () => status(100, false),
        accepted: () => status(200, true),
        failed: () => status(500, true),
        requestFailed: () => status(0, true),
      },
    };
  }

  function outcome(event) {
    return {
      succeeded: (e) => tell(event, { code: e.response.status_code }),
      failed: (e) => tell(event, { code: e.response ? e.response.status_code : 0, why: e.cause }),
    };
  }

  agent.start();
  return (command) => {
    try {
      commands[command.do](command);
    } catch (error) {
      tell('failed', { command, why: String(error) });
    }
  };
};
