/** The entry point of the demo's chat. */

import { listenToBell } from "./bell.js";
import { inTurn, isUnreachable, switchNetwork } from "./client.js";
import { listenToComposer } from "./composer.js";
import { $, el } from "./dom.js";
import { Follow } from "./follow.js";
import { listenToInfo, refreshInfo } from "./info.js";
import { walkable } from "./menu.js";
import { flush } from "./outbox.js";
import { openConversation, readWhatIsShown } from "./reading.js";
import { drawSidebar, drawWho, listenToPrivacySwitches } from "./sidebar.js";
import { listenToStart } from "./start.js";
import { changed, state, watch } from "./state.js";
import { fetchMe, fetchPeople, look } from "./sync.js";
import { drawTalk, listenToTalk } from "./talk.js";

const WORDS = {
  away: "You are offline. What you write and read is kept, and sent when you are back.",
  reconnecting: "Reconnecting… What you write and read meanwhile is kept.",
};
const follow = new Follow();

/** Send what is queued, then fetch what is new. */
async function lookAtEverything() {
  try {
    await inTurn(async () => {
      await flush();
      if (!state.me) await fetchMe();
      await look();
    });
    become(state.connection === "away" ? "away" : "online");
    if (state.open === null && location.hash) openNamed();
    await refreshInfo();
  } catch (error) {
    if (!isUnreachable(error)) console.error(error);
    if (state.connection !== "away") become("reconnecting");
    throw error;
  }
}

function become(connection) {
  if (state.connection === connection) return;
  state.connection = connection;
  changed();
}

function drawBanner() {
  const text = WORDS[state.connection] ?? "";
  if ($("banner").dataset.text === text) return;
  $("banner").dataset.text = text;
  $("banner").classList.toggle("shown", Boolean(text));
  const back = el("button", { class: "link", onclick: () => goOnline(true) }, "Go online");
  $("banner").replaceChildren(text, state.connection === "away" ? back : "");
}

function goOnline(wanted) {
  switchNetwork(wanted);
  if (wanted) {
    become("reconnecting");
    follow.subscribe(lookAtEverything);
  } else {
    follow.stop();
    become("away");
  }
}

/** Open the conversation (`#7`) or the thread (`#7/24`) in the URL fragment, or none. */
function openNamed() {
  const [id, thread] = location.hash.slice(1).split("/").map((each) => Number(each) || null);
  openConversation(id, thread ?? null);
  if (!state.open) return;
  inTurn(() => fetchPeople(id)).catch(() => {});
  follow.now();
}

watch(drawBanner);
watch(drawSidebar);
watch(drawTalk);
drawWho();
listenToTalk();
listenToBell();
listenToComposer();
listenToInfo();
listenToPrivacySwitches();
listenToStart();
walkable($("who-menu"));
walkable($("message-menu"));
$("online").addEventListener("change", ({ target }) => goOnline(target.checked));
addEventListener("hashchange", openNamed);
addEventListener("online", () => follow.now());
addEventListener("offline", () => state.connection === "online" && become("reconnecting"));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "visible") return;
  readWhatIsShown();
  follow.now();
  inTurn(fetchMe).catch(() => {}); // it may have been changed in another window
});
follow.subscribe(lookAtEverything);
