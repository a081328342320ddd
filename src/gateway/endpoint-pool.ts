// Which endpoint of a service gets the next call, as one worker sees it: the one with the fewest
// calls under way for its weight, in turns where that is equal. Endpoints that fail are left
// alone for a while (a circuit breaker), and retries are kept to a share of the calls, so that a
// failing service is not buried under attempts. All of this is per worker.
//
//     closed ──5 in a row──> open ──delay over──> one trial ──its answer begins──> closed
//                             ^                       └──fails──> open, delay doubled
//
// Who does not answer at all is asked no more. Who answers badly (502, 503, 504, or an end missing)
// still answers: one route of it may be broken, or it says when to come again. So its circuit only
// sends calls to other endpoints, while there are any.

import type { Clock } from "../core/index.ts";
import { systemClock } from "../core/index.ts";
import type { EndpointPlan, ServicePlan } from "./data-plane.ts";
import { gatewayLimits } from "./limits.ts";

/** Share of a retry that every call earns. */
const EARNED_PER_CALL = 0.2;

/** What calls found out about one endpoint since the last time it was asked. */
export interface EndpointOutcome {
  readonly baseUrl: string;
  readonly succeeded: number;
  readonly failed: number;
  /** In words, of the last failure; null without one. */
  readonly reason: string | null;
}

/**
 * What an attempt says about its endpoint: it answered well, it answered badly (502, 503, 504, or
 * the end was missing), or no answer came.
 */
export type EndpointFinding = "answered" | "answeredBadly" | "failed";

interface Member {
  plan: EndpointPlan;
  inFlight: number;
  /** Smooth weighted turns: the share it has been owed since it was last picked. */
  turn: number;
  failuresInRow: number;
  badAnswersInRow: number;
  /** Monotonic instant until which it is left alone; 0 while the circuit is closed. */
  openUntilMs: number;
  delayMs: number;
  trying: boolean;
  succeeded: number;
  failed: number;
  reason: string | null;
}

/**
 * The endpoints of one service on one worker.
 *
 * @example
 * const endpoints = [{ baseUrl: "http://127.0.0.1:8001", weight: 1, healthy: true }];
 * const pool = new EndpointPool({ endpoints });
 * console.assert(pool.pick(new Set())?.baseUrl === "http://127.0.0.1:8001");
 */
export class EndpointPool {
  readonly #clock: Clock;
  #members = new Map<string, Member>();
  #retries: number = gatewayLimits.retryBudget.value;

  /** @param clock its monotonic time opens and closes circuits. */
  constructor(service: Pick<ServicePlan, "endpoints">, clock: Clock = systemClock) {
    this.#clock = clock;
    this.update(service);
  }

  /** Follows a new plan; what is known of endpoints that stay is kept. */
  update(service: Pick<ServicePlan, "endpoints">): void {
    const members = new Map<string, Member>();
    for (const plan of service.endpoints) {
      const known = this.#members.get(plan.baseUrl);
      // Checked again and found well: calls need not wait for the circuit's delay.
      if (known !== undefined && plan.healthy && !known.plan.healthy) close(known);
      if (known !== undefined) known.plan = plan;
      members.set(plan.baseUrl, known ?? newMember(plan));
    }
    this.#members = members;
  }

  /**
   * The endpoint for the next attempt; undefined when none is left that may be tried now.
   * Endpoints whose health checks fail are a second choice, those that answer badly a third.
   * @param tried base URLs that this call has tried already.
   */
  pick(tried: ReadonlySet<string>): EndpointPlan | undefined {
    const only = this.#members.size === 1 ? this.#members.values().next().value : undefined;
    // Most services have one endpoint, and nothing speaks against it.
    if (only !== undefined && only.openUntilMs === 0 && only.plan.weight > 0 && tried.size === 0) {
      return only.plan;
    }
    const nowMs = this.#clock.monotonic();
    const usable: Member[] = [];
    const answering: Member[] = [];
    for (const member of this.#members.values()) {
      const { baseUrl, weight } = member.plan;
      if (weight === 0 || tried.has(baseUrl)) continue;
      if (mayTry(member, nowMs)) usable.push(member);
      else if (isAnswering(member)) answering.push(member);
    }
    const healthy = usable.filter((member) => member.plan.healthy);
    if (healthy.length > 0) return this.#leastLoaded(healthy)?.plan;
    return this.#leastLoaded(usable.length > 0 ? usable : answering)?.plan;
  }

