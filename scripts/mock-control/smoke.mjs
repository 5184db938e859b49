// Signs a user in on each mock, with fetch alone, and uses every operation of the control API.
//
// Takes the base URLs of the mocks of Wunder, The Wallet Crew, GoodCity and Fynd. Prints the number of
// operations that were called, of those that the mocks describe.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import process from 'node:process';

const WUNDER_KEY = 'test-signature-key';
const FYND_KEY = '1234567';
const FYND_APPLICATION = Buffer.from('64b000000000000000000001:not-a-real-token').toString('base64');
const called = new Set();

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

class Mock {
  constructor(url) {
    this.url = url;
  }

  // Sends a request to the API of the system.
  send(method, path, body, headers = {}) {
    return fetch(this.url + path, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  // Calls an operation of the control API, which must give the status.
  async control(method, path, body, status) {
    called.add(`${method} ${path.split('?')[0]}`);
    const response = await this.send(method, path, body);
    const text = await response.text();
    const wanted = status ?? { GET: 200, POST: 201, DELETE: 204 }[method];
    assert.equal(response.status, wanted, `${method} ${path}: ${text}`);
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return isJson ? JSON.parse(text) : text;
  }

  // The code of the newest message to a contact.
  async code(to) {
    const { messages } = await this.control('GET', `/__mock/outbox?to=${encodeURIComponent(to)}`);
    return messages.at(-1).code;
  }
}

class System {
  constructor(url) {
    this.mock = new Mock(url);
  }

  token(issued) {
    return issued.access_token;
  }

  async more() {}
}

class Wunder extends System {
  user = { phone: '+436601234567', unverified_email: 'ada@example.org', password: 'not-a-real-one' };
  contact = '+436601234567';
  operation = 'get_customer';

  async signed(path, identifier, body) {
    const timestamp = String(Date.now());
    const signature = sha256(WUNDER_KEY + timestamp + identifier + WUNDER_KEY);
    const query = `signature=${signature}&timestamp=${timestamp}`;
    const response = await this.mock.send('POST', `/acme/front/customers/${path}?${query}`, body);
    assert.equal(response.status, 204, await response.text());
  }

  ask() {
    const body = { phoneNumber: this.contact, branchId: '2' };
    return this.signed('create-or-sign-in-with-phone-number', this.contact, body);
  }

  async confirm(code) {
    const body = { phoneNumber: this.contact, code };
    const response = await this.mock.send('POST', '/acme/auth/sign-in-phone-number', body);
    return response.ok ? (await response.json()).accessToken : undefined;
  }

  async profile(token) {
    const headers = { authorization: `Bearer ${token}` };
    return (await this.mock.send('GET', '/acme/front/customers', undefined, headers)).status;
  }

  async more() {
    const { mock } = this;
    await mock.control('POST', '/__mock/api-clients', { id: 'client', key: 'not-a-real-key' });
    const account = { provider: 'apple', token: 'not-a-real-token' };
    await mock.control('POST', '/__mock/social-accounts', account);
    await mock.control('POST', '/__mock/terms', { branch: '2', title: 'Our terms' });
    const email = this.user.unverified_email;
    await this.signed(`verify-email/resend/${email}`, email);
    const link = { code: await mock.code(email) };
    assert.deepEqual(await mock.control('POST', '/__mock/links', link, 200), { opened: true });
    await mock.control('POST', '/__mock/links', link, 404);
    const { users: [user] } = await mock.control('GET', '/__mock/users');
    assert(user.contacts.every((contact) => contact.verified));
  }
}

class WalletCrew extends System {
  user = { tenant: 'acme', email: 'ada@example.org', firstName: 'Ada' };
  contact = 'ada@example.org';
  operation = 'get_customer';

  async ask() {
    const body = { email: this.contact };
    const response = await this.mock.send('POST', '/api/acme/customer?flow=activation', body);
    assert.equal(response.status, 202, await response.text());
  }

  async confirm(code) {
    const path = '/api/acme/customer/authenticate?provider=otp';
    const response = await this.mock.send('POST', path, { identifier: this.contact, code });
    return response.ok ? response.json() : undefined;
  }

  async profile(token) {
    const headers = { authorization: `Bearer ${token}` };
    return (await this.mock.send('GET', '/api/acme/customer', undefined, headers)).status;
  }
}

class GoodCity extends System {
  user = { phone: '+85261234567', first_name: 'Ada', language: 'zh-tw' };
  contact = '+85261234567';
  operation = 'current_user_profile';
  app = { 'x-goodcity-app-name': 'app' };

  async ask() {
    const body = { mobile: this.contact };
    const response = await this.mock.send('POST', '/api/v1/auth/send_pin', body, this.app);
    assert.equal(response.status, 200);
    this.key = (await response.json()).otp_auth_key;
  }

  async confirm(code) {
    const body = { otp_auth_key: this.key, pin: code };
    const response = await this.mock.send('POST', '/api/v1/auth/verify', body, this.app);
    return response.ok ? (await response.json()).jwt_token : undefined;
  }

  async profile(token) {
    const headers = { ...this.app, authorization: `Bearer ${token}` };
    const path = '/api/v1/auth/current_user_profile';
    return (await this.mock.send('GET', path, undefined, headers)).status;
  }
}

class Fynd extends System {
  user = { first_name: 'Asha', phone: '+919000000001' };
  contact = '+919000000001';
  operation = 'get_logged_in_user';
  path = '/service/application/user/authentication/v1.0';

  // A signed request, in the steps of the official clients.
  send(method, path, body, cookie) {
    const content = body === undefined ? '' : JSON.stringify(body);
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const signed = [
      ['host', new URL(this.mock.url).host],
      ['x-fp-date', date],
      ['x-fp-sdk-version', '3.31.0'],
    ];
    const canonical = [
      method,
      this.path + path,
      '',
      ...signed.map(([name, value]) => `${name}:${value}`),
      '',
      signed.map(([name]) => name).join(';'),
      sha256(content),
    ].join('\n');
    const text = `${date}\n${sha256(canonical)}`;
    const signature = createHmac('sha256', FYND_KEY).update(text).digest('hex');
    return this.mock.send(method, this.path + path, body, {
      authorization: `Bearer ${FYND_APPLICATION}`,
      'x-fp-date': date,
      'x-fp-sdk-version': '3.31.0',
      'x-fp-signature': `v1.1:${signature}`,
      ...(cookie ? { cookie } : {}),
    });
  }

  async ask() {
    const body = { mobile: this.contact.slice(3), country_code: '91' };
    const response = await this.send('POST', '/login/otp', body);
    assert.equal(response.status, 200);
    this.request = (await response.json()).request_id;
  }

  async confirm(code) {
    const body = { request_id: this.request, otp: code };
    const response = await this.send('POST', '/otp/mobile/verify', body);
    return response.ok ? response.headers.getSetCookie()[0].split(';')[0] : undefined;
  }

  async profile(cookie) {
    return (await this.send('GET', '/session', undefined, cookie)).status;
  }

  token({ cookies: [cookie] }) {
    return `${cookie.name}=${cookie.value}`;
  }

  async more() {
    const body = { slug: 'loyalty_tier', type: 'text' };
    const added = await this.mock.control('POST', '/__mock/attributes', body);
    assert.deepEqual(added, { id: 'loyalty_tier' });
  }
}

async function run(system) {
  const { mock, operation, contact } = system;
  await mock.control('POST', '/__mock/reset', {}, 200);
  const info = await mock.control('GET', '/__mock/system');
  assert(info.operations.some(({ id }) => id === operation));

  // A user signs in with the code of the outbox.
  await mock.control('POST', '/__mock/users', system.user);
  await system.ask();
  let code = await mock.code(contact);
  assert.equal((await mock.control('GET', '/__outbox')).at(-1).code, code);
  await mock.control('POST', '/__mock/expectations', { operation, calls: 1 });
  let token = await system.confirm(code);
  assert(token, 'the code signs the user in');
  assert.equal((await mock.control('GET', '/__mock/expectations')).met, false);
  assert.equal(await system.profile(token), 200);
  assert.equal((await mock.control('GET', '/__mock/expectations')).met, true);
  await mock.control('DELETE', '/__mock/expectations');
  const { requests } = await mock.control('GET', '/__mock/requests');
  assert.equal(requests.at(-1).operation, operation);
  assert(requests.every(({ path }) => !path.includes(code)));
  await mock.control('DELETE', '/__mock/requests');
  const { users } = await mock.control('GET', '/__mock/users');
  assert.equal(users.length, 1);
  assert(users[0].contacts.some(({ value }) => value === contact));

  // A fault hits the next call alone.
  const fault = { fault: 'status', status: 503, operation, times: 1 };
  await mock.control('POST', '/__mock/faults', fault);
  assert.deepEqual([await system.profile(token), await system.profile(token)], [503, 200]);
  const { faults: [listed] } = await mock.control('GET', '/__mock/faults');
  assert.deepEqual([listed.applied, listed.remaining], [1, 0]);
  await mock.control('POST', '/__mock/faults', { profile: 'outage' });
  await mock.control('DELETE', '/__mock/faults');
  assert.equal(await system.profile(token), 200);

  // Codes and credentials can be revoked.
  await system.ask();
  code = await mock.code(contact);
  await mock.control('DELETE', '/__mock/codes');
  assert.equal(await system.confirm(code), undefined, 'the code is expired');
  await mock.control('DELETE', '/__mock/outbox');
  assert.deepEqual((await mock.control('GET', '/__mock/outbox')).messages, []);
  await mock.control('DELETE', '/__mock/credentials');
  assert.equal(await system.profile(token), 401);
  token = system.token(await mock.control('POST', '/__mock/credentials', { user: contact }));
  assert.equal(await system.profile(token), 200);
  await system.more();

  // A wrong request says what would be right.
  const problem = await mock.control('POST', '/__mock/users', { fone: '1' }, 400);
  assert(problem.status === 400 && problem.field && problem.detail);

  // The other paths.
  for (const path of ['/__mock', '/__mock/page.js', '/__mock/style.css', '/__mock/clock', '/__clock']) {
    assert(await mock.control('GET', path));
  }
  for (const path of ['/__mock/clock', '/__clock']) {
    assert((await mock.control('POST', path, { advance_seconds: 0 }, 200)).now);
  }

  // A reset forgets all of it.
  await mock.control('POST', '/__mock/reset', { clock: true }, 200);
  assert.deepEqual((await mock.control('GET', '/__mock/users')).users, []);
  assert.equal(await system.profile(token), 401);
}

// The operations of the document: method and path.
async function described(mock) {
  const operations = new Set();
  let path = '';
  for (const line of (await mock.control('GET', '/__mock/openapi.yaml')).split('\n')) {
    path = line.match(/^ {2}(\/\S+):$/)?.[1] ?? path;
    const method = line.match(/^ {4}(get|post|delete|put|patch):$/)?.[1];
    if (method) operations.add(`${method.toUpperCase()} ${path}`);
  }
  return operations;
}

const urls = process.argv.slice(2);
const systems = [Wunder, WalletCrew, GoodCity, Fynd].map((system, index) => new system(urls[index]));
for (const system of systems) await run(system);
const operations = await described(systems[0].mock);
const missing = [...operations].filter((operation) => !called.has(operation));
assert.deepEqual(missing, [], 'each operation is called');
console.log(`${operations.size - missing.length}/${operations.size}`);
