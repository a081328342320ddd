// Levels, states and statuses, as the pages show them: shape and word.

import type { AlertLevel } from "../alert.ts";
import type { AgentTile } from "../model.ts";
import type { ServiceDigest } from "../ports.ts";
import { html } from "./markup.ts";
import type { Markup } from "./markup.ts";

/** How bad it is: shape and word, never colour alone. */
export function levelMark(level: AlertLevel): Markup {
  return html`<span class="level level-${level}">${shape(LEVEL_SHAPES[level])}${level}</span>`;
}

/** What an agent does. */
export function stateMark({ state, left, paused, quarantined }: AgentTile): Markup {
  const seen = left ? "left" : state;
  const word = quarantined ? "quarantined" : paused ? "paused" : seen;
  const { path, color } = STATE_SHAPES[seen];
  return html`<span class="level">${shape(path, color)}${word}</span>`;
}

/** How a service is. */
export function serviceMark(status: ServiceDigest["status"]): Markup {
  const { path, color } = SERVICE_SHAPES[status];
  return html`<span class="level">${shape(path, color)}${status}</span>`;
}

const SQUARE = "M2 2h8v8H2z";
const HOLLOW = "M2 2h8v8H2zM3.5 3.5v5h5v-5z";
const DOT = "M6 3.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5z";
const TRIANGLE = "M6 1L11.5 11H.5z";
const CROSS = "M2.5 1L6 4.5 9.5 1 11 2.5 7.5 6 11 9.5 9.5 11 6 7.5 2.5 11 1 9.5 4.5 6 1 2.5z";

const LEVEL_SHAPES: Readonly<Record<AlertLevel, string>> = {
  info: DOT,
  warning: TRIANGLE,
  error: CROSS,
  critical: CROSS,
};

interface Shape {
  readonly path: string;
  readonly color: string;
}

const STATE_SHAPES: Readonly<Record<AgentTile["state"] | "left", Shape>> = {
  working: { path: SQUARE, color: "working" },
  waiting: { path: HOLLOW, color: "working" },
  idle: { path: DOT, color: "idle" },
  stuck: { path: TRIANGLE, color: "stuck" },
  down: { path: CROSS, color: "down" },
  left: { path: DOT, color: "idle" },
};

const SERVICE_SHAPES: Readonly<Record<ServiceDigest["status"], Shape>> = {
  healthy: { path: SQUARE, color: "working" },
  degraded: { path: TRIANGLE, color: "stuck" },
  unhealthy: { path: CROSS, color: "down" },
  unknown: { path: DOT, color: "idle" },
};

function shape(path: string, color?: string): Markup {
  const fill = color === undefined ? "currentColor" : `var(--${color})`;
  return html`<svg viewBox="0 0 12 12" aria-hidden="true">
    <path fill="${fill}" fill-rule="evenodd" d="${path}" />
  </svg>`;
}
