// How things look in a terminal: colours only where they are wanted, columns that line up, and
// nothing an agent wrote can move the cursor.

import { stripVTControlCharacters, styleText } from "node:util";

import { formatDuration } from "../core/index.ts";

/** What a piece of text means; the palette of the terminal's own theme is used. */
export type Tone =
  | "plain"
  | "strong"
  | "quiet"
  | "accent"
  | "working"
  | "waiting"
  | "idle"
  | "stuck"
  | "down";

type Format = Parameters<typeof styleText>[0];

const FORMATS: Readonly<Record<Tone, Format | null>> = {
  plain: null,
  strong: "bold",
  quiet: "dim",
  accent: "cyan",
  working: "blue",
  waiting: "blue",
  idle: "dim",
  stuck: "yellow",
  down: "red",
};

/** Shape and tone of a state: always a shape and a word, never colour alone. */
const STATES: Readonly<Record<string, { readonly shape: string; readonly tone: Tone }>> = {
  working: { shape: "■", tone: "working" },
  waiting: { shape: "□", tone: "waiting" },
  idle: { shape: "·", tone: "idle" },
  stuck: { shape: "▲", tone: "stuck" },
  down: { shape: "✕", tone: "down" },
  left: { shape: "·", tone: "idle" },
  paused: { shape: "▨", tone: "quiet" },
  quarantined: { shape: "⊘", tone: "down" },
};

/** Shape and tone of how well a service answers. */
const SERVICE_STATES: typeof STATES = {
  healthy: { shape: "■", tone: "working" },
  degraded: { shape: "▲", tone: "stuck" },
  unhealthy: { shape: "✕", tone: "down" },
  unknown: { shape: "·", tone: "idle" },
};

/** Shape and tone of an alert's level; one that is over is quiet. */
const LEVELS: typeof STATES = {
  info: { shape: "○", tone: "accent" },
  warning: { shape: "▲", tone: "stuck" },
  error: { shape: "✕", tone: "down" },
  critical: { shape: "◆", tone: "down" },
};

/** Where text goes; a process stream, or a test's collector. */
export interface TextOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly tone?: (row: Row) => Tone;
  /** @default "left" */
  readonly align?: "left" | "right";
  /** The one column that is cut to fit the terminal's width. @default false */
  readonly flexible?: boolean;
}

/** A terminal, or something that is none. */
export class Terminal {
  readonly output: TextOutput;
  /** True when a person reads along. */
  readonly interactive: boolean;
  readonly colours: boolean;

  /** @param env NO_COLOR turns colours off, FORCE_COLOR turns them on (https://no-color.org). */
  constructor(output: TextOutput, env: Readonly<Record<string, string | undefined>>) {
    this.output = output;
    this.interactive = output.isTTY === true;
    const refused = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
    const forced = (env["FORCE_COLOR"] ?? "") !== "" && env["FORCE_COLOR"] !== "0";
    this.colours = forced || (this.interactive && !refused);
  }

  /** Characters that fit on a line; without end when this is no terminal. */
  get width(): number {
    return this.interactive ? (this.output.columns ?? 80) : Number.POSITIVE_INFINITY;
  }

  line(text = ""): void {
    this.output.write(`${text}\n`);
  }

  style(tone: Tone, text: string): string {
    const format = FORMATS[tone];
    if (format === null || !this.colours || text === "") return text;
    return styleText(format, text, { validateStream: false });
  }

  /** A state as shape and word, and what holds the agent: `▲ stuck`, `▨ idle, paused`. */
  state(state: string, hold: "paused" | "quarantined" | null = null): string {
    const { shape, tone } = STATES[hold ?? state] ?? { shape: " ", tone: "plain" };
    return this.style(tone, `${shape} ${hold === null ? state : `${state}, ${hold}`}`);
  }

  /** How well a service answers: `✕ unhealthy`. */
  serviceState(status: string): string {
    const { shape, tone } = SERVICE_STATES[status] ?? { shape: " ", tone: "plain" };
    return this.style(tone, `${shape} ${status}`);
  }

  /** An alert's level: `◆ critical`. */
  level(level: string, firing = true): string {
    const { shape, tone } = LEVELS[level] ?? { shape: " ", tone: "plain" };
    return this.style(firing ? tone : "quiet", `${firing ? shape : "·"} ${level}`);
  }

  /** Prints rows in columns under quiet titles; prints nothing for no rows. */
  table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], indent = ""): void {
    if (rows.length === 0) return;
    const cells = rows.map((row) => columns.map((column) => column.value(row)));
    const widths = columns.map((column, index) =>
      Math.max(textWidth(column.title), ...cells.map((line) => textWidth(line[index] ?? ""))),
    );
    this.#squeeze(columns, widths, indent.length);
    const titles = columns.map((column, index) => align(column, column.title, widths[index] ?? 0));
    this.line(indent + this.style("quiet", titles.join("  ").trimEnd()));
    rows.forEach((row, rowIndex) => {
      const line = columns.map((column, index) => {
        const width = widths[index] ?? 0;
        const text = align(column, cut(cells[rowIndex]?.[index] ?? "", width), width);
        return column.tone === undefined ? text : this.style(column.tone(row), text);
      });
      this.line(indent + line.join("  ").trimEnd());
    });
  }

  #squeeze<Row>(columns: readonly Column<Row>[], widths: number[], indent: number): void {
    const flexible = columns.findIndex((column) => column.flexible === true);
    if (flexible < 0) return;
    const total = widths.reduce((sum, width) => sum + width + 2, indent - 2);
    const excess = total - this.width;
    if (excess > 0) widths[flexible] = Math.max(12, (widths[flexible] ?? 0) - excess);
  }
}

/**
 * Text that somebody else wrote, made harmless: no escape sequences, no control characters, one
 * line.
 */
export function harmless(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed here
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
const WIDE = /\p{Emoji_Presentation}|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}]/u;

/** Columns a text takes on screen, without escape sequences. */
export function textWidth(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\u0020-\u007e]*$/.test(plain)) return plain.length;
  return graphemes(plain).reduce((sum, grapheme) => sum + graphemeWidth(grapheme), 0);
}

function graphemes(text: string): string[] {
  return Array.from(GRAPHEMES.segment(text), ({ segment }) => segment);
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Pads styled text to a width. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

/** Cuts plain text to a width, with an ellipsis; styled text is left whole. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width || text.includes("\u001b")) return text;
  let kept = "";
  let taken = 0;
  for (const grapheme of graphemes(text)) {
    taken += graphemeWidth(grapheme);
    if (taken > width - 1) break;
    kept += grapheme;
  }
  return `${kept}…`;
}

/** How long ago an instant was: `14 min`. */
export function ago(atMs: number | null | undefined, nowMs: number): string {
  return atMs === null || atMs === undefined ? "–" : formatDuration(nowMs - atMs);
}

/** Local time of day, `12:04:11`; with the date when it is not today's. */
export function timeOfDay(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  if (at.toDateString() === new Date(nowMs).toDateString()) return time;
  const month = String(at.getMonth() + 1).padStart(2, "0");
  return `${at.getFullYear()}-${month}-${String(at.getDate()).padStart(2, "0")} ${time}`;
}

/** Bytes the way people say them, in powers of 1024: `41.2 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A number with at most four significant digits, never in scientific notation below 1e15. */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 4, useGrouping: true }).format(
    value,
  );
}

function align<Row>(column: Column<Row>, text: string, width: number): string {
  const padding = " ".repeat(Math.max(0, width - textWidth(text)));
  return column.align === "right" ? padding + text : text + padding;
}
