/** A service and a clock for tests: answers as they are told, and no time that passes. */

export const json = (body, status = 200, headers = {}) =>
  new Response(body === null ? null : JSON.stringify(body), { status, headers });

/** `fetch` as a list of answers, each a response, an error or a function of the call; calls are kept. */
export function service(...answers) {
  const calls = [];
  const fetch = async (address, init) => {
    const { body, headers, method, signal } = init;
    const call = { address, method, headers, signal, keepalive: init.keepalive, body: body && JSON.parse(body) };
    calls.push(call);
    const next = answers.length > 1 ? answers.shift() : answers[0];
    const answer = typeof next === "function" ? await next(call) : next;
    if (answer instanceof Error) throw answer;
    return answer instanceof Response ? answer.clone() : answer;
  };
  return { calls, fetch };
}

/** A clock whose waits end when the test says so: `await clock.pass()`. */
export function clock() {
  const waits = [];
  return {
    random: () => 1,
    wait: (ms, signal) =>
      new Promise((done) => {
        waits.push({ ms, done });
        signal?.addEventListener("abort", done, { once: true });
      }),
    waits,
    /** End all waits, and let everything that follows from that happen. */
    async pass() {
      for (const { done } of waits.splice(0)) done();
      await settled();
    },
  };
}

/** Run everything that is ready. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((go) => setImmediate(go));
}

/** A stream that the test writes: `say(event, cursor)`, `end()`, `break()`. */
export function stream() {
  let controller;
  const body = new ReadableStream({ start: (given) => (controller = given) });
  const write = (text) => controller.enqueue(new TextEncoder().encode(text));
  return {
    response: new Response(body, { status: 200 }),
    write,
    say: (event, cursor) => {
      const data = event ? `event: ${event.kind}\ndata: ${JSON.stringify(event)}\n` : "";
      write(`${data}${cursor ? `id: ${cursor}\n` : ""}\n`);
      return settled();
    },
    end: () => (controller.close(), settled()),
    break: () => (controller.error(new TypeError("network")), settled()),
  };
}

export class Storage {
  #map = new Map();
  get length() {
    return this.#map.size;
  }
  key = (place) => [...this.#map.keys()][place] ?? null;
  getItem = (key) => this.#map.get(key) ?? null;
  setItem = (key, value) => void this.#map.set(key, value);
  removeItem = (key) => void this.#map.delete(key);
}
