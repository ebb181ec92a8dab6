import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { Seenby, Ticks } from "../dist/seenby.js";
import { clock, json, service, settled, stream } from "./fakes.js";

const summary = (message, status, name = null) => ({
  message, message_external_id: name, overall_status: status, summary_text: status, tracked: true,
});
const updated = (...receipts) => ({ kind: "receipt.updated", conversation: 1, complete: true, marks: [], receipts });

const stops = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** Ticks over one stream; every message is `sent`, unless `status` says otherwise. */
function ticks(status = () => "sent") {
  const [time, live] = [clock(), stream()];
  const asked = [];
  let held = null;
  /** Summaries are answered when the function that is returned is called. */
  const hold = () => {
    let go;
    held = new Promise((done) => (go = done));
    return go;
  };
  const fake = service(async (call) => {
    if (call.address.includes("/events/")) return live.response;
    const words = new URL(call.address, "http://x").searchParams.get("messages").split(",");
    asked.push(words);
    await held;
    return json({
      results: words.map((word) => {
        const name = word.startsWith("ext:") ? decodeURIComponent(word.slice(4)) : null;
        const found = status(word);
        return found ? summary(name ? 900 : Number(word), found, name) : { message: null, code: "not_found", detail: "" };
      }),
    });
  });
  const seenby = new Seenby({ url: "", token: () => "t", fetch: fake.fetch, clock: time });
  const made = new Ticks(seenby);
  const shown = [];
  const watch = (message) => {
    const stop = made.watch(message, (tick) => shown.push([message, tick.summary?.overall_status ?? tick.refused]));
    stops.push(stop);
    return stop;
  };
  const begin = async () => (await settled(), await live.say(null, "c1"), await time.pass(), await time.pass());
  return { ticks: made, time, live, asked, shown, watch, begin, hold, ...fake };
}

test("all that is watched is one request and one stream", async () => {
  const { watch, begin, asked, shown, calls } = ticks();
  watch("1"), watch("2"), watch("ext:a,b");
  await begin();
  assert.deepEqual(asked, [["1", "2", "ext:a%2Cb"]]);
  assert.deepEqual(shown, [["1", "sent"], ["2", "sent"], ["ext:a,b", "sent"]]);
  assert.equal(calls.filter((each) => each.address.includes("/events/")).length, 1);
});

test("what the feed tells is shown at once, by number and by name", async () => {
  const { watch, begin, live, shown } = ticks();
  watch("1"), watch("ext:tea");
  await begin();
  shown.length = 0;
  await live.say(updated(summary(1, "read"), summary(900, "delivered", "tea")), "c2");
  assert.deepEqual(shown, [["1", "read"], ["ext:tea", "delivered"]]);
});

test("the same again tells nobody", async () => {
  const { watch, begin, live, shown } = ticks();
  watch("1");
  await begin();
  await live.say(updated(summary(1, "sent")), "c2");
  assert.equal(shown.length, 1);
});

test("where an event leaves summaries out, the others are asked for", async () => {
  const { watch, begin, live, asked, time } = ticks();
  watch("1"), watch("2");
  await begin();
  await live.say({ ...updated(summary(1, "read")), complete: false }, "c2");
  await time.pass();
  assert.deepEqual(asked.at(-1), ["2"]);
});

test("an answer that is older than an event does not undo it", async () => {
  const { watch, begin, shown, hold, time, live } = ticks();
  watch("1");
  await begin();
  const answer = hold();
  watch("2");
  await time.pass();
  await live.say(updated(summary(2, "read")), "c2");
  answer();
  await settled();
  assert.deepEqual(shown.filter(([message]) => message === "2"), [["2", "read"]]);
});

test("a name that is not there yet is shown when its message is sent", async () => {
  const { watch, begin, live, shown } = ticks(() => null);
  watch("ext:new");
  await begin();
  const message = { id: 7, external_id: "new", receipts: summary(7, "sent", "new") };
  await live.say({ kind: "message.created", conversation: 1, message }, "c2");
  assert.deepEqual(shown, [["ext:new", "not_found"], ["ext:new", "sent"]]);
});

test("what is known needs no request, and a second watcher is told at once", async () => {
  const { watch, begin, asked, shown, ticks: it } = ticks();
  watch("1");
  it.learn([summary(1, "delivered")]);
  watch("1");
  await begin();
  assert.deepEqual(shown, [["1", "delivered"], ["1", "delivered"], ["1", "sent"], ["1", "sent"]]);
  assert.equal(asked.length, 1); // the feed began after that
});

test("after the last watcher nothing is followed", async () => {
  const { watch, begin, calls } = ticks();
  const [one, two] = [watch("1"), watch("1")];
  await begin();
  one();
  assert.ok(!calls[0].signal.aborted);
  two();
  assert.ok(calls[0].signal.aborted);
});

test("two hundred are one request, and long names are fewer", async () => {
  const { watch, begin, asked } = ticks();
  for (let message = 1; message <= 250; message += 1) watch(String(message));
  await begin();
  assert.deepEqual(asked.map((each) => each.length), [200, 50]);
  const long = ticks();
  for (let place = 0; place < 40; place += 1) long.watch(`ext:${String(place).padEnd(250, "x")}`);
  await long.begin();
  assert.ok(long.asked.length > 1);
  assert.ok(long.calls.every((each) => each.address.length < 7_000));
});

test("it is asked again when the service was away", async () => {
  let away = true;
  const { watch, begin, shown, time } = ticks((word) => {
    if (!away) return "read";
    away = false;
    throw new TypeError("away");
  });
  watch("1");
  await begin();
  await time.pass();
  assert.deepEqual(shown, [["1", "read"]]);
});
