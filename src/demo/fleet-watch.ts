// What the server says about the fleet, followed over its live stream. The demo never asks an
// agent how it is: a cue counts as noticed only when the server says so here.

import type { AgentTile, Alert, Cause, OverviewSummary } from "../dashboard/index.ts";
import type { ServiceView } from "../gateway/index.ts";

import type { DemoControl } from "./ports.ts";

/** The fleet as the server sees it now, and a way to wait until it sees something. */
export class FleetWatch {
  readonly #tiles = new Map<string, AgentTile>();
  readonly #services = new Map<string, ServiceView>();
  readonly #alerts = new Map<string, Alert>();
  readonly #waiting = new Set<() => void>();
  #summary: OverviewSummary | undefined;

  /** Follows the stream until the signal aborts; rejects when the stream breaks before. */
  async follow(control: DemoControl, signal: AbortSignal): Promise<void> {
    try {
      for await (const { event, data } of control.events("/api/v1/stream", { signal })) {
        // oxlint-disable typescript/no-unsafe-type-assertion -- the stream's contract
        if (event === "summary") this.#summary = data as OverviewSummary;
        if (event === "agents") this.#update(data as { agents: AgentTile[]; removed: string[] });
        if (event === "services") {
          for (const one of (data as { services: ServiceView[] }).services) {
            this.#services.set(one.id, one);
          }
        }
        if (event === "alerts") {
          for (const one of (data as { alerts: Alert[] }).alerts) this.#alerts.set(one.id, one);
        }
        // oxlint-enable typescript/no-unsafe-type-assertion
        for (const check of this.#waiting) check();
      }
      if (!signal.aborted) throw new Error("The server ended the live stream.");
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  get summary(): OverviewSummary | undefined {
    return this.#summary;
  }

  tile(agentId: string): AgentTile | undefined {
    return this.#tiles.get(agentId);
  }

  /** A service as it was last seen. */
  service(serviceId: string): ServiceView | undefined {
    return this.#services.get(serviceId);
  }

  /** Every alert seen since the beginning, in its newest state. */
  get alerts(): readonly Alert[] {
    return [...this.#alerts.values()];
  }

  /** The cause of a kind that names all of these agents. */
  cause(kind: Cause["kind"], agentIds: readonly string[]): Cause | undefined {
    return this.summary?.causes.find(
      (cause) => cause.kind === kind && agentIds.every((id) => cause.agentIds.includes(id)),
    );
  }

  /** The alert of a rule about one service that fires now. */
  firing(rule: string, serviceId: string): Alert | undefined {
    return this.alerts.find(
      (alert) =>
        alert.rule === rule && alert.state === "firing" && alert.source === `service:${serviceId}`,
    );
  }

  /** Resolves with what `probe` finds, as soon as it finds something; undefined after the time. */
  async until<Found>(
    probe: (watch: FleetWatch) => Found | undefined | false,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Found | undefined> {
    const { promise, resolve } = Promise.withResolvers<Found | undefined>();
    const check = (): void => {
      const found = probe(this);
      if (found !== undefined && found !== false) resolve(found);
    };
    const stop = (): void => resolve(undefined);
    const timer = setTimeout(stop, timeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    this.#waiting.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      this.#waiting.delete(check);
    }
  }

  #update(change: { readonly agents: readonly AgentTile[]; readonly removed: readonly string[] }) {
    for (const tile of change.agents) this.#tiles.set(tile.id, tile);
    for (const id of change.removed) this.#tiles.delete(id);
  }
}
