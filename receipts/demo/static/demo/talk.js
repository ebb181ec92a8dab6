/** The open conversation: its days, bubbles and new messages. */

import { drawBell } from "./bell.js";
import { makeBubble, updateBubble } from "./bubble.js";
import { inTurn } from "./client.js";
import { $, avatar, el, reconcile } from "./dom.js";
import { waitingIn } from "./outbox.js";
import { readWhatIsShown, unreadHere } from "./reading.js";
import { conversationOf, isMine, isSystem, messagesOf, openLine, seedOf, state, titleOf } from "./state.js";
import { fetchEarlier } from "./sync.js";
import { day } from "./times.js";
import { username } from "./session.js";

const RUN = 5 * 60_000; // messages of one person within this time are grouped

let drawn = null; // the line that was drawn last,
let drawnThread = null; // and the root of its thread
let atEnd = true; // as the user left it: new messages or a smaller window do not change it

export function drawTalk() {
  const conversation = conversationOf(state.open);
  $("open").hidden = !conversation;
  $("nothing").hidden = Boolean(conversation);
  $("app").classList.toggle("in-talk", Boolean(conversation));
  $("app").classList.toggle("in-thread", Boolean(state.thread));
  if (conversation) {
    drawHead(conversation);
    drawMessages(conversation);
    readWhatIsShown();
  }
  drawn = conversation ? openLine() : null;
  drawnThread = state.thread;
}

function drawHead(conversation) {
  drawBell(conversation);
  const name = titleOf(conversation);
  const title = state.thread ? "Thread" : name;
  if ($("title").textContent !== title || drawn !== openLine()) {
    $("title").textContent = $("title").title = title;
    $("face").replaceChildren(avatar(name, seedOf(conversation), conversation.kind));
  }
  $("back").href = state.thread ? `#${conversation.id}` : "#";
  $("back").setAttribute("aria-label", state.thread ? "Back to the conversation" : "Back to the conversations");
  if (state.thread) {
    $("subtitle").textContent = name;
    return;
  }
  const people = (state.people.get(conversation.id) ?? []).filter((each) => each.user !== username);
  const names = people.map((each) => each.user_name.split(" ")[0]);
  const also = conversation.receipts_visible_to === "participants" ? " · everyone sees who has read" : "";
  $("subtitle").textContent = conversation.kind === "direct" ? "Only you two" : `You, ${names.join(", ")}${also}`;
}

/** A link to the newest thread with unread replies, of those whose roots are not in view. */
function drawWayToThreads() {
  const unread = state.unreadThreads.filter((each) => each.unread_replies > 0 && !isInView(each.id));
  const count = unread.reduce((sum, each) => sum + each.unread_replies, 0);
  $("threads").hidden = Boolean(state.thread) || count === 0;
  $("threads").textContent = `${count} new in ${unread.length === 1 ? "a thread" : "threads"}`;
  if (count) $("threads").href = `#${state.open}/${unread[0].id}`;
}

function isInView(id) {
  const node = $("bubbles").querySelector(`[data-message="${id}"]`);
  const [own, view] = [node?.getBoundingClientRect(), $("messages").getBoundingClientRect()];
  return Boolean(node) && own.bottom > view.top && own.bottom <= view.bottom + 4;
}

function drawMessages(conversation) {
  const view = $("messages");
  const isNew = drawn !== openLine();
  const rows = rowsOf(conversation);
  reconcile($("bubbles"), rows, { make: makeRow, update: updateRow });
  $("empty").hidden = rows.length > 0 || !state.messages.has(openLine());
  $("earlier").hidden = !state.earlier.get(openLine());
  if (isNew) start(view);
  else if (atEnd) toEnd();
  drawWayDown();
  drawWayToThreads();
}

/** The rows of the list, from top to bottom. */
function rowsOf(conversation) {
  const messages = [...messagesOf(openLine()), ...waiting()];
  const newest = messages.findLast((each) => mine(each) && !each.deleted_at);
  const rows = [];
  messages.forEach((message, place) => {
    const before = messages[place - 1];
    const today = day(message.created_at);
    const isFirstReply = before && before.id === state.thread;
    const isNewDay = !before || day(before.created_at) !== today;
    if (isFirstReply) rows.push({ key: "replies", text: "Replies" });
    if (isNewDay) rows.push({ key: `day ${today}`, text: today });
    const isFirstUnread = message.id !== undefined && message.id === state.divider;
    if (isFirstUnread) rows.push({ key: "unread", text: "New messages", isNew: true });
    if (isSystem(message)) {
      if (!message.deleted_at) rows.push({ key: `message ${message.id}`, text: message.body, system: message.id });
      return;
    }
    const first = isNewDay || isFirstReply || isFirstUnread || !together(before, message);
    if (!first) rows.at(-1).last = false;
    rows.push({
      key: message.client_id ? `client ${message.client_id}` : `message ${message.id}`,
      message,
      mine: mine(message),
      group: conversation.kind === "group",
      isInThread: Boolean(state.thread),
      first,
      last: true,
      newest: message === newest,
    });
  });
  return rows;
}

/** Queued messages, without those that arrived although their response was lost. */
function waiting() {
  const there = new Set(messagesOf(openLine()).map((each) => each.client_id));
  return waitingIn(openLine()).filter((each) => !there.has(each.client_id));
}

const mine = (message) => message.pending || isMine(message);

function together(before, message) {
  if (isSystem(before)) return false;
  const apart = new Date(message.created_at) - new Date(before.created_at);
  return before.sender === message.sender && apart < RUN;
}

function makeRow(row) {
  if (row.message) return makeBubble(row);
  if (row.system) return el("li", { class: "system", "data-message": row.system });
  return el("li", { class: row.isNew ? "day new" : "day" }, el("span", {}, row.text));
}

function updateRow(node, row) {
  if (row.message) updateBubble(node, row);
  if (row.system) node.textContent = row.text;
}

function isAtEnd() {
  const view = $("messages");
  return view.scrollHeight - view.scrollTop - view.clientHeight < 40;
}

export function toEnd() {
  $("messages").scrollTop = $("messages").scrollHeight;
  atEnd = true;
}

/** The button that jumps to the end, for users who have scrolled up. */
function drawWayDown() {
  const conversation = conversationOf(state.open);
  $("newest").hidden = !conversation || isAtEnd();
  const unread = conversation ? unreadHere(conversation) : 0;
  $("newest").textContent = unread ? `${unread} new ↓` : "To the end ↓";
}

/** A line opens at the thread that was left, at its first unread message, else at its end. */
function start(view) {
  const left = drawnThread && view.querySelector(`[data-message="${drawnThread}"]`);
  const unread = view.querySelector(".day.new");
  if (left && !state.thread) left.scrollIntoView({ block: "center" });
  else if (unread) view.scrollTop = unread.offsetTop - view.offsetTop - 60;
  else toEnd();
  atEnd = isAtEnd();
}

export function listenToTalk() {
  const view = $("messages");
  view.addEventListener("scroll", () => {
    atEnd = isAtEnd();
    drawWayDown();
    drawWayToThreads();
    readWhatIsShown();
  });
  new ResizeObserver(() => atEnd && toEnd()).observe(view);
  $("newest").addEventListener("click", toEnd);
  $("earlier").addEventListener("click", async () => {
    const below = view.scrollHeight - view.scrollTop;
    await inTurn(() => fetchEarlier(openLine())).catch(() => {});
    requestAnimationFrame(() => (view.scrollTop = view.scrollHeight - below));
  });
}
