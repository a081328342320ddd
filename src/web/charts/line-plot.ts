// uPlot in our house style: thin lines named at their end, no legend box, gaps that stay gaps,
// and one crosshair for all charts of a page.

import uPlot from "uplot";
import { isolatedPoints, lastKnown, spreadLabels } from "../model/chart-data.ts";
import type { ChartData } from "../model/chart-data.ts";
import { formatDay, formatTime } from "../model/format.ts";
import type { AlertMark } from "./alert-marks.tsx";
import type { ChartColors } from "./chart-colors.ts";

/** What a plot needs beside its data. */
export interface LinePlotOptions {
  readonly width: number;
  readonly height: number;
  readonly labels: readonly string[];
  readonly colors: ChartColors;
  readonly format: (value: number) => string;
  /** What the time axis spans. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly logarithmic: boolean;
  readonly steps: AxisSteps;
  /** Alerts; asked for whenever it draws. */
  readonly marks: readonly AlertMark[];
  /** The bucket under the crosshair; null when it left. */
  readonly onCursor: (index: number | null) => void;
  /** A stretch of time was dragged, in milliseconds. */
  readonly onBrush: (fromMs: number, toMs: number) => void;
}

/** Charts of a page share their crosshair under this key. */
const CROSSHAIR = "cellphone-page";
const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const LABEL_GAP = 13;
const BRUSH_MIN_PX = 6;

/** Which numbers are round on the value axis. */
export type AxisSteps = "decimal" | "bytes" | "seconds";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const STEPS: Readonly<Record<Exclude<AxisSteps, "decimal">, number[]>> = {
  // 1 B to 1 TiB.
  bytes: Array.from({ length: 41 }, (_, power) => 2 ** power),
  seconds: [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1]
    .flatMap((unit) => [unit, 2 * unit, 5 * unit])
    .concat([1, 2, 5, 10, 20, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE])
    .concat([30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 168 * HOUR]),
};

/** Draws a plot into an element. */
export function createLinePlot(
  host: HTMLElement,
  data: ChartData,
  options: LinePlotOptions,
): uPlot {
  const plot = new uPlot(plotOptions(options), plotColumns(data), host);
  plot.over.addEventListener("dblclick", (event) => event.stopPropagation());
  return plot;
}

/** The columns uPlot takes. */
export function plotColumns(data: ChartData): uPlot.AlignedData {
  return [[...data.times], ...data.lines.map((line) => [...line.values])];
}

function plotOptions(options: LinePlotOptions): uPlot.Options {
  const { width, height, colors, labels } = options;
  return {
    width,
    height,
    padding: [8, labelRoom(labels), 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: CROSSHAIR, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 5 },
      y: false,
    },
    scales: {
      x: { time: true, range: () => [options.fromSeconds, options.toSeconds] },
      y: { range: (_plot, _min, max) => yRange(max, options), distr: options.logarithmic ? 3 : 1 },
    },
    axes: [timeAxis(colors), valueAxis(options)],
    series: [{}, ...labels.map((label, index) => lineOf(label, index, colors))],
    hooks: {
      draw: [(plot) => drawMarks(plot, options), (plot) => drawEndLabels(plot, options)],
      setCursor: [(plot) => options.onCursor(plot.cursor.idx ?? null)],
      setSelect: [(plot) => brushed(plot, options)],
    },
  };
}

function yRange(max: number | null, options: LinePlotOptions): [number, number] {
  if (options.logarithmic) return [0.001, Math.max(1, (max ?? 1) * 1.5)];
  return [0, max === null || max <= 0 ? 1 : max * 1.1];
}

function labelRoom(labels: readonly string[]): number {
  const longest = Math.max(0, ...labels.map((label) => Math.min(label.length, 14)));
  return 14 + longest * 6.2;
}

function lineOf(label: string, index: number, colors: ChartColors): uPlot.Series {
  const stroke = colorOf(label, index, colors);
  return {
    label,
    stroke,
    width: 1.5,
    spanGaps: false,
    // Lines 3 to 5 also differ by their dashes, for eyes that do not tell the hues apart.
    ...(index >= 2 ? { dash: DASHES[index] ?? [1, 3] } : {}),
    points: {
      show: true,
      size: 4,
      width: 0,
      fill: stroke,
      filter: (plot, series) => isolatedPoints([...(plot.data[series] ?? [])]),
    },
  };
}

