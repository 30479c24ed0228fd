// An ESME of node-smpp: esme.js HOST PORT SYSTEM_ID PASSWORD CA|- MESSAGES
// Binds as a transceiver, submits the texts, waits for a receipt of each and for so many messages, unbinds. Tells, a line each:
// `bound VERSION`, `sent CODING ESM_CLASS HEX`, `submitted ID`, `receipt ID STAT`, `message FROM CODING HEX`, `ended`.
const fs = require('fs');
const smpp = require('smpp');

// Texts are told as the octets that came: it would decode them by their coding.
for (const command of ['submit_sm', 'deliver_sm']) delete smpp.commands[command].params.short_message.filter;

const [host, port, system_id, password, ca, wanted] = process.argv.slice(2);
const say = (...words) => console.log(words.join(' '));
const texts = [
  [0, 0, Buffer.from('plain')],
  [8, 0, Buffer.from('Привет 👋', 'utf16le').swap16()],
];
const long = Buffer.from('long '.repeat(40));
for (let n = 0; n * 153 < long.length; n += 1) {
  texts.push([0, 0x40, Buffer.concat([Buffer.from([5, 0, 3, 78, 2, n + 1]), long.subarray(n * 153, (n + 1) * 153)])]);
}

let [receipts, messages] = [texts.length, Number(wanted)];
const options = { host, port: Number(port), tls: ca !== '-' };
if (options.tls) Object.assign(options, { ca: fs.readFileSync(ca), checkServerIdentity: () => undefined });
const session = smpp.connect(options);
if (options.tls) {
  session.socket.on('keylog', (line) => fs.appendFileSync('keys.log', line));
}
const done = () => {
  if (receipts > 0 || messages > 0) return;
  session.unbind((answer) => {
    say('ended', answer.command_status);
    session.close(() => process.exit(0));
  });
};

session.on('error', (error) => {
  say('error', error.message);
  process.exit(1);
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  const bytes = pdu.short_message;
  if ((pdu.esm_class & 0x3c) === 4) {
    const found = /id:(\S+) .*stat:(\S+)/.exec(bytes.toString());
    say('receipt', found[1], found[2]);
    receipts -= 1;
  } else {
    say('message', pdu.source_addr, pdu.data_coding, bytes.toString('hex'));
    messages -= 1;
  }
  done();
});
session.bind_transceiver({ system_id, password, interface_version: 0x34 }, (bound) => {
  if (bound.command_status !== 0) {
    say('refused', bound.command_status);
    process.exit(1);
  }
  say('bound', bound.sc_interface_version);
  for (const [data_coding, esm_class, short_message] of texts) {
    say('sent', data_coding, esm_class, short_message.toString('hex'));
    const [source_addr, destination_addr] = ['12345', '31600000001'];
    const ton = { source_addr_ton: 1, source_addr_npi: 1, dest_addr_ton: 1, dest_addr_npi: 1 };
    session.submit_sm(
      { ...ton, source_addr, destination_addr, data_coding, esm_class, short_message, registered_delivery: 1 },
      (answer) => say('submitted', answer.message_id || `refused-${answer.command_status}`),
    );
  }
});
