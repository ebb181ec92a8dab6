/** Seenby's client for pages and Node: calls, the live feed, marks, ticks. */

export { Seenby, type RequestOptions, type SeenbyOptions } from "./client.js";
export { type Clock } from "./clock.js";
export { SeenbyError, type FieldError } from "./errors.js";
export { Feed, type FeedState, type Listener } from "./feed.js";
export { Marks, type Marked, type MarkState, type MarksOptions } from "./marks.js";
export { Ticks, type Tick } from "./ticks.js";
export type * from "./types.js";
