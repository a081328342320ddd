// What changed between two plans of a namespace, for planes in other threads: a registration among
// a thousand services then crosses as one service, and nothing else is taken apart again there.

import type { NamespacePlan, ServicePlan } from "./data-plane.ts";

/** How a plan becomes the next one. */
export interface PlanChange {
  readonly namespace: string;
  /** Revision it leads on from; upon any other it means nothing. */
  readonly from: number;
  readonly revision: number;
  /** Services that came or changed. */
  readonly put: readonly ServicePlan[];
  /** Ids of services that went. */
  readonly drop: readonly string[];
  /** What is not of one service, whole. */
  readonly terms: Omit<NamespacePlan, "namespace" | "revision" | "services">;
}

/**
 * The change from one plan to another. A service that is the same object in both has not changed.
 *
 * @example
 * const before = { namespace: "default", revision: 1, services: [], held: {}, slowCallMs: 5000,
 *   anonymous: true };
 * const change = planChange(before, { ...before, revision: 2, anonymous: false });
 * console.assert(change.put.length === 0 && !change.terms.anonymous);
 */
export function planChange(before: NamespacePlan, after: NamespacePlan): PlanChange {
  const { namespace, revision, services, ...terms } = after;
  const ids = new Set(services.map(({ id }) => id));
  const known = new Set(before.services);
  return {
    namespace,
    from: before.revision,
    revision,
    put: services.filter((service) => !known.has(service)),
    drop: before.services.filter(({ id }) => !ids.has(id)).map(({ id }) => id),
    terms,
  };
}

/**
 * The plan a change leads to; undefined when it does not lead on from `before`. Services that it
 * does not name are the same objects again; their order says nothing, since no two claim the same
 * path.
 */
export function changedPlan(
  before: NamespacePlan | undefined,
  { namespace, from, revision, put, drop, terms }: PlanChange,
): NamespacePlan | undefined {
  if (before === undefined || before.revision !== from) return undefined;
  const services = new Map(before.services.map((service) => [service.id, service]));
  for (const id of drop) services.delete(id);
  for (const service of put) services.set(service.id, service);
  return { ...terms, namespace, revision, services: [...services.values()] };
}
