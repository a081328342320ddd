// The gateway's services: failing or slow. One that fails is not called slow as well.

import type { DashboardSettings } from "../config.ts";
import { clearBelowOf, levelOf } from "../finding.ts";
import type { Finding, LevelStep } from "../finding.ts";
import type { ServiceDigest } from "../ports.ts";
import { holdOfValues, makeFinding } from "./rule.ts";
import type { AlertRule, RuleInput } from "./rule.ts";

const failing: AlertRule = {
  id: "service_failing",
  title: "A service fails",
  description:
    "Health checks say that a service is unhealthy, or too many of its calls of late " +
    "failed. Look at the trace of the last failed call.",
  unit: "ratio",
  hold: holdOfValues,
  levels: (settings) => {
    const { level, above, clearBelow } = failingStep(settings);
    return [{ level, threshold: above, clearThreshold: clearBelow }];
  },
  evaluate: (input) =>
    input.services.flatMap((service) => {
      const finding = failingFinding(service, input);
      return finding === undefined ? [] : [finding];
    }),
};

const slow: AlertRule = {
  id: "service_slow",
  title: "A service is slow",
  description:
    "One call in twenty to a service takes long of late. Look at its endpoints " +
    "and at what they wait for.",
  unit: "s",
  hold: holdOfValues,
  levels: (settings) => {
    const { level, above, clearBelow } = slowStep(settings);
    return [{ level, threshold: above, clearThreshold: clearBelow }];
  },
  evaluate: (input) =>
    input.services.flatMap((service) => {
      if (failingFinding(service, input) !== undefined) return [];
      const { settings } = input;
      const { p95Seconds, calls } = service.recent;
      if (p95Seconds === null || calls < settings.serviceMinimumCalls) return [];
      const current = input.firingLevel(`service_slow:${service.id}`);
      const step = levelOf(p95Seconds, [slowStep(settings)], current);
      if (step === undefined) return [];
      return [
        makeFinding(slow, settings, {
          subject: service.id,
          level: step.level,
          message: `${service.name} takes ${seconds(p95Seconds)} for one call in twenty`,
          source: `service:${service.id}`,
          labels: { service: service.id },
          context: { calls, p50Seconds: service.recent.p50Seconds },
          value: p95Seconds,
          threshold: step.above,
        }),
      ];
    }),
};

/** Rules about services. */
export const serviceRules: readonly AlertRule[] = [failing, slow];

function failingStep({ serviceErrorRatio }: DashboardSettings): LevelStep {
  const clearBelow = clearBelowOf(serviceErrorRatio);
  return { level: "error", above: serviceErrorRatio, clearBelow };
}

function slowStep({ serviceSlow }: DashboardSettings): LevelStep {
  return { level: "warning", above: serviceSlow, clearBelow: clearBelowOf(serviceSlow) };
}

function failingFinding(service: ServiceDigest, input: RuleInput): Finding | undefined {
  const { settings, firingLevel } = input;
  const { calls, failed, lastFailedTraceId } = service.recent;
  const ratio = calls < settings.serviceMinimumCalls ? null : failed / calls;
  const current = firingLevel(`service_failing:${service.id}`);
  const over = ratio === null ? undefined : levelOf(ratio, [failingStep(settings)], current);
  const unhealthy = service.status === "unhealthy";
  if (over === undefined && !unhealthy) return undefined;
  const message =
    ratio !== null && over !== undefined
      ? `${service.name} answers ${Math.round(ratio * 100)}% of calls with errors`
      : `${service.name} is unhealthy: ${service.reason}`;
  return makeFinding(failing, settings, {
    subject: service.id,
    level: "error",
    message,
    source: `service:${service.id}`,
    labels: { service: service.id },
    context: { status: service.status, reason: service.reason, calls, failed },
    traceId: lastFailedTraceId,
    value: ratio,
    threshold: settings.serviceErrorRatio,
  });
}

function seconds(value: number): string {
  return value >= 10 ? `${Math.round(value)} s` : `${Math.round(value * 10) / 10} s`;
}
