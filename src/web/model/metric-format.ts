// Known metrics read in their unit; any other number reads as a number.

import { formatBytes, formatRatio, formatSeconds, formatUsd, formatValue } from "./format.ts";

/** How one metric's values read. */
export type MetricFormat = (value: number) => string;

const SECONDS = /(?:^|_)(?:time|latency|duration|seconds|age|delay)$/u;
const BYTES = /(?:^memory_usage|(?:^|_)bytes)$/u;
const BYTE_RATE = /^network_(?:receive|transmit)_rate$/u;
const PERCENT = /(?:^|_)(?:(?:cpu|disk)_usage|availability)$|^system_memory_usage$/u;
const DOLLARS = /(?:^|_)usd$/u;

/** The format of a metric, from its name: durations in seconds, memory in bytes, costs in USD. */
export function metricFormat(metric: string): MetricFormat {
  if (SECONDS.test(metric)) return formatSeconds;
  if (BYTES.test(metric)) return formatBytes;
  if (DOLLARS.test(metric)) return formatSmallUsd;
  if (BYTE_RATE.test(metric)) return (value) => `${formatBytes(value)}/s`;
  if (metric === "service_availability" || metric === "error_rate") return formatRatio;
  if (PERCENT.test(metric)) return (value) => `${formatValue(value)}%`;
  return formatValue;
}

/** Which numbers are round for a metric. */
export function metricSteps(metric: string): "decimal" | "bytes" | "seconds" {
  if (SECONDS.test(metric)) return "seconds";
  return BYTES.test(metric) || BYTE_RATE.test(metric) ? "bytes" : "decimal";
}

/** Dollars of single calls, which are often parts of a cent. */
function formatSmallUsd(dollars: number): string {
  if (dollars === 0 || Math.abs(dollars) >= 0.01) return formatUsd(dollars);
  return `${dollars < 0 ? "-" : ""}$${formatValue(Math.abs(dollars))}`;
}
