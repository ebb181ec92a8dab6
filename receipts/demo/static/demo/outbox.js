/**
 * The outbox of this window: messages and marks, in order. What cannot be sent yet is kept, even
 * across reloads, and sent later; marks then have the time at which they happened (rule 6), and a
 * message has a `client_id`, so that sending it twice creates it once.
 */

import { call, inTurn, isUnreachable, ticks } from "./client.js";
import { changed, conversationOf, isMine, isSystem, lineOf, messagesOf, state } from "./state.js";
import { username } from "./session.js";

const KEY = `seenby:outbox:${username}`;

let entries = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");

/** Queue an entry; it is sent at once if possible. */
export function tell(entry) {
  const late = state.connection !== "online";
  entries.push({ method: "POST", body: {}, since: new Date().toISOString(), late, ...entry });
  keep();
  if (!late) inTurn(flush).catch(() => {});
}

/** Messages of a line that are queued or were refused, shaped like sent ones. */
export function waitingIn(line) {
  return entries
    .filter((each) => each.kind === "send" && lineOf({ ...each.body, conversation: each.conversation }) === line)
    .map((entry) => ({
      ...entry.body,
      conversation: entry.conversation,
      sender: username,
      created_at: entry.since,
      pending: true,
      late: entry.late,
      refused: entry.refused,
      entry: () => entry,
    }));
}

/** The unread count of a conversation with its threads. */
export function unreadIn(conversation) {
  return unreadOutside(conversation) + conversation.unread_count - conversation.unread_count_main;
}

/** The unread count of a conversation outside threads, including marks that are not sent yet. */
export function unreadOutside(conversation) {
  const told = entries.findLast((each) => each.conversation === conversation.id && each.body.thread === "main");
  if (!told) return conversation.unread_count_main;
  const messages = messagesOf(conversation.id);
  const named = told.body.up_to_message ?? told.body.from_message;
  const place = messages.findIndex((each) => each.id === named);
  const unread = messages.slice(told.kind === "read" ? place + 1 : Math.max(place, 0));
  return unread.filter((each) => !isMine(each) && !isSystem(each) && !each.deleted_at).length;
}

export function tryAgain(entry) {
  delete entry.refused;
  entries = [...entries.filter((each) => each !== entry), entry];
  keep();
  inTurn(flush).catch(() => {});
}

export function discard(entry) {
  entries = entries.filter((each) => each !== entry);
  keep();
}

/** Send the queue in order; stops at the first entry that cannot be delivered. */
export async function flush() {
  if (state.connection === "away") return;
  for (const entry of entries.filter((each) => !each.refused)) {
    try {
      learn(entry, await call(entry.method, entry.path, bodyOf(entry)));
      entries = entries.filter((each) => each !== entry);
    } catch (error) {
      if (isUnreachable(error)) {
        for (const each of entries) each.late = true;
        state.connection = state.connection === "online" ? "reconnecting" : state.connection;
        keep();
        throw error;
      }
      if (entry.kind === "send") entry.refused = error.message;
      else entries = entries.filter((each) => each !== entry);
    }
    keep();
  }
}

function bodyOf(entry) {
  if (entry.method !== "POST") return undefined;
  return entry.timed && entry.late ? { ...entry.body, at: entry.since } : entry.body;
}

/** Apply a response to the state, so that nothing flickers until the next refresh. */
function learn(entry, answer) {
  const conversation = conversationOf(entry.conversation);
  if (entry.kind === "send") {
    if (answer.receipts) ticks.learn([answer.receipts]);
    state.messages.get(lineOf(answer))?.set(answer.id, answer);
    if (!conversation) return;
    conversation.last_message = answer;
    if (!answer.thread) leaveUnread(conversation, conversation.unread_count - conversation.unread_count_main);
    state.conversations = [conversation, ...state.conversations.filter((c) => c !== conversation)];
  } else if (conversation && answer?.unread_count !== undefined) {
    if (answer.thread === "main") leaveUnread(conversation, answer.unread_count);
    else conversation.unread_count = answer.unread_count;
  }
}

/** So much is unread after a change outside threads. */
function leaveUnread(conversation, count) {
  conversation.unread_count_main -= conversation.unread_count - count;
  conversation.unread_count = count;
}

function keep() {
  sessionStorage.setItem(KEY, JSON.stringify(entries));
  changed();
}
