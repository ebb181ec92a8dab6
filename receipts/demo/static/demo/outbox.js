/**
 * What this window has to tell the service: messages and marks, in their order. What cannot be
 * told yet is kept, also over a reload, and told later; marks then say when they truly happened
 * (rule 6), and a message goes by its `client_id`, so that sending it twice is sending it once.
 */

import { Unreachable, call, inTurn } from "./api.js";
import { changed, conversationOf, isMine, messagesOf, state } from "./state.js";
import { username } from "./session.js";

const KEY = `seenby:outbox:${username}`;

let entries = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");

/** Put something in; it leaves at once if it can. */
export function tell(entry) {
  const late = state.connection !== "online";
  entries.push({ method: "POST", body: {}, since: new Date().toISOString(), late, ...entry });
  keep();
  if (!late) inTurn(flush).catch(() => {});
}

/** Messages of a conversation that are on their way or were refused, as if they were there. */
export function waitingIn(conversation) {
  return entries
    .filter((each) => each.kind === "send" && each.conversation === conversation)
    .map((entry) => ({
      ...entry.body,
      conversation,
      sender: username,
      created_at: entry.since,
      pending: true,
      late: entry.late,
      refused: entry.refused,
      entry: () => entry,
    }));
}

/** What is unread in a conversation, with what the service has not been told of yet. */
export function unreadIn(conversation) {
  const told = entries.findLast(
    (each) => each.conversation === conversation.id && ["read", "unread"].includes(each.kind),
  );
  if (!told) return conversation.unread_count;
  const first = told.kind === "read" ? told.body.up_to_message + 1 : told.body.from_message;
  return messagesOf(conversation.id).filter(
    (each) => each.id >= first && !isMine(each) && !each.deleted_at,
  ).length;
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

/** Tell all that waits; stops at the first that does not arrive. */
export async function flush() {
  if (state.connection === "away") return;
  for (const entry of entries.filter((each) => !each.refused)) {
    try {
      learn(entry, await call(entry.method, entry.path, bodyOf(entry)));
      entries = entries.filter((each) => each !== entry);
    } catch (error) {
      if (error instanceof Unreachable) {
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

/** Take in what the service answered, so that nothing flickers until the next look. */
function learn(entry, answer) {
  const conversation = conversationOf(entry.conversation);
  if (entry.kind === "send") {
    state.messages.get(entry.conversation)?.set(answer.id, answer);
    if (!conversation) return;
    Object.assign(conversation, { last_message: answer, unread_count: 0 });
    state.conversations = [conversation, ...state.conversations.filter((c) => c !== conversation)];
  } else if (conversation && answer?.unread_count !== undefined) {
    conversation.unread_count = answer.unread_count;
  }
}

function keep() {
  sessionStorage.setItem(KEY, JSON.stringify(entries));
  changed();
}
