// An SMSC of node-smpp: smsc.js HOST PORT CERTIFICATE|- KEY|-
// Takes every bind and submit, sends a receipt of each that asks for one. Tells, a line each: `listening`, `bound SYSTEM_ID`,
// `submit FROM TO CODING ESM_CLASS HEX`, `unbound`, `answered STATUS` for each of its deliver_sm. Takes orders on its input, a
// line each: `deliver FROM TO CODING ESM_CLASS HEX`.
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const [host, port, certificate, key] = process.argv.slice(2);
const say = (...words) => console.log(words.join(' '));
const sessions = new Set();
let next = 0xabc0ffee;

// Texts are passed on as the octets that came: it would decode them by their coding.
for (const command of ['submit_sm', 'deliver_sm']) delete smpp.commands[command].params.short_message.filter;

const deliver = (session, fields) => {
  const ton = { source_addr_ton: 1, source_addr_npi: 1, dest_addr_ton: 1, dest_addr_npi: 1 };
  session.deliver_sm({ ...ton, ...fields }, (answer) => say('answered', answer.command_status));
};

const serve = (session) => {
  session.on('error', (error) => say('error', error.message));
  session.on('close', () => sessions.delete(session));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    say('unbound');
    session.send(pdu.response());
    session.close();
  });
  const bind = (pdu) => {
    say('bound', pdu.system_id);
    session.send(pdu.response({ system_id: 'node-smpp', sc_interface_version: 0x34 }));
    sessions.add(session);
  };
  session.on('bind_transceiver', bind);
  session.on('bind_transmitter', bind);
  session.on('bind_receiver', bind);
  session.on('submit_sm', (pdu) => {
    next += 1;
    const message_id = next.toString(16);
    say('submit', pdu.source_addr, pdu.destination_addr, pdu.data_coding, pdu.esm_class, pdu.short_message.toString('hex'));
    session.send(pdu.response({ message_id }));
    if ((pdu.registered_delivery & 3) === 0) return;
    const text =
      `id:${message_id} sub:001 dlvrd:001 submit date:2611211800 done date:2611211801 stat:DELIVRD err:000 text:`;
    deliver(session, {
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: 4,
      short_message: Buffer.from(text),
      receipted_message_id: message_id,
      message_state: 2,
    });
  });
};

const options =
  certificate === '-' ? {} : { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };
const server = smpp.createServer(options, serve);
server.on('keylog', (line) => fs.appendFileSync('keys.log', line));
server.listen(Number(port), host, () => say('listening'));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [order, source_addr, destination_addr, coding, esm_class, hex] = line.trim().split(' ');
  if (order !== 'deliver') return;
  for (const session of sessions) {
    const short_message = Buffer.from(hex, 'hex');
    const fields = { data_coding: Number(coding), esm_class: Number(esm_class) };
    deliver(session, { source_addr, destination_addr, ...fields, short_message });
    return;
  }
  say('error nobody is bound');
});
