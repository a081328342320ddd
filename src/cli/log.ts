// Structured logs on standard error: JSON lines for programs, short lines for people. What a line
// says is the same in both; only --debug decides how much is said.

import { pino } from "pino";
import type { Logger } from "pino";

import type { ComponentLog, LogDetails } from "../core/index.ts";
import type { TextOutput } from "./terminal.ts";
import { harmless, Terminal, timeOfDay } from "./terminal.ts";
import type { Tone } from "./terminal.ts";

/** How to log. */
export interface LogOptions {
  readonly output: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Says what each part decides. @default false */
  readonly debug: boolean;
  /** JSON lines; by default when the output is no terminal. */
  readonly json?: boolean;
}

/** Names of keys whose values never reach a log, at any depth of two. */
const SECRETS = ["key", "token", "secret", "passphrase", "password", "authorization", "cookie"];

const LEVELS: Readonly<Record<number, { readonly word: string; readonly tone: Tone }>> = {
  10: { word: "trace", tone: "quiet" },
  20: { word: "debug", tone: "quiet" },
  30: { word: "info", tone: "plain" },
  40: { word: "warn", tone: "stuck" },
  50: { word: "error", tone: "down" },
  60: { word: "fatal", tone: "down" },
};

/**
 * Makes the process's logger.
 *
 * @example
 * const lines: string[] = [];
 * const output = { write: (text: string) => lines.push(text) };
 * createLogger({ output, env: {}, debug: false }).warn({ folder: "/tmp" }, "storage.slow");
 * console.assert(JSON.parse(lines[0] ?? "{}").msg === "storage.slow");
 */
export function createLogger(options: LogOptions): Logger {
  const { output, env, debug } = options;
  const terminal = new Terminal(output, env);
  const json = options.json ?? !terminal.interactive;
  return pino(
    {
      level: debug ? "debug" : "warn",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: "[hidden]" },
      formatters: json ? { level: (label) => ({ level: label }) } : {},
    },
    { write: (line: string) => void output.write(json ? line : readable(line, terminal)) },
  );
}

/** One component's view of the logger, as core's port wants it. */
export function componentLog(logger: Logger, component: string): ComponentLog {
  const child = logger.child({ component });
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (event: string, details?: LogDetails): void =>
      child[level](details ?? {}, event);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** `  12:04:11  debug  communication  mailbox.claimed  agent=worker-1 count=2`. */
function readable(line: string, terminal: Terminal): string {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== "object" || parsed === null) return line;
  const { level, time, msg, component, err, ...details } = Object.fromEntries(
    Object.entries(parsed),
  );
  const { word, tone } = LEVELS[Number(level)] ?? { word: "info", tone: "plain" };
  const atMs = typeof time === "string" ? Date.parse(time) : Date.now();
  const facts = Object.entries(details).map(([name, value]) => `${name}=${short(value)}`);
  const head = [
    terminal.style("quiet", timeOfDay(atMs, Date.now())),
    terminal.style(tone, word.padEnd(5)),
    typeof component === "string" ? terminal.style("quiet", component) : "",
    typeof msg === "string" ? harmless(msg) : "",
    terminal.style("quiet", facts.join(" ")),
  ];
  const text = `  ${head.filter((part) => part !== "").join("  ")}\n`;
  return text + stackOf(err, terminal);
}

function stackOf(error: unknown, terminal: Terminal): string {
  if (typeof error !== "object" || error === null || !("stack" in error)) return "";
  const lines = String(error.stack).split("\n").map(harmless);
  return lines.map((line) => terminal.style("quiet", `    ${line.trim()}\n`)).join("");
}

function short(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return harmless(/^[\w./:@+-]*$/.test(text) ? text : JSON.stringify(text));
}
