// A page in headless Chromium with jssip-page.js in it: lines of JSON on standard input and output.

import http from 'node:http';
import module from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const require = module.createRequire(process.env.NODE_PATH + '/');
const { chromium } = require('playwright-core');
const esbuild = require('esbuild');
const here = JSON.parse(process.argv[2]);

const folder = path.dirname(fileURLToPath(import.meta.url));
const bundle = await esbuild.build({
  entryPoints: [path.join(folder, 'jssip-page.js')],
  bundle: true,
  write: false,
  nodePaths: [process.env.NODE_PATH],
});
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  env: { ...process.env, ...(here.keys ? { SSLKEYLOGFILE: here.keys } : {}) },
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    // The page may trust the certificates of one test and no others.
    ...(here.pins ? ['--ignore-certificate-errors-spki-list=' + here.pins] : []),
  ],
});
const page = await browser.newPage();
page.on('console', (message) => console.error(message.text()));
page.on('pageerror', (error) => console.error(String(error)));
await page.exposeFunction('tell', (line) => console.log(line));
// Media devices and connections to loopback addresses are for pages that come from there.
const server = http.createServer((_request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end('<!doctype html><title>phone</title>');
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
await page.addScriptTag({ content: bundle.outputFiles[0].text });
await page.evaluate((settings) => window.start(settings), here);

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const command = JSON.parse(line);
  if (command.do === 'quit') {
    await page.evaluate(() => window.obey({ do: 'stop' }));
    // Until it has said goodbye, or a while.
    await page.waitForFunction(() => window.gone, null, { timeout: 2000 }).catch(() => {});
    await browser.close();
    process.exit(0);
  }
  await page.evaluate((c) => window.obey(c), command);
});
