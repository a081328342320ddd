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

const REFRESH_MIN_MS = 5000;
const REFRESH_MAX_MS = 60_000;

/** Reads several series over the page's range and keeps them fresh while the range ends now. */
export function useSeries(requests: readonly SeriesRequest[]): SeriesAnswers {
  const app = useApp();
  const first = useChartGroup();
  const range = app.range.value;
  // What was recorded in batches, or is asked for by label, comes by the minute: shorter buckets
  // would be mostly gaps, and rates over them wrong. The answers say so, once per question.
  const stepMinMs = useRef(0);
  const sinceOf = (known: FirstSamples["value"]): number | null =>
    range.kind === "preset" ? firstOfGroup(known, range.preset) : null;
  const resolveAt = (nowMs: number): ResolvedRange =>
    resolveYoungRange(range, nowMs, sinceOf(first.peek()), stepMinMs.current);
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
      const ask = (resolved: ResolvedRange) =>
        Promise.all(
          requests.map(async (request) => {
            const query = { ...request, ...resolved };
            const path = "/api/v1/metrics/series";
            return (await app.api.get<{ series: SeriesPoints[] }>(path, query, signal)).series;
          }),
        );
      const read = async (resolve: () => ResolvedRange) => {
        let resolved = resolve();
        let answers = await ask(resolved);
        const longestMs = Math.max(0, ...answers.flat().map(({ stepMs }) => stepMs));
        if (longestMs > resolved.stepMs) {
          stepMinMs.current = longestMs;
          resolved = resolve();
          answers = await ask(resolved);
        }
        const firstMs = firstSampleMs(answers.flat());
        if (range.kind === "preset" && firstMs !== null) {
          noteFirstSample(first, range.preset, chart, firstMs);
        }
        return { range: resolved, answers, askedAtMs };
      };
      if (asked.current === question) return read(() => resolveAt(askedAtMs));
      stepMinMs.current = 0;
      const whole = await read(() => resolveRange(range, askedAtMs, stepMinMs.current));
      asked.current = question;
      const young = resolveAt(askedAtMs);
      return young.fromMs === whole.range.fromMs ? whole : read(() => resolveAt(askedAtMs));
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
