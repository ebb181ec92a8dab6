/** The live feed: one stream for all who listen, resumed after the last event that was handed on. */

import type { Seenby } from "./client.js";
import { pause, whenBack } from "./clock.js";
import { unreachable } from "./errors.js";
import type { FeedEvent } from "./types.js";

/** `waiting`: the connection is lost, and another try follows. */
export type FeedState = "stopped" | "connecting" | "live" | "waiting";

export interface Listener {
  event?(event: FeedEvent): void;
  /**
   * Load what you show: the feed goes on from now. It is called at the start, and when the cursor
   * has expired since the device was away for too long.
   */
  reload?(): void;
  state?(state: FeedState): void;
}

/** Milliseconds without a sign of life, of which the service gives one every 20 s. */
const SILENCE_MS = 60_000;

export class Feed {
  /** After the last event that was handed on; keep it to continue there after a page was closed. */
  cursor: string | null;
  state: FeedState = "stopped";
  readonly #seenby: Seenby;
  readonly #listeners = new Set<Listener>();
  #running: AbortController | null = null;
  #waiting: AbortController | null = null;

  constructor(seenby: Seenby, cursor: string | null) {
    this.#seenby = seenby;
    this.cursor = cursor;
  }

  /** Be told of events until the function that is returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (!this.#running) this.#start();
    else if (this.state === "live") queueMicrotask(() => this.#listeners.has(listener) && listener.reload?.());
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size || !this.#running) return;
      this.#running.abort();
      this.retry(); // which then finds that it is over
      this.#running = this.cursor = null;
      this.#become("stopped");
    };
  }

  /** Try again now, if it is waiting to. */
  retry(): void {
    this.#waiting?.abort();
  }

  #start(): void {
    const running = (this.#running = new AbortController());
    whenBack(() => this.retry(), running.signal);
    void this.#run(running.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#seenby;
    for (let failures = 0; !signal.aborted; ) {
      let retryAfter: number | null = null;
      try {
        this.#become("connecting");
        await this.#read(signal, () => (failures = 0));
      } catch (caught) {
        if (signal.aborted) return;
        const error = unreachable(caught);
        retryAfter = error.retryAfter;
        // 410: events after the cursor are gone. 400: it is another user's, or another service's.
        if (error.status === 410 || error.status === 400) this.cursor = null;
        failures += 1;
      }
      if (signal.aborted) return;
      this.#become("waiting");
      this.#waiting = new AbortController();
      await clock.wait(pause(clock, failures, retryAfter), this.#waiting.signal);
    }
  }

  /** Read one stream to its end. */
  async #read(signal: AbortSignal, opened: () => void): Promise<void> {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    let timer = setTimeout(stop, SILENCE_MS);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.cursor) headers["Last-Event-ID"] = this.cursor;
      const response = await this.#seenby.open("GET", "/events/", { headers, signal: attempt.signal });
      opened();
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      attempt.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}));
      for (let rest = ""; ; ) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return;
        clearTimeout(timer);
        timer = setTimeout(stop, SILENCE_MS);
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop()!;
        for (const block of blocks) this.#take(block);
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  /** The cursor moves when the events before it were handed on: they may come twice, never not. */
  #take(block: string): void {
    const lines = block.split("\n");
    const value = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length);
    const data = value("data: ");
    if (data) {
      const event = JSON.parse(data) as FeedEvent;
      this.#tell((each) => each.event?.(event));
    }
    const id = value("id: ");
    if (!id) return;
    const isNew = this.cursor === null;
    this.cursor = id;
    if (this.state !== "live") this.#become("live");
    if (isNew) this.#tell((each) => each.reload?.());
  }

  #become(state: FeedState): void {
    this.state = state;
    this.#tell((each) => each.state?.(state));
  }

  /** One listener's error is not another's. */
  #tell(say: (listener: Listener) => void): void {
    for (const each of [...this.#listeners]) {
      try {
        say(each);
      } catch (error) {
        console.error(error);
      }
    }
  }
}
