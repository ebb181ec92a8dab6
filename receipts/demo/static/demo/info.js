/** "Message info": who has read a message, to whom it was delivered, and to whom it was not. */

import { get, isRefusal } from "./client.js";
import { $, avatar, el } from "./dom.js";
import { lineOf, state } from "./state.js";
import { standing, ticksOf } from "./ticks.js";
import { day, clock, moment } from "./times.js";

const WIDE = matchMedia("(min-width: 1080px)");
const GROUPS = [
  ["read", "Read by"],
  ["delivered", "Delivered to"],
  ["pending", "Not yet"],
  ["failed", "Not delivered"],
  ["withdrawn", "Left before reading"],
];

/** The message shown, how many pages of its recipients, and what was drawn last. */
let shown = null;
let pages = 1;
let drawn = "";

export function openInfo(message) {
  pages = 1;
  drawn = "";
  const dialog = $("info");
  lookAt(message);
  $("info-body").replaceChildren(el("p", { class: "quiet" }, "Loading…"));
  if (!dialog.open) {
    if (WIDE.matches) dialog.show();
    else dialog.showModal();
  }
  $("info-body").focus();
  refreshInfo();
}

export function listenToInfo() {
  const dialog = $("info");
  $("info-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => lookAt(null));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && dialog.close());
}

/** Set the message shown, and highlight it in the conversation. */
function lookAt(message) {
  const bubble = () => document.querySelector(`[data-message="${shown?.id}"]`);
  bubble()?.classList.remove("looked-at");
  shown = message;
  bubble()?.classList.add("looked-at");
}

/** Fetch and draw again; called after each refresh, so that the dialog is live. */
export async function refreshInfo() {
  const message = shown;
  if (!message) return;
  if (message.conversation !== state.open) return $("info").close();
  if (!message.receipts) return drawSecret(message);
  try {
    const summary = await get(`/messages/${message.id}/status/`);
    const list = await recipientsOf(message);
    if (shown === message) draw(message, summary, list);
  } catch (error) {
    if (shown !== message) return;
    if (isRefusal(error)) drawOnly(message, error.message);
    else if (!drawn) drawOnly(message, "Who has read it is shown when you are back online.");
  }
}

async function recipientsOf(message) {
  let path = `/messages/${message.id}/recipients/?limit=100`;
  let results = [];
  for (let page = 0; page < pages && path; page += 1) {
    const answer = await get(path);
    results = [...results, ...answer.results];
    path = answer.next;
  }
  return { results, isMore: Boolean(path) };
}

function draw(message, summary, { results, isMore }) {
  const said = JSON.stringify([asItIs(message), summary, results, isMore]);
  if (said === drawn) return;
  drawn = said;
  const groups = GROUPS.map(([state, title]) => [title, results.filter((each) => each.state === state)]);
  $("info-body").replaceChildren(
    quote(message),
    overall(summary),
    ...groups.filter(([, list]) => list.length).map(([title, list]) => group(title, list, isMore)),
    ...remarks(summary, results),
    isMore ? el("button", { class: "pill", onclick: () => ((pages += 1), refreshInfo()) }, "Show more") : "",
  );
}

/** The message as it was fetched last: its text may have been edited since the dialog was opened. */
function asItIs(message) {
  return state.messages.get(lineOf(message))?.get(message.id) ?? message;
}

function quote(message) {
  const { body, sender_name, created_at, edited_at } = asItIs(message);
  const edited = edited_at ? `, edited ${moment(edited_at)}` : "";
  return el(
    "blockquote",
    {},
    el("p", {}, body),
    el("footer", {}, `${sender_name}, ${day(created_at)} ${clock(created_at)}${edited}`),
  );
}

/** The summary in words, and a bar of the shares read, delivered and failed. */
function overall(summary) {
  const { total_recipients: total, read_count: read, delivered_count: delivered, failed_count: failed } = summary;
  const bar = el("div", { class: "share", "aria-hidden": "true" });
  for (const [name, count] of [["read", read], ["delivered", delivered - read], ["failed", failed]]) {
    if (!count) continue;
    const part = el("span", { class: name });
    part.style.width = `${(100 * count) / total}%`;
    bar.append(part);
  }
  return el("div", { class: "overall", "data-status": summary.overall_status }, el("p", {}, ticksOf(standing({ receipts: summary })), ` ${summary.summary_text}`), bar);
}

function group(title, list, isMore) {
  const count = isMore ? `${list.length}+` : list.length;
  return el(
    "section",
    { "aria-label": title },
    el("h3", {}, title, el("span", { class: "count" }, String(count))),
    el("ul", {}, ...list.map(recipient)),
  );
}

function recipient(each) {
  const { state } = each;
  const when = { read: each.read_at, delivered: each.delivered_at, failed: each.failed_at }[state];
  const detail = {
    read: each.content ? `“${each.content}”` : `delivered ${moment(each.delivered_at)}`,
    failed: each.failure_reason,
  }[state];
  const details = [each.read_before_edit && "read before the edit", detail].filter(Boolean).join(" · ");
  return el(
    "li",
    {},
    avatar(each.user_name, each.user, "small"),
    el("span", { class: "name", title: each.user_name }, each.user_name, each.membership === "left" && el("i", {}, " has left")),
    when && el("time", { datetime: when }, moment(when)),
    details && el("span", { class: "detail" }, details),
  );
}

function remarks(summary, results) {
  const say = (text) => el("p", { class: "quiet" }, text);
  if (!summary.tracked) return [say("This message was sent without receipts, so nobody can see who reads it.")];
  if (summary.total_recipients === 0) return [say("Nobody else took part when this was sent.")];
  if (results.length === 0) return [say("Only the counts are kept for this message.")];
  return [];
}

/** The receipts of this message are not shown to this user (rule 17). */
function drawSecret(message) {
  drawOnly(message, `Only ${message.sender_name}, who sent it, can see who has read it.`);
}

function drawOnly(message, text) {
  const said = JSON.stringify([asItIs(message), text]);
  if (drawn === said) return;
  drawn = said;
  $("info-body").replaceChildren(quote(message), el("p", { class: "quiet" }, text));
}
