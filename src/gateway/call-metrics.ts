// Calls become metrics, in two families: by agent and service, and by service, route and outcome.
// Both stay small; a product of all four would not. Open series are kept, and only so many.

import { ActivityKind } from "../core/index.ts";
import type { SeriesHandle, SeriesLabels, Telemetry } from "../core/index.ts";
import { CallOutcome } from "./call-outcome.ts";
import type { CallAggregate } from "./data-plane.ts";
import { gatewayLimits } from "./limits.ts";

/** Names of the gateway's metrics. */
export const GatewayMetric = {
  /** Seconds until the answer's last byte, of one agent's calls; labels service, outcome. */
  RequestDuration: "gateway_request_duration",
  /** Seconds until the answer's last byte; labels service, route, outcome. */
  ServiceDuration: "gateway_service_duration",
  /** Seconds until the service's answer began; labels service, route, outcome. */
  UpstreamDuration: "gateway_upstream_duration",
  /** Calls since the last batch: their sum is a count; labels service, route, outcome. */
  Requests: "gateway_requests",
  /** Calls refused by a rate limit of the gateway since the last batch; labels service, route. */
  RateLimited: "gateway_rate_limited",
  /** Bytes since the last batch; labels service, route, outcome. */
  RequestBytes: "gateway_request_bytes",
  /** Bytes since the last batch; labels service, route, outcome. */
  ResponseBytes: "gateway_response_bytes",
  /** Each round of checks: 1 when any endpoint answered its last one, else 0; label service. */
  Availability: "service_availability",
} as const;
export type GatewayMetric = (typeof GatewayMetric)[keyof typeof GatewayMetric];

/** Stands in a label for a call that no service took. */
const NONE = "none";

/** Writes the calls of one namespace to telemetry. */
export class CallMetrics {
  readonly #namespace: string;
  readonly #telemetry: Telemetry;
  /** Two generations: the old one goes when the young one is full. */
  #young = new Map<string, SeriesHandle>();
  #old = new Map<string, SeriesHandle>();

  constructor(namespace: string, telemetry: Telemetry) {
    this.#namespace = namespace;
    this.#telemetry = telemetry;
  }

  /** Notes calls that ended. */
  took(aggregate: CallAggregate): void {
    const { agentId, durationsSeconds, outcome } = aggregate;
    const count = durationsSeconds.length;
    if (count === 0) return;
    const service = aggregate.serviceId ?? NONE;
    const route = aggregate.route ?? NONE;
    const labels = { service, route, outcome };
    this.#series(GatewayMetric.ServiceDuration, labels).recordBatch(durationsSeconds);
    this.#series(GatewayMetric.Requests, labels).recordBatch(Float64Array.of(count));
    if (aggregate.upstreamSeconds.length > 0) {
      this.#series(GatewayMetric.UpstreamDuration, labels).recordBatch(aggregate.upstreamSeconds);
    }
    if (aggregate.requestBytes > 0) {
      const bytes = Float64Array.of(aggregate.requestBytes);
      this.#series(GatewayMetric.RequestBytes, labels).recordBatch(bytes);
    }
    if (aggregate.responseBytes > 0) {
      const bytes = Float64Array.of(aggregate.responseBytes);
      this.#series(GatewayMetric.ResponseBytes, labels).recordBatch(bytes);
    }
    if (outcome === CallOutcome.RateLimited) {
      const limited = this.#series(GatewayMetric.RateLimited, { service, route });
      limited.recordBatch(Float64Array.of(count));
    }
    if (agentId === null) return;
    const own = this.#series(GatewayMetric.RequestDuration, { service, outcome }, agentId);
    own.recordBatch(durationsSeconds);
    // A call proves that its agent does something.
    this.#telemetry.activity(this.#namespace, agentId, ActivityKind.Output, { calls: count });
  }

  /** Notes whether a service could be used in a round of its health checks. */
  available(serviceId: string, available: boolean): void {
    const series = this.#series(GatewayMetric.Availability, { service: serviceId });
    series.record(available ? 1 : 0);
  }

  #series(metric: GatewayMetric, labels: SeriesLabels, agentId?: string): SeriesHandle {
    const key = `${metric}\n${agentId ?? ""}\n${Object.values(labels).join("\n")}`;
    const known = this.#young.get(key) ?? this.#old.get(key);
    const handle =
      known ??
      this.#telemetry.series({
        namespace: this.#namespace,
        metric,
        labels,
        ...(agentId === undefined ? {} : { agentId }),
      });
    if (!this.#young.has(key)) this.#keep(key, handle);
    return handle;
  }

  #keep(key: string, handle: SeriesHandle): void {
    this.#young.set(key, handle);
    if (this.#young.size < gatewayLimits.callSeries.value / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
