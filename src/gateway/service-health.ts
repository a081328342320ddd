// Whether endpoints are well, by what checks and calls found. Two failed checks in a row make a
// healthy endpoint unhealthy, one good one makes it healthy again; the first check of all counts
// at once. Where nothing is checked, calls tell: five failures without a success between them.

import type { EndpointOutcome } from "./endpoint-pool.ts";
import type { ProbeResult } from "./health-probe.ts";
import { gatewayLimits } from "./limits.ts";
import { ServiceStatus } from "./model.ts";

const FAILED_CHECKS = 2;

/** What is known of one endpoint. */
export class EndpointHealth {
  status: ServiceStatus = ServiceStatus.Unknown;
  reason: string;
  checkedAtMs: number | null = null;
  checkMs: number | null = null;
  #isChecked: boolean;
  #failures = 0;

  /** @param isChecked whether health checks are made of it. */
  constructor(isChecked: boolean) {
    this.#isChecked = isChecked;
    this.reason = isChecked ? "not checked yet" : "not called yet";
  }

  /** Whether calls should go to it while there are others: only failed checks say no. */
  get isUsable(): boolean {
    return !this.#isChecked || this.status !== ServiceStatus.Unhealthy;
  }

  /** Whether the last check was good; undefined before the first. */
  get lastCheckOk(): boolean | undefined {
    return this.checkedAtMs === null ? undefined : this.#failures === 0;
  }

  /** Whether a check failed that another one has to confirm. */
  get isDoubted(): boolean {
    return this.#isChecked && this.#failures > 0 && this.status !== ServiceStatus.Unhealthy;
  }

  /** Notes an answer somebody asked for by hand, which counts at once. */
  probed(result: ProbeResult, atMs: number): void {
    this.#failures = result.ok ? 0 : FAILED_CHECKS;
    this.checked(result, atMs);
  }

  /** Notes a health check. */
  checked(result: ProbeResult, atMs: number): void {
    this.checkedAtMs = atMs;
    this.checkMs = result.durationMs ?? this.checkMs;
    this.#failures = result.ok ? 0 : this.#failures + 1;
    if (result.ok) {
      this.status = ServiceStatus.Healthy;
      this.reason = result.reason;
      return;
    }
    const isFirst = this.status === ServiceStatus.Unknown;
    if (isFirst || this.#failures >= FAILED_CHECKS) this.status = ServiceStatus.Unhealthy;
    const isSure = this.status === ServiceStatus.Unhealthy;
    this.reason = isSure ? result.reason : `${result.reason} once, being checked again`;
  }

  /**
   * Notes what calls found.
   * @returns whether a check should be made soon.
   */
  called({ succeeded, failed, reason }: EndpointOutcome): boolean {
    if (this.#isChecked) return failed > 0 && this.status === ServiceStatus.Healthy;
    if (succeeded > 0) {
      this.#failures = 0;
      this.status = ServiceStatus.Healthy;
      this.reason = "answers calls";
      return false;
    }
    this.#failures += failed;
    if (failed === 0 || this.#failures < gatewayLimits.breakerFailures.value) return false;
    this.status = ServiceStatus.Unhealthy;
    this.reason = reason ?? "calls fail";
    return false;
  }
}

/**
 * A service's status from those of its endpoints, and why in words. Agents read them, too, so no
 * endpoint is named.
 */
export function statusOf(endpoints: readonly EndpointHealth[]): {
  readonly status: ServiceStatus;
  readonly reason: string;
} {
  const down = endpoints.filter(({ status }) => status === ServiceStatus.Unhealthy);
  const up = endpoints.filter(({ status }) => status === ServiceStatus.Healthy);
  const [first] = endpoints;
  if (first === undefined) return { status: ServiceStatus.Unknown, reason: "no endpoint" };
  if (endpoints.length === 1) return { status: first.status, reason: first.reason };
  const [failing] = down;
  if (failing === undefined) {
    if (up.length === 0) return { status: ServiceStatus.Unknown, reason: first.reason };
    return { status: ServiceStatus.Healthy, reason: `${up.length} of ${endpoints.length} answer` };
  }
  const reason = `${down.length} of ${endpoints.length} endpoints: ${failing.reason}`;
  const all = down.length === endpoints.length;
  return { status: all ? ServiceStatus.Unhealthy : ServiceStatus.Degraded, reason };
}
