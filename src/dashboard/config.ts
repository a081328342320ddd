// The dashboard's options.

import { z } from "zod";

import { countOption, durationOption } from "../core/index.ts";
import type { NumberOption } from "../core/index.ts";

import { AlertLevel } from "./alert.ts";

const DAY_S = 86_400;

/** A threshold: any number within the range, digits as text too. */
function thresholdOption(
  unit: "s" | "percent" | "ratio",
  defaultValue: number,
  description: string,
  range: { readonly min: number; readonly max: number },
): NumberOption {
  const inRange = z.number().min(range.min).max(range.max);
  const digits = z.string().regex(/^\s*\d+(\.\d+)?\s*$/, "is no number");
  const parsed = z.union([z.number(), digits]).transform(Number).pipe(inRange);
  return parsed.default(defaultValue).meta({ description, unit });
}

/** An http or https URL, or nothing. Many of them carry a secret in their path. */
function urlOption(description: string, secret = false): z.ZodDefault<z.ZodString> {
  const escapes = "has a % in its user or password that begins no escape; write %25 for it";
  const parsed = z
    .string()
    .refine(isUrlOrEmpty, "is no http or https URL")
    .refine(hasReadableCredentials, escapes);
  return parsed.default("").meta({ description, secret });
}

function isUrlOrEmpty(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return text === "" || protocol === "http:" || protocol === "https:";
}

/** Receivers read user and password unescaped; what cannot be unescaped is a mistake in writing. */
function hasReadableCredentials(text: string): boolean {
  const { username = "", password = "" } = URL.parse(text) ?? {};
  try {
    decodeURIComponent(username);
    decodeURIComponent(password);
    return true;
  } catch {
    return false;
  }
}

/** What is no base64 would be signed with other bytes than the receiver reads, or with none. */
function isSecretOrEmpty(text: string): boolean {
  return !text.startsWith("whsec_") || /^whsec_(?:[\w+/-]{4})*[\w+/-]{2,4}={0,2}$/.test(text);
}

const PERCENT = { min: 0, max: 100 };
const HOLD = { min: 0, max: 3600 };

/** Options of {@link PerformanceDashboard}. */
export const dashboardConfigSchema = z.object({
  refreshInterval: durationOption(
    "s",
    5,
    "How often rules are evaluated, update callbacks called and durations in words renewed",
    { min: 0.1, max: 3600 },
  ),
  causeDelay: durationOption(
    "s",
    2,
    "How long a cause must hold before it raises an alert, and be gone before the alert resolves, " +
      "so that blips stay quiet",
    { min: 0, max: 600 },
  ),
  ruleFor: durationOption(
    "s",
    30,
    "How long a value must stay over a threshold before it raises an alert",
    HOLD,
  ),
  ruleKeepFiringFor: durationOption(
    "s",
    60,
    "How long a value must stay under its clear threshold before the alert resolves",
    HOLD,
  ),
  cpuWarning: thresholdOption("percent", 80, "CPU of this machine that warns", PERCENT),
  cpuCritical: thresholdOption("percent", 90, "CPU of this machine that is critical", PERCENT),
  memoryWarning: thresholdOption("percent", 85, "Memory of this machine that warns", PERCENT),
  memoryCritical: thresholdOption("percent", 95, "Memory that is critical", PERCENT),
  responseTimeWarning: thresholdOption(
    "s",
    5,
    "An agent's response_time, averaged over five minutes, that warns",
    { min: 0, max: DAY_S },
  ),
  errorRateError: thresholdOption(
    "ratio",
    0.1,
    "An agent's error_rate, averaged over five minutes, that is an error",
    { min: 0, max: 1 },
  ),
  serviceErrorRatio: thresholdOption(
    "ratio",
    0.1,
    "Failed of a service's calls in five minutes that is an error",
    { min: 0, max: 1 },
  ),
  serviceSlow: thresholdOption(
    "s",
    5,
    "95th percentile of a service's calls in five minutes that warns",
    { min: 0, max: DAY_S },
  ),
  serviceMinimumCalls: countOption(
    "items",
    10,
    "Calls in five minutes from which a service's ratio and percentile mean something",
    { min: 1, max: 1_000_000 },
  ),
  backlogAge: durationOption("s", 120, "Age of an agent's oldest unclaimed message that warns", {
    min: 1,
    max: 30 * DAY_S,
  }),
  backlogMessages: countOption(
    "items",
    1000,
    "Unclaimed messages of one agent that warn, once some of them waits for half a minute",
    {
      min: 1,
      max: 100_000_000,
    },
  ),
  manualAlertTimeout: durationOption(
    "s",
    3600,
    "An alert raised by hand or by a program resolves when it was not said again for this long",
    { min: 1, max: 30 * DAY_S },
  ),
  maxFiringAlerts: countOption(
    "items",
    500,
    "Alerts that fire at once; further ones wait behind one that counts them",
    { min: 10, max: 10_000 },
  ),
  alertRetentionDays: durationOption("days", 90, "How long resolved alerts are kept", {
    min: 1 / 24,
    max: 3650,
  }),
  maxAlertHistory: countOption("items", 10_000, "Resolved alerts kept; the oldest go first", {
    min: 0,
    max: 10_000_000,
  }),
  webhookUrl: urlOption(
    "Where alerts are sent, in Alertmanager's webhook format; empty: nowhere",
    true,
  ),
  webhookSecret: z.string().refine(isSecretOrEmpty, "is no base64 after whsec_").default("").meta({
    description:
      "Signs notifications as Standard Webhooks; whsec_ and base64, or any text; empty: unsigned",
  }),
  webhookMinimumLevel: z
    .enum(AlertLevel)
    .default(AlertLevel.Warning)
    .meta({ description: "Alerts below this level are not sent" }),
  webhookGroupWait: durationOption(
    "s",
    5,
    "The first alert of a rule is sent at once; how long those after it wait, to go together",
    { min: 0, max: 3600 },
  ),
  webhookRepeatInterval: durationOption(
    "s",
    14_400,
    "An alert that still fires and that nobody has taken on is sent again after this long; 0: never",
    { min: 0, max: 30 * DAY_S },
  ),
  webhookTimeout: durationOption("s", 10, "How long one notification may take", {
    min: 0.1,
    max: 300,
  }),
  deadManUrl: urlOption(
    "Asked with GET while the server is ready and judges every namespace; each of those asks only a " +
      "URL of its own",
    true,
  ),
  deadManInterval: durationOption("s", 60, "How often deadManUrl is asked", {
    min: 1,
    max: DAY_S,
  }),
  externalUrl: urlOption("Where people reach the pages, for links in notifications and reports"),
});

/** Options as given; every one has a default. */
export type DashboardOptions = z.input<typeof dashboardConfigSchema>;
/** Options in force. */
export type DashboardSettings = z.output<typeof dashboardConfigSchema>;
