/** This window's client of the API, and the ticks of all its messages. */

import { Seenby, SeenbyError, Ticks } from "/static/seenby/seenby.js";
import { use } from "/static/seenby/seenby-ticks.js";
import { token } from "./session.js";

let network = new AbortController();

/** Simulate a device without network, also for calls that are under way. */
export function switchNetwork(on) {
  if (on) network = new AbortController();
  else network.abort(new TypeError("Switched off."));
  seenby.feed.retry();
}

function throughNetwork(address, init) {
  const signal = AbortSignal.any([init.signal, network.signal]);
  return network.signal.aborted ? Promise.reject(network.signal.reason) : fetch(address, { ...init, signal });
}

export const seenby = new Seenby({ token, fetch: throughNetwork });
export const ticks = new Ticks(seenby);
use(ticks);

export const get = (path) => call("GET", path);
export const put = (path, body) => call("PUT", path, body);
export const post = (path, body = {}) => call("POST", path, body);
export const call = (method, path, body) => seenby.request(method, path, { body });

/** Whether the service has refused a call for good; else the same call may succeed later. */
export const isRefusal = (error) => error instanceof SeenbyError && !error.isTemporary;
export const isUnreachable = (error) => error instanceof SeenbyError && error.isTemporary;
/** What a person is told of an error. */
export const inWords = (error) => (isRefusal(error) ? error.message : "The service cannot be reached.");

let last = Promise.resolve();

/** Run tasks one after another: an earlier response never overwrites a later one. */
export function inTurn(task) {
  const mine = last.then(task);
  last = mine.catch(() => {});
  return mine;
}
