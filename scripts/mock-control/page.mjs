// Uses the page of each mock in Chromium, by the keyboard, with accessibility checks by axe.
//
// Takes the files of Chromium and of axe-core, a folder for screenshots, the control token that the mock of
// Wunder requires, and the base URLs of the mocks of Wunder, GoodCity, The Wallet Crew and Fynd. Prints the
// figures of the proof.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';

import puppeteer from 'puppeteer-core';

const [chromium, axeFile, folder, token, ...urls] = process.argv.slice(2);
assert.equal(urls.length, 4);
const axe = readFileSync(axeFile, 'utf8');
const LOOKS = [
  ['light', 'light', { width: 1100, height: 900 }],
  ['dark', 'dark', { width: 1100, height: 900 }],
  ['phone', 'light', { width: 360, height: 740 }],
];
let pages = 0;
const violations = [];

async function control(url, method, path, body, bearer) {
  const response = await fetch(`${url}/__mock/${path}`, {
    method,
    headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  assert(response.ok, `${method} ${path}: ${response.status}`);
}

// Checks the page in each look.
async function check(page, name) {
  for (const [look, scheme, viewport] of LOOKS) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport(viewport);
    await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true });
    const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(scrolls, false, `${name} ${look} scrolls horizontally`);
    // By the debugger, because the policy of the page allows no foreign script.
    const session = await page.createCDPSession();
    await session.send('Runtime.evaluate', { expression: axe });
    const run = 'axe.run().then((found) => JSON.stringify(found))';
    const { result } = await session.send('Runtime.evaluate', { expression: run, awaitPromise: true });
    await session.detach();
    const found = JSON.parse(result.value);
    assert(found.passes.length > 10, 'axe ran');
    for (const violation of found.violations) {
      const nodes = violation.nodes.map((node) => node.html).join(' ');
      violations.push(`${name} ${look}: ${violation.id} ${nodes}`);
    }
  }
  await page.setViewport(LOOKS[0][2]);
  pages += 1;
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);

// The accessible name of the focused element.
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return element.getAttribute('aria-label') ?? element.textContent;
});

// Presses Tab until an element with this name has the focus.
async function tabTo(page, name) {
  for (let count = 0; count < 40; count += 1) {
    if ((await focused(page)).trim() === name) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${name}`);
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// Waits until an expression is true. The debugger evaluates it, because the policy of the page allows no `eval`.
async function waitFor(page, expression) {
  for (let count = 0; count < 200; count += 1) {
    if (await page.evaluate(expression)) return;
    await pause(50);
  }
  const news = await text(page, '#news');
  assert.fail(`never true: ${expression}; the page says: ${news}`);
}

async function goodcity(page, url) {
  const user = { phone: '+85261234567', first_name: 'Ada', last_name: 'Wong' };
  const pin = () => fetch(`${url}/api/v1/auth/send_pin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goodcity-app-name': 'app' },
    body: JSON.stringify({ mobile: user.phone }),
  });
  await page.goto(`${url}/__mock/`);
  await waitFor(page, 'document.title === "Mock of goodcity" && !document.getElementById("board").hidden');
  await check(page, 'empty');

  // Messages arrive without a reload, newest first, and are announced.
  await control(url, 'POST', 'users', user);
  await pin();
  await waitFor(page, 'document.querySelectorAll("#messages li").length === 1');
  await pin();
  await waitFor(page, 'document.querySelectorAll("#messages li").length === 2');
  const outbox = await (await fetch(`${url}/__outbox`)).json();
  const codes = await page.$$eval('#messages .code', (all) => all.map((code) => code.textContent));
  assert.deepEqual(codes, outbox.map(({ code }) => code).reverse());
  await waitFor(page, `document.getElementById("news").textContent.includes("${outbox[1].code}")`);
  await waitFor(page, 'document.getElementById("users").textContent.includes("Ada Wong")');
  await waitFor(page, 'document.getElementById("requests").textContent.includes("send_pin")');
  assert(!(await text(page, '#requests')).includes(user.phone), 'requests show no phone number');
  await control(url, 'POST', 'faults', { fault: 'status', status: 503, operation: 'verify' });
  await waitFor(page, 'document.getElementById("faults").textContent.includes("status 503")');
  await check(page, 'messages');

  // The keyboard copies a code, pauses the updates, and resets the mock.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the outbox');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'Outbox');
  await tabTo(page, `Copy code for ${user.phone}`);
  await page.keyboard.press('Enter');
  // A browser without a clipboard selects the code instead.
  await waitFor(page, '/^(Copied|Selected) the code/.test(document.getElementById("news").textContent)');
  const copied = await page.evaluate(() => (
    document.getElementById('news').textContent.startsWith('Copied')
      ? navigator.clipboard.readText()
      : getSelection().toString()
  ));
  assert.equal(copied, outbox[1].code);
  await page.keyboard.down('Shift');
  for (let count = 0; count < 10 && (await focused(page)) !== 'Pause updates'; count += 1) {
    await page.keyboard.press('Tab');
  }
  await page.keyboard.up('Shift');
  await page.keyboard.press('Space');
  assert.equal(await page.$eval('#pause', (button) => button.ariaPressed), 'true');
  await pin();
  await pause(2500);
  assert.equal((await page.$$('#messages li')).length, 2, 'a paused page does not change');
  await page.keyboard.press('Space');
  await waitFor(page, 'document.querySelectorAll("#messages li").length === 3');
  await tabTo(page, 'Reset the mock');
  await page.keyboard.press('Enter');
  await waitFor(page, 'document.querySelectorAll("#messages li").length === 0');
  await waitFor(page, 'document.getElementById("users").textContent === "No users yet."');
}

