// What a rule is: something that looks at the fleet as it is now and says what is wrong with it.

import type { JsonObject } from "../../core/index.ts";
import type { AlertLevel } from "../alert.ts";
import type { DashboardSettings } from "../config.ts";
import type { Finding } from "../finding.ts";
import { dashboardLimits } from "../limits.ts";
import type { MetricWatch } from "../metric-watch.ts";
import type { Cause } from "../model.ts";
import type { FleetSource, HostUsage, ServiceDigest } from "../ports.ts";

/** What rules look at, gathered once per refresh. */
export interface RuleInput {
  readonly nowMs: number;
  readonly settings: DashboardSettings;
  /** What is wrong with agents, found from their states. */
  readonly causes: readonly Cause[];
  readonly host: HostUsage | null;
  readonly services: readonly ServiceDigest[];
  readonly fleet: FleetSource;
  /** True while some message waits for so long that it is worth looking whose it is. */
  readonly mailIsLate: boolean;
  readonly metrics: MetricWatch;
  /**
   * The level at which an alert fires, so that a rule can tell staying from coming; undefined while
   * none does, although the rule may have found it: a threshold must be exceeded all along `forMs`.
   */
  readonly firingLevel: (key: string) => AlertLevel | undefined;
  /** Agents that alerts of a rule name while they fire. */
  readonly firingAgents: (rule: string) => ReadonlySet<string>;
}

/** One rule, or a small family of one subject. */
export interface AlertRule {
  readonly id: string;
  readonly title: string;
  /** What it means when it fires, and what to look at. */
  readonly description: string;
  /** Levels with their thresholds in force, worst first; null where nothing is measured. */
  levels(settings: DashboardSettings): readonly RuleLevel[];
  /** Unit of value and threshold; null where nothing is measured. */
  readonly unit: "percent" | "s" | "ratio" | "items" | null;
  /** How its findings are held, in milliseconds. */
  hold(settings: DashboardSettings): { readonly forMs: number; readonly keepFiringForMs: number };
  evaluate(input: RuleInput): readonly Finding[];
}

/** When a rule reaches a level, and when it leaves it again. */
export interface RuleLevel {
  readonly level: AlertLevel;
  readonly threshold: number | null;
  readonly clearThreshold: number | null;
}

/** A rule as GET /alert-rules lists it. */
export interface AlertRuleView {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly unit: "percent" | "s" | "ratio" | "items" | null;
  readonly levels: readonly RuleLevel[];
  /** How long it must hold before an alert fires. */
  readonly forMs: number;
  /** How long it must be gone before the alert resolves. */
  readonly keepFiringForMs: number;
  /** Alerts of this rule that fire now. */
  readonly firing: number;
  /** Found, but not yet for long enough. */
  readonly pending: number;
}

/** What a rule says of a finding; the rest has defaults. */
export interface FindingDraft {
  readonly subject: string;
  readonly level: AlertLevel;
  readonly message: string;
  readonly source: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly context?: JsonObject;
  readonly agentIds?: readonly string[];
  readonly traceId?: string | null;
  readonly value?: number | null;
  readonly threshold?: number | null;
}

/** A finding of `rule` about `draft.subject`. */
export function makeFinding(
  rule: AlertRule,
  settings: DashboardSettings,
  draft: FindingDraft,
): Finding {
  const { subject, agentIds = [], ...rest } = draft;
  const named = dashboardLimits.alertAgents.value;
  return {
    labels: {},
    traceId: null,
    value: null,
    threshold: null,
    ...rest,
    ...rule.hold(settings),
    key: `${rule.id}:${subject}`,
    rule: rule.id,
    agentIds: agentIds.slice(0, named),
    context:
      agentIds.length > named ? { ...rest.context, agents: agentIds.length } : (rest.context ?? {}),
  };
}

/** How rules over measured values are held. */
export function holdOfValues(settings: DashboardSettings): ReturnType<AlertRule["hold"]> {
  return {
    forMs: settings.ruleFor * 1000,
    keepFiringForMs: settings.ruleKeepFiringFor * 1000,
  };
}
