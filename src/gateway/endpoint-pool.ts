// Which endpoint of a service gets the next call, as one worker sees it: the one with the fewest
// calls under way for its weight, in turns where that is equal. Endpoints that fail are left
// alone for a while (a circuit breaker), and retries are kept to a share of the calls, so that a
// failing service is not buried under attempts. All of this is per worker.
//
//     closed ──5 failures in a row──> open ──delay over──> one trial ──succeeds──> closed
//                                      ^                       └──fails──> open, delay doubled

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

interface Member {
  plan: EndpointPlan;
  inFlight: number;
  /** Smooth weighted turns: the share it has been owed since it was last picked. */
  turn: number;
  failuresInRow: number;
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
   * Endpoints whose health checks fail are a last resort, open circuits are none.
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
    for (const member of this.#members.values()) {
      const { baseUrl, weight } = member.plan;
      if (weight > 0 && !tried.has(baseUrl) && mayTry(member, nowMs)) usable.push(member);
    }
    const healthy = usable.filter((member) => member.plan.healthy);
    return this.#leastLoaded(healthy.length > 0 ? healthy : usable)?.plan;
  }

  /** A call goes to the endpoint: every `started` has its `ended`. */
  started(baseUrl: string): void {
    const member = this.#members.get(baseUrl);
    if (member === undefined) return;
    member.inFlight += 1;
    if (member.openUntilMs > 0) member.trying = true;
  }

  /**
   * A call to the endpoint ended.
   * @param ok whether the endpoint did its part; undefined when that cannot be said, because the
   * caller went away first.
   * @param reason in words, when it did not.
   */
  ended(baseUrl: string, ok: boolean | undefined, reason: string | null = null): void {
    const member = this.#members.get(baseUrl);
    if (member === undefined) return;
    member.inFlight = Math.max(0, member.inFlight - 1);
    const wasTrial = member.trying;
    if (member.inFlight === 0 || ok !== undefined) member.trying = false;
    if (ok === undefined) return;
    if (ok) {
      member.succeeded += 1;
      close(member);
      return;
    }
    member.failed += 1;
    member.reason = reason;
    member.failuresInRow += 1;
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
    // Calls that began before it opened may still fail; only the trial's failure counts again.
    if (isOpen ? !wasTrial : member.failuresInRow < breakerFailures.value) return;
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

function close(member: Member): void {
  member.failuresInRow = 0;
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
    openUntilMs: 0,
    delayMs: gatewayLimits.breakerDelayMs.value,
    trying: false,
    succeeded: 0,
    failed: 0,
    reason: null,
  };
}
