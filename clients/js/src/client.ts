/** Calls to the API. */

import { CLOCK, type Clock } from "./clock.js";
import { errorOf, unreachable } from "./errors.js";
import { Feed } from "./feed.js";
import type { Answer, CallOptions, Method, Route } from "./types.js";

const PREFIX = "/api/v1";

export interface SeenbyOptions {
  /** Where the service is: `https://receipts.example`. By default the page's own origin. */
  url?: string;
  /** Gets a token of the user from your backend: at first, and when one is refused. */
  token: () => string | Promise<string>;
  /** Milliseconds until a call is given up. */
  timeout?: number;
  /** Where the feed continues, from an earlier `feed.cursor`. */
  cursor?: string | null;
  fetch?: typeof fetch;
  clock?: Clock;
}

export interface RequestOptions {
  query?: Record<string, unknown>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Let it finish when the page is closed. */
  keepalive?: boolean;
}

/** A user's connection to the service. */
export class Seenby {
  readonly url: string;
  readonly clock: Clock;
  /** The live feed; one connection for all who listen. */
  readonly feed: Feed;
  readonly #fetch: typeof fetch;
  readonly #source: () => string | Promise<string>;
  readonly #timeout: number;
  #token: Promise<string> | null = null;

  constructor(options: SeenbyOptions) {
    this.url = (options.url ?? "").replace(/\/+$/, "");
    this.clock = options.clock ?? CLOCK;
    this.#fetch = options.fetch ?? ((...given) => fetch(...given));
    this.#source = options.token;
    this.#timeout = options.timeout ?? 10_000;
    this.feed = new Feed(this, options.cursor ?? null);
  }

  get = <R extends Route<"get">>(route: R, options?: CallOptions<"get", R>) =>
    this.#call("get", route, options);
  post = <R extends Route<"post">>(route: R, options?: CallOptions<"post", R>) =>
    this.#call("post", route, options);
  put = <R extends Route<"put">>(route: R, options?: CallOptions<"put", R>) =>
    this.#call("put", route, options);
  patch = <R extends Route<"patch">>(route: R, options?: CallOptions<"patch", R>) =>
    this.#call("patch", route, options);
  delete = <R extends Route<"delete">>(route: R, options?: CallOptions<"delete", R>) =>
    this.#call("delete", route, options);

  #call<M extends Method, R extends string>(
    method: M,
    route: R,
    { path, ...options }: CallOptions<M, R> = {},
  ): Promise<Answer<M, R>> {
    const given = (path ?? {}) as Record<string, unknown>;
    const filled = route.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(String(given[name])));
    return this.request(method, filled, options as RequestOptions);
  }

  /** Any call: `path` is below `/api/v1`, or the `next` of a list. Throws `SeenbyError`. */
  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error("No answer in time.")), this.#timeout);
    const stop = () => late.abort(options.signal?.reason);
    if (options.signal?.aborted) stop();
    options.signal?.addEventListener("abort", stop);
    try {
      const response = await this.open(method, path, { ...options, signal: late.signal });
      return (response.status === 204 ? null : await response.json()) as T;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw unreachable(error);
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", stop);
    }
  }

  /** The response of a call, for whoever reads it piece by piece. Throws `SeenbyError`. */
  async open(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { signal } = options;
    if (!signal) return this.#open(method, path, options);
    // Also while a token is waited for, whose source knows no signal.
    let stop = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop);
    });
    try {
      return await Promise.race([this.#open(method, path, options), stopped]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #open(method: string, path: string, options: RequestOptions): Promise<Response> {
    const used = (this.#token ??= this.#renewed());
    let response = await this.#send(method, path, options, await used);
    if (response.status === 401) {
      // Another call may have renewed it meanwhile.
      if (this.#token === used) this.#token = this.#renewed();
      response = await this.#send(method, path, options, await (this.#token ??= this.#renewed()));
    }
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  /** A new token; one that could not be had is asked for again by the next call. */
  #renewed(): Promise<string> {
    const token = Promise.resolve().then(this.#source);
    token.catch(() => this.#token === token && (this.#token = null));
    return token;
  }

  async #send(method: string, path: string, options: RequestOptions, token: string): Promise<Response> {
    const { query, body, headers, signal, keepalive } = options;
    const given = Object.entries(query ?? {}).filter(([, value]) => value != null);
    const asked = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const init: RequestInit = {
      method: method.toUpperCase(),
      headers: {
        ...headers,
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      cache: "no-store",
      credentials: "omit",
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal) init.signal = signal;
    if (keepalive) init.keepalive = true;
    return this.#fetch(this.url + PREFIX + below(path) + (asked && `?${asked}`), init);
  }
}

/** A path without the prefix, also of an address that a list has as `next`: calls go to `url` only. */
function below(path: string): string {
  const at = path.indexOf(`${PREFIX}/`);
  return at < 0 ? path : path.slice(at + PREFIX.length);
}