// A mock with a token asks for it.
async function wunder(page, url) {
  await page.goto(`${url}/__mock/`);
  await waitFor(page, 'document.activeElement.id === "token"');
  await check(page, 'token');
  await page.keyboard.type('not-the-token');
  await page.keyboard.press('Enter');
  await waitFor(page, 'document.getElementById("token-problem").textContent === "The token is wrong."');
  await check(page, 'wrong-token');
  await page.$eval('#token', (input) => { input.value = ''; });
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
  await waitFor(page, '!document.getElementById("board").hidden');
  assert.equal(await focused(page), 'Outbox');
  // The token lasts for the tab.
  await page.reload();
  await waitFor(page, 'document.title === "Mock of wunder"');

  // A link is opened by the keyboard.
  const user = { unverified_email: 'ada@example.org', password: 'not-a-real-one' };
  await control(url, 'POST', 'users', user, token);
  const timestamp = String(Date.now());
  const key = 'test-signature-key';
  const signed = key + timestamp + user.unverified_email + key;
  const signature = createHash('sha256').update(signed).digest('hex');
  const resend = `/acme/front/customers/verify-email/resend/${user.unverified_email}`;
  const sent = await fetch(`${url}${resend}?signature=${signature}&timestamp=${timestamp}`, { method: 'POST' });
  assert.equal(sent.status, 204);
  await waitFor(page, 'document.querySelectorAll("#messages li").length === 1');
  await check(page, 'link');
  await tabTo(page, `Open link for ${user.unverified_email}`);
  await page.keyboard.press('Enter');
  await waitFor(page, 'document.getElementById("news").textContent.startsWith("Opened the link")');
  await waitFor(page, 'document.getElementById("users").textContent.includes("(verified)")');
  const shown = await text(page, 'body');
  assert(!shown.includes('not-a-real-one'), 'the page shows no password');
}

// The page of any other mock has its name and its users.
async function other(page, url, name, user) {
  await control(url, 'POST', 'users', user);
  await page.goto(`${url}/__mock/`);
  await waitFor(page, `document.title === "Mock of ${name}"`);
  await waitFor(page, 'document.getElementById("users").textContent.includes("Ada")');
  await check(page, name);
}

const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
});
try {
  const problems = [];
  for (const [index, use] of [
    wunder,
    goodcity,
    (page, url) => other(page, url, 'walletcrew', { tenant: 'acme', id: '1', firstName: 'Ada' }),
    (page, url) => other(page, url, 'fynd', { first_name: 'Ada', phone: '+919000000001' }),
  ].entries()) {
    const url = urls[index];
    const context = await browser.createBrowserContext();
    await context.overridePermissions(url, ['clipboard-read', 'clipboard-write']);
    const page = await context.newPage();
    await page.bringToFront();
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      const isExpected = message.text().includes('401');
      if (message.type() === 'error' && !isExpected) problems.push(message.text());
    });
    await use(page, url);
    await context.close();
  }
  assert.deepEqual(problems, [], 'the pages have no error');
  assert.deepEqual(violations, [], 'axe finds no violation');
} finally {
  await browser.close();
}
console.log(`pages=${pages} looks=${LOOKS.length} axe-violations=${violations.length}`);
