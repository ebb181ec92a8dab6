/** Who this window is, and their token. Each window keeps its own, so that it can be anybody. */

export const username = new URLSearchParams(location.search).get("as");
export const people = JSON.parse(document.getElementById("people").textContent);

const KEY = `seenby:token:${username}`;

export const token = async () => sessionStorage.getItem(KEY) ?? (await renew());

/** Ask for a new token; whoever is nobody here (any more) has to choose again. */
export async function renew() {
  const response = await fetch("/demo/token/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username }),
  });
  if (response.status === 404) {
    location.replace("/");
    return new Promise(() => {}); // the page is about to go
  }
  if (!response.ok) throw new TypeError(`No token: ${response.status}`);
  const { token } = await response.json();
  sessionStorage.setItem(KEY, token);
  return token;
}
