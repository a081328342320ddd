// Options and their parsers that commands share, so that the same word means the same everywhere.

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";

import { parseDurationMs } from "../core/index.ts";

const CONNECTION = "Which server:";

/** Adds the options of a command that speaks to a server. */
export function connectionOptions(command: Command): Command {
  return command
    .addOption(new Option("--json", "print JSON for programs"))
    .addOption(
      new Option("-n, --namespace <name>", "the namespace to act in (default: default)").helpGroup(
        CONNECTION,
      ),
    )
    .addOption(
      new Option("--data <folder>", "data folder of a server on this machine").helpGroup(
        CONNECTION,
      ),
    )
    .addOption(new Option("--config <file>", "configuration file").helpGroup(CONNECTION))
    .addOption(
      new Option("--url <url>", "a server elsewhere, with --key or CELLPHONE_KEY").helpGroup(
        CONNECTION,
      ),
    )
    .addOption(new Option("--key <key>", "admin or agent key for --url").helpGroup(CONNECTION));
}

/** Adds examples under a command's help: what to type, and what for. */
export function examples(command: Command, lines: readonly (readonly [string, string])[]): Command {
  return command.addHelpText("after", () => {
    const width = Math.max(...lines.map(([text]) => text.length));
    const shown = lines.map(([text, purpose]) => `  $ cellphone ${text.padEnd(width)}  ${purpose}`);
    const title = lines.length === 1 ? "Example:" : "Examples:";
    return `\n${command.createHelp().styleTitle(title)}\n${shown.map((s) => s.trimEnd()).join("\n")}`;
  });
}

/** A duration such as 30s, 10m, 1h30m or a bare number of seconds, into milliseconds. */
export function durationMs(text: string): number {
  const bare = text.trim() === "" ? Number.NaN : Number(text);
  const parsed = Number.isFinite(bare) && bare >= 0 ? bare * 1000 : parseDurationMs(text);
  if (parsed === undefined) throw new InvalidArgumentError("Write a duration such as 30s or 10m.");
  return parsed;
}

/** A whole number of at least one. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError("Write a whole number of at least 1.");
  }
  return value;
}

/** A TCP port; 0 lets the system choose. */
export function port(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("Write a port from 0 to 65535.");
  }
  return value;
}

/** Any finite number. */
export function finiteNumber(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("Write a finite number.");
  return value;
}

/** Collects a repeatable option; commas separate too. */
export function list(text: string, before: readonly string[] = []): readonly string[] {
  const parts = text.split(",").map((part) => part.trim());
  return [...before, ...parts.filter((part) => part !== "")];
}

/** Collects `key=value` pairs of a repeatable option. */
export function pairs(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write key=value.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** The words an option may be, in the order people expect them. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words);
}

/** A sustained rate, and how many at once from rest. */
export interface Rate {
  readonly requestsPerMinute: number;
  readonly burst?: number;
}

/** A rate such as `100`, or `100/20` with a burst. */
export function rate(text: string): Rate {
  const match = /^(\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("Write calls per minute: 100, or 100/20.");
  const requestsPerMinute = Number(match[1]);
  return match[2] === undefined
    ? { requestsPerMinute }
    : { requestsPerMinute, burst: Number(match[2]) };
}

/** One header field. */
export interface HeaderField {
  readonly header: string;
  readonly value: string;
}

/** A header field such as `authorization=Bearer ${KEY}`. */
export function headerField(text: string): HeaderField {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write header=value.");
  return { header: text.slice(0, at).trim().toLowerCase(), value: text.slice(at + 1) };
}
