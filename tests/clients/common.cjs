// What the flows of all SDKs share, on Node (`require('../common.cjs')`) and in pages (`common`).
// A flow is a script that calls `run` with its steps. It prints lines for the test that has started
// it (tests/clients/flows.py): SAID and JSON in between, RESULT and JSON at its end.
(() => {
  const onNode = typeof process === 'object' && typeof module === 'object';
  const given = onNode ? process.argv[2] : new URLSearchParams(location.search).get('options');
  const options = JSON.parse(given ?? '{}');
  const LIMIT_MS = options.limitMs ?? 20_000;
  const print = onNode ? process.stdout.write.bind(process.stdout) : console.log.bind(console);
  const stray = [];  // errors that nobody caught

  const inWords = error => String(error?.stack ?? error?.message ?? JSON.stringify(error) ?? error);

  const tooLate = what => new Error(`waited in vain for ${what}`);

  /** Keeps what arrives by callbacks, until the flow takes it. */
  class Mailbox {
    constructor(name) {
      this.name = name;
      this.seen = [];    // all that has ever arrived
      this.untaken = [];
      this.waiting = [];
    }

    /** The callback to give to an SDK. */
    put = thing => {
      this.seen.push(thing);
      const index = this.waiting.findIndex(({ wanted }) => wanted(thing));
      if (index < 0) this.untaken.push(thing);
      else this.waiting.splice(index, 1)[0].resolve(thing);
    };

    /** The oldest untaken one that is wanted, or the next that arrives; fails after the limit. */
    take(what, wanted = () => true) {
      const index = this.untaken.findIndex(wanted);
      if (index >= 0) return Promise.resolve(this.untaken.splice(index, 1)[0]);
      const arrives = new Promise(resolve => { this.waiting.push({ wanted, resolve }); });
      return inTime(() => `${what} among ${this.name}: ${JSON.stringify(this.seen)}`, arrives);
    }
  }

  /** The promise's result; fails if it takes longer than the limit. `what` may be a function. */
  function inTime(what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
      const fail = () => reject(tooLate(typeof what === 'function' ? what() : what));
      timer = setTimeout(fail, LIMIT_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  /** Ask again and again until the answer is something: only for what tells nobody by itself. */
  async function until(what, ask) {
    const end = Date.now() + LIMIT_MS;
    while (Date.now() < end) {
      const found = await ask();
      if (found) return found;
      await new Promise(go => setTimeout(go, 20));
    }
    throw tooLate(what);
  }

  const sorted = (_, value) => value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

  /** Both are the same JSON, in whatever order their keys are. */
  function equal(actual, expected, what) {
    const [is, should] = [actual, expected].map(each => JSON.stringify(each, sorted));
    if (is !== should) throw new Error(`${what}: ${is} is not ${should}`);
  }

  function ok(value, what) {
    if (!value) throw new Error(`not so: ${what}`);
  }

  const line = (word, value) => print(`${word} ${JSON.stringify(value)}${onNode ? '\n' : ''}`);

  /** Tell the test something: `flow.said(name)` there. */
  const say = (name, value = null) => line('SAID', { name, value });

  const orders = new Mailbox('orders');

  /** Wait for the test: `flow.tell(name, value)` there. */
  const hear = async name => (await orders.take(name, order => order.name === name)).value;

  /** An SDK for pages: its global there; on Node its package, and jsdom plays the page. */
  function load(name, itsGlobal) {
    if (!onNode) return globalThis[itsGlobal];
    require('./browserlike.cjs')(options.page ?? options.url);
    return require.main.require(name);
  }

  /** Take the step that the options name; RESULT is what it returns, or what it throws. */
  async function run(steps) {
    let result;
    try {
      result = { done: (await steps[options.step](options)) ?? null };
    } catch (error) {
      result = { failed: { code: error?.code ?? null, message: inWords(error) } };
    }
    line('RESULT', { ...result, stray });
    if (onNode) process.stdout.write('', () => process.exit(0));
  }

  // An app goes on when something in its SDK throws where nobody catches it. The test is told.
  const note = error => { stray.push(inWords(error)); };
  if (onNode) {
    process.on('uncaughtException', note).on('unhandledRejection', note);
    const lines = require('node:readline').createInterface({ input: process.stdin });
    lines.on('line', order => orders.put(JSON.parse(order)));
  } else {
    addEventListener('error', ({ error, message }) => note(error ?? message));
    addEventListener('unhandledrejection', ({ reason }) => note(reason));
  }

  const common = {
    Mailbox, equal, hear, inTime, load, ok, options, orders, run, say, stray, until,
  };
  if (onNode) module.exports = common;
  else globalThis.common = common;
})();
