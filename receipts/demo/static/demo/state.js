/** The state of this window. The page is redrawn from it after every change. */

import { username } from "./session.js";
import { byTime } from "./times.js";

export const state = {
  /** The profile, as /me/ returns it. */
  me: null,
  /** Newest activity first; null until they are fetched. */
  conversations: null,
  /** By line: its loaded messages, by id; those of a thread with its root. */
  messages: new Map(),
  /** By line: the URL of its earlier messages, or null. */
  earlier: new Map(),
  /** By conversation: its participants. */
  people: new Map(),
  /** The id of the open conversation, and of the first message that was unread on opening. */
  open: null,
  divider: null,
  /** The root of the open thread; null while the conversation is shown outside threads. */
  thread: null,
  /** The roots of threads of the open conversation that have unread replies, the newest first. */
  unreadThreads: [],
  /** online, away (switched off), or reconnecting. */
  connection: "online",
};

const watchers = new Set();
let due = false;

export const watch = (watcher) => watchers.add(watcher);

/** Redraw everything soon, and once for several changes. */
export function changed() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    for (const watcher of watchers) watcher();
  });
}

export const conversationOf = (id) => state.conversations?.find((each) => each.id === id) ?? null;

/** Whether this user wants no notifications of a conversation. */
export const isSilent = (conversation) => conversation?.notifications === "off";

/** The line of a message: the id of its conversation, or `7/24` in the thread of message 24. */
export const lineOf = ({ conversation, thread }) => (thread ? `${conversation}/${thread}` : conversation);
export const openLine = () => lineOf({ conversation: state.open, thread: state.thread });

/** The messages of a line, oldest first. */
export function messagesOf(line) {
  return [...(state.messages.get(line)?.values() ?? [])].sort(byTime);
}

/** The root of the open thread, once it is loaded. */
export const openRoot = () => state.messages.get(openLine())?.get(state.thread);

/** A system line is the application's, also where it names a person. */
export const isSystem = (message) => message.kind === "system";
export const isMine = (message) => message.sender === username && !isSystem(message);

const others = (id) => (state.people.get(id) ?? []).filter((each) => each.user !== username);

/** A conversation's title; without one, the names of the other participants. */
export function titleOf(conversation) {
  if (conversation.title) return conversation.title;
  return others(conversation.id).map((each) => each.user_name).join(", ") || "…";
}

/** What an avatar's colour depends on: a person's username, or a group's id. */
export function seedOf(conversation) {
  return conversation.kind === "direct" ? (others(conversation.id)[0]?.user ?? "") : conversation.id;
}

/** Announce a text to screen readers. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}
