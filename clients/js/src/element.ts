/**
 * `<seenby-ticks message="42">`: how far a message has come, live; activated, who has read it.
 *
 * The script's own tag names where tokens come from, and the service if that is elsewhere:
 * `<script type="module" src="…/seenby-ticks.js" data-token="/receipts-token"></script>`. A page that
 * has a client already calls `use(ticks)` instead.
 */

import { Seenby } from "./client.js";
import { drawTicks, html, newTicks } from "./drawing.js";
import { Info } from "./info.js";
import { STYLE } from "./style.js";
import { Ticks, type Tick } from "./ticks.js";
import { words } from "./words.js";

export { Seenby, Ticks, words };

let source: Ticks | null = null;
const elements = new Set<SeenbyTicks>();

/** Take what all elements of this page show from here. */
export function use(ticks: Ticks): void {
  source = ticks;
  for (const each of elements) each.follow();
}

/** Sent before the dialog opens; `preventDefault()` and show something of your own. */
export const INFO_EVENT = "seenby-info";

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);

/**
 * Attributes: `message`, an id or `ext:` and a name; `words`, the summary beside the ticks;
 * `info="off"`, ticks that open nothing; `theme`, `light` or `dark` whatever the system says.
 */
export class SeenbyTicks extends HTMLElement {
  static observedAttributes = ["message", "info", "words"];
  readonly #root = this.attachShadow({ mode: "open" });
  #stop: (() => void) | null = null;
  #tick: Tick | null = null;
  #ticks = newTicks();
  #info: Info | null = null;

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [SHEET];
    elements.add(this);
    this.follow();
  }

  disconnectedCallback(): void {
    elements.delete(this);
    this.#unfollow();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.isConnected) return;
    if (name === "message") this.follow();
    else this.#draw();
  }

  /** Begin to show the message that is named, from what the page uses. */
  follow(): void {
    this.#unfollow();
    const message = this.getAttribute("message");
    if (message && source) this.#stop = source.watch(message, (tick) => this.#become(tick));
    else this.#draw();
  }

  #unfollow(): void {
    this.#stop?.();
    this.#stop = this.#tick = null;
    this.#info?.dialog.close();
  }

  #become(tick: Tick): void {
    this.#tick = tick;
    this.#draw();
    if (tick.summary) this.#info?.update(tick.summary);
  }

  /** The same nodes for as long as they are of the same kind, so that focus stays. */
  #draw(): void {
    const summary = this.#tick?.summary;
    const isButton = this.getAttribute("info") !== "off";
    let box = this.#root.querySelector<HTMLElement>(".ticks");
    if (!summary) return box?.remove();
    if (box?.localName !== (isButton ? "button" : "span")) {
      box?.remove();
      box = html(isButton ? "button" : "span", isButton ? { class: "ticks", type: "button", "aria-haspopup": "dialog" } : { class: "ticks" });
      if (isButton) box.addEventListener("click", (event) => this.#open(event));
      this.#root.prepend(box);
    }
    drawTicks(this.#ticks, summary);
    const text = words.summary(summary);
    if (this.#ticks.parentNode !== box) box.replaceChildren(this.#ticks, html("span", {}));
    const isSaid = this.hasAttribute("words");
    box.lastElementChild!.textContent = isSaid ? text : "";
    if (isSaid) this.#ticks.setAttribute("aria-hidden", "true");
    else this.#ticks.removeAttribute("aria-hidden");
    box.title = text;
    if (isButton) box.setAttribute("aria-label", `${text}. ${words.info}`);
  }

  #open(event: Event): void {
    const message = this.getAttribute("message");
    const summary = this.#tick?.summary;
    if (!source || !message || !summary) return;
    event.stopPropagation();
    const detail = { message, summary };
    const asks = new CustomEvent(INFO_EVENT, { detail, bubbles: true, composed: true, cancelable: true });
    if (!this.dispatchEvent(asks)) return;
    const info = (this.#info = new Info(source.seenby, message, summary));
    info.dialog.addEventListener("close", () => (this.#info = null));
    info.open(this.#root);
  }
}

customElements.define("seenby-ticks", SeenbyTicks);

// --- The script's own tag ---------------------------------------------------------------------------

const script = [...document.scripts].find((each) => each.src === import.meta.url);
if (script?.dataset.token) {
  const { token: address, service = new URL(script.src).origin } = script.dataset;
  const token = async (): Promise<string> => {
    const response = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!response.ok) throw new Error(`${address} returned ${response.status}.`);
    return ((await response.json()) as { token: string }).token;
  };
  use(new Ticks(new Seenby({ url: service, token })));
}
