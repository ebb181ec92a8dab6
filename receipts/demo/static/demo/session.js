/** The user of this window, and their token. Each window has its own, so that users can differ. */

export const username = new URLSearchParams(location.search).get("as");
export const people = JSON.parse(document.getElementById("people").textContent);

const KEY = `seenby:token:${username}`;

let isAsked = false;

/** The token that was kept across reloads; asked again, since that was refused, a new one. */
export async function token() {
  const kept = isAsked ? null : sessionStorage.getItem(KEY);
  isAsked = true;
  return kept ?? renew();
}

/** Request a new token; if the user does not exist (any more), go to the start page. */
async function renew() {
  const response = await fetch("/demo/token/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username }),
  });
  if (response.status === 404) {
    location.replace("/");
    return new Promise(() => {}); // the page is about to unload
  }
  if (!response.ok) throw new TypeError(`No token: ${response.status}`);
  const { token } = await response.json();
  sessionStorage.setItem(KEY, token);
  return token;
}
