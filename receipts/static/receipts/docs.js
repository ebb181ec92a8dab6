/* What Swagger UI lacks: it has a dark mode, and does not look at what the browser prefers; a button
   and a list without names, boxes that scroll and cannot be reached with keys, a dialog that Escape does not close. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const mend = () => {
  for (const button of document.querySelectorAll(".close-modal:not([aria-label])")) button.ariaLabel = "Close";
  for (const list of document.querySelectorAll("#servers:not([aria-label])")) list.ariaLabel = "Server";
  // They are called otherwise than what is written on them.
  for (const button of document.querySelectorAll(".auth-btn-wrapper [aria-label]")) button.ariaLabel = null;
  for (const box of document.querySelectorAll("#swagger-ui pre:not([tabindex])")) box.tabIndex = 0;
};
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true });
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".close-modal")?.click();
});
