// JsSIP in a page: browser.mjs bundles this file, and gives the page `tell` and its settings.

const JsSIP = require('jssip');
const phone = require('./jssip.js');

window.start = (here) => {
  window.obey = phone(JsSIP, new JsSIP.WebSocketInterface(here.socket), here, (event, more = {}) => {
    window.gone = event === 'unregistered';
    window.tell(JSON.stringify({ event, ...more }));
  });
};
