// Services as people read them: limits, shares of errors, and the form that registers one.

import { formatCount } from "./format.ts";
import type { RateLimit, ServiceStatus, ServiceView } from "./wire.ts";

const STATUS_ORDER: readonly ServiceStatus[] = ["unhealthy", "degraded", "unknown", "healthy"];

/** Those that need someone first, then by name. */
export function orderServices(services: Iterable<ServiceView>): readonly ServiceView[] {
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  return [...services].sort(
    (a, b) =>
      STATUS_ORDER.indexOf(a.status) - STATUS_ORDER.indexOf(b.status) || order.compare(a.id, b.id),
  );
}

/** "100/min, 20 at once"; "none" without one. */
export function limitWords(limit: RateLimit | null): string {
  if (limit === null) return "none";
  return `${formatCount(limit.requestsPerMinute)}/min, ${formatCount(limit.burst)} at once`;
}

/** Share of calls that failed; null without calls. */
export function failedRatio(recent: Pick<ServiceView["recent"], "calls" | "failed">) {
  return recent.calls === 0 ? null : recent.failed / recent.calls;
}

/** What the form of a new service holds, as typed. */
export interface ServiceForm {
  readonly id: string;
  /** One base URL a line; a number after it is its weight. */
  readonly endpoints: string;
  readonly version: string;
  /** Separated by commas or spaces. */
  readonly paths: string;
  readonly healthCheckUrl: string;
  readonly requestsPerMinute: string;
  readonly burst: string;
  readonly timeoutSeconds: string;
  readonly credentialHeader: string;
  readonly credentialValue: string;
}

export const EMPTY_SERVICE_FORM: ServiceForm = {
  id: "",
  endpoints: "",
  version: "v1",
  paths: "",
  healthCheckUrl: "/health",
  requestsPerMinute: "",
  burst: "",
  timeoutSeconds: "",
  credentialHeader: "",
  credentialValue: "",
};

/**
 * The registration a form stands for; what was left empty gets the gateway's defaults.
 * @throws RangeError naming the field whose number is none.
 */
export function registrationOf(form: ServiceForm): Readonly<Record<string, unknown>> {
  const endpoints = form.endpoints
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [baseUrl = "", weight] = line.split(/\s+/u);
      return weight === undefined ? { baseUrl } : { baseUrl, weight: numberOf(weight, "Weight") };
    });
  const paths = form.paths.split(/[\s,]+/u).filter((path) => path !== "");
  const perMinute = optionalNumber(form.requestsPerMinute, "Calls a minute");
  const burst = optionalNumber(form.burst, "At once");
  const timeout = optionalNumber(form.timeoutSeconds, "Timeout");
  const header = form.credentialHeader.trim();
  return {
    id: form.id.trim(),
    version: form.version.trim(),
    endpoints,
    ...(paths.length === 0 ? {} : { paths }),
    ...(form.healthCheckUrl.trim() === "" ? {} : { healthCheckUrl: form.healthCheckUrl.trim() }),
    ...(perMinute === undefined ? {} : { rateLimit: limitOf(perMinute, burst) }),
    ...(timeout === undefined ? {} : { requestTimeoutMs: Math.round(timeout * 1000) }),
    ...(header === "" ? {} : { credential: { header, value: form.credentialValue } }),
  };
}

/** A limit as the gateway takes it; without a number at once it chooses one. */
export function limitOf(requestsPerMinute: number, burst: number | undefined) {
  return burst === undefined ? { requestsPerMinute } : { requestsPerMinute, burst };
}

/** A field's number; undefined when it is empty. @throws RangeError when it is none. */
export function optionalNumber(text: string, field: string): number | undefined {
  return text.trim() === "" ? undefined : numberOf(text, field);
}

function numberOf(text: string, field: string): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new RangeError(`${field}: “${text}” is not a number.`);
}