  /**
   * A call goes to the endpoint: every `started` has its `ended`.
   * @returns whether it is the one call that tries an endpoint again that was left alone.
   */
  started(baseUrl: string): boolean {
    const member = this.#members.get(baseUrl);
    if (member === undefined) return false;
    member.inFlight += 1;
    if (member.openUntilMs === 0 || !mayTry(member, this.#clock.monotonic())) return false;
    member.trying = true;
    return true;
  }

  /**
   * The endpoint began a good answer. That decides a trial: its end may be hours away.
   */
  answered(baseUrl: string): void {
    const member = this.#members.get(baseUrl);
    if (member === undefined) return;
    member.failuresInRow = 0;
    if (member.openUntilMs > 0) close(member);
  }

  /**
   * A call to the endpoint is over.
   * @param finding undefined when nothing can be said, because it ended from this side.
   * @param reason in words, unless it answered well.
   * @param wasTrial what {@link EndpointPool.started} returned.
   */
  ended(
    baseUrl: string,
    finding: EndpointFinding | undefined,
    reason: string | null = null,
    wasTrial = false,
  ): void {
    const member = this.#members.get(baseUrl);
    if (member === undefined) return;
    member.inFlight = Math.max(0, member.inFlight - 1);
    if (wasTrial) member.trying = false;
    if (finding === undefined) return;
    if (finding === "answered") {
      member.succeeded += 1;
      member.badAnswersInRow = 0;
      return;
    }
    member.failed += 1;
    member.reason = reason;
    if (finding === "failed") member.failuresInRow += 1;
    else {
      member.badAnswersInRow += 1;
      member.failuresInRow = 0;
    }
    this.#trip(member, wasTrial);
  }

  /** A call begins its first attempt, which earns the service a fifth of a retry. */
  earnRetry(): void {
    this.#retries = Math.min(gatewayLimits.retryBudget.value, this.#retries + EARNED_PER_CALL);
  }

  /** Whether one more attempt fits into the retry budget; takes it from there. */
  takeRetry(): boolean {
    if (this.#retries < 1) return false;
    this.#retries -= 1;
    return true;
  }

  /** Milliseconds until an endpoint that is left alone may be tried; 0 when one may be now. */
  nextTrialMs(): number {
    const nowMs = this.#clock.monotonic();
    let soonestMs = Infinity;
    for (const { openUntilMs } of this.#members.values()) {
      soonestMs = Math.min(soonestMs, Math.max(0, openUntilMs - nowMs));
    }
    return soonestMs === Infinity ? 0 : soonestMs;
  }

  /** Calls under way by base URL, those without any left out. */
  inFlight(): { readonly baseUrl: string; readonly calls: number }[] {
    const busy = [...this.#members.values()].filter((member) => member.inFlight > 0);
    return busy.map(({ plan, inFlight }) => ({ baseUrl: plan.baseUrl, calls: inFlight }));
  }

  /** What calls found out since the last time; counting starts anew. */
  takeOutcomes(): EndpointOutcome[] {
    const outcomes: EndpointOutcome[] = [];
    for (const member of this.#members.values()) {
      const { plan, succeeded, failed, reason } = member;
      if (succeeded + failed === 0) continue;
      outcomes.push({ baseUrl: plan.baseUrl, succeeded, failed, reason });
      member.succeeded = 0;
      member.failed = 0;
      member.reason = null;
    }
    return outcomes;
  }

  #trip(member: Member, wasTrial: boolean): void {
    const { breakerDelayMostMs, breakerFailures } = gatewayLimits;
    const isOpen = member.openUntilMs > 0;
    // Calls that began before it opened may still fail; only the trial's failure counts again,
    // and the one by which it stops answering altogether.
    const stopsAnswering = member.failuresInRow === breakerFailures.value;
    const isFull = stopsAnswering || member.badAnswersInRow >= breakerFailures.value;
    if (isOpen ? !wasTrial && !stopsAnswering : !isFull) return;
    if (isOpen) member.delayMs = Math.min(breakerDelayMostMs.value, member.delayMs * 2);
    member.openUntilMs = this.#clock.monotonic() + member.delayMs;
  }

  /** Fewest calls for the weight; among equals in smooth weighted turns, as nginx takes them. */
  #leastLoaded(members: readonly Member[]): Member | undefined {
    if (members.length <= 1) return members[0];
    const least = Math.min(...members.map(load));
    const equals = members.filter((member) => load(member) === least);
    let picked: Member | undefined;
    let total = 0;
    for (const member of equals) {
      member.turn += member.plan.weight;
      total += member.plan.weight;
      if (picked === undefined || member.turn > picked.turn) picked = member;
    }
    if (picked !== undefined) picked.turn -= total;
    return picked;
  }
}

function load(member: Member): number {
  return member.inFlight / member.plan.weight;
}

function mayTry(member: Member, nowMs: number): boolean {
  if (member.openUntilMs === 0) return true;
  return nowMs >= member.openUntilMs && !member.trying;
}

/** It failed too seldom without an answer between to be given up. */
function isAnswering(member: Member): boolean {
  return member.failuresInRow < gatewayLimits.breakerFailures.value;
}

function close(member: Member): void {
  member.failuresInRow = 0;
  member.badAnswersInRow = 0;
  member.openUntilMs = 0;
  member.delayMs = gatewayLimits.breakerDelayMs.value;
  member.trying = false;
}

function newMember(plan: EndpointPlan): Member {
  return {
    plan,
    inFlight: 0,
    turn: 0,
    failuresInRow: 0,
    badAnswersInRow: 0,
    openUntilMs: 0,
    delayMs: gatewayLimits.breakerDelayMs.value,
    trying: false,
    succeeded: 0,
    failed: 0,
    reason: null,
  };
}
