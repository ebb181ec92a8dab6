/** One message as a bubble, created once and then updated in place. */

import { avatar, el, icon, tone } from "./dom.js";
import { openInfo } from "./info.js";
import { openMenu } from "./menu.js";
import { discard, tell, tryAgain } from "./outbox.js";
import { markUnread } from "./reading.js";
import { standing, ticksOf } from "./ticks.js";
import { clock, moment } from "./times.js";

/** A row comes from `rowsOf` in talk.js: the message, whether it is our own, and its position. */
export function makeBubble(row) {
  const bubble = el(
    "div",
    { class: "bubble", onclick: () => row.mine && !getSelection().toString() && info(node) },
    row.group && !row.mine && el("p", { class: "sender", "data-tone": tone(row.message.sender) }, row.message.sender_name),
    el("p", { class: "text" }),
    el("span", { class: "meta" }),
  );
  const more = el("button", { class: "round more", "aria-label": "More about this message", "aria-haspopup": "menu", onclick: () => openMenu(more, itemsOf(node.row)) }, icon("more"));
  const node = el(
    "li",
    { class: row.mine ? "row mine" : "row theirs", "onseenby-info": (event) => (event.preventDefault(), info(node)) },
    row.group && !row.mine && avatar(row.message.sender_name, row.message.sender, "small"),
    bubble,
    more,
    el("a", { class: "replies", hidden: true }),
    el("div", { class: "caption" }),
  );
  return node;
}

export function updateBubble(node, row) {
  const { message } = row;
  node.row = row;
  if (message.id) node.dataset.message = message.id;
  node.classList.toggle("first", row.first);
  node.classList.toggle("last", row.last);
  node.classList.toggle("gone", Boolean(message.deleted_at));
  node.classList.toggle("is-edited", Boolean(message.edited_at));
  node.classList.toggle("pending", Boolean(message.pending));
  node.querySelector(".text").textContent = message.deleted_at ? "This message was deleted." : message.body;
  updateMeta(node.querySelector(".meta"), row);
  node.querySelector(".more").hidden = itemsOf(row).length === 0;
  updateReplies(node.querySelector(".replies"), row);
  updateCaption(node.querySelector(".caption"), row);
}

/** Outside threads: how many replies a message has, and how many of them are unread. */
function updateReplies(link, { message, isInThread }) {
  const { reply_count: count, unread_replies: unread } = message;
  link.hidden = isInThread || !count;
  if (link.hidden) return;
  link.href = threadOf(message);
  const fresh = unread ? [" ", el("span", { class: "fresh" }, `${unread} new`)] : [];
  link.replaceChildren(count === 1 ? "1 reply" : `${count} replies`, ...fresh);
}

const threadOf = (message) => `#${message.conversation}/${message.id}`;

function updateMeta(meta, { mine, message }) {
  const isEdited = message.edited_at && !message.deleted_at;
  const edited = isEdited && el("span", { class: "edited", title: `Edited ${moment(message.edited_at)}` }, "edited ");
  const sent = el("time", { datetime: message.created_at }, clock(message.created_at));
  const time = el("span", {}, edited, sent);
  if (!mine || message.deleted_at) {
    meta.replaceChildren(time);
    return;
  }
  const before = meta.querySelector("seenby-ticks");
  if (message.pending) meta.replaceChildren(time, ticksOf(standing(message)));
  else if (before) meta.firstElementChild.replaceWith(time);
  else meta.replaceChildren(time, el("seenby-ticks", { message: message.id }));
}

/** Below the newest own message, its receipts in words; below a refused one, why, and actions. */
function updateCaption(caption, { message, newest }) {
  caption.classList.toggle("problem", Boolean(message.refused));
  if (message.refused) {
    caption.replaceChildren(
      `Not sent: ${message.refused} `,
      el("button", { class: "link", onclick: () => tryAgain(message.entry()) }, "Try again"),
      el("button", { class: "link", onclick: () => discard(message.entry()) }, "Discard"),
    );
  } else {
    caption.textContent = newest && !message.deleted_at ? standing(message).text : "";
  }
}

function itemsOf({ mine, message, isInThread }) {
  if (message.pending || message.deleted_at) return [];
  const about = ["Message info", () => openInfo(message)];
  const reply = isInThread ? [] : [["Reply in a thread", () => (location.hash = threadOf(message))]];
  if (mine) return [about, ...reply, ["Delete for everyone", () => remove(message)]];
  return [about, ...reply, ["Mark unread from here", () => markUnread(message)]];
}

function info(node) {
  const { message } = node.row;
  if (!message.pending && !message.deleted_at) openInfo(message);
}

function remove(message) {
  tell({
    kind: "delete",
    conversation: message.conversation,
    method: "DELETE",
    path: `/messages/${message.id}/`,
  });
}
