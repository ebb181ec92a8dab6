/** Notifications of the open conversation, on or off: one's own wish, shown to nobody else. */

import { call, inTurn, inWords } from "./client.js";
import { $ } from "./dom.js";
import { username } from "./session.js";
import { announce, changed, conversationOf, isSilent, state } from "./state.js";

export function drawBell(conversation) {
  const silent = isSilent(conversation);
  const bell = $("bell");
  bell.setAttribute("aria-pressed", String(!silent));
  bell.title = silent ? "Notifications are off" : "Notifications are on";
  bell.querySelector("use").setAttribute("href", silent ? "#i-bell-off" : "#i-bell");
  bell.disabled = state.connection !== "online";
}

export function listenToBell() {
  $("bell").addEventListener("click", async () => {
    const { id } = conversationOf(state.open);
    const wanted = isSilent(conversationOf(id)) ? "on" : "off";
    const path = `/conversations/${id}/participants/${encodeURIComponent(username)}/`;
    try {
      const { notifications } = await inTurn(() => call("PATCH", path, { notifications: wanted }));
      Object.assign(conversationOf(id) ?? {}, { notifications });
      announce(`Notifications are ${notifications}.`);
    } catch (error) {
      announce(inWords(error));
    }
    changed();
  });
}
