/** Calls to the public API. */

import { renew, token } from "./session.js";
import { state } from "./state.js";

const PATIENCE = 10_000;
const LATER = new Set([429, 502, 503, 504]);

/** No response, or a temporary error: the same call may succeed later. */
export class Unreachable extends Error {}

/** Any other error response. */
export class Refusal extends Error {
  constructor(status, body) {
    const said = body?.detail ?? Object.values(body ?? {}).flat().join(" ");
    super(said || `The service returned ${status}.`);
    this.status = status;
  }
}

export const get = (path) => call("GET", path);
export const put = (path, body) => call("PUT", path, body);
export const post = (path, body = {}) => call("POST", path, body);

export async function call(method, path, body) {
  if (state.connection === "away") throw new Unreachable("Switched off.");
  let response = await send(method, path, body, await orUnreachable(token()));
  if (response.status === 401) {
    response = await send(method, path, body, await orUnreachable(renew()));
  }
  if (LATER.has(response.status)) throw new Unreachable(`${response.status}`);
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

/** The path below `/api/v1` of an absolute URL, such as `next` of a list. */
export function pathOf(address) {
  return address && address.slice(address.indexOf("/api/v1") + "/api/v1".length);
}

function send(method, path, body, bearer) {
  const headers = { Authorization: `Bearer ${bearer}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return orUnreachable(
    fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    }),
  );
}

async function orUnreachable(promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Unreachable(error.message);
  }
}

let last = Promise.resolve();

/** Run tasks one after another: an earlier response never overwrites a later one. */
export function inTurn(task) {
  const mine = last.then(task);
  last = mine.catch(() => {});
  return mine;
}
