// The console of a node in headless Chromium: every page, by clicks and by keys, in light and dark, wide and narrow.
//
// Fails on whatever the browser complains of, on every request to another host, and on a page that is wider than its window.
// Lines of JSON on standard output: `ready`, then `end` with what was seen, and `why` if something was not as it is to be.

import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';

const require = module.createRequire(process.env.NODE_PATH + '/');
const { chromium } = require('playwright-core');
const here = JSON.parse(process.argv[2]);
const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const seen = { pages: 0, pictures: 0, requests: 0 };
const complaints = [];
// What the browser says of answers that are to be so.
let forgiven = [];

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--force-device-scale-factor=1',
  ],
});
tell('ready');

async function open(theme, width) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !forgiven.some((text) => message.text().includes(text))) {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error}`));
  page.on('request', (request) => {
    seen.requests += 1;
    if (!request.url().startsWith(here.base + '/')) complaints.push(`${page.url()} asked for ${request.url()}`);
  });
  return page;
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

async function picture(page, name, whole = false) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  demand(wide <= 0, `${name}: the page is ${wide} wider than its window`);
  await page.screenshot({ path: path.join(here.pictures, `${name}.png`), fullPage: whole });
  seen.pictures += 1;
}

// The page has come whole, and its stream of live values is open.
async function arrived(page, title) {
  await page.waitForFunction((title) => document.title.startsWith(title), title);
  await page.waitForFunction(() => window.htmx !== undefined);
  await page.waitForFunction(() => !document.documentElement.hasAttribute('data-lost'));
  seen.pages += 1;
}

async function room(page, name) {
  await page.click(`.rooms a:has-text("${name}")`);
  await arrived(page, name);
}

// Follows a link of a list of what lives, which may be over by the time of the click: then another one.
async function follow(page, link, title) {
  const list = page.url();
  forgiven = ['404 (Not Found)'];
  for (let tries = 0; tries < 10; tries += 1) {
    await page.click(`${link} >> nth=${tries}`);
    await page.waitForFunction((title) => document.title.startsWith(title) || document.title.startsWith('Not done'), title);
    if ((await page.title()).startsWith(title)) {
      forgiven = [];
      return arrived(page, title);
    }
    await page.goto(list);
  }
  throw new Error(`nothing that lives is behind ${link} of ${list}`);
}

// Each page as a visitor without a token goes through them.
async function look(theme, width) {
  const page = await open(theme, width);
  const name = (what) => `console-${what}-${theme}-${width}`;
  await page.goto(here.base + '/');
  await arrived(page, 'Overview');
  demand(page.url() === here.base + '/console', 'the root leads to the console');
  // Values change by themselves, and the courses of figures are drawn.
  const before = await page.textContent('#live-time');
  await page.waitForFunction((before) => document.querySelector('#live-time').textContent !== before, before);
  await page.waitForSelector('.course path.line', { state: 'attached' });
  if (here.patience) await page.waitForTimeout(here.patience);
  await picture(page, name('overview'), width < 800);

  await room(page, 'Services');
  await page.waitForFunction(() => /\d/.test(document.querySelector('#live-b2bua-rate').textContent));
  await picture(page, name('services'));
  await page.click('a:has-text("b2bua")');
  await arrived(page, 'b2bua');
  await page.waitForSelector('.spread tbody tr');
  await picture(page, name('service'));
  await follow(page, '.tree a', 'Entity');
  await picture(page, name('entity'));

  await room(page, 'Adaptors');
  await page.click('details.counters summary');
  await picture(page, name('adaptors'));

  await room(page, 'Calls');
  // The first visitor comes before there are two pages of calls.
  for (let looks = 0; looks < 60 && !(await page.$('a[rel="next"]')); looks += 1) {
    await page.waitForTimeout(500);
    await page.reload();
  }
  await page.click('a[rel="next"]');
  await arrived(page, 'Calls');
  await page.click('a:has-text("First page")');
  await arrived(page, 'Calls');
  await picture(page, name('calls'));
  await page.fill('#find', 'nobody has this');
  await page.waitForSelector('.empty:has-text("No recorded call")');
  await page.fill('#find', here.called);
  await page.waitForSelector('.calls tbody a');
  demand(page.url().includes('find='), 'a search is in the address');
  await page.click('.calls tr:has(.pill:has-text("ended")) th a >> nth=0');
  await arrived(page, 'Call ');
  await page.click('svg.ladder a >> nth=1');
  await page.waitForSelector('details.message[open] :target pre');
  await page.evaluate(() => window.scrollTo(0, 0));
  await picture(page, name('call'), true);

  await room(page, 'Calls');
  await page.click('.tabs a:has-text("Alive")');
  await arrived(page, 'Alive');
  await page.selectOption('#adaptor', 'sip');
  await page.waitForFunction(() => location.search.includes('adaptor=sip'));
  await picture(page, name('alive'));
  await follow(page, '#results tbody a', 'Activity');
  await picture(page, name('activity'));

  await room(page, 'Alarms');
  await picture(page, name('alarms'));
  await page.click('.tabs a:has-text("Quarantine")');
  await arrived(page, 'Quarantine');
  await room(page, 'Configuration');
  await page.check('#set');
  await page.waitForFunction(() => location.search.includes('set=true'));
  await picture(page, name('configuration'));
  await page.fill('#find', 'recorder.mode');
  await page.waitForFunction(() => document.querySelectorAll('.keys tbody th[scope="row"]').length === 1);
  await page.close();
}

// The whole by keys alone.
async function keys() {
  const page = await open('light', 1280);
  await page.goto(here.base + '/console');
  await arrived(page, 'Overview');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  demand((await page.evaluate(() => document.activeElement.id)) === 'main', 'the first link skips to the page');
  for (const [key, title] of [['s', 'Services'], ['a', 'Adaptors'], ['c', 'Calls'], ['l', 'Alarms'], ['k', 'Configuration'], ['o', 'Overview']]) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await arrived(page, title);
  }
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await arrived(page, 'Calls');
  await page.keyboard.press('/');
  demand((await page.evaluate(() => document.activeElement.id)) === 'find', 'a slash goes to the search');
  await page.keyboard.press('Escape');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('?');
  await page.waitForSelector('#shortcuts:popover-open');
  await picture(page, 'console-shortcuts');
  await page.keyboard.press('Escape');
  for (const theme of ['light', 'dark', null]) {
    await page.keyboard.press('t');
    await page.waitForFunction((theme) => document.documentElement.getAttribute('data-theme') === theme, theme);
  }
  await page.close();
}

// Signing in, changing something, signing out.
async function change() {
  const page = await open('light', 1280);
  await page.goto(here.base + '/console/services/uas/deactivate');
  demand(!(await page.isVisible('main form')), 'without a token nothing can be changed');
  await page.click('main a:has-text("Sign in")');
  await arrived(page, 'Sign in');
  forgiven = ['401 (Unauthorized)'];
  await page.fill('#token', 'wrong');
  await page.click('main button');
  await page.waitForSelector('.refused:has-text("MGT-001")');
  await picture(page, 'console-sign-in');
  forgiven = [];
  await page.fill('#token', fs.readFileSync(here.token, 'utf8').trim());
  await page.click('main button');
  await arrived(page, 'Deactivate the service uas');
  await picture(page, 'console-question');
  await page.click('main button');
  await arrived(page, 'uas');
  await page.waitForSelector('.title .pill:has-text("inactive")');
  await page.click('.tools a:has-text("Activate")');
  await arrived(page, 'Activate');
  await page.click('main button');
  await arrived(page, 'uas');
  await page.waitForSelector('.title .pill.good:has-text("active")');
  await room(page, 'Configuration');
  await page.click('button:has-text("Check for changes")');
  await arrived(page, 'Changes');
  await page.goto(here.base + '/console/stop');
  await arrived(page, 'Stop the node');
  demand((await page.context().cookies()).every((cookie) => cookie.httpOnly && cookie.sameSite === 'Strict'), 'cookies are closed');
  await page.click('button:has-text("Sign out")');
  await arrived(page, 'Overview');
  demand(await page.isVisible('text=Read only, without a token'), 'signed out');
  await page.close();
}

try {
  fs.mkdirSync(here.pictures, { recursive: true });
  for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 400], ['dark', 400]]) {
    await look(theme, width);
  }
  await keys();
  await change();
  demand(complaints.length === 0, complaints.slice(0, 10).join('\n'));
  tell('end', seen);
} catch (error) {
  tell('end', { ...seen, why: [String(error), ...complaints.slice(0, 10)].join('\n') });
}
await browser.close();
