// What a report shows: what the dashboard knows, and what others add.

import type { Alert } from "../alert.ts";
import type { HistoricalChart, SystemPerformance } from "../dashboard-data.ts";
import type { AgentTile, OverviewSummary } from "../model.ts";
import type { ServiceDigest } from "../ports.ts";

/** A key figure, as `GET /kpis` has it. */
export interface ReportKpi {
  readonly title: string;
  readonly unit: string;
  readonly value: number | null;
  readonly meaning: string;
}

/** A timed function or scope, summed up. */
export interface ReportProfile {
  readonly name: string;
  readonly agentId: string | null;
  readonly count: number;
  readonly failed: number;
  readonly totalMs: number;
  readonly avgMs: number;
  readonly p95Ms: number;
}

/** What a report shows beside what the dashboard knows. */
export interface ReportExtras {
  readonly kpis?: readonly ReportKpi[];
  /** Those that took the most time, first. */
  readonly profiles?: readonly ReportProfile[];
}

/** Everything a report shows. */
export interface ReportData {
  readonly fromMs: number;
  readonly toMs: number;
  readonly summary: OverviewSummary;
  readonly system: SystemPerformance;
  readonly agents: readonly AgentTile[];
  readonly services: readonly ServiceDigest[];
  /** Of the range, firing first; more than `reportRows` of them mean that there are more. */
  readonly alerts: readonly Alert[];
  readonly charts: readonly HistoricalChart[];
  readonly kpis: readonly ReportKpi[];
  readonly profiles: readonly ReportProfile[];
  /** Where people reach the pages; empty when nobody said. */
  readonly externalUrl: string;
}
