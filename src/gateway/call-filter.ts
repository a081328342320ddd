// Which calls a query means, in one place for every store that filters by itself.

import { gatewayLimits } from "./limits.ts";
import type { CallQuery, CallRecord } from "./model.ts";

const DEFAULT_LIMIT = 100;

/** Whether a call failed: 5xx, gone away (499), or refused by the gateway. */
export function isFailedCall(call: Pick<CallRecord, "status" | "code">): boolean {
  return call.status >= 500 || call.status === 499 || call.code !== null;
}

/**
 * Whether a call is kept longer than the others: it failed, was refused, or was slow. Two kinds come
 * in floods, which is what the room is reserved against, and are not: calls beyond a rate limit, and
 * what the gateway refused before it led to a service, as anybody can send without a key.
 */
export function isNotableCall(
  call: Pick<CallRecord, "status" | "code" | "durationMs" | "serviceId">,
  slowCallMs: number,
): boolean {
  if (call.status === 429 || (call.serviceId === null && call.status < 500)) return false;
  return isFailedCall(call) || call.durationMs >= slowCallMs;
}

/** How many calls a query wants. */
export function callLimit(query: CallQuery): number {
  const wanted = Number.isNaN(query.limit) ? DEFAULT_LIMIT : (query.limit ?? DEFAULT_LIMIT);
  return Math.max(0, Math.min(gatewayLimits.callsPerAnswer.value, Math.floor(wanted)));
}

/** Whether a query means a call; its `limit` is not looked at. */
export function matchesCall(query: CallQuery, call: CallRecord): boolean {
  return (
    isSame(query.serviceId, call.serviceId) &&
    isSame(query.agentId, call.agentId) &&
    isSame(query.method?.toUpperCase(), call.method) &&
    isSame(query.traceId, call.traceId) &&
    call.sequence < (query.beforeSequence ?? Infinity) &&
    call.sequence > (query.afterSequence ?? -1) &&
    call.atMs >= (query.fromMs ?? -Infinity) &&
    call.atMs < (query.toMs ?? Infinity) &&
    call.durationMs >= (query.minDurationMs ?? 0) &&
    hasStatus(query.status, call.status) &&
    (query.failed === undefined || query.failed === isFailedCall(call)) &&
    (query.text === undefined || call.path.toLowerCase().includes(query.text.toLowerCase()))
  );
}

/**
 * The statuses a query means, both ends included; undefined for text that names none.
 * @example
 * console.assert(statusRange("4xx")?.[1] === 499);
 */
export function statusRange(status: string): readonly [number, number] | undefined {
  if (/^[1-9]xx$/i.test(status)) {
    const first = Number(status[0]) * 100;
    return [first, first + 99];
  }
  return /^[1-9]\d\d$/.test(status) ? [Number(status), Number(status)] : undefined;
}

function isSame<Value>(wanted: Value | undefined, value: Value | null): boolean {
  return wanted === undefined || wanted === value;
}

function hasStatus(wanted: string | undefined, status: number): boolean {
  if (wanted === undefined) return true;
  const range = statusRange(wanted);
  return range !== undefined && status >= range[0] && status <= range[1];
}
