/** Starting a conversation: with one person it is direct, with several a group. */

import { inTurn, inWords, post, put } from "./client.js";
import { $, avatar, el } from "./dom.js";
import { people, username } from "./session.js";
import { look } from "./sync.js";

const chosen = () => [...$("start-form").querySelectorAll("input:checked")].map((box) => box.value);

export function listenToStart() {
  const others = Object.entries(people).filter(([each]) => each !== username);
  $("choices").append(
    ...others.map(([each, name]) =>
      el("li", {}, el("label", {}, avatar(name, each, "small"), el("span", { class: "name" }, name), el("input", { type: "checkbox", value: each, onchange: fit }))),
    ),
  );
  $("new").addEventListener("click", () => {
    $("start-form").reset();
    $("start-problem").textContent = "";
    fit();
    $("start").showModal();
  });
  $("start-cancel").addEventListener("click", () => $("start").close());
  $("start-form").addEventListener("submit", (event) => {
    event.preventDefault();
    create();
  });
}

/** Only groups have a name; a conversation needs at least one other person. */
function fit() {
  $("start-name").hidden = chosen().length < 2;
  $("start-go").disabled = chosen().length === 0;
}

/** Two people have one direct conversation, no matter who started it. */
function started(participants) {
  if (participants.length === 1) return put("/conversations/by-members/", { members: participants });
  return post("/conversations/", { kind: "group", participants, title: $("start-form").title.value.trim() });
}

async function create() {
  try {
    const { id } = await inTurn(() => started(chosen()));
    $("start").close();
    await inTurn(look);
    location.hash = `#${id}`;
  } catch (error) {
    $("start-problem").textContent = inWords(error);
  }
}
