/** The user of this window, and their token. Each window has its own, so that users can differ. */

export const username = new URLSearchParams(location.search).get("as");
export const people = JSON.parse(document.getElementById("people").textContent);

const KEY = `seenby:token:${username}`;

export const token = async () => sessionStorage.getItem(KEY) ?? (await renew());

/** Request a new token; if the user does not exist (any more), go to the start page. */
export async function renew() {
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
