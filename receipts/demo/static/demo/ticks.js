/** The status of an own message as ticks, with a text for screen readers. */

import { icon, svg } from "./dom.js";

/** `sending`, `refused`, `sent`, `partial`, `delivered`, `read` or `failed`; and its text. */
export function standing({ receipts, pending, late, refused }) {
  if (refused) return { ticks: "refused", text: "Not sent" };
  if (pending) return { ticks: "sending", text: late ? "Waiting to be sent" : "Sending" };
  if (!receipts?.tracked) return { ticks: "sent", text: "Sent, without receipts" };
  const failed = receipts.failed_count > 0;
  const nobody = receipts.overall_status === "sent";
  return {
    ticks: failed && nobody ? "failed" : receipts.overall_status,
    text: receipts.summary_text,
    failed,
  };
}

/** The ticks of a standing; `updateTicks` changes them in place, so that transitions run. */
export function ticksOf(standing) {
  const node = document.createElement("span");
  node.className = "tick-box";
  updateTicks(node, standing);
  return node;
}

export function updateTicks(node, { ticks, text, failed }) {
  node.title = text;
  const symbol = { sending: "clock", refused: "alert", failed: "alert" }[ticks];
  if (symbol || !node.querySelector(".ticks")) node.replaceChildren(symbol ? icon(symbol) : twoTicks());
  const drawn = node.firstElementChild;
  drawn.setAttribute("role", "img");
  drawn.removeAttribute("aria-hidden");
  drawn.setAttribute("aria-label", text);
  drawn.dataset.ticks = ticks;
  if (failed && !symbol) drawn.dataset.failed = "";
  else delete drawn.dataset.failed;
}

function twoTicks() {
  return svg(
    "svg",
    { class: "ticks", viewBox: "0 0 20 12" },
    svg("path", { class: "tick", d: "M1.2 6.4 4.7 9.9 11.4 2.3" }),
    svg("path", { class: "tick second", d: "M8 8.2 9.7 9.9 16.4 2.3" }),
    svg("circle", { class: "failure", cx: "18", cy: "2.5", r: "2" }),
  );
}
