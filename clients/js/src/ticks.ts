/** How far messages have come, live: summaries of what is watched, in few requests and one stream. */

import type { Seenby } from "./client.js";
import { pause } from "./clock.js";
import { unreachable } from "./errors.js";
import { listReference } from "./references.js";
import type { FeedEvent, Reference, RefusedSummary, Summary } from "./types.js";

/** A message's summary; or null with why there is none: `not_found` or `permission_denied`. */
export interface Tick {
  summary: Summary | null;
  refused: string | null;
}

interface Watched {
  message: Reference;
  watchers: Set<(tick: Tick) => void>;
  tick: Tick | null;
  /** Counts changes, so that an answer that was asked for before one is not taken for newer. */
  version: number;
}

/** At most this many messages in one request, and characters in its address. */
const MOST_MESSAGES = 200;
const MOST_CHARACTERS = 6_000;
/** Milliseconds in which messages are collected for one request: usually, and until the feed is live. */
const COLLECTING_MS = 20;
const CONNECTING_MS = 1_000;
/** Summaries of messages that are not watched, to be shown at once if they are. */
const MOST_KNOWN = 500;

export class Ticks {
  readonly seenby: Seenby;
  readonly #watched = new Map<string, Watched>();
  readonly #due = new Set<Watched>();
  readonly #known = new Map<string, Summary>();
  #loading = false;
  /** Ends the time in which messages are collected. */
  #collecting: AbortController | null = null;
  #stop: (() => void) | null = null;

  constructor(seenby: Seenby) {
    this.seenby = seenby;
  }

  /** Be told now and whenever it changes, until the function that is returned is called. */
  watch(message: Reference, watcher: (tick: Tick) => void): () => void {
    const key = String(message);
    const known = this.#known.get(key);
    const tick = known ? { summary: known, refused: null } : null;
    const before = this.#watched.get(key);
    const watched = before ?? { message, watchers: new Set(), tick, version: 0 };
    this.#watched.set(key, watched);
    watched.watchers.add(watcher);
    if (watched.tick) watcher(watched.tick);
    this.#stop ??= this.seenby.feed.listen({
      event: (event) => this.#hear(event),
      reload: () => this.#load(this.#watched.values()),
      // Live, or not for now: either way there is nothing to wait for.
      state: (state) => state !== "connecting" && this.#collecting?.abort(),
    });
    if (!before) this.#load([watched]);
    return () => {
      watched.watchers.delete(watcher);
      if (watched.watchers.size || this.#watched.get(key) !== watched) return;
      this.#watched.delete(key);
      this.#due.delete(watched);
      if (this.#watched.size) return;
      this.#stop?.();
      this.#stop = null;
    };
  }

  /** Take summaries that you have anyway, as of a message that was just sent: they are shown at once. */
  learn(summaries: Iterable<Summary>): void {
    for (const summary of summaries) {
      const { message, message_external_id: name } = summary;
      this.#remember(String(message), summary);
      if (name !== null) this.#remember(`ext:${name}`, summary);
      for (const watched of this.#of(message, name)) {
        this.#due.delete(watched);
        this.#become(watched, { summary, refused: null });
      }
    }
  }

  #remember(key: string, summary: Summary): void {
    this.#known.delete(key); // to the end of the order
    this.#known.set(key, summary);
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!);
  }

  #hear(event: FeedEvent): void {
    if (event.kind === "receipt.updated") {
      const told = event.receipts ?? [];
      this.learn(told);
      if (event.complete) return;
      // Some changes are left out; of which messages is not said.
      const known = new Set(told.flatMap((each) => this.#of(each.message, each.message_external_id)));
      this.#load([...this.#watched.values()].filter((each) => !known.has(each)));
    } else if (event.kind === "conversation.deleted") {
      this.#load(this.#watched.values());
    } else if ("message" in event && event.message) {
      const { id, external_id, receipts } = event.message;
      if (receipts) this.learn([receipts]);
      else this.#load(this.#of(id, external_id));
    }
  }

  #of(id: number, name: string | null): Watched[] {
    const found = [this.#watched.get(String(id)), name === null ? undefined : this.#watched.get(`ext:${name}`)];
    return found.filter((each) => each !== undefined);
  }

  #become(watched: Watched, tick: Tick): void {
    watched.version += 1;
    if (JSON.stringify(watched.tick) === JSON.stringify(tick)) return;
    watched.tick = tick;
    for (const each of [...watched.watchers]) each(tick);
  }

  #load(some: Iterable<Watched>): void {
    for (const each of some) this.#due.add(each);
    if (!this.#due.size || this.#loading) return;
    this.#loading = true;
    void this.#run().finally(() => (this.#loading = false));
  }

  async #run(): Promise<void> {
    const { clock, feed } = this.seenby;
    // What the feed tells from its start on is not in an answer from before it.
    if (feed.state === "connecting") {
      this.#collecting = new AbortController();
      await clock.wait(CONNECTING_MS, this.#collecting.signal);
    }
    await clock.wait(COLLECTING_MS);
    for (let failures = 0; this.#due.size; ) {
      const batch = this.#next();
      const versions = batch.map((each) => each.version);
      try {
        const messages = batch.map((each) => listReference(each.message)).join(",");
        const { results } = await this.seenby.request<{ results: (Summary | RefusedSummary)[] }>(
          "GET", "/receipts/", { query: { messages } },
        );
        failures = 0;
        batch.forEach((each, place) => {
          const result = results[place]!;
          if (each.version !== versions[place]) return; // the feed was faster
          const refused = "code" in result ? result.code : null;
          this.#become(each, { summary: refused ? null : (result as Summary), refused });
        });
      } catch (caught) {
        const error = unreachable(caught);
        if (!error.isTemporary) {
          for (const each of batch) this.#become(each, { summary: null, refused: error.code });
          continue;
        }
        for (const each of batch) if (each.watchers.size) this.#due.add(each);
        failures += 1;
        await clock.wait(pause(clock, failures, error.retryAfter));
      }
    }
  }

  /** The messages of the next request. */
  #next(): Watched[] {
    const batch: Watched[] = [];
    let characters = 0;
    for (const each of this.#due) {
      characters += encodeURIComponent(listReference(each.message)).length + 3;
      if (batch.length === MOST_MESSAGES || (batch.length && characters > MOST_CHARACTERS)) break;
      batch.push(each);
      this.#due.delete(each);
    }
    return batch;
  }
}
