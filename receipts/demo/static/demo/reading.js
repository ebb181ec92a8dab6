/** Reading: a message that was shown in a visible window has been read. */

import { tell, unreadIn } from "./outbox.js";
import { $ } from "./dom.js";
import { changed, conversationOf, messagesOf, state } from "./state.js";
import { byTime } from "./times.js";

/** By conversation: the message up to which this window has marked it read. */
const readUpTo = new Map();

/** Mark what is shown as read, unless it was marked before. */
export function readWhatIsShown() {
  const conversation = conversationOf(state.open);
  if (!conversation || document.visibilityState !== "visible") return;
  const messages = state.messages.get(conversation.id);
  const shown = lastShown();
  const [here, before] = [messages?.get(shown), messages?.get(readUpTo.get(conversation.id))];
  if (!here || (before && byTime(here, before) <= 0)) return;
  readUpTo.set(conversation.id, shown);
  if (unreadIn(conversation) === 0) return;
  tell({
    kind: "read",
    conversation: conversation.id,
    path: `/conversations/${conversation.id}/mark-read/`,
    body: { up_to_message: shown },
    timed: true,
  });
}

/** Another message is the first unread one: it may stand above what was marked. */
export const forgetWhatIsRead = (id) => readUpTo.delete(id);

/** Mark unread from a message on, for oneself only (rule 10), and close the conversation. */
export function markUnread(message) {
  readUpTo.delete(message.conversation);
  state.open = null;
  tell({
    kind: "unread",
    conversation: message.conversation,
    path: `/conversations/${message.conversation}/mark-unread/`,
    body: { from_message: message.id },
  });
  location.hash = "";
}

export function openConversation(id) {
  const conversation = conversationOf(id);
  state.open = conversation ? id : null;
  state.divider = conversation && unreadIn(conversation) > 0 ? firstUnread(conversation) : null;
  changed();
}

function firstUnread(conversation) {
  const first = conversation.first_unread_message;
  return messagesOf(conversation.id).some((each) => each.id === first) ? first : null;
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
