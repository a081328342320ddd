// Asks the server for the series behind a chart, in step with the page's time range.

import { useMemo, useRef } from "preact/hooks";
import { bucketStarts, firstSampleMs } from "../model/chart-data.ts";
import { resolveRange, resolveYoungRange } from "../model/time-range.ts";
import type { ResolvedRange } from "../model/time-range.ts";
import type { Aggregation, SeriesPoints } from "../model/wire.ts";
import { useApp } from "../state/app.ts";
import { useResource } from "../state/use-resource.ts";
import { firstOfGroup, noteFirstSample, useChartGroup } from "./chart-group.tsx";
import type { FirstSamples } from "./chart-group.tsx";

/** One question for the server. */
export interface SeriesRequest {
  readonly metric: string;
  readonly aggregation: Aggregation;
  readonly agentId?: string;
  /** `service:search`: only series with that label. */
  readonly label?: string;
  readonly groupBy?: "agent" | "none" | `label:${string}`;
}

/** Answers, in the order of the questions. */
export interface SeriesAnswers {
  readonly range: ResolvedRange;
  readonly times: readonly number[];
  readonly answers: readonly (readonly SeriesPoints[])[] | undefined;
  readonly failed: string | undefined;
  readonly loading: boolean;
  /** The server's clock when the answers were asked for. */
  readonly askedAtMs: number;
}

/**
 * Series asked for by label, and the gateway's, which come in batches, are answered by the
 * minute; shorter buckets would be mostly gaps.
 */
const MINUTE_MS = 60_000;

const REFRESH_MIN_MS = 5000;
const REFRESH_MAX_MS = 60_000;

/** Reads several series over the page's range and keeps them fresh while the range ends now. */
export function useSeries(requests: readonly SeriesRequest[]): SeriesAnswers {
  const app = useApp();
  const first = useChartGroup();
  const range = app.range.value;
  const stepMinMs = requests.some(isByMinute) ? MINUTE_MS : 0;
  const sinceOf = (known: FirstSamples["value"]): number | null =>
    range.kind === "preset" ? firstOfGroup(known, range.preset) : null;
  const resolveAt = (nowMs: number): ResolvedRange =>
    resolveYoungRange(range, nowMs, sinceOf(first.peek()), stepMinMs);
  // Refreshing follows the bucket length; a second is as good as a minute for a week's chart.
  const { stepMs } = resolveAt(app.nowMs.peek());
  const refreshMs = Math.min(REFRESH_MAX_MS, Math.max(REFRESH_MIN_MS, stepMs / 3));
  const follows = range.kind === "preset";
  const chart = JSON.stringify(requests);
  const question = `${chart} ${JSON.stringify(range)} ${app.live.connections.value}`;
  // The first answer covers the whole range: only that can tell where the data begins.
  const asked = useRef("");
  const resource = useResource(
    `${question} ${sinceOf(first.value) ?? ""}`,
    async (signal) => {
      const askedAtMs = Date.now() + app.live.clockOffsetMs.peek();
      const read = async (resolved: ResolvedRange) => {
        const answers = await Promise.all(
          requests.map(async (request) => {
            const query = { ...request, ...resolved };
            const path = "/api/v1/metrics/series";
            return (await app.api.get<{ series: SeriesPoints[] }>(path, query, signal)).series;
          }),
        );
        const firstMs = firstSampleMs(answers.flat());
        if (range.kind === "preset" && firstMs !== null) {
          noteFirstSample(first, range.preset, chart, firstMs);
        }
        return { range: resolved, answers, askedAtMs };
      };
      if (asked.current === question) return read(resolveAt(askedAtMs));
      const whole = await read(resolveRange(range, askedAtMs, stepMinMs));
      asked.current = question;
      const young = resolveAt(askedAtMs);
      return young.fromMs === whole.range.fromMs ? whole : read(young);
    },
    follows ? { refreshMs } : {},
  );
  const shown = resource.data?.range ?? resolveAt(app.nowMs.peek());
  const times = useMemo(
    () => bucketStarts(shown).map((atMs) => atMs / 1000),
    [shown.fromMs, shown.toMs, shown.stepMs],
  );
  return {
    range: shown,
    times,
    answers: resource.data?.answers,
    failed: resource.error?.message,
    loading: resource.loading,
    askedAtMs: resource.data?.askedAtMs ?? app.nowMs.peek(),
  };
}

function isByMinute({ metric, label, groupBy }: SeriesRequest): boolean {
  const labelled = label !== undefined || groupBy?.startsWith("label:") === true;
  return labelled || metric.startsWith("gateway_");
}
