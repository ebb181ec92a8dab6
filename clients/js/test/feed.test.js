import assert from "node:assert/strict";
import { test } from "node:test";

import { Seenby } from "../dist/seenby.js";
import { clock, json, service, settled, stream } from "./fakes.js";

const CREATED = { kind: "message.created", conversation: 1, message: { id: 5, external_id: null, receipts: null } };

/** A client that follows the streams and answers given, and what its listener was told. */
function follow(answers, options = {}) {
  const time = clock();
  const fake = service(...answers);
  const seenby = new Seenby({ url: "", token: () => "t", fetch: fake.fetch, clock: time, ...options });
  const told = [];
  const stop = seenby.feed.listen({
    event: (event) => told.push(event.kind),
    reload: () => told.push("reload"),
    state: (state) => told.push(state),
  });
  return { ...fake, time, told, stop, feed: seenby.feed };
}

test("it begins with a reload, hands on events, and keeps the cursor", async () => {
  const live = stream();
  const { told, calls, feed, stop } = follow([live.response]);
  await settled();
  live.write("retry: 2000\n\n");
  await live.say(null, "c1");
  await live.say(CREATED, "c2");
  assert.deepEqual(told, ["connecting", "live", "reload", "message.created"]);
  assert.equal(feed.cursor, "c2");
  assert.equal(calls[0].headers["Last-Event-ID"], undefined);
  stop();
  assert.ok(calls[0].signal.aborted);
});

test("an event may come in pieces, and several with one cursor", async () => {
  const live = stream();
  const { told, feed, stop } = follow([live.response], { cursor: "c0" });
  await settled();
  const text = `event: x\ndata: ${JSON.stringify(CREATED)}\n\nevent: x\ndata: ${JSON.stringify(CREATED)}\nid: c1\n\n`;
  for (const letter of text) live.write(letter);
  await settled();
  assert.deepEqual(told, ["connecting", "message.created", "message.created", "live"]);
  assert.equal(feed.cursor, "c1");
  stop();
});

test("when the stream is lost it goes on after the last event, without a reload", async () => {
  const [first, second] = [stream(), stream()];
  const { told, calls, time, stop } = follow([first.response, second.response]);
  await settled();
  await first.say(CREATED, "c1");
  await first.break();
  await time.pass();
  assert.equal(calls[1].headers["Last-Event-ID"], "c1");
  told.length = 0;
  await second.say(CREATED, "c2");
  assert.deepEqual(told, ["message.created", "live"]);
  stop();
});

test("a heartbeat moves the cursor", async () => {
  const live = stream();
  const { feed, stop } = follow([live.response]);
  await settled();
  live.write(": still here\nid: c9\n\n");
  await settled();
  assert.equal(feed.cursor, "c9");
  stop();
});

test("a cursor that has expired is dropped, and the listener reloads", async () => {
  const live = stream();
  const { told, calls, time, stop } = follow([json({ detail: "", code: "cursor_expired" }, 410), live.response], { cursor: "old" });
  await settled();
  assert.equal(calls[0].headers["Last-Event-ID"], "old");
  await time.pass();
  assert.equal(calls[1].headers["Last-Event-ID"], undefined);
  await live.say(null, "c1");
  assert.deepEqual(told.slice(-2), ["live", "reload"]);
  stop();
});

test("it waits longer after each failure, up to half a minute, and as long as it is told", async () => {
  const { calls, time, stop } = follow([new TypeError("away")]);
  const waited = [];
  for (let failure = 0; failure < 7; failure += 1) {
    await settled();
    waited.push(time.waits.at(-1).ms);
    await time.pass();
  }
  assert.deepEqual(waited, [2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.ok(calls.length >= 7);
  stop();
  const busy = follow([json({ detail: "", code: "too_many_streams" }, 503, { "Retry-After": "5" })]);
  await settled();
  assert.equal(busy.time.waits.at(-1).ms, 7000);
  busy.stop();
});

test("the pauses begin anew once a stream was opened", async () => {
  const live = stream();
  const { time, stop } = follow([new TypeError("away"), live.response, new TypeError("away")]);
  await settled();
  await time.pass();
  await live.say(null, "c1");
  await live.end();
  assert.equal(time.waits.at(-1).ms, 1000);
  stop();
});

test("retry does not wait", async () => {
  const { calls, feed, stop } = follow([new TypeError("away")]);
  await settled();
  assert.equal(calls.length, 1);
  feed.retry();
  await settled();
  assert.equal(calls.length, 2);
  stop();
});

test("all listeners share one stream, which ends with the last of them", async () => {
  const live = stream();
  const { calls, feed, stop, told } = follow([live.response]);
  await settled();
  await live.say(null, "c1");
  const later = [];
  const stopLater = feed.listen({ reload: () => later.push("reload"), event: (event) => later.push(event.kind) });
  await settled();
  await live.say(CREATED, "c2");
  assert.deepEqual(later, ["reload", "message.created"]);
  stop();
  assert.ok(!calls[0].signal.aborted);
  stopLater();
  assert.equal(calls.length, 1);
  assert.ok(calls[0].signal.aborted);
  assert.equal(told.at(-1), "message.created");
  assert.equal(feed.state, "stopped");
});

test("one listener's error is not another's", async (t) => {
  t.mock.method(console, "error", () => {});
  const live = stream();
  const { feed, told, stop } = follow([live.response]);
  const stopBad = feed.listen({ event: () => { throw new Error("mine"); } });
  await settled();
  await live.say(CREATED, "c1");
  await live.say(CREATED, "c2");
  assert.equal(told.filter((each) => each === "message.created").length, 2);
  assert.equal(console.error.mock.callCount(), 2);
  stop(), stopBad();
});