const DASHES: Readonly<Record<number, number[]>> = { 2: [6, 3], 3: [3, 3], 4: [8, 3, 2, 3] };

function colorOf(label: string, index: number, colors: ChartColors): string {
  return label === "others" ? colors.others : (colors.series[index] ?? colors.others);
}

function timeAxis(colors: ChartColors): uPlot.Axis {
  return {
    stroke: colors.text,
    font: FONT,
    size: 26,
    gap: 8,
    space: 64,
    grid: { show: false },
    ticks: { show: false },
    values: (_plot, splits, _axis, _space, step) => splits.map((at) => tickText(at, step)),
  };
}

function tickText(atSeconds: number, stepSeconds: number): string {
  const atMs = atSeconds * 1000;
  if (stepSeconds >= 86_400) return formatDay(atMs);
  return formatTime(atMs, atMs, stepSeconds < 60);
}

function valueAxis(options: LinePlotOptions): uPlot.Axis {
  const { colors, format } = options;
  return {
    stroke: colors.text,
    font: FONT,
    size: (_plot, values) => 12 + Math.max(0, ...(values ?? []).map((text) => text.length)) * 6.2,
    gap: 6,
    space: 36,
    ...(options.steps === "decimal" ? {} : { incrs: STEPS[options.steps] }),
    grid: { stroke: colors.grid, width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => splits.map((value) => (value === null ? "" : format(value))),
  };
}

/** A dashed line where an alert was raised, with a triangle or, from error on, a cross on top. */
function drawMarks(plot: uPlot, options: LinePlotOptions): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  for (const { atMs, level } of options.marks) {
    const x = Math.round(plot.valToPos(atMs / 1000, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const color = options.colors.levels[level];
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.globalAlpha = 0.55;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    drawMarkHead(ctx, x, bbox.top, level === "warning" || level === "info", 3.5 * ratio);
  }
  ctx.restore();
}

function drawMarkHead(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  triangle: boolean,
  size: number,
): void {
  ctx.beginPath();
  if (triangle) {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.lineTo(x - size, y + size);
    ctx.fill();
    return;
  }
  ctx.lineWidth = size / 2;
  ctx.moveTo(x - size, y - size);
  ctx.lineTo(x + size, y + size);
  ctx.moveTo(x + size, y - size);
  ctx.lineTo(x - size, y + size);
  ctx.stroke();
}

function drawEndLabels(plot: uPlot, options: LinePlotOptions): void {
  const { colors, labels } = options;
  const ratio = devicePixelRatio;
  const ends = labels.map((_, index) => lastKnown([...(plot.data[index + 1] ?? [])]));
  const shown = labels.map((_, index) => index).filter((index) => ends[index] !== undefined);
  const wanted = shown.map((index) => plot.valToPos(ends[index]?.value ?? 0, "y", true));
  const { left, top, width, height } = plot.bbox;
  const placed = spreadLabels(wanted, LABEL_GAP * ratio, top + 4, top + height - 4);
  plot.ctx.save();
  plot.ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  plot.ctx.textBaseline = "middle";
  plot.ctx.textAlign = "left";
  for (const [order, index] of shown.entries()) {
    const label = labels[index] ?? "";
    plot.ctx.fillStyle = colorOf(label, index, colors);
    const text = label.length > 14 ? `${label.slice(0, 13)}…` : label;
    plot.ctx.fillText(text, left + width + 6 * ratio, placed[order] ?? 0);
  }
  plot.ctx.restore();
}

function brushed(plot: uPlot, options: LinePlotOptions): void {
  const { left, width } = plot.select;
  if (width < BRUSH_MIN_PX) return;
  const fromMs = plot.posToVal(left, "x") * 1000;
  const toMs = plot.posToVal(left + width, "x") * 1000;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  options.onBrush(fromMs, toMs);
}
