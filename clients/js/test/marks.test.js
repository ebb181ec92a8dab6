import assert from "node:assert/strict";
import { test } from "node:test";

import { Marks, Seenby } from "../dist/seenby.js";
import { Storage, clock, json, service, settled } from "./fakes.js";

const results = (...names) => json({ results: names.map((result) => ({ result })) });
const all = (result) => ({ body }) => results(...body.receipts.map(() => result));
const AWAY = new TypeError("away");

function marks(answers, options = {}) {
  const time = clock();
  const fake = service(...answers);
  const seenby = new Seenby({ url: "", token: () => "t", fetch: fake.fetch, clock: time });
  const made = new Marks(seenby, options);
  const shown = [];
  made.watch((message, marked) => shown.push([message, marked && `${marked.state}${marked.confirmed ? "!" : ""}`]));
  return { ...fake, marks: made, time, shown };
}

test("marks of a while are one request", async () => {
  const { marks: it, calls, time } = marks([all("applied")]);
  it.delivered(1), it.read(2, { private: true }), it.read("ext:tea-1");
  await settled();
  assert.equal(calls.length, 0);
  await time.pass();
  assert.equal(calls.length, 1);
  assert.deepEqual(calls[0].body.receipts, [
    { message: 1, state: "delivered" },
    { message: 2, state: "read", private: true },
    { message: { external_id: "tea-1" }, state: "read" },
  ]);
  assert.equal(it.pending, 0);
});

test("a mark is shown at once and confirmed by the answer", async () => {
  const { marks: it, shown, time } = marks([all("unchanged")]);
  it.read(1);
  assert.deepEqual(it.of(1), { state: "read", confirmed: false });
  await time.pass();
  assert.deepEqual(it.of(1), { state: "read", confirmed: true });
  assert.deepEqual(shown, [[1, "read"], [1, "read!"]]);
});

test("a refused mark is rolled back", async () => {
  const refused = [];
  const { marks: it, shown, time } = marks([results("applied", "not_recipient")], {
    refused: (message, why) => refused.push([message, why.result]),
  });
  it.read(1), it.read(2);
  await time.pass();
  assert.deepEqual([it.of(1).confirmed, it.of(2)], [true, null]);
  assert.deepEqual(shown.at(-1), [2, null]);
  assert.deepEqual(refused, [[2, "not_recipient"]]);
});

test("a request that is refused for good rolls all of it back", async () => {
  const refused = [];
  const { marks: it, calls, time } = marks([json({ detail: "", code: "permission_denied" }, 403)], {
    refused: (message, why) => refused.push([message, why.code]),
  });
  it.read(1), it.delivered(2);
  await time.pass();
  assert.deepEqual(refused, [[1, "permission_denied"], [2, "permission_denied"]]);
  assert.deepEqual([it.of(1), it.pending, calls.length], [null, 0, 1]);
});

test("what could not be sent is sent again, with its own time", async () => {
  const { marks: it, calls, time } = marks([AWAY, all("applied")]);
  it.read(1);
  await time.pass();
  assert.deepEqual([it.pending, calls[0].body.receipts[0].at], [1, undefined]);
  assert.deepEqual(it.of(1), { state: "read", confirmed: false });
  await time.pass();
  assert.match(calls[1].body.receipts[0].at, /^\d{4}-.*Z$/);
  assert.equal(it.pending, 0);
});

test("what is marked meanwhile goes with the next try, without a time of its own", async () => {
  const { marks: it, calls, time } = marks([AWAY, all("applied")]);
  it.read(1);
  await time.pass();
  it.read(2);
  await time.pass();
  const sent = calls[1].body.receipts;
  assert.deepEqual(sent.map((each) => [each.message, Boolean(each.at)]), [[1, true], [2, false]]);
});

test("it waits as long as the service says", async () => {
  const { marks: it, time } = marks([json({ detail: "", code: "throttled" }, 429, { "Retry-After": "9" }), all("applied")]);
  it.read(1);
  await time.pass();
  assert.equal(time.waits.at(-1).ms, 11_000);
  await it.flush();
  assert.equal(it.pending, 0);
});

test("an answer that was lost marks twice, which changes nothing", async () => {
  const { marks: it, calls, time } = marks([AWAY, all("unchanged")]);
  it.read(1), it.read(1);
  await time.pass();
  await time.pass();
  it.read(1), it.delivered(1);
  await time.pass();
  assert.equal(calls.length, 2);
  assert.deepEqual(it.of(1), { state: "read", confirmed: true });
});

test("a read that is refused leaves a delivery, confirmed before or under way", async () => {
  const { marks: it, time, shown } = marks([results("applied"), results("invalid", "invalid", "applied")]);
  it.delivered(1);
  await time.pass();
  it.read(1), it.read(2), it.delivered(2);
  await time.pass();
  const delivered = { state: "delivered", confirmed: true };
  assert.deepEqual([it.of(1), it.of("2")], [delivered, delivered]);
  assert.deepEqual(shown.slice(2), [[1, "read"], [2, "read"], [1, "delivered!"], [2, "delivered"], [2, "delivered!"]]);
});

test("many are sent by the thousand", async () => {
  const { marks: it, calls, time } = marks([all("applied")]);
  for (let message = 1; message <= 2_500; message += 1) it.read(message);
  await time.pass();
  await settled();
  assert.deepEqual(calls.map((each) => each.body.receipts.length), [1000, 1000, 500]);
});

test("unsent marks outlive the page, each user's and each window's", async () => {
  const storage = new Storage();
  const first = marks([AWAY], { storage, key: "ann" });
  first.marks.read("ext:a"), first.marks.delivered(2);
  await first.time.pass();
  first.marks.close();
  const other = marks([all("applied")], { storage, key: "ben" });
  assert.equal(other.marks.pending, 0);
  const second = marks([all("applied")], { storage, key: "ann" });
  assert.deepEqual(second.marks.of("ext:a"), { state: "read", confirmed: false });
  await second.time.pass();
  const sent = second.calls[0].body.receipts;
  assert.deepEqual(sent.map((each) => [each.message, each.state]), [[{ external_id: "a" }, "read"], [2, "delivered"]]);
  assert.ok(sent.every((each) => each.at));
  assert.equal(storage.length, 0);
});

test("a storage that is full does not stop a mark", async () => {
  const storage = new Storage();
  storage.setItem = () => { throw new Error("full"); };
  const { marks: it, time } = marks([all("applied")], { storage });
  it.read(1);
  await time.pass();
  assert.deepEqual(it.of(1), { state: "read", confirmed: true });
});
