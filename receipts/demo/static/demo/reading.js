/** Reading: what was shown, in a window that can be seen, has been read. */

import { tell, unreadIn } from "./outbox.js";
import { $ } from "./dom.js";
import { changed, conversationOf, messagesOf, state } from "./state.js";

/** By conversation: up to where this window has told that it was read. */
const readUpTo = new Map();

/** Tell of what is shown now, if that is news. */
export function readWhatIsShown() {
  const conversation = conversationOf(state.open);
  if (!conversation || document.visibilityState !== "visible") return;
  const shown = lastShown();
  if (shown <= (readUpTo.get(conversation.id) ?? 0)) return;
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

/** Unread again from a message on, for oneself alone (rule 10); so it is not shown any longer. */
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

/** The last message whose end is in view. */
function lastShown() {
  const view = $("messages").getBoundingClientRect();
  if (view.height === 0) return 0; // on a phone the list is shown instead
  for (const node of [...$("bubbles").children].reverse()) {
    const id = Number(node.dataset.message ?? 0);
    if (id && node.getBoundingClientRect().bottom <= view.bottom + 4) return id;
  }
  return 0;
}
