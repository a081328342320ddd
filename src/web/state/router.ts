// The page's address as a signal, on the history API.

import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { keepQuery, parseRoute } from "../model/routes.ts";
import type { Route } from "../model/routes.ts";

/** Where this tab is, and how it goes elsewhere. */
export class Router {
  readonly #window: Window;
  readonly #location;
  readonly route: ReadonlySignal<Route>;
  readonly query: ReadonlySignal<URLSearchParams>;

  constructor(window: Window) {
    this.#window = window;
    this.#location = signal(this.#read());
    this.route = computed(() => parseRoute(this.#location.value.path));
    this.query = computed(() => new URLSearchParams(this.#location.value.search));
    window.addEventListener("popstate", () => {
      this.#location.value = this.#read();
    });
    window.document.addEventListener("click", (event) => this.#followLink(event));
  }

  /** An address that keeps the namespace and the time range, with parameters of its own. */
  href(path: string, own: Readonly<Record<string, string>> = {}): string {
    return keepQuery(path, this.query.value, own);
  }

  /** Goes to a path, keeping the namespace and the time range. */
  go(path: string, own: Readonly<Record<string, string>> = {}): void {
    this.#move(keepQuery(path, this.query.peek(), own), false);
    this.#window.scrollTo(0, 0);
  }

  /** Puts a path in the place of this one; Back does not return here. */
  replace(path: string, own: Readonly<Record<string, string>> = {}): void {
    this.#move(keepQuery(path, this.query.peek(), own), true);
  }

  /** Changes query parameters of this page; null removes one. */
  setQuery(changes: Readonly<Record<string, string | null>>, replace = false): void {
    const query = new URLSearchParams(this.query.peek());
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    const text = query.toString();
    const path = this.#location.peek().path;
    this.#move(text === "" ? path : `${path}?${text}`, replace);
  }

  #read() {
    const { pathname, search } = this.#window.location;
    return { path: pathname, search };
  }

  #move(address: string, replace: boolean): void {
    if (replace) this.#window.history.replaceState(null, "", address);
    else this.#window.history.pushState(null, "", address);
    this.#location.value = this.#read();
  }

  /** Plain left clicks on links to our own pages stay in this tab; all others are the browser's. */
  #followLink(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (!(event.target instanceof Element)) return;
    const link = event.target.closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target !== "") return;
    const url = new URL(link.href);
    if (url.origin !== this.#window.location.origin) return;
    if (parseRoute(url.pathname).page === "unknown") return;
    // A place on this page.
    if (url.hash !== "" && url.pathname === this.#location.peek().path) return;
    event.preventDefault();
    this.#move(url.pathname + url.search, false);
    this.#window.scrollTo(0, 0);
  }
}
