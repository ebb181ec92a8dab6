/**
 * Marks: what this user's device has received and read. They are sent in batches, kept while the
 * service cannot be reached, and sent again until it has answered: a mark may arrive twice.
 */

import type { Seenby } from "./client.js";
import { pause, whenBack } from "./clock.js";
import { unreachable, type SeenbyError } from "./errors.js";
import { bodyReference } from "./references.js";
import type { BatchMark, BatchResult, Reference } from "./types.js";
import { Visible } from "./visible.js";

export type MarkState = "delivered" | "read";
/** What this device shows of a message: at once, and `confirmed` when the service has answered. */
export interface Marked {
  state: MarkState;
  confirmed: boolean;
}

export interface MarksOptions {
  /** Milliseconds in which marks are collected for one request. */
  delay?: number;
  /** Where unsent marks outlive the page, such as `localStorage`; `key` is the user's own. */
  storage?: Storage;
  key?: string;
  /** A mark that the service has refused for good; its message is rolled back. */
  refused?: (message: Reference, why: BatchResult | SeenbyError) => void;
}

interface Item {
  message: Reference;
  state: MarkState;
  at: string;
  private?: boolean;
  /** It waited for the service: its own time is sent, not that of its arrival. */
  late?: boolean;
}

const MOST_ITEMS = 1_000;
/** Of a closing page: browsers let 64 KB leave. */
const MOST_AT_THE_END = 400;

export class Marks {
  readonly #seenby: Seenby;
  readonly #options: MarksOptions;
  readonly #waiting = new Map<string, Item>();
  /** By message: what is shown, and what the service has confirmed. */
  readonly #marked = new Map<string, Marked>();
  readonly #confirmed = new Map<string, MarkState>();
  readonly #watchers = new Set<(message: Reference, marked: Marked | null) => void>();
  readonly #visible = new Visible((message) => this.read(message));
  readonly #life = new AbortController();
  #sending: Promise<void> | null = null;
  #pause: AbortController | null = null;

