// The rules that watch, with the thresholds in force and what they say now.

import { useState } from "preact/hooks";
import { thresholdWords } from "../../model/alert-words.ts";
import { formatAge, formatCount } from "../../model/format.ts";
import type { AlertRuleView } from "../../model/wire.ts";
import { LevelShape } from "../parts/level-mark.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";
import { useAlertRules } from "./use-alerts.ts";

/** A table of all rules, folded until asked for. */
export function AlertRules() {
  const [open, setOpen] = useState(true);
  const read = useAlertRules();
  const { data } = read;
  if (data === undefined || data.length === 0) return <ReadProblem resource={read} />;
  return (
    <section aria-labelledby="rules">
      <header class="section-head">
        <h2 id="rules" class="section-title">
          Rules
        </h2>
        <span class="dim">{data.length} watch</span>
        <button
          type="button"
          class="button button-small button-quiet"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {open ? "Fold" : "Show"}
        </button>
      </header>
      {open ? <RuleTable rules={data} /> : null}
    </section>
  );
}

function RuleTable({ rules }: { readonly rules: readonly AlertRuleView[] }) {
  return (
    <div class="table-wrap" role="region" aria-label="Rules" tabIndex={0}>
      <table class="table rule-table" data-testid="rule-table">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Means</th>
            <th scope="col">Fires at</th>
            <th scope="col" class="number column-optional" title="It must hold so long to fire">
              Holds
            </th>
            <th
              scope="col"
              class="number column-optional"
              title="It must be gone so long to resolve"
            >
              Gone
            </th>
            <th scope="col" class="number">
              Now
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.id} title={rule.description}>
              <th scope="row">{rule.title}</th>
              <td class="cell-wide">{rule.description}</td>
              <td>
                <Levels rule={rule} />
              </td>
              <td class="number column-optional">{holdWords(rule.forMs)}</td>
              <td class="number column-optional">{holdWords(rule.keepFiringForMs)}</td>
              <td class="number">
                {rule.firing > 0 ? (
                  <strong class={`word-${rule.levels[0]?.level ?? "error"}`}>
                    {formatCount(rule.firing)} firing
                  </strong>
                ) : rule.pending > 0 ? (
                  `${formatCount(rule.pending)} soon`
                ) : (
                  <span class="dim">quiet</span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function holdWords(durationMs: number): string {
  return durationMs === 0 ? "at once" : formatAge(durationMs);
}

function Levels({ rule }: { readonly rule: AlertRuleView }) {
  return (
    <span class="rule-levels">
      {rule.levels.map(({ level, threshold, clearThreshold }) => (
        <span
          key={`${level} ${threshold}`}
          class="rule-level"
          title={
            clearThreshold === null
              ? level
              : `${level}, until ${thresholdWords(clearThreshold, rule.unit)}`
          }
        >
          <LevelShape level={level} />
          {threshold === null ? level : thresholdWords(threshold, rule.unit)}
        </span>
      ))}
    </span>
  );
}
