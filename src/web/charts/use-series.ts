// Asks the server for the series behind a chart, in step with the page's time range.

import { useMemo } from "preact/hooks";
import { bucketStarts } from "../model/chart-data.ts";
import { resolveRange } from "../model/time-range.ts";
import type { ResolvedRange } from "../model/time-range.ts";
import type { Aggregation, SeriesPoints } from "../model/wire.ts";
import { useApp } from "../state/app.ts";
import { useResource } from "../state/use-resource.ts";

/** One question for the server. */
export interface SeriesRequest {
  readonly metric: string;
  readonly aggregation: Aggregation;
  readonly agentId?: string;
  readonly groupBy?: "agent" | "none";
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
  const range = app.range.value;
  // Refreshing follows the bucket length; a second is as good as a minute for a week's chart.
  const { stepMs } = resolveRange(range, app.nowMs.peek());
  const refreshMs = Math.min(REFRESH_MAX_MS, Math.max(REFRESH_MIN_MS, stepMs / 3));
  const follows = range.kind === "preset";
  const key = JSON.stringify([requests, range, app.live.connections.value]);
  const resource = useResource(
    key,
    async (signal) => {
      const askedAtMs = Date.now() + app.live.clockOffsetMs.peek();
      const resolved = resolveRange(app.range.peek(), askedAtMs);
      const answers = await Promise.all(
        requests.map(async (request) => {
          const query = { ...request, ...resolved };
          const path = "/api/v1/metrics/series";
          return (await app.api.get<{ series: SeriesPoints[] }>(path, query, signal)).series;
        }),
      );
      return { range: resolved, answers, askedAtMs };
    },
    follows ? { refreshMs } : {},
  );
  const shown = resource.data?.range ?? resolveRange(range, app.nowMs.peek());
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
