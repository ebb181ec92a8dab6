/** The list of conversations, the current user, and the switches. */

import { call, inTurn, inWords } from "./client.js";
import { $, avatar, el, icon, reconcile } from "./dom.js";
import { unreadIn, waitingIn } from "./outbox.js";
import { people, username } from "./session.js";
import { announce, changed, isMine, isSilent, isSystem, seedOf, state, titleOf } from "./state.js";
import { standing, ticksOf } from "./ticks.js";
import { brief, byTime } from "./times.js";

export function drawSidebar() {
  const conversations = state.conversations ?? [];
  const rows = conversations.map(rowOf).sort((one, other) => byTime(other.last ?? other, one.last ?? one));
  reconcile($("list"), rows, { make: () => el("li"), update: updateItem });
  const heard = conversations.filter((each) => !isSilent(each));
  const unread = heard.reduce((sum, each) => sum + unreadIn(each), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${people[username]} · Seenby`;
  drawSwitches();
}

function rowOf(conversation) {
  const last = waitingIn(conversation.id).at(-1) ?? conversation.last_message;
  return {
    key: String(conversation.id),
    title: titleOf(conversation),
    seed: seedOf(conversation),
    group: conversation.kind === "group",
    isOpen: conversation.id === state.open,
    silent: isSilent(conversation),
    unread: unreadIn(conversation),
    created_at: conversation.created_at,
    last,
  };
}

function updateItem(node, row) {
  const badge = el("span", { class: "badge", role: "img", "aria-label": `${row.unread} unread` }, row.unread > 99 ? "99+" : String(row.unread));
  const old = node.firstElementChild;
  const link = old ?? el("a", { href: `#${row.key}` });
  link.classList.toggle("unread", row.unread > 0);
  link.classList.toggle("silent", row.silent);
  if (row.isOpen) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  link.replaceChildren(
    avatar(row.title, row.seed, row.group ? "group" : ""),
    el("span", { class: "name", title: row.title }, row.title, row.silent && icon("bell-off"), row.silent && el("span", { class: "unseen" }, " notifications off")),
    el("time", {}, row.last ? brief(row.last.created_at) : ""),
    preview(row),
    ...(row.unread > 0 ? [badge] : []),
  );
  if (!old) node.append(link);
}

function preview({ last, group }) {
  const line = el("span", { class: "preview" });
  if (!last) line.append(el("em", {}, "No messages yet"));
  else if (last.deleted_at) line.append(el("em", {}, "Deleted"));
  else {
    const mine = last.pending || isMine(last);
    if (mine) line.append(ticksOf(standing(last)));
    else if (group && !isSystem(last)) line.append(`${last.sender_name.split(" ")[0]}: `);
    line.append(last.body.slice(0, 200));
  }
  return line;
}

/** The privacy switches by their element: the field of the profile, and the text for on and off. */
const SWITCHES = {
  receipts: {
    field: "read_receipts_enabled",
    on: "Senders see when you have read their messages.",
    off: "Senders do not see when you read their messages.",
  },
  deliveries: {
    field: "delivery_receipts_enabled",
    on: "Senders see when their messages reach you.",
    off: "Senders see nothing until you read openly.",
  },
};

function drawSwitches() {
  for (const [id, { field, on, off }] of Object.entries(SWITCHES)) {
    const isOn = state.me?.[field] ?? true;
    $(id).checked = isOn;
    $(id).disabled = !state.me || state.connection !== "online";
    $(`${id}-why`).textContent = isOn ? on : off;
  }
  $("online").checked = state.connection !== "away";
}

/** Set whether reads or deliveries are disclosed from now on; the service may refuse. */
export function listenToPrivacySwitches() {
  for (const [id, { field }] of Object.entries(SWITCHES)) {
    $(id).addEventListener("change", ({ target }) => setPrivacy(field, target.checked));
  }
}

async function setPrivacy(field, wanted) {
  state.me[field] = wanted;
  changed();
  try {
    state.me = await inTurn(() => call("PATCH", "/me/", { [field]: wanted }));
  } catch (error) {
    state.me[field] = !wanted;
    announce(inWords(error));
  }
  changed();
}

/** The current user, and links for switching users. */
export function drawWho() {
  $("who").append(
    avatar(people[username], username),
    el("span", { class: "name" }, people[username]),
    el("span", { class: "unseen" }, ": switch user"),
    icon("down"),
  );
  const others = Object.entries(people).filter(([each]) => each !== username);
  $("who-menu").append(
    el("p", {}, "Open a window as"),
    ...others.map(([each, name]) =>
      el("a", { class: "item", href: `/?as=${encodeURIComponent(each)}`, target: "_blank" }, avatar(name, each, "small"), name, icon("window")),
    ),
    el("hr"),
    el("a", { class: "item", href: "/" }, "Switch user in this window"),
  );
}
