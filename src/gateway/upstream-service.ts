// A namespace's plan, made ready for calls: routes compiled, base URLs taken apart once.

import type { Clock } from "../core/index.ts";

import type { NamespacePlan, ServicePlan } from "./data-plane.ts";
import { EndpointPool } from "./endpoint-pool.ts";
import { RouteTable } from "./route-table.ts";

/** A base URL, taken apart. */
export interface UpstreamTarget {
  readonly baseUrl: string;
  /** `http://127.0.0.1:8001` */
  readonly origin: string;
  /** Put before the call's path; empty or without a slash at its end. */
  readonly basePath: string;
}

/** One service with its endpoints as this worker sees them. */
export class UpstreamService {
  readonly endpoints: EndpointPool;
  /** Calls to it under way. */
  calls = 0;
  #plan: ServicePlan;
  #targets = new Map<string, UpstreamTarget>();
  /** Limits' keys, made once. */
  readonly limitKey: string;
  readonly agentLimitKey: string;

  constructor(namespace: string, plan: ServicePlan, clock: Clock) {
    this.#plan = plan;
    this.limitKey = `service/${namespace}/${plan.id}`;
    this.agentLimitKey = `agent/${namespace}/${plan.id}/`;
    this.endpoints = new EndpointPool(plan, clock);
    this.#readTargets();
  }

  get plan(): ServicePlan {
    return this.#plan;
  }

  /** Follows a new plan; what is known of endpoints that stay is kept. */
  update(plan: ServicePlan): void {
    this.#plan = plan;
    this.endpoints.update(plan);
    this.#readTargets();
  }

  /** The endpoint for the next attempt; see {@link EndpointPool.pick}. */
  pick(tried: ReadonlySet<string>): UpstreamTarget | undefined {
    const picked = this.endpoints.pick(tried);
    return picked === undefined ? undefined : this.#targets.get(picked.baseUrl);
  }

  /** Origins its endpoints lead to. */
  origins(): string[] {
    return [...this.#targets.values()].map((target) => target.origin);
  }

  #readTargets(): void {
    const targets = new Map<string, UpstreamTarget>();
    for (const { baseUrl } of this.#plan.endpoints) {
      const { origin, pathname } = new URL(baseUrl);
      targets.set(baseUrl, { baseUrl, origin, basePath: pathname.replace(/\/+$/, "") });
    }
    this.#targets = targets;
  }
}

/** One namespace as it is served now. */
export class PlaneNamespace {
  readonly #clock: Clock;
  readonly #services = new Map<string, UpstreamService>();
  #plan: NamespacePlan;
  #routes: RouteTable;

  constructor(plan: NamespacePlan, clock: Clock) {
    this.#clock = clock;
    this.#plan = plan;
    this.#routes = new RouteTable(plan);
    this.apply(plan);
  }

  get plan(): NamespacePlan {
    return this.#plan;
  }

  get routes(): RouteTable {
    return this.#routes;
  }

  /** Puts a newer plan in force; an older one that arrives late is left alone. */
  apply(plan: NamespacePlan): void {
    if (plan.revision < this.#plan.revision) return;
    this.#plan = plan;
    this.#routes = new RouteTable(plan);
    const ids = new Set(plan.services.map((service) => service.id));
    for (const id of this.#services.keys()) if (!ids.has(id)) this.#services.delete(id);
    for (const service of plan.services) {
      const known = this.#services.get(service.id);
      if (known?.plan === service) continue;
      if (known !== undefined) known.update(service);
      else {
        this.#services.set(service.id, new UpstreamService(plan.namespace, service, this.#clock));
      }
    }
  }

  service(id: string): UpstreamService | undefined {
    return this.#services.get(id);
  }

  services(): IterableIterator<UpstreamService> {
    return this.#services.values();
  }
}
