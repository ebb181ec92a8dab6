/** Reading: a message that was shown in a visible window has been read. */

import { tell, unreadIn, unreadOutside } from "./outbox.js";
import { $ } from "./dom.js";
import { changed, conversationOf, isMine, isSystem, lineOf, messagesOf, openLine, openRoot, state } from "./state.js";
import { byTime } from "./times.js";

/** By line: the message up to which this window has marked it read. */
const readUpTo = new Map();

/** Mark what is shown as read, unless it was marked before. */
export function readWhatIsShown() {
  const conversation = conversationOf(state.open);
  if (!conversation || document.visibilityState !== "visible") return;
  const line = openLine();
  const messages = state.messages.get(line);
  const shown = lastShown();
  const [here, before] = [messages?.get(shown), messages?.get(readUpTo.get(line))];
  if (!here || (before && byTime(here, before) <= 0)) return;
  readUpTo.set(line, shown);
  if (unreadHere(conversation) === 0) return;
  tell({
    kind: "read",
    conversation: conversation.id,
    path: `/conversations/${conversation.id}/mark-read/`,
    body: { up_to_message: shown, thread: state.thread ?? "main" },
    timed: true,
  });
}

/** What is unread in the open line. */
export function unreadHere(conversation) {
  return state.thread ? (openRoot()?.unread_replies ?? 0) : unreadOutside(conversation);
}

/** Another message is the first unread one: it may stand above what was marked. */
export function forgetWhatIsRead(id) {
  for (const line of readUpTo.keys()) if (`${line}/`.startsWith(`${id}/`)) readUpTo.delete(line);
}

/** Mark unread from a message on, for oneself only (rule 10), and close the conversation. */
export function markUnread(message) {
  readUpTo.delete(lineOf(message));
  state.open = null;
  tell({
    kind: "unread",
    conversation: message.conversation,
    path: `/conversations/${message.conversation}/mark-unread/`,
    body: { from_message: message.id, thread: message.thread ?? "main" },
  });
  location.hash = "";
}

/** Open a conversation, or with `thread` the thread of one of its messages. */
export function openConversation(id, thread) {
  const conversation = conversationOf(id);
  state.open = conversation ? id : null;
  state.thread = conversation ? thread : null;
  state.unreadThreads = state.unreadThreads.filter((each) => each.conversation === id);
  state.divider = conversation && !thread && unreadIn(conversation) > 0 ? firstUnread(conversation) : null;
  changed();
}

/** The first of the loaded ones outside threads; where a reply is unread before it, by their number. */
function firstUnread(conversation) {
  const messages = messagesOf(conversation.id);
  const first = messages.find((each) => each.id === conversation.first_unread_message);
  const others = messages.filter((each) => !isMine(each) && !isSystem(each) && !each.deleted_at);
  const unread = unreadOutside(conversation);
  return (first ?? (unread > 0 ? others.at(-unread) : null))?.id ?? null;
}

/** The id of the last message whose bottom edge is in view, or 0. */
function lastShown() {
  const view = $("messages").getBoundingClientRect();
  if (view.height === 0) return 0; // on a phone the list is shown instead
  for (const node of [...$("bubbles").children].reverse()) {
    const id = Number(node.dataset.message ?? 0);
    if (id && node.getBoundingClientRect().bottom <= view.bottom + 4) return id;
  }
  return 0;
}
