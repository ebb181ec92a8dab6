/**
 * Says when there may be news. It looks again and again: often while the window is seen, seldom
 * while it is hidden, and less and less often while nothing answers. Whoever replaces it by a live
 * feed keeps `subscribe`, `now` and `stop`.
 */

const SEEN = 1_500;
const HIDDEN = 6_000;
const LONGEST = 15_000;

export class Follow {
  #callback = null;
  #timer = null;
  #busy = false;
  #again = false;
  #failures = 0;

  /** Call `callback` now and whenever there may be news. It says by a promise when it is done. */
  subscribe(callback) {
    this.#callback = callback;
    this.now();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#callback = null;
  }

  /** Look at once: the window is seen again, or the network is back. */
  now() {
    clearTimeout(this.#timer);
    if (this.#busy) this.#again = true;
    else this.#look();
  }

  async #look() {
    const callback = this.#callback;
    if (!callback) return;
    this.#busy = true;
    this.#again = false;
    try {
      await callback();
      this.#failures = 0;
    } catch {
      this.#failures += 1; // who subscribed has said so
    }
    this.#busy = false;
    if (!this.#callback) return;
    this.#timer = setTimeout(() => this.#look(), this.#again ? 0 : this.#pause());
  }

  #pause() {
    const pause = document.visibilityState === "visible" ? SEEN : HIDDEN;
    return Math.min(pause * 2 ** this.#failures, Math.max(LONGEST, pause));
  }
}
