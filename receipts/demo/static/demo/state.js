/** What this window knows. Everything shown is drawn from it, whenever it has changed. */

import { username } from "./session.js";

export const state = {
  /** The profile, as /me/ tells it. */
  me: null,
  /** Newest activity first; null until they were asked for. */
  conversations: null,
  /** By conversation: its messages by id, as far as they were loaded. */
  messages: new Map(),
  /** By conversation: where its earlier messages are, or null. */
  earlier: new Map(),
  /** By conversation: who takes part. */
  people: new Map(),
  /** The conversation that is open, and the first message in it that was unread then. */
  open: null,
  divider: null,
  /** online, away (switched off), or reconnecting. */
  connection: "online",
};

const watchers = new Set();
let due = false;

export const watch = (watcher) => watchers.add(watcher);

/** Have everything drawn again, soon and once. */
export function changed() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    for (const watcher of watchers) watcher();
  });
}

export const conversationOf = (id) => state.conversations?.find((each) => each.id === id) ?? null;

/** A conversation's messages, oldest first. */
export function messagesOf(id) {
  return [...(state.messages.get(id)?.values() ?? [])].sort((one, other) => one.id - other.id);
}

export const isMine = (message) => message.sender === username;

const others = (id) => (state.people.get(id) ?? []).filter((each) => each.user !== username);

/** A conversation's title; without one, whom it is with. */
export function titleOf(conversation) {
  if (conversation.title) return conversation.title;
  return others(conversation.id).map((each) => each.user_name).join(", ") || "…";
}

/** What an avatar's colour goes by: a person's username, or a group's id. */
export function seedOf(conversation) {
  return conversation.kind === "direct" ? (others(conversation.id)[0]?.user ?? "") : conversation.id;
}

/** Say something to those who listen to the page. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}
