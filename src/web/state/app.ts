// Composes what the pages share and hands it to them through a context; there is no global state.

import { computed, signal } from "@preact/signals";
import type { ReadonlySignal, Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { parseRange, rangeQuery } from "../model/time-range.ts";
import type { TimeRange } from "../model/time-range.ts";
import { AgentActions } from "./agent-actions.ts";
import { AlertActions } from "./alert-actions.ts";
import { ApiClient } from "./api-client.ts";
import { LiveFleet } from "./live-fleet.ts";
import { Router } from "./router.ts";
import { ThemeChoice } from "./theme.ts";
import { Toasts } from "./toasts.ts";

/** Everything a view may use. */
export interface App {
  readonly router: Router;
  readonly api: ApiClient;
  readonly live: LiveFleet;
  readonly toasts: Toasts;
  readonly actions: AgentActions;
  readonly alertActions: AlertActions;
  readonly theme: ThemeChoice;
  /** The server's clock, once a second, in milliseconds since the epoch. */
  readonly nowMs: Signal<number>;
  readonly range: ReadonlySignal<TimeRange>;
  readonly setRange: (range: TimeRange) => void;
  /** Namespace named in the address; undefined for the default one. */
  readonly namespace: string | undefined;
  readonly signedOut: Signal<boolean>;
  readonly paletteOpen: Signal<boolean>;
}

/** Builds the application state of this tab. */
export function createApp(window: Window): App {
  const router = new Router(window);
  const namespace = router.query.peek().get("ns") ?? undefined;
  const signedOut = signal(false);
  const api = new ApiClient({
    namespace: () => namespace,
    onSignedOut: () => {
      signedOut.value = true;
    },
  });
  const live = new LiveFleet();
  const toasts = new Toasts();
  const nowMs = signal(Date.now());
  setInterval(() => {
    // While the server is away, what is shown does not grow older: it is from then.
    if (live.connection.peek().state === "lost") return;
    nowMs.value = Date.now() + live.clockOffsetMs.peek();
  }, 1000);
  return {
    router,
    api,
    live,
    toasts,
    actions: new AgentActions(api, toasts),
    alertActions: new AlertActions(api, live, toasts),
    theme: new ThemeChoice(window),
    nowMs,
    range: computed(() => parseRange(router.query.value)),
    setRange: (range) => router.setQuery(rangeQuery(range)),
    namespace,
    signedOut,
    paletteOpen: signal(false),
  };
}

const AppContext = createContext<App | null>(null);

/** Hands the application to the views below it. */
export const AppProvider = AppContext.Provider;

/** The application, for a view. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new TypeError("A view was rendered outside of AppProvider");
  return app;
}
