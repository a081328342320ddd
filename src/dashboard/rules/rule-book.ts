// All rules of a dashboard. A rule that throws is a fault of ours: what it found last stays, so
// that no alert resolves for it.

import type { ComponentLog } from "../../core/index.ts";
import type { AlertBook } from "../alert-book.ts";
import type { DashboardSettings } from "../config.ts";
import type { Finding } from "../finding.ts";
import { agentMetricRules } from "./agent-metric-rules.ts";
import { backlogRule } from "./backlog-rule.ts";
import { causeRules } from "./cause-rules.ts";
import { hostRules } from "./host-rules.ts";
import type { AlertRule, AlertRuleView, RuleInput } from "./rule.ts";
import { serviceRules } from "./service-rules.ts";

/** The rules of one namespace. */
export class RuleBook {
  readonly #rules: readonly AlertRule[];
  readonly #log: ComponentLog;
  readonly #found = new Map<AlertRule, readonly Finding[]>();

  /** @param rules @default the rules described in the documentation */
  constructor(log: ComponentLog, rules: readonly AlertRule[] = standardRules()) {
    this.#log = log;
    this.#rules = rules;
  }

  /** Everything that is wrong now. */
  evaluate(input: RuleInput): readonly Finding[] {
    return this.#rules.flatMap((rule) => {
      try {
        const findings = rule.evaluate(input);
        this.#found.set(rule, findings);
        return findings;
      } catch (error) {
        this.#log.error("dashboard.rule_failed", { rule: rule.id, error });
        return this.#found.get(rule) ?? [];
      }
    });
  }

  /** The table of rules, with what they find now. */
  views(settings: DashboardSettings, book: AlertBook): readonly AlertRuleView[] {
    const firing = new Map<string, number>();
    for (const { rule } of book.firing()) firing.set(rule, (firing.get(rule) ?? 0) + 1);
    return this.#rules.map((rule) => ({
      id: rule.id,
      title: rule.title,
      description: rule.description,
      unit: rule.unit,
      levels: rule.levels(settings),
      ...rule.hold(settings),
      firing: firing.get(rule.id) ?? 0,
      pending: book.pendingOf(rule.id),
    }));
  }
}

/** The first rule pack; one that watches in turn keeps its place, so each dashboard gets its own. */
function standardRules(): readonly AlertRule[] {
  return [...causeRules, ...serviceRules, ...agentMetricRules(), backlogRule(), ...hostRules];
}
