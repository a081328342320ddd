// Charts that stand together show the same stretch of time. When their data is younger than the
// time range, that stretch begins with the first sample of any of them.

import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { createContext } from "preact";
import type { ComponentChildren } from "preact";
import { useContext, useMemo } from "preact/hooks";
import type { RangePreset } from "../model/time-range.ts";

/** Where the data of each chart begins in each preset, in milliseconds. */
export type FirstSamples = Signal<ReadonlyMap<string, number>>;

const GroupContext = createContext<FirstSamples>(signal(new Map()));

/** A grid of charts with one time axis. */
export interface ChartGroupProps {
  readonly class: string;
  readonly children: ComponentChildren;
}

/** Lays charts out and lets them agree on where their time begins. */
export function ChartGroup(props: ChartGroupProps) {
  const first = useMemo((): FirstSamples => signal(new Map()), []);
  return (
    <section class={`charts ${props.class}`} aria-label="Charts">
      <GroupContext.Provider value={first}>{props.children}</GroupContext.Provider>
    </section>
  );
}

/** The group around a chart. */
export function useChartGroup(): FirstSamples {
  return useContext(GroupContext);
}

/** Where the data of a preset begins over all charts of a group; null until one has data. */
export function firstOfGroup(first: FirstSamples["value"], preset: RangePreset): number | null {
  let earliest: number | null = null;
  for (const [key, atMs] of first) {
    if (key.startsWith(`${preset} `) && (earliest === null || atMs < earliest)) earliest = atMs;
  }
  return earliest;
}

/** Notes where a chart's data begins; finer buckets tell it more precisely, never earlier. */
export function noteFirstSample(
  first: FirstSamples,
  preset: RangePreset,
  chart: string,
  atMs: number,
): void {
  const key = `${preset} ${chart}`;
  const known = first.peek().get(key);
  if (known !== undefined && known >= atMs) return;
  first.value = new Map(first.peek()).set(key, atMs);
}
