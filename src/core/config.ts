// The form of every component's `config.ts`: a zod object whose fields carry their unit, default
// and description as metadata, so that the page, the CLI and the parser cannot disagree.

import { z } from "zod";

import { parseDurationMs } from "./duration.ts";

/** Units an option may be counted in; durations also accept strings such as "60s". */
export type OptionUnit = "s" | "ms" | "days" | "items" | "bytes" | "ratio" | "port" | "percent";

const UNIT_MS: Readonly<Partial<Record<OptionUnit, number>>> = { s: 1000, ms: 1, days: 86_400_000 };

/** An option that is a number once parsed, and may be left out. */
export type NumberOption = z.ZodDefault<z.ZodType<number, number | string>>;

/** What one option is for, shown in docs/configuration.md and `cellphone config`. */
export interface OptionMetadata {
  readonly description: string;
  readonly unit?: OptionUnit;
}

/**
 * A duration option, in `unit`; a string such as "90s" or "1h30m" is converted to that unit.
 * @param unit what a bare number counts, and what the parsed option holds.
 * @param defaultValue in `unit`.
 * @param range smallest and largest value allowed, in `unit`.
 */
export function durationOption(
  unit: "s" | "ms" | "days",
  defaultValue: number,
  description: string,
  range: { readonly min: number; readonly max: number },
): NumberOption {
  const unitMs = UNIT_MS[unit] ?? 1;
  const inRange = z.number().min(range.min).max(range.max);
  const parsed = z
    .union([z.number(), z.string()])
    .transform((value, context): number => {
      const number = typeof value === "number" ? value : fromText(value, unitMs);
      if (Number.isFinite(number)) return number;
      context.issues.push({
        code: "custom",
        input: value,
        message: `"${value}" is no duration: write a number of ${unit} or text like "60s"`,
      });
      return z.NEVER;
    })
    .pipe(inRange);
  const metadata: OptionMetadata = { description, unit };
  return parsed.default(defaultValue).meta({ ...metadata });
}

/** A whole-number option; text digits (from the environment or a flag) are converted. */
export function countOption(
  unit: OptionUnit,
  defaultValue: number,
  description: string,
  range: { readonly min: number; readonly max: number },
): NumberOption {
  const inRange = z.number().int().min(range.min).max(range.max);
  const digits = z.string().regex(/^\s*-?\d+\s*$/, "is no whole number");
  const parsed = z.union([z.number(), digits]).transform(Number).pipe(inRange);
  const metadata: OptionMetadata = { description, unit };
  return parsed.default(defaultValue).meta({ ...metadata });
}

/** A yes/no option; "true", "false", "1", "0", "yes", "no" are understood. */
export function flagOption(
  defaultValue: boolean,
  description: string,
): z.ZodDefault<z.ZodType<boolean, boolean | string>> {
  const metadata: OptionMetadata = { description };
  return z
    .union([z.boolean(), z.stringbool()])
    .default(defaultValue)
    .meta({ ...metadata });
}

/** A text option. */
export function textOption(defaultValue: string, description: string): z.ZodDefault<z.ZodString> {
  return z.string().default(defaultValue).meta({ description });
}

function fromText(text: string, unitMs: number): number {
  const bare = Number(text);
  if (text.trim() !== "" && Number.isFinite(bare)) return bare;
  const durationMs = parseDurationMs(text);
  return durationMs === undefined ? Number.NaN : durationMs / unitMs;
}
