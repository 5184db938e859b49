'use strict';

// How often the page looks, in milliseconds.
const INTERVAL = 1000;
const REQUESTS = 50;

const $ = (id) => document.getElementById(id);
const KEPT = 'vestibule-mock-token';
// Per tab, and gone with it.
let token = sessionStorage.getItem(KEPT) ?? '';
let after = 0;
let paused = false;
let title = 'Mock';
let opensLinks = false;

class Unauthorized extends Error {}

async function call(method, path, body) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers['content-type'] = 'application/json';
  const response = await fetch(`/__mock/${path}`, {
    method,
    headers,
    body: body ? JSON.stringify(body) : undefined,
  });
  if (response.status === 401) throw new Unauthorized();
  const text = await response.text();
  const result = text ? JSON.parse(text) : {};
  if (!response.ok) throw new Error(result.detail ?? `status ${response.status}`);
  return result;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

const clockTime = (at) => at.slice(11, 19);

function copyButton(message) {
  const what = message.link ? 'link' : 'code';
  const button = element('button', `Copy ${what}`);
  button.type = 'button';
  button.setAttribute('aria-label', `Copy ${what} for ${message.to}`);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(message.code);
      say(`Copied the ${what} for ${message.to}.`);
    } catch {
      // A page without TLS has no clipboard, except on this machine: select the text instead.
      getSelection().selectAllChildren(button.parentElement.querySelector('.code'));
      say(`Selected the ${what} for ${message.to}; copy it with the keyboard.`);
    }
  });
  return button;
}

function openButton(message) {
  const button = element('button', 'Open link');
  button.type = 'button';
  button.setAttribute('aria-label', `Open link for ${message.to}`);
  button.addEventListener('click', async () => {
    try {
      await call('POST', 'links', { code: message.code });
      say(`Opened the link for ${message.to}.`);
    } catch (error) {
      say(`Not opened: ${error.message}.`);
    }
  });
  return button;
}

function codeOf(message) {
  if (message.link && /^https?:\/\//.test(message.code)) {
    const link = element('a', message.code, 'code link');
    link.href = message.code;
    link.rel = 'noreferrer';
    return link;
  }
  return element('span', message.code, message.link ? 'code link' : 'code');
}

function say(text) {
  $('news').textContent = text;
}

function addMessage(message) {
  const item = element('li');
  item.dataset.number = message.number;
  const by = message.channel === 'sms' ? 'SMS' : 'E-mail';
  const kind = message.link ? ', link' : '';
  const language = message.language ? `, ${message.language}` : '';
  const to = element('span', undefined, 'to');
  to.append(
    element('strong', message.to),
    element('span', ` ${by}${kind}${language}, ${clockTime(message.at)}`, 'from'),
  );
  item.append(codeOf(message), to, copyButton(message));
  if (message.link && opensLinks) item.append(openButton(message));
  $('messages').prepend(item);
}

function showMessages(outbox) {
  if (outbox.next <= after) {
    // Another process listens here now, and numbers its messages from 1.
    $('messages').replaceChildren();
    after = 0;
    return;
  }
  for (const item of [...$('messages').children]) {
    if (Number(item.dataset.number) < outbox.first) item.remove();
  }
  const isFirstLook = after === 0;
  outbox.messages.forEach(addMessage);
  after = outbox.next - 1;
  $('no-messages').hidden = $('messages').children.length > 0;
  const newest = outbox.messages.at(-1);
  if (newest && !isFirstLook) {
    const what = newest.link ? 'link' : 'code';
    say(`New message to ${newest.to}, ${what} ${newest.code}.`);
  }
}

// Replaces the rows only when they differ, so that a selection survives.
function showRows(id, rows, nothing) {
  const body = $(id);
  const shown = JSON.stringify(rows);
  if (body.dataset.shown === shown) return;
  body.dataset.shown = shown;
  if (rows.length === 0) {
    const cell = element('td', nothing, 'empty');
    cell.colSpan = body.parentElement.tHead.rows[0].cells.length;
    const row = element('tr');
    row.append(cell);
    body.replaceChildren(row);
    return;
  }
  body.replaceChildren(...rows.map((cells) => {
    const row = element('tr');
    row.append(...cells.map((text) => element('td', text)));
    return row;
  }));
}

function userRow(user) {
  const contacts = user.contacts.map((contact) => (
    contact.verified ? `${contact.value} (verified)` : contact.value
  ));
  const states = [...user.states];
  if (user.tenant) states.unshift(`tenant ${user.tenant}`);
  if (user.has_password) states.push('has a password');
  return [user.id, user.name || '–', contacts.join(', ') || '–', states.join(', ') || '–'];
}

function requestRow(request) {
  const operation = request.operation ?? 'unknown endpoint';
  const target = `${request.method} ${request.path}`;
  return [clockTime(request.at), operation, target, String(request.status)];
}

function faultRow(fault) {
  const details = [fault.fault, fault.status];
  if (fault.retry_after !== undefined) details.push(`Retry-After ${fault.retry_after}`);
  if (fault.delay_seconds !== undefined) details.push(`${fault.delay_seconds} s`);
  const text = details.filter((part) => part !== undefined).join(' ');
  return [fault.operation, text, String(fault.applied), String(fault.remaining ?? 'no limit')];
}

async function look() {
  const [outbox, users, requests, faults, clock] = await Promise.all([
    call('GET', `outbox?after=${after}`),
    call('GET', 'users'),
    call('GET', `requests?limit=${REQUESTS}`),
    call('GET', 'faults'),
    call('GET', 'clock'),
  ]);
  showMessages(outbox);
  showRows('users', users.users.map(userRow), 'No users yet.');
  showRows('requests', requests.requests.map(requestRow).reverse(), 'No requests yet.');
  showRows('faults', faults.faults.map(faultRow), 'No faults.');
  $('now').textContent = clock.now.slice(0, 19).replace('T', ' ');
}

async function open() {
  const system = await call('GET', 'system');
  title = `Mock of ${system.system}`;
  // The links of the others lead to the application.
  opensLinks = ['wunder', 'walletcrew'].includes(system.system);
  $('title').textContent = title;
  document.title = title;
  await look();
  $('sign-in').hidden = true;
  $('board').hidden = false;
}

function askForToken(problem) {
  const isAsked = !$('sign-in').hidden;
  $('board').hidden = true;
  $('sign-in').hidden = false;
  $('token-problem').textContent = problem;
  if (!isAsked) $('token').focus();
}

function failed(error) {
  if (error instanceof Unauthorized) {
    askForToken(token ? 'The token is wrong.' : '');
    return;
  }
  const problem = 'The mock does not respond. The page keeps trying.';
  if ($('state').textContent !== problem) $('state').textContent = problem;
}

async function run() {
  try {
    if ($('board').hidden) {
      if ($('sign-in').hidden) await open();
    } else if (!paused) {
      await look();
    }
    if ($('sign-in').hidden && $('state').textContent) $('state').textContent = '';
  } catch (error) {
    failed(error);
  }
  setTimeout(run, INTERVAL);
}

$('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  try {
    await open();
    sessionStorage.setItem(KEPT, token);
    $('token').value = '';
    $('outbox').focus();
  } catch (error) {
    failed(error);
    $('token').focus();
  }
});

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  document.title = paused ? `${title} (paused)` : title;
});

$('reset').addEventListener('click', async () => {
  try {
    await call('POST', 'reset', {});
    await look();
    say('The mock is reset.');
  } catch (error) {
    failed(error);
  }
});

run();
