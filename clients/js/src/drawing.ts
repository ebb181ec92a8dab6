/** Drawing helpers. What people wrote is always inserted as text. */

import type { Summary } from "./types.js";
import { words } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

/** An element of HTML; false, null and "" among the children are left out. */
export function html(tag: string, attributes: Record<string, string> = {}, ...children: (Node | string | false | null)[]): HTMLElement {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child): child is Node | string => Boolean(child)));
  return node;
}

export function svg(tag: string, attributes: Record<string, string>, ...children: Node[]): SVGElement {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** `sent`, `partial`, `delivered`, `read`, or `failed` where nobody got it. */
export function stateOf(summary: Summary): string {
  return summary.failed_count > 0 && summary.overall_status === "sent" ? "failed" : summary.overall_status;
}

/** Two ticks and an alert, of which `drawTicks` shows what applies. */
export function newTicks(): SVGElement {
  return svg(
    "svg",
    { viewBox: "0 0 20 12", role: "img" },
    svg("path", { d: "M1.2 6.4 4.7 9.9 11.4 2.3" }),
    svg("path", { class: "second", d: "M8 8.2 9.7 9.9 16.4 2.3" }),
    svg("circle", { class: "dot", cx: "18", cy: "2.5", r: "2" }),
    svg("path", { class: "alert", d: "M10 .5a5.5 5.5 0 1 0 .01 0M10 3.4v3M10 8.8v.01" }),
  );
}

/** Change the ticks in place, so that they fade from one state into the next. */
export function drawTicks(ticks: SVGElement, summary: Summary): void {
  ticks.dataset.ticks = stateOf(summary);
  ticks.toggleAttribute("data-failed", summary.failed_count > 0);
  ticks.setAttribute("aria-label", words.summary(summary));
}

/** A time in the page's language: today's by its clock, others with their day. */
export function moment(iso: string): HTMLElement {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  const format: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  if (!isToday) Object.assign(format, { day: "numeric", month: "short" });
  const language = document.documentElement.lang || undefined;
  return html("time", { datetime: iso, title: time.toLocaleString(language) }, time.toLocaleString(language, format));
}
