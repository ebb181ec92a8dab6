/** Names of messages, as addresses, lists and bodies have them. */

import type { Reference } from "./types.js";

const NAMED = "ext:";

/** The name in `ext:name`; null of an id. */
export function nameIn(message: Reference): string | null {
  const text = String(message);
  return text.startsWith(NAMED) ? text.slice(NAMED.length) : null;
}

/** In a body: `42`, or `{"external_id": "tea-1"}`. */
export function bodyReference(message: Reference): number | { external_id: string } {
  const name = nameIn(message);
  return name === null ? Number(message) : { external_id: name };
}

/** In a list of words, where a comma separates: percent-encoded. */
export function listReference(message: Reference): string {
  const name = nameIn(message);
  return name === null ? String(message) : NAMED + encodeURIComponent(name);
}
