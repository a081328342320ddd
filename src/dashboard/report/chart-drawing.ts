// A line over the range of a report, as SVG: gaps stay gaps, alerts are vertical marks.

import type { HistoricalChart } from "../dashboard-data.ts";
import { html } from "./markup.ts";
import type { Markup } from "./markup.ts";
import { amount, shortInstant } from "./words.ts";

const WIDTH = 340;
const HEIGHT = 120;
const LEFT = 40;
const RIGHT = 44;
const TOP = 8;
const BOTTOM = 20;

/** When a range begins and ends. */
export interface DrawnRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Draws one chart.
 * @param markedAtMs instants at which an alert was raised.
 */
export function drawChart(
  chart: HistoricalChart,
  range: DrawnRange,
  markedAtMs: readonly number[],
): Markup {
  const points = chart.points.filter(([, value]) => Number.isFinite(value));
  const values = points.map(([, value]) => value);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const least = values.reduce((a, b) => Math.min(a, b), 0);
  const height = most - least || 1;
  const x = (atMs: number): number =>
    LEFT + ((atMs - range.fromMs) / (range.toMs - range.fromMs)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number =>
    TOP + (1 - (value - least) / height) * (HEIGHT - TOP - BOTTOM);
  const last = points.at(-1);
  const marks = markedAtMs
    .filter((atMs) => atMs >= range.fromMs && atMs <= range.toMs)
    .slice(0, 50);
  const base = fixed(y(least));
  return html`<svg
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="${chart.metric} over the range, between ${amount(least)} and ${amount(most)}"
  >
    <line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${base}" y2="${base}" />
    ${marks.map((atMs) => {
      const at = fixed(x(atMs));
      return html`<line class="mark" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />`;
    })}
    ${runsOf(points, chart.stepMs).map((run) => drawRun(run, x, y))}
    <text x="${LEFT - 6}" y="${TOP + 4}" text-anchor="end">${amount(most)}</text>
    <text x="${LEFT - 6}" y="${HEIGHT - BOTTOM}" text-anchor="end">${amount(least)}</text>
    <text x="${LEFT}" y="${HEIGHT - 4}">${shortInstant(range.fromMs)}</text>
    <text x="${WIDTH - RIGHT}" y="${HEIGHT - 4}" text-anchor="end">
      ${shortInstant(range.toMs)}
    </text>
    ${last === undefined ? null : endLabel(last, x, y)}
  </svg>`;
}

type Point = HistoricalChart["points"][number];
type Scale = (value: number) => number;

/** Stretches without a gap of more than one and a half steps. */
function runsOf(points: readonly Point[], stepMs: number): Point[][] {
  const runs: Point[][] = [];
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (point[0] - beforeMs > stepMs * 1.5) runs.push([]);
    runs.at(-1)?.push(point);
    beforeMs = point[0];
  }
  return runs;
}

/** A point that stands alone has no line, so it is a dot. */
function drawRun(run: readonly Point[], x: Scale, y: Scale): Markup {
  const at = run.map(([atMs, value]) => `${fixed(x(atMs))} ${fixed(y(value))}`);
  const [first] = run;
  if (run.length === 1 && first !== undefined) {
    return html`<circle cx="${fixed(x(first[0]))}" cy="${fixed(y(first[1]))}" r="2" />`;
  }
  return html`<path d="M${at.join("L")}" />`;
}

function endLabel([atMs, value]: Point, x: Scale, y: Scale): Markup {
  const left = Math.min(x(atMs) + 4, WIDTH - RIGHT + 4);
  return html`<text x="${fixed(left)}" y="${fixed(y(value) + 4)}">${amount(value)}</text>`;
}

function fixed(value: number): string {
  return String(Number(value.toFixed(1)));
}