  constructor(seenby: Seenby, options: MarksOptions = {}) {
    this.#seenby = seenby;
    this.#options = options;
    this.#restore();
    whenBack(() => this.#pause?.abort(), this.#life.signal);
    if (typeof document === "object") {
      const { signal } = this.#life;
      document.addEventListener("visibilitychange", () => document.hidden && this.#leave(), { signal });
    }
    if (this.#waiting.size) this.#schedule(0);
  }

  /** How many are not confirmed. */
  get pending(): number {
    return this.#waiting.size;
  }

  delivered(message: Reference): void {
    this.#add({ message, state: "delivered", at: new Date().toISOString() });
  }

  /** `private`: for others it is a delivery. */
  read(message: Reference, options: { private?: boolean } = {}): void {
    this.#add({ message, state: "read", at: new Date().toISOString(), ...options });
  }

  /** Mark a message read when its element is seen: by half, or filling half of the view. */
  readWhenVisible(element: Element, message: Reference): () => void {
    return this.#visible.observe(element, message);
  }

  /** What is shown of a message now; null if nothing was marked here. */
  of(message: Reference): Marked | null {
    return this.#marked.get(String(message)) ?? null;
  }

  /** Be told when that changes: marked, confirmed, or rolled back (null). */
  watch(watcher: (message: Reference, marked: Marked | null) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Send what waits now; resolves when nothing waits any more. */
  flush(): Promise<void> {
    if (!this.#sending && this.#waiting.size) this.#schedule(0);
    this.#pause?.abort();
    return this.#sending ?? Promise.resolve();
  }

  /** Stop watching the page. What waits stays in the storage. */
  close(): void {
    this.#life.abort();
    this.#pause?.abort();
    this.#visible.close();
  }

  #add(item: Item): void {
    const key = `${item.state} ${item.message}`;
    const before = this.of(item.message);
    const is = before?.state === item.state || before?.state === "read";
    if (this.#waiting.has(key) || (is && before.confirmed)) return; // the earliest one counts
    this.#waiting.set(key, item);
    this.#keep(key, item);
    if (!is) this.#show(item.message, { state: item.state, confirmed: false });
    this.#schedule(this.#options.delay ?? 250);
  }

  /** Send soon, unless that is under way already. */
  #schedule(ms: number): void {
    this.#sending ??= this.#wait(ms)
      .then(() => this.#run())
      .finally(() => {
        this.#sending = null;
        if (this.#waiting.size && !this.#life.signal.aborted) this.#schedule(0);
      });
  }

  async #wait(ms: number): Promise<void> {
    this.#pause = new AbortController();
    await this.#seenby.clock.wait(ms, this.#pause.signal);
    this.#pause = null;
  }

  async #run(): Promise<void> {
    const { clock } = this.#seenby;
    for (let failures = 0; this.#waiting.size && !this.#life.signal.aborted; ) {
      const batch = [...this.#waiting].slice(0, MOST_ITEMS);
      try {
        const { results } = await this.#send(batch.map(([, item]) => item));
        batch.forEach(([key, item], place) => this.#settle(key, item, results[place]!));
        failures = 0;
      } catch (caught) {
        const error = unreachable(caught);
        if (!error.isTemporary) {
          for (const [key, item] of batch) this.#settle(key, item, error);
          continue;
        }
        for (const [key, item] of batch) this.#keep(key, Object.assign(item, { late: true }));
        failures += 1;
        await this.#wait(pause(clock, failures, error.retryAfter));
      }
    }
  }

  #send(items: Item[], keepalive = false): Promise<{ results: BatchResult[] }> {
    const receipts = items.map(({ message, state, at, late, ...rest }) => ({
      message: bodyReference(message),
      state,
      ...(late ? { at } : {}),
      ...rest,
    })) as BatchMark[];
    return this.#seenby.request("POST", "/receipts/", { body: { receipts }, keepalive });
  }

  /** The page is left: what waits goes with it. It stays in the storage, since nobody may answer. */
  #leave(): void {
    const items = [...this.#waiting.values()].slice(0, MOST_AT_THE_END);
    if (items.length) this.#send(items, true).catch(() => {});
  }

  #settle(key: string, item: Item, outcome: BatchResult | SeenbyError): void {
    this.#waiting.delete(key);
    this.#keep(key, null);
    const { message, state } = item;
    const now = this.of(message);
    if ("result" in outcome && ["applied", "unchanged"].includes(outcome.result)) {
      if (this.#confirmed.get(String(message)) !== "read") this.#confirmed.set(String(message), state);
      if (now?.state === state && !now.confirmed) this.#show(message, { state, confirmed: true });
    } else {
      if (now?.state === state) this.#show(message, this.#without(message));
      this.#options.refused?.(message, outcome);
    }
  }

  /** What is left of a message when a mark of it was refused. */
  #without(message: Reference): Marked | null {
    const confirmed = this.#confirmed.get(String(message));
    if (confirmed) return { state: confirmed, confirmed: true };
    return this.#waiting.has(`delivered ${message}`) ? { state: "delivered", confirmed: false } : null;
  }

  #show(message: Reference, marked: Marked | null): void {
    if (marked) this.#marked.set(String(message), marked);
    else this.#marked.delete(String(message));
    for (const each of [...this.#watchers]) each(message, marked);
  }

  // Each mark under a key of its own: other windows may have the same storage.

  get #prefix(): string {
    return `${this.#options.key ?? "seenby:marks"}:`;
  }

  #keep(key: string, item: Item | null): void {
    try {
      if (item) this.#options.storage?.setItem(this.#prefix + key, JSON.stringify(item));
      else this.#options.storage?.removeItem(this.#prefix + key);
    } catch {
      // It is full, or not allowed: the marks live as long as the page.
    }
  }

  #restore(): void {
    const { storage } = this.#options;
    for (let place = 0; place < (storage?.length ?? 0); place += 1) {
      const name = storage!.key(place)!;
      if (!name.startsWith(this.#prefix)) continue;
      try {
        const item = JSON.parse(storage!.getItem(name)!) as Item;
        this.#waiting.set(name.slice(this.#prefix.length), { ...item, late: true });
        this.#show(item.message, { state: item.state, confirmed: false });
      } catch {
        // Not ours.
      }
    }
  }
}
