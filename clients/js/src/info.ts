/** The dialog "message info": who got a message, who has read it, and when. */

import { drawTicks, html, moment, newTicks, svg } from "./drawing.js";
import { SeenbyError } from "./errors.js";
import type { Recipient, Reference, Summary } from "./types.js";
import type { Seenby } from "./client.js";
import { words } from "./words.js";

const PAGE = 50;

interface Page {
  results: Recipient[];
  next: string | null;
}

/** Its dialog is live while it is open, and removed when it is closed. */
export class Info {
  readonly dialog = html("dialog", { "aria-labelledby": "title" }) as HTMLDialogElement;
  readonly #body = html("div", { class: "body", tabindex: "0" });
  readonly #seenby: Seenby;
  readonly #message: Reference;
  #pages = 1;
  #asked = 0;
  #summary: Summary;

  constructor(seenby: Seenby, message: Reference, summary: Summary) {
    this.#seenby = seenby;
    this.#message = message;
    this.#summary = summary;
    const cross = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: "M6 6l12 12M18 6 6 18" }));
    const close = html("button", { class: "close", type: "button", "aria-label": words.close }, cross);
    close.addEventListener("click", () => this.dialog.close());
    this.dialog.append(html("header", {}, html("h2", { id: "title" }, words.info), close), this.#body);
    this.dialog.addEventListener("click", (event) => {
      event.stopPropagation(); // the page's message around the element was not clicked
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("close", () => this.dialog.remove());
    this.#draw([], words.loading);
  }

  open(root: ShadowRoot): void {
    root.append(this.dialog);
    this.dialog.showModal();
    void this.#load();
  }

  /** The message has another summary: somebody got it or read it. */
  update(summary: Summary): void {
    this.#summary = summary;
    void this.#load();
  }

  async #load(): Promise<void> {
    const asked = (this.#asked += 1);
    const summary = this.#summary;
    try {
      const recipients: Recipient[] = [];
      let next: string | null = `/messages/${encodeURIComponent(this.#message)}/recipients/?limit=${PAGE}`;
      for (let page = 0; page < this.#pages && next; page += 1) {
        const answer: Page = await this.#seenby.request("GET", next);
        recipients.push(...answer.results);
        next = answer.next;
      }
      if (asked !== this.#asked) return; // there is a later one
      this.#draw(recipients, recipients.length ? "" : this.#nobody(summary), next !== null);
    } catch (error) {
      if (asked !== this.#asked) return;
      const isKept = error instanceof SeenbyError && error.status === 410;
      const isSaid = error instanceof SeenbyError && !error.isTemporary;
      this.#draw([], isKept ? words.archived : isSaid ? error.message : words.unreachable);
    }
  }

  #nobody(summary: Summary): string {
    return summary.tracked ? words.nobody : words.untracked;
  }

  #draw(recipients: Recipient[], remark: string, isMore = false): void {
    const ticks = newTicks();
    drawTicks(ticks, this.#summary);
    ticks.setAttribute("aria-hidden", "true");
    const more = html("button", { class: "more", type: "button" }, words.more);
    more.addEventListener("click", () => ((this.#pages += 1), void this.#load()));
    this.#body.replaceChildren(
      html("p", { class: "summary", role: "status" }, ticks, words.summary(this.#summary)),
      ...Object.entries(words.groups).flatMap(([state, title]) => {
        const some = recipients.filter((each) => each.state === state);
        return some.length ? [group(title, some)] : [];
      }),
      ...(remark ? [html("p", { class: "quiet" }, remark)] : []),
      ...(isMore ? [more] : []),
    );
  }
}

function group(title: string, some: Recipient[]): HTMLElement {
  return html("section", { "aria-label": title }, html("h3", {}, title), html("ul", {}, ...some.map(line)));
}

function line(each: Recipient): HTMLElement {
  const { state, membership, user_name } = each;
  const when = state === "read" ? each.read_at : state === "failed" ? each.failed_at : state === "delivered" ? each.delivered_at : null;
  const details = [
    each.read_before_edit && words.beforeEdit,
    state === "read" && each.content && `“${each.content}”`,
    state === "failed" && each.failure_reason,
    membership === "left" && words.left,
  ].filter(Boolean);
  return html(
    "li",
    {},
    html("span", { class: "name" }, user_name),
    when ? moment(when) : html("span"),
    details.length > 0 && html("span", { class: "detail" }, details.join(" · ")),
  );
}
