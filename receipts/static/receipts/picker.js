/* Django's picker of groups and permissions labels plain text, which screen readers pass over. */
addEventListener("load", () => {
  for (const icon of document.querySelectorAll("span[aria-label]:not([role])")) icon.setAttribute("role", "img");
});
