// Which calls the Calls page shows; the filter lives in the page's address.

import type { CallRecord } from "./wire.ts";

/** Calls at least so long are slow, in milliseconds. */
export const SLOW_MS = 1000;

/** A filter as the page shows it; empty texts stand for any. */
export interface CallFilter {
  readonly service: string;
  readonly agent: string;
  /** Exact (`404`) or a class (`4xx`). */
  readonly status: string;
  /** Part of the path. */
  readonly text: string;
  readonly failed: boolean;
  readonly slow: boolean;
}

export const NO_CALL_FILTER: CallFilter = {
  service: "",
  agent: "",
  status: "",
  text: "",
  failed: false,
  slow: false,
};

/** Reads `?service=search&status=5xx&failed=1`. */
export function parseCallFilter(query: URLSearchParams): CallFilter {
  const status = (query.get("status") ?? "").toLowerCase();
  return {
    service: query.get("service") ?? "",
    agent: query.get("agent") ?? "",
    status: /^[1-5](?:\d\d|xx)$/u.test(status) ? status : "",
    text: query.get("text") ?? "",
    failed: query.get("failed") === "1",
    slow: query.get("slow") === "1",
  };
}

/** The address's parameters for a filter; null removes one. */
export function callFilterQuery(filter: CallFilter): Readonly<Record<string, string | null>> {
  return {
    service: textOrNull(filter.service),
    agent: textOrNull(filter.agent),
    status: textOrNull(filter.status),
    text: textOrNull(filter.text),
    failed: filter.failed ? "1" : null,
    slow: filter.slow ? "1" : null,
  };
}

function textOrNull(value: string): string | null {
  return value === "" ? null : value;
}

/** The question to the server. */
export function callQuery(filter: CallFilter): Readonly<Record<string, string | number | boolean>> {
  return {
    ...(filter.service === "" ? {} : { serviceId: filter.service }),
    ...(filter.agent === "" ? {} : { agentId: filter.agent }),
    ...(filter.status === "" ? {} : { status: filter.status }),
    ...(filter.text === "" ? {} : { text: filter.text }),
    ...(filter.failed ? { failed: true } : {}),
    ...(filter.slow ? { minDurationMs: SLOW_MS } : {}),
  };
}

/**
 * How a call ended, for its mark: well, refused or the caller's mistake, or failed. A service that
 * itself answers 429 has failed; a limit of the gateway only refused.
 */
export function callTone(call: Pick<CallRecord, "status" | "code">): "well" | "refused" | "failed" {
  if (call.status >= 499 || (call.status === 429 && call.code === null)) return "failed";
  return call.status >= 400 ? "refused" : "well";
}

/** Rows a page keeps; older ones are read again on request. */
export const CALL_ROWS_MAX = 500;

/** Newest first, each call once, bounded. */
export function mergeCalls(
  known: readonly CallRecord[],
  more: readonly CallRecord[],
  atMost = CALL_ROWS_MAX,
): readonly CallRecord[] {
  const byId = new Map(known.map((call) => [call.id, call]));
  for (const call of more) byId.set(call.id, call);
  return [...byId.values()]
    .sort((a, b) => b.sequence - a.sequence || b.atMs - a.atMs)
    .slice(0, atMost);
}
