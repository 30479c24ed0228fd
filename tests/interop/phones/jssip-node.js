// JsSIP in Node.js: lines of JSON on standard input and output.

const readline = require('readline');
const JsSIP = require('jssip');
const NodeWebSocket = require('jssip-node-websocket');
const phone = require('./jssip.js');

const here = JSON.parse(process.argv[2]);
const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const obey = phone(JsSIP, new NodeWebSocket(here.socket), here, tell);

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  if (command.do === 'quit') {
    obey({ do: 'stop' });
    setTimeout(() => process.exit(0), 500);
    return;
  }
  obey(command);
});
