// The key figures of a fleet, each under a documented name with its unit. The composition root
// works them out from what the components measured.

/** Statistics of a figure over its range. */
export interface KpiStatistics {
  readonly count: number;
  readonly min: number;
  readonly avg: number;
  readonly max: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** One key figure. */
export interface Kpi {
  /** Documented name: `system_health`, `agent_response_time`. */
  readonly id: string;
  readonly group: "health" | "response" | "resources" | "communication" | "api";
  readonly title: string;
  /** `points`, `s`, `%`, `bytes`, `bytes/s`, `1/min`. */
  readonly unit: string;
  /** Of the whole namespace; null when nothing was measured in the range. */
  readonly value: number | null;
  /** Null where a figure is a single number. */
  readonly statistics: KpiStatistics | null;
  /** The same for each agent or service, where it is measured for each. */
  readonly subjects: readonly {
    /** `agent:worker-1`, `service:search`. */
    readonly subject: string;
    readonly value: number | null;
    readonly statistics: KpiStatistics | null;
  }[];
  /** How it is worked out, in one sentence. */
  readonly meaning: string;
  readonly fromMs: number;
  readonly toMs: number;
}
