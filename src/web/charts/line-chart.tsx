// A chart on a page: its title and unit, what the crosshair reads, and the plot.

import { Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { lastKnown, limitLines } from "../model/chart-data.ts";
import type { ChartData, ChartLine } from "../model/chart-data.ts";
import { formatTime } from "../model/format.ts";
import type { ResolvedRange } from "../model/time-range.ts";
import { useApp } from "../state/app.ts";
import { useAlertMarks } from "./alert-marks.tsx";
import type { AlertMark } from "./alert-marks.tsx";
import { readChartColors } from "./chart-colors.ts";
import { createLinePlot, plotColumns } from "./line-plot.ts";
import type { AxisSteps } from "./line-plot.ts";

/** A chart's data and words. */
export interface LineChartProps {
  readonly title: string;
  /** Shown after the title, such as "per minute". */
  readonly unit: string;
  readonly range: ResolvedRange;
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly format: (value: number) => string;
  /** What the chart says when there is nothing to draw. */
  readonly empty: string;
  readonly loading: boolean;
  readonly logarithmic?: boolean;
  /** @default "decimal" */
  readonly steps?: AxisSteps;
  /** @default 160 */
  readonly height?: number;
}

/** A line chart; its empty state keeps its place. */
export function LineChart(props: LineChartProps) {
  const lines = limitLines(props.lines);
  const hasData = lines.some((line) => lastKnown(line.values) !== undefined);
  const [cursor, setCursor] = useState<number | null>(null);
  const height = props.height ?? 160;
  const marks = useAlertMarks();
  return (
    <figure class="chart" aria-label={chartWords(props, lines)} data-testid="chart">
      <figcaption class="chart-caption">
        <span class="chart-title">{props.title}</span>
        <span class="chart-unit">{props.unit}</span>
      </figcaption>
      {cursor !== null && hasData ? (
        <Readout {...props} lines={lines} marks={marks} index={cursor} />
      ) : null}
      {hasData ? (
        <Plot
          {...props}
          data={{ times: props.times, lines }}
          height={height}
          marks={marks}
          onCursor={setCursor}
        />
      ) : (
        <p class="chart-empty" style={{ height: `${height}px` }}>
          {props.loading ? "" : props.empty}
        </p>
      )}
    </figure>
  );
}

function chartWords(props: LineChartProps, lines: readonly ChartLine[]): string {
  const ends = lines.map((line) => {
    const last = lastKnown(line.values);
    return `${line.label} ${last === undefined ? "no data" : props.format(last.value)}`;
  });
  return `${props.title}, ${props.unit}. ${ends.length === 0 ? props.empty : ends.join(", ")}`;
}

interface ReadoutProps extends LineChartProps {
  readonly index: number;
  readonly marks: readonly AlertMark[];
}

function Readout(props: ReadoutProps) {
  const { index, times, lines, format, range, marks } = props;
  const at = times[index];
  if (at === undefined) return null;
  const side = index > times.length / 2 ? "left" : "right";
  return (
    <dl class={`chart-readout chart-readout-${side}`} aria-hidden="true">
      <time>{formatTime(at * 1000, Date.now(), range.stepMs < 60_000)}</time>
      {lines.map((line, order) => {
        const value = line.values[index];
        const color = line.label === "others" ? "others" : String(order + 1);
        return (
          <Fragment key={line.label}>
            <dt style={{ color: `var(--series-${color})` }}>{line.label}</dt>
            <dd>{value === null || value === undefined ? "no data" : format(value)}</dd>
          </Fragment>
        );
      })}
      {marks
        .filter(({ atMs }) => atMs >= at * 1000 && atMs < at * 1000 + range.stepMs)
        .slice(0, 3)
        .map((mark) => (
          <dd key={`${mark.atMs} ${mark.message}`} class="chart-alert">
            <i class={`level level-${mark.level}`} /> {mark.message}
          </dd>
        ))}
    </dl>
  );
}

interface PlotProps extends LineChartProps {
  readonly data: ChartData;
  readonly height: number;
  readonly marks: readonly AlertMark[];
  readonly onCursor: (index: number | null) => void;
}

function Plot(props: PlotProps) {
  const { theme, setRange } = useApp();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const labels = props.data.lines.map((line) => line.label);
  const look = [theme.version.value, props.title, props.height, ...labels].join("\n");

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const { data, height, format, logarithmic, steps, onCursor, range } = latest.current;
    const created = createLinePlot(element, data, {
      width: Math.max(120, element.clientWidth),
      height,
      labels,
      colors: readChartColors(element),
      format,
      logarithmic: logarithmic === true,
      steps: steps ?? "decimal",
      // The plot outlives a range: it asks for the bounds whenever it draws. It ends where the
      // last bucket starts, so that lines reach their labels.
      get fromSeconds() {
        return (latest.current.range ?? range).fromMs / 1000;
      },
      get marks() {
        return latest.current.marks;
      },
      get toSeconds() {
        const { fromMs, toMs, stepMs } = latest.current.range ?? range;
        return Math.max(fromMs + stepMs, toMs - stepMs) / 1000;
      },
      onCursor,
      onBrush: (fromMs, toMs) => setRange({ kind: "fixed", fromMs, toMs }),
    });
    plot.current = created;
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== created.width) created.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = undefined;
    };
  }, [look]);

  useEffect(() => {
    plot.current?.setData(plotColumns(props.data));
  }, [props.data.times, props.lines]);

  useEffect(() => plot.current?.redraw(false), [props.marks]);

  return <div ref={host} class="chart-plot" style={{ height: `${props.height}px` }} />;
}
