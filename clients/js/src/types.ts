/** The types of the API. Names of components in docs/openapi.yaml are used in this file only. */

import type { components, paths } from "./openapi.js";

type Schemas = components["schemas"];

/** What happened, as the live feed says it; `kind` tells which fields there are. */
export type FeedEvent = Schemas["Event"];
export type Message = Schemas["MessageShape"];
/** How far a message has come, over all recipients. */
export type Summary = Schemas["Summary"];
/** In the place of a summary: the message is not there, or its receipts are not for you. */
export type RefusedSummary = Schemas["RefusedSummary"];
/** One recipient of a message, with their state and times. */
export type Recipient = Schemas["ListedRecipient"];
/** One mark of a batch, and its result. */
export type BatchMark = Schemas["ItemBodyRequest"];
export type BatchResult = Schemas["BatchResult"];

/** A message: its id, or `ext:` and your own name for it. */
export type Reference = number | string;

// --- Calls, by method and path --------------------------------------------------------------------

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

/** What a call is given beside its path. */
export interface CallOptions<M extends Method, R extends string> {
  path?: Parameters<M, R, "path">;
  query?: Parameters<M, R, "query">;
  body?: Operation<M, R> extends { requestBody?: infer B } ? Json<NonNullable<B>> : never;
  signal?: AbortSignal;
}

/** What a call answers. */
export type Answer<M extends Method, R extends string> =
  Operation<M, R> extends { responses: infer A }
    ? Json<A[keyof A & (200 | 201 | 202)]>
    : never;
