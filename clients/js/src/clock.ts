/** Waiting, so that tests need not. */

export interface Clock {
  /** Resolves after `ms`, or as soon as `signal` is aborted. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

export const CLOCK: Clock = {
  wait: (ms, signal) =>
    new Promise((done) => {
      if (signal?.aborted) return done();
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
    }),
  random: Math.random,
};

const SHORTEST_MS = 1_000;
const LONGEST_MS = 30_000;

/** Milliseconds before another try: longer after each failure, and spread over that time. */
export function pause(clock: Clock, failures: number, retryAfter: number | null = null): number {
  const most = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** failures);
  return (retryAfter ?? 0) * 1000 + clock.random() * most;
}

/** Call `again` when the device is back online, or the page is looked at again. */
export function whenBack(again: () => void, signal: AbortSignal): void {
  if (typeof addEventListener !== "function") return; // Node
  addEventListener("online", again, { signal });
  if (typeof document === "object") {
    document.addEventListener("visibilitychange", () => document.hidden || again(), { signal });
  }
}
