/** Menus that open next to their button, and close on Escape or a click elsewhere. */

import { $, el } from "./dom.js";

/** Open the menu of one message: `items` are [text, action] pairs. */
export function openMenu(button, items) {
  const menu = $("message-menu");
  menu.replaceChildren(
    ...items.map(([text, act]) =>
      el("button", { class: "item", onclick: () => (menu.hidePopover(), act()) }, text),
    ),
  );
  menu.showPopover();
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.min(Math.max(at.left, 8), innerWidth - width - 8);
  const below = at.bottom + 4 + height < innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? at.bottom + 4 : Math.max(at.top - height - 4, 8)}px`;
  menu.firstElementChild.focus();
}

/** Arrow keys move within a menu. */
export function walkable(menu) {
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...menu.querySelectorAll("a, button")];
    const next = items.indexOf(document.activeElement) + step;
    items.at(next % items.length).focus();
  });
}
