/** DOM helpers. User input is always inserted as text: nothing here accepts HTML. */

import { people } from "./session.js";

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** An element; attributes named `on…` are listeners, `false` and `null` omit one. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** One of the symbols in icons.html. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

/** Initials on a background whose colour depends on `seed`. */
export function avatar(name, seed, size = "") {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0]);
  return el(
    "span",
    { class: `avatar ${size}`, "data-tone": tone(seed), "aria-hidden": "true" },
    letters.join("").toUpperCase(),
  );
}

/** One of eight colours: demo users by position, anything else by a hash of `seed`. */
export function tone(seed) {
  const place = Object.keys(people).indexOf(seed);
  if (place >= 0) return (place % 8) + 1;
  let sum = 0;
  for (const letter of String(seed)) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return (sum % 8) + 1;
}

/**
 * Make a container's children match `rows`, touching only what has changed, so that focus,
 * scroll and transitions survive. A row has a `key`; `make(row)` returns its node, and
 * `update(node, row)` updates a node that is new or whose row has changed.
 */
export function reconcile(container, rows, { make, update }) {
  const before = new Map([...container.children].map((node) => [node.dataset.key, node]));
  let place = container.firstElementChild;
  for (const row of rows) {
    const said = JSON.stringify(row);
    let node = before.get(row.key);
    if (!node) {
      node = make(row);
      node.dataset.key = row.key;
      update(node, row);
    } else if (node.said !== said) {
      update(node, row);
    }
    node.said = said;
    before.delete(row.key);
    if (node === place) place = place.nextElementSibling;
    else container.insertBefore(node, place);
  }
  for (const node of before.values()) node.remove();
}
