/**
 * Refreshes when there may be changes: at once while the live feed is connected, else by polling.
 * The content of events is not used here, since the subscriber fetches everything anyway.
 */

import { seenby } from "./client.js";

/** Events within this time (ms) cause one refresh. */
const SETTLE = 60;
/** Polling intervals (ms) with the feed, without it, and at most after failures. */
const LISTENING = 60_000;
const LOST = 3_000;
const LONGEST = 15_000;

export class Follow {
  #callback = null;
  #timer = null;
  #stop = null;
  #busy = false;
  #again = false;
  #failures = 0;

  /** Call `callback`, which returns a promise, now and whenever there may be changes. */
  subscribe(callback) {
    this.#callback = callback;
    this.now();
    this.#stop = seenby.feed.listen({
      event: () => this.#ring(),
      state: (state) => {
        if (state === "live") this.#ring();
        if (state === "waiting") this.now(); // lost: is the service still up?
      },
    });
  }

  stop() {
    this.#callback = null;
    clearTimeout(this.#timer);
    this.#stop?.();
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
    if (seenby.feed.state === "live" && !this.#failures) return LISTENING;
    return Math.min(LOST * 2 ** this.#failures, LONGEST);
  }
}
