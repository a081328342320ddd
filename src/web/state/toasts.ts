// Short notes at the foot of the page: what was done, and how to undo it.

import { signal } from "@preact/signals";

/** One note. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "info" | "error";
  readonly undo?: () => void;
}

const SHOWN_MS = 8000;
/** More would cover the page; the oldest goes first. */
const TOASTS_MAX = 3;

/** The notes on screen. */
export class Toasts {
  readonly shown = signal<readonly Toast[]>([]);
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #nextId = 1;

  /** Shows a note for 8 s; an error stays until dismissed. */
  show(toast: Omit<Toast, "id">): void {
    const id = this.#nextId;
    this.#nextId += 1;
    this.shown.value = [...this.shown.value, { ...toast, id }].slice(-TOASTS_MAX);
    if (toast.tone === "info") this.release(id);
  }

  /** Stops the clock of a note while it is pointed at. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** Lets the clock of a note run. */
  release(id: number): void {
    this.hold(id);
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), SHOWN_MS),
    );
  }

  dismiss(id: number): void {
    this.hold(id);
    this.shown.value = this.shown.value.filter((toast) => toast.id !== id);
  }
}
