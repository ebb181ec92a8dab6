import assert from "node:assert/strict";
import { test } from "node:test";

import { Seenby, SeenbyError } from "../dist/seenby.js";
import { json, service } from "./fakes.js";

const URL = "https://receipts.example";
const client = (fake, token = () => "t1", more = {}) => new Seenby({ url: URL, token, fetch: fake.fetch, ...more });
const refusal = (promise) => promise.then(() => assert.fail("it was answered"), (error) => error);

test("a call has the token, its path filled in and its query", async () => {
  const fake = service(json({ results: [] }));
  const seenby = client(fake);
  await seenby.get("/messages/{id}/recipients/", { path: { id: "ext:a/b" }, query: { state: "read", search: undefined } });
  const [call] = fake.calls;
  assert.equal(call.address, `${URL}/api/v1/messages/ext%3Aa%2Fb/recipients/?state=read`);
  assert.equal(call.headers.Authorization, "Bearer t1");
  assert.equal(call.method, "GET");
});

test("a token is asked for once, also by calls at the same time", async () => {
  let asked = 0;
  const seenby = client(service(json({})), () => `t${(asked += 1)}`);
  await Promise.all([seenby.get("/me/"), seenby.get("/me/")]);
  assert.equal(asked, 1);
});

test("a refused token is renewed once for all calls, and they are repeated", async () => {
  let asked = 0;
  const fake = service(({ headers }) => json({}, headers.Authorization === "Bearer t1" ? 401 : 200));
  const seenby = client(fake, () => `t${(asked += 1)}`);
  await Promise.all([seenby.get("/me/"), seenby.get("/me/")]);
  assert.equal(asked, 2);
});

test("a token that is refused again is an error", async () => {
  const fake = service(json({ detail: "It has expired.", code: "token_expired" }, 401));
  const error = await refusal(client(fake).get("/me/"));
  assert.deepEqual([error.status, error.code, fake.calls.length], [401, "token_expired", 2]);
});

test("a token that could not be had is asked for again by the next call", async () => {
  let asked = 0;
  const source = () => {
    asked += 1;
    if (asked === 1) throw new Error("no backend");
    return "t2";
  };
  const seenby = client(service(json({})), source);
  const error = await refusal(seenby.get("/me/"));
  assert.deepEqual([error.status, error.code, error.message], [0, "unreachable", "no backend"]);
  assert.ok(error.isTemporary);
  await seenby.get("/me/");
});

for (const [name, answer, expected] of [
  ["a code", json({ detail: "Not yours.", code: "permission_denied" }, 403),
    { status: 403, code: "permission_denied", message: "Not yours.", fields: {}, retryAfter: null }],
  ["fields", json({ body: ["This field is required."], user: ["Unknown."] }, 400),
    { status: 400, code: "invalid", fields: { body: ["This field is required."], user: ["Unknown."] } }],
  ["fields with codes", json({ detail: "Wrong.", code: "invalid", errors: [{ field: "a.0", code: "blank", detail: "Empty." }], "a.0": ["Empty."] }, 400),
    { status: 400, code: "invalid", message: "Wrong.", fields: { "a.0": ["Empty."] },
      errors: [{ field: "a.0", code: "blank", detail: "Empty." }] }],
  ["a time to come back", json({ detail: "Slower.", code: "throttled" }, 429, { "Retry-After": "7" }),
    { status: 429, code: "throttled", retryAfter: 7, isTemporary: true }],
  ["no JSON", new Response("<h1>Bad Gateway</h1>", { status: 502 }),
    { status: 502, code: "error", message: "The service returned 502.", isTemporary: true }],
]) {
  test(`an error has ${name}`, async () => {
    const error = await refusal(client(service(answer)).get("/me/"));
    assert.ok(error instanceof SeenbyError);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(error[key], value, key);
  });
}

test("no answer is an error that may pass", async () => {
  const error = await refusal(client(service(new TypeError("Failed to fetch"))).get("/me/"));
  assert.deepEqual([error.status, error.code, error.isTemporary], [0, "unreachable", true]);
});

test("a call is given up after its time, and when its caller gives it up", async () => {
  const never = service(({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  const late = await refusal(client(never, () => "t", { timeout: 1 }).get("/me/"));
  assert.equal(late.message, "No answer in time.");
  const controller = new AbortController();
  const asked = refusal(client(never).get("/me/", { signal: controller.signal }));
  controller.abort();
  assert.equal((await asked).name, "AbortError");
});

test("the next page is asked of the service that was named, whatever its address says", async () => {
  const fake = service(json({ results: [] }));
  await client(fake).request("GET", "http://inside:8000/api/v1/conversations/?cursor=x&limit=5");
  assert.equal(fake.calls[0].address, `${URL}/api/v1/conversations/?cursor=x&limit=5`);
});

test("nothing to answer is null", async () => {
  const seenby = client(service(new Response(null, { status: 204 })));
  assert.equal(await seenby.delete("/messages/{id}/", { path: { id: 4 } }), null);
});
