/** The form for new messages; each conversation, and each thread, keeps its draft. */

import { $ } from "./dom.js";
import { tell } from "./outbox.js";
import { openLine, state, watch } from "./state.js";
import { toEnd } from "./talk.js";

const drafts = new Map();
let shown = null;

export function listenToComposer() {
  const text = $("text");
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send(text);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send(text);
  });
  text.addEventListener("input", () => {
    drafts.set(openLine(), text.value);
    fit(text);
  });
  watch(() => {
    if (shown === openLine()) return;
    shown = openLine();
    text.placeholder = state.thread ? "Reply in the thread" : "Message";
    text.value = drafts.get(shown) ?? "";
    fit(text);
    if (shown && matchMedia("(pointer: fine)").matches) text.focus();
  });
}

function send(text) {
  const body = text.value.trim();
  if (!body || !state.open) return;
  text.value = "";
  drafts.delete(openLine());
  fit(text);
  state.divider = null;
  tell({
    kind: "send",
    conversation: state.open,
    path: `/conversations/${state.open}/messages/`,
    body: { body, client_id: newId(), ...(state.thread && { thread: state.thread }) },
  });
  queueMicrotask(toEnd);
}

/** Fit the height to the text, up to a third of the window. */
function fit(text) {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, innerHeight / 3)}px`;
}

/** A random id; `crypto.randomUUID` is available over HTTPS and on localhost only. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `demo-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
