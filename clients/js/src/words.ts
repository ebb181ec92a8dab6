/** What the element says. `Object.assign(words, {…})` says it in another language. */

import type { Recipient, Summary } from "./types.js";

export const words = {
  info: "Message info",
  close: "Close",
  more: "Show more",
  loading: "Loading…",
  unreachable: "Who has read it cannot be loaded now.",
  untracked: "This message was sent without receipts.",
  nobody: "Nobody else took part when this was sent.",
  archived: "Only the counts are kept of this message.",
  left: "has left",
  beforeEdit: "read before the edit",
  /** The headings of the list, in its order. */
  groups: {
    read: "Read by",
    delivered: "Delivered to",
    pending: "Not yet",
    failed: "Not delivered",
    withdrawn: "Left before reading",
  } as Record<Recipient["state"], string>,
  /** The ticks in words. */
  summary: (summary: Summary): string => summary.summary_text,
};
