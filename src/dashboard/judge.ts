// Looks at everything at once, lets the rules judge it, and hands what they find to the alerts.

import type { Clock, ComponentLog } from "../core/index.ts";

import type { AlertDesk } from "./alert-desk.ts";
import { findCauses } from "./causes.ts";
import type { DashboardSettings } from "./config.ts";
import { MetricWatch } from "./metric-watch.ts";
import type { FleetDigest, FleetSource, HostUsage, ServiceDigest, ServiceSource } from "./ports.ts";
import { WATCHED_METRICS } from "./rules/agent-metric-rules.ts";
import { RuleBook } from "./rules/rule-book.ts";
import type { AlertRuleView } from "./rules/rule.ts";
import type { TrackerSource } from "./tracker-source.ts";

/** Mail that is claimed within half a minute is no backlog, however much it is. */
const MAIL_LATE_MS = 30_000;

/** What is judged, and by what. */
export interface JudgeParts {
  readonly settings: DashboardSettings;
  readonly fleet: FleetSource;
  readonly alerts: AlertDesk;
  readonly tracker: TrackerSource | undefined;
  readonly services: ServiceSource | undefined;
  /** Undefined: as somebody records it in the tracker. */
  readonly hostUsage: (() => HostUsage | null) | undefined;
  readonly clock: Clock;
  readonly log: ComponentLog;
}

/** The rules of one namespace at work. */
export class Judge {
  readonly #parts: JudgeParts;
  readonly #rules: RuleBook;
  readonly #metrics: MetricWatch;

  constructor(parts: JudgeParts) {
    this.#parts = parts;
    this.#rules = new RuleBook(parts.log);
    this.#metrics = new MetricWatch(parts.tracker, WATCHED_METRICS, () => parts.clock.monotonic());
  }

  /** Begins to follow metrics. */
  start(): void {
    this.#metrics.start(this.#parts.tracker?.agents());
  }

  stop(): void {
    this.#metrics.stop();
  }

  /** Lets go of an agent that was removed. */
  forget(agentId: string): void {
    this.#metrics.forget(agentId);
  }

  /** Lets the rules look at everything once. */
  judge({ attention, oldestMailAtMs }: FleetDigest): void {
    const { fleet, settings, alerts, clock } = this.#parts;
    const nowMs = clock.now();
    const lateMs = Math.min(MAIL_LATE_MS, (settings.backlogAge * 1000) / 2);
    const causes = findCauses({
      nowMs,
      agents: attention,
      deadLetters: fleet.deadLetters(),
      operatorMail: fleet.operatorMail(),
      costSince: () => null,
    });
    const findings = this.#rules.evaluate({
      nowMs,
      settings,
      causes,
      host: this.host(),
      services: this.services(),
      fleet,
      mailIsLate: oldestMailAtMs !== null && nowMs - oldestMailAtMs > lateMs,
      metrics: this.#metrics,
      firingLevel: (key) => alerts.book.byKey(key)?.level,
      firingAgents: (rule) => alerts.book.agentsOf(rule),
    });
    alerts.observe(findings);
  }

  host(): HostUsage | null {
    const { hostUsage } = this.#parts;
    return hostUsage === undefined ? this.#metrics.host() : hostUsage();
  }

  services(): readonly ServiceDigest[] {
    return this.#parts.services?.digests() ?? [];
  }

  rules(): readonly AlertRuleView[] {
    return this.#rules.views(this.#parts.settings, this.#parts.alerts.book);
  }
}
