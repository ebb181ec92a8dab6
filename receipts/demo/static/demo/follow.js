/**
 * Refreshes when there may be changes: at once while the live feed is connected, else by polling.
 * The content of events is not used, since the subscriber fetches everything anyway.
 */

import { renew, token } from "./session.js";

/** Events within this time (ms) cause one refresh. */
const SETTLE = 60;
/** Polling intervals (ms) with the feed, without it, and at most after failures. */
const LISTENING = 60_000;
const LOST = 3_000;
const LONGEST = 15_000;

export class Follow {
  #callback = null;
  #timer = null;
  #stream = null;
  #lastId = null;
  #listening = false;
  #busy = false;
  #again = false;
  #failures = 0;

  /** Call `callback`, which returns a promise, now and whenever there may be changes. */
  subscribe(callback) {
    this.#callback = callback;
    this.now();
    this.#stream = new AbortController();
    this.#listen(this.#stream.signal);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#stream?.abort();
    this.#callback = null;
  }

  /** Refresh at once, or again after the refresh that is running. */
  now() {
    clearTimeout(this.#timer);
    if (this.#busy) this.#again = true;
    else this.#look();
  }

  async #look() {
    const callback = this.#callback;
    if (!callback) return;
    this.#busy = true;
    this.#again = false;
    try {
      await callback();
      this.#failures = 0;
    } catch {
      this.#failures += 1; // the subscriber has reported it
    }
    this.#busy = false;
    if (this.#callback) this.#lookIn(this.#again ? 0 : this.#pause());
  }

  #lookIn(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), pause);
  }

  /** There are changes: a refresh that is running may have started before them. */
  #ring() {
    if (this.#busy) this.#again = true;
    else this.#lookIn(SETTLE);
  }

  #pause() {
    if (this.#listening && !this.#failures) return LISTENING;
    return Math.min(LOST * 2 ** this.#failures, LONGEST);
  }

  /** Keep a stream open; reconnect after the last event received. */
  async #listen(signal) {
    for (let pause = LOST / 3; !signal.aborted; pause = Math.min(pause * 2, LONGEST)) {
      const heard = await this.#hear(signal).catch(() => false);
      if (this.#listening) this.now(); // the stream has ended: is the service still up?
      this.#listening = false;
      if (heard) pause = LOST / 3;
      await new Promise((done) => setTimeout(done, pause * (0.75 + Math.random() / 2)));
    }
  }

  /** Read one stream to its end; resolves to whether it was opened. */
  async #hear(signal) {
    const headers = { Authorization: `Bearer ${await token()}`, Accept: "text/event-stream" };
    if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
    const response = await fetch("/api/v1/events/", { headers, cache: "no-store", signal });
    if (response.status === 401) await renew();
    if (response.status === 400 || response.status === 410) this.#lastId = null; // start anew
    if (!response.ok) return false;
    this.#listening = true;
    this.#ring();
    let rest = "";
    for await (const text of pieces(response.body)) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop();
      blocks.forEach((block) => this.#take(block));
    }
    return true;
  }

  #take(block) {
    const lines = block.split("\n");
    const id = lines.find((line) => line.startsWith("id: "));
    if (id) this.#lastId = id.slice(4);
    if (lines.some((line) => line.startsWith("data: "))) this.#ring();
  }
}

async function* pieces(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}
