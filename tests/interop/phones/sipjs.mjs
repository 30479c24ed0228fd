// SIP.js in Node.js: lines of JSON on standard input and output. It has no media and so no calls.

import module from 'node:module';
import readline from 'node:readline';

const require = module.createRequire(process.env.NODE_PATH + '/');
const WebSocket = require('ws');
const here = JSON.parse(process.argv[2]);
// SIP.js takes the browser's.
globalThis.WebSocket = WebSocket;
const { Messager, Registerer, RegistererState, UserAgent } = await import(process.env.NODE_PATH + '/sip.js/lib/index.js');

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const agent = new UserAgent({
  uri: UserAgent.makeURI(here.uri),
  authorizationUsername: here.user,
  authorizationPassword: here.password,
  transportOptions: { server: here.socket },
  logLevel: 'error',
  // None in Node.js; without it the user agent looks for the browser's.
  sessionDescriptionHandlerFactory: () => {
    throw new Error('no media');
  },
  delegate: {
    onMessage: (message) => {
      tell('message', { peer: String(message.request.from.uri), text: message.request.body });
      message.accept();
    },
  },
});
const registerer = new Registerer(agent, { expires: 120 });
registerer.stateChange.addListener((state) => {
  if (state === RegistererState.Registered) tell('registered', { code: 200 });
  if (state === RegistererState.Unregistered) tell('unregistered');
});

await agent.start();
tell('ready');
if (here.register) {
  await registerer.register({ requestDelegate: { onReject: (r) => tell('register', { code: r.message.statusCode }) } });
}

const commands = {
  message: (c) =>
    new Messager(agent, UserAgent.makeURI(c.to), c.text).message({
      requestDelegate: {
        onAccept: (r) => tell('message-status', { code: r.message.statusCode }),
        onReject: (r) => tell('message-status', { code: r.message.statusCode }),
      },
    }),
  unregister: () => registerer.unregister(),
  quit: async () => {
    await agent.stop();
    process.exit(0);
  },
};
readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const command = JSON.parse(line);
  try {
    await commands[command.do](command);
  } catch (error) {
    tell('failed', { command, why: String(error) });
  }
});
