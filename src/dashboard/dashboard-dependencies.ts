// What a dashboard works with. Everything has a default, so that it can be used with a tracker
// alone, with communication alone, or with neither.

import type { Clock, ComponentLog, Telemetry } from "../core/index.ts";
import type { AlertStore } from "./alert.ts";
import type { AgentManager } from "./communication-fleet-source.ts";
import type { EventNumbers } from "./feed.ts";
import type { FleetSource, HostUsage, ServiceSource } from "./ports.ts";
import type { ReportExtras } from "./report/report-data.ts";
import type { FeedStore } from "./store.ts";
import type { TrackerSource } from "./tracker-source.ts";

/** What a {@link PerformanceDashboard} works with. */
export interface DashboardDependencies {
  /** The agents, in the dashboard's own terms. @default what `agentManager` knows */
  readonly fleet?: FleetSource;
  /** Who knows the agents: an AgentCommunicationProtocol. @default nobody: no agents */
  readonly agentManager?: AgentManager;
  /** Where metrics are: a PerformanceTracker. @default nowhere: views show no metrics */
  readonly performanceTracker?: TrackerSource;
  /** The gateway's services. @default none */
  readonly services?: ServiceSource;
  /** Where alerts outlive the process. @default memory */
  readonly alertStore?: AlertStore;
  /** @default the tracker's, else "default" */
  readonly namespace?: string;
  /** @default a bounded list in memory */
  readonly feedStore?: FeedStore;
  /** @default numbers from 1 */
  readonly eventNumbers?: EventNumbers;
  /**
   * Usage of the server's machine. @default what was recorded as `system_cpu_usage` and
   * `system_memory_usage`, or as `cpu_usage` and `memory_usage` of no agent, in percent
   */
  readonly hostUsage?: () => HostUsage | null;
  /** Where alerts and health are measured. @default the tracker */
  readonly telemetry?: Telemetry;
  /** What a report shows beside what the dashboard knows. @default nothing */
  readonly reportExtras?: (range: {
    readonly fromMs: number;
    readonly toMs: number;
  }) => Promise<ReportExtras>;
  readonly clock?: Clock;
  readonly log?: ComponentLog;
}
