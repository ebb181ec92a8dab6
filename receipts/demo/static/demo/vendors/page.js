/** What the pages of all vendors share: who is here, a token, and the list of lines. */

const json = (id) => JSON.parse(document.getElementById(id).textContent);

export const me = json("me");
export const people = json("people");
/** The group of all demo users, by its own name. */
export const team = json("team");
/** The address of one of our WebSockets. */
export const socketAt = (path) => location.origin.replace(/^http/, "ws") + path;

export async function token() {
  const response = await fetch("/demo/token/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: me }),
  });
  if (!response.ok) throw new Error(`No token: ${response.status}`);
  return (await response.json()).token;
}

export function say(state) {
  document.getElementById("state").textContent = state;
}

/** Show a message, or show it again with another note; `note` is what its sender knows of it. */
export function show({ id, sender, text, note = "" }) {
  const list = document.getElementById("lines");
  const key = String(id);
  let line = [...list.children].find((each) => each.dataset.id === key);
  if (!line) {
    line = document.createElement("li");
    line.dataset.id = key;
    line.className = sender === me ? "own" : "";
    line.append(document.createElement("p"), document.createElement("small"));
    list.append(line);
    list.scrollTop = list.scrollHeight;
  }
  if (text !== undefined) line.firstChild.textContent = text;
  line.lastChild.textContent = [sender === me ? "" : (people[sender] ?? sender), note]
    .filter(Boolean)
    .join(" · ");
}

/** Remove the messages that are not among these: an SDK may have given one a new id. */
export function keepOnly(ids) {
  const kept = new Set(ids.map(String));
  for (const line of [...document.getElementById("lines").children]) {
    if (!kept.has(line.dataset.id)) line.remove();
  }
}

/** `send(text)` is called with what is written; its error is shown. */
export function onSend(send) {
  const field = document.getElementById("text");
  document.getElementById("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    try {
      await send(text);
    } catch (error) {
      say(`Not sent: ${error.message ?? error.code}`);
    }
  });
}
