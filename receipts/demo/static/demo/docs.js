/* In the demo one is somebody at once: calls from the page of the API begin with alice's token. */
const WHO = "alice";
const SCHEME = "bearer";
const OWN = "seenby:docs"; // the token that was filled in here, which may be replaced

/* The page remembers what somebody has entered: that stays. */
const entered = () => {
  const stored = JSON.parse(localStorage.getItem("authorized") ?? "{}")[SCHEME]?.value;
  return stored && stored !== localStorage.getItem(OWN);
};

const authorizeAs = async (username) => {
  const answer = await fetch("/demo/token/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username }),
  });
  if (!answer.ok) return; // another database, without the sample users
  const { token } = await answer.json();
  localStorage.setItem(OWN, token);
  ui.preauthorizeApiKey(SCHEME, token);
  document.getElementById("hint").textContent =
    `You are ${username}, one of the demo's sample users: try a call. Authorize takes another token, or a service key.`;
};

const seen = new MutationObserver(() => {
  if (!document.querySelector("#swagger-ui .authorize")) return;
  seen.disconnect();
  if (!entered()) authorizeAs(WHO);
});
seen.observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
