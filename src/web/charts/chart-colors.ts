// Canvas needs real colours; the tokens are custom properties that depend on the theme.

import type { AlertLevel } from "../model/wire.ts";

/** Colours a chart draws with, as CSS colour values. */
export interface ChartColors {
  readonly series: readonly string[];
  readonly others: string;
  readonly grid: string;
  readonly text: string;
  readonly surface: string;
  /** Marks of alerts, by level. */
  readonly levels: Readonly<Record<AlertLevel, string>>;
}

/** Resolves the tokens in the theme that is on screen now. */
export function readChartColors(host: HTMLElement): ChartColors {
  const probe = document.createElement("span");
  host.append(probe);
  const read = (token: string): string => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const colors = {
    series: [1, 2, 3, 4, 5].map((number) => read(`series-${number}`)),
    others: read("series-others"),
    grid: read("divider"),
    text: read("text-3"),
    surface: read("surface"),
    levels: {
      info: read("accent"),
      warning: read("stuck"),
      error: read("down"),
      critical: read("down"),
    },
  };
  probe.remove();
  return colors;
}
