/** Which messages a person has seen: their elements are in view, and so is the page. */

import type { Reference } from "./types.js";

const STEPS = [0, 0.25, 0.5, 0.75, 1];

export class Visible {
  readonly #seen: (message: Reference) => void;
  readonly #observed = new Map<Element, Reference>();
  /** In view, while the page is not. */
  readonly #shown = new Set<Element>();
  readonly #life = new AbortController();
  #observer: IntersectionObserver | null = null;

  constructor(seen: (message: Reference) => void) {
    this.#seen = seen;
  }

  observe(element: Element, message: Reference): () => void {
    this.#observer ??= this.#started();
    this.#observed.set(element, message);
    this.#observer.observe(element);
    return () => this.#forget(element);
  }

  close(): void {
    this.#observer?.disconnect();
    this.#life.abort();
  }

  #started(): IntersectionObserver {
    const look = () => {
      if (document.hidden) return;
      for (const element of [...this.#shown]) {
        const message = this.#observed.get(element);
        this.#forget(element);
        if (message !== undefined) this.#seen(message);
      }
    };
    document.addEventListener("visibilitychange", look, { signal: this.#life.signal });
    return new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const half = (entry.rootBounds?.height ?? innerHeight) / 2;
        const isSeen = entry.intersectionRatio >= 0.5 || entry.intersectionRect.height >= half;
        if (isSeen) this.#shown.add(entry.target);
        else this.#shown.delete(entry.target);
      }
      look();
    }, { threshold: STEPS });
  }

  #forget(element: Element): void {
    this.#observed.delete(element);
    this.#shown.delete(element);
    this.#observer?.unobserve(element);
  }
}
