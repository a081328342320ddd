// Dark, light, or what the system says; remembered in this browser.

import { signal } from "@preact/signals";

export const THEMES = ["system", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = "cellphone.theme";

/** The chosen theme, and a count of changes for what must redraw (canvases). */
export class ThemeChoice {
  readonly chosen = signal<Theme>("system");
  /** Changes whenever the colours on screen do. */
  readonly version = signal(0);
  readonly #root: HTMLElement;

  constructor(window: Window) {
    this.#root = window.document.documentElement;
    const stored = this.#root.dataset["theme"];
    this.chosen.value = THEMES.find((theme) => theme === stored) ?? "system";
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.version.value += 1;
    });
  }

  choose(theme: Theme): void {
    this.chosen.value = theme;
    if (theme === "system") delete this.#root.dataset["theme"];
    else this.#root.dataset["theme"] = theme;
    this.version.value += 1;
    try {
      localStorage.setItem(STORAGE_KEY, theme);
    } catch {
      // Storage is blocked: the choice lasts as long as the tab.
    }
  }
}
