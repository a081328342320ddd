// The machine the server runs on.

import { levelOf } from "../finding.ts";
import type { LevelStep } from "../finding.ts";
import type { DashboardSettings } from "../config.ts";
import type { HostUsage } from "../ports.ts";
import { holdOfValues, makeFinding } from "./rule.ts";
import type { AlertRule } from "./rule.ts";

/** Percentage points that usage must fall under a threshold before a level is left. */
const CLEAR_POINTS = 5;

/** Source of alerts about this machine. */
export const HOST_SOURCE = "host";

/** CPU and memory of this machine. */
export const hostRules: readonly AlertRule[] = [
  usageRule({
    id: "host_cpu",
    name: "CPU",
    description:
      "This machine has little CPU left, so everything on it answers late. Look at its processes.",
    usage: (host) => host.cpuPercent,
    thresholds: ({ cpuWarning, cpuCritical }) => [cpuCritical, cpuWarning],
  }),
  usageRule({
    id: "host_memory",
    name: "memory",
    description:
      "This machine has little memory left; the kernel may soon end processes. Look at the largest.",
    usage: (host) => host.memoryPercent,
    thresholds: ({ memoryWarning, memoryCritical }) => [memoryCritical, memoryWarning],
  }),
];

function usageRule(about: {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly usage: (host: HostUsage) => number;
  readonly thresholds: (settings: DashboardSettings) => readonly [number, number];
}): AlertRule {
  const steps = (settings: DashboardSettings): readonly LevelStep[] => {
    const [critical, warning] = about.thresholds(settings);
    return [
      { level: "critical", above: critical, clearBelow: critical - CLEAR_POINTS },
      { level: "warning", above: warning, clearBelow: warning - CLEAR_POINTS },
    ];
  };
  const rule: AlertRule = {
    id: about.id,
    title: `This machine's ${about.name}`,
    description: about.description,
    unit: "percent",
    hold: holdOfValues,
    levels: (settings) =>
      steps(settings).map(({ level, above, clearBelow }) => ({
        level,
        threshold: above,
        clearThreshold: clearBelow,
      })),
    evaluate: ({ host, settings, firingLevel }) => {
      if (host === null) return [];
      const value = about.usage(host);
      const step = levelOf(value, steps(settings), firingLevel(`${about.id}:${HOST_SOURCE}`));
      if (step === undefined) return [];
      return [
        makeFinding(rule, settings, {
          subject: HOST_SOURCE,
          level: step.level,
          message: `This machine's ${about.name} is at ${Math.round(value)}%`,
          source: HOST_SOURCE,
          value,
          threshold: step.above,
        }),
      ];
    },
  };
  return rule;
}
