/** The types of the API, by method and path of docs/openapi.yaml: no name of a component is used. */

import type { paths } from "./openapi.js";

/** A message: its id, or `ext:` and your own name for it. */
export type Reference = number | string;

type Prefix = "/api/v1";
export type Method = "get" | "post" | "put" | "patch" | "delete";
/** The paths that have a method, below the prefix: `/messages/{id}/status/`. */
export type Route<M extends Method> = {
  [P in keyof paths]: P extends `${Prefix}${infer R}`
    ? paths[P][M] extends undefined
      ? never
      : R
    : never;
}[keyof paths];

type Operation<M extends Method, R extends string> = `${Prefix}${R}` extends keyof paths
  ? paths[`${Prefix}${R}`][M]
  : never;
type Json<T> = T extends { content: { "application/json": infer J } } ? J : never;
type Parameters<M extends Method, R extends string, In extends "path" | "query"> =
  Operation<M, R> extends { parameters: infer P }
    ? In extends keyof P
      ? P[In]
      : undefined
    : undefined;

type Body<M extends Method, R extends string> =
  Operation<M, R> extends { requestBody?: infer B } ? Json<NonNullable<B>> : never;

/** What a call is given beside its path. */
export interface CallOptions<M extends Method, R extends string> {
  path?: Parameters<M, R, "path">;
  query?: Parameters<M, R, "query">;
  body?: Body<M, R>;
  signal?: AbortSignal;
}

/** What a call answers. */
export type Answer<M extends Method, R extends string> =
  Operation<M, R> extends { responses: infer A }
    ? Json<A[keyof A & (200 | 201 | 202)]>
    : never;

// --- What calls answer ----------------------------------------------------------------------------

/** What happened, as the live feed says it; `kind` tells which fields there are. */
export type FeedEvent = Answer<"get", "/events/">["results"][number];
export type Message = Answer<"get", "/messages/{id}/">;
/** How far a message has come, over all recipients. */
export type Summary = Answer<"get", "/messages/{id}/status/">;
/** In the place of a summary: the message is not there, or its receipts are not for you. */
export type RefusedSummary = Exclude<Answer<"get", "/receipts/">["results"][number], Summary>;
/** One recipient of a message, with their state and times. */
export type Recipient = Answer<"get", "/messages/{id}/recipients/">["results"][number];
/** One mark of a batch, and its result. */
export type BatchMark = Body<"post", "/receipts/">["receipts"][number];
export type BatchResult = Answer<"post", "/receipts/">["results"][number];
