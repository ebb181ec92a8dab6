/** Starting a conversation: with one person it is direct, with several a group. */

import { Unreachable, inTurn, post } from "./api.js";
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

/** A name is for groups; without anybody there is nothing to start. */
function fit() {
  $("start-name").hidden = chosen().length < 2;
  $("start-go").disabled = chosen().length === 0;
}

async function create() {
  const participants = chosen();
  const isDirect = participants.length === 1;
  // By the same name on both sides, so that two people have one conversation, whoever starts it.
  const pair = [username, participants[0]].sort().join("+");
  const body = isDirect
    ? { kind: "direct", participants, external_id: `demo:${pair}` }
    : { kind: "group", participants, title: $("start-form").title.value.trim() };
  try {
    const { id } = await inTurn(() => post("/conversations/", body));
    $("start").close();
    await inTurn(look);
    location.hash = `#${id}`;
  } catch (error) {
    const said = error instanceof Unreachable ? "The service cannot be reached now." : error.message;
    $("start-problem").textContent = said;
  }
}
