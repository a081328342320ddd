// What a person does to alerts from the pages: take on, give back, close.

import type { Alert } from "../model/wire.ts";
import type { ApiClient } from "./api-client.ts";
import type { LiveFleet } from "./live-fleet.ts";
import type { Toasts } from "./toasts.ts";

/** Acknowledges and resolves alerts; what comes back is shown at once. */
export class AlertActions {
  readonly #api: ApiClient;
  readonly #live: LiveFleet;
  readonly #toasts: Toasts;

  constructor(api: ApiClient, live: LiveFleet, toasts: Toasts) {
    this.#api = api;
    this.#live = live;
    this.#toasts = toasts;
  }

  /**
   * Takes an alert on.
   * @param owner who does; empty for the one signed in
   * @throws ApiError with the server's words
   */
  async acknowledge(alertId: string, owner: string, note: string): Promise<void> {
    const body = owner.trim() === "" ? { note } : { owner: owner.trim(), note };
    const alert = await this.#api.post<Alert>(`${alertApi(alertId)}/acknowledge`, body);
    this.#take(alert);
    const text = `${alert.acknowledged?.owner ?? "You"} took the alert on.`;
    this.#toasts.show({ text, tone: "info", undo: () => void this.unacknowledge(alertId) });
  }

  async unacknowledge(alertId: string): Promise<void> {
    await this.#reporting(async () => {
      this.#take(await this.#api.delete<Alert>(`${alertApi(alertId)}/acknowledge`));
      this.#toasts.show({ text: "Nobody has the alert now.", tone: "info" });
    });
  }

  /** Closes an alert; it rises again if its cause goes on. @throws ApiError */
  async resolve(alertId: string, note: string): Promise<void> {
    this.#take(await this.#api.post<Alert>(`${alertApi(alertId)}/resolve`, { note }));
    this.#toasts.show({ text: "Resolved the alert.", tone: "info" });
  }

  #take(alert: Alert): void {
    this.#live.apply({ kind: "alerts", alerts: [alert] });
  }

  async #reporting(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#toasts.show({ text, tone: "error" });
    }
  }
}

function alertApi(alertId: string): string {
  return `/api/v1/alerts/${encodeURIComponent(alertId)}`;
}
