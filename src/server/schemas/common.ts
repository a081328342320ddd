// Fields that many routes share.

import { z } from "zod";

import { NAME_PATTERN } from "../../core/index.ts";
import type { JsonObject, JsonValue } from "../../core/index.ts";
import { serverLimits } from "../limits.ts";
import { isTraceparent } from "../trace-context.ts";

/** What the OpenAPI document adds to a schema: its name, the name it stands for, or its words. */
type DocumentMetadata = {
  readonly id?: string;
  readonly $ref?: string;
  readonly [keyword: string]: unknown;
};

/** Schemas with a name of their own in the OpenAPI document. */
export const namedSchemas: z.core.$ZodRegistry<DocumentMetadata> = z.registry<DocumentMetadata>();

/** Gives a schema its name in the OpenAPI document. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  namedSchemas.add(schema, { id });
  return schema;
}

/** Documents a schema, which takes more at first, as the named one. */
export function standsFor<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  namedSchemas.add(schema, { $ref: `#/components/schemas/${id}` });
  return schema;
}

/** An agent id, metric name, message type or namespace. */
export const nameSchema = z
  .string()
  .regex(
    NAME_PATTERN,
    "must be 1 to 128 letters, digits and _ . : -, starting with one of the first two",
  )
  .describe("Letters, digits and _ . : -, starting with a letter or digit; 1 to 128 characters");

/** An id the server made. */
export const idSchema = z.string().min(1).max(256);

/** Free words of a person or an agent. */
export const noteSchema = z.string().max(2000);

/** The trace that a message or task carries. */
export const traceparentSchema = z
  .string()
  .refine(isTraceparent, "is no W3C traceparent (00-<trace id>-<span id>-<flags>)");

/** Any JSON value, nested no deeper than the limit. */
export const jsonValueSchema: z.ZodType<JsonValue> = z
  // What JSON.parse returned is a JsonValue; nothing else reaches these schemas.
  .custom<JsonValue>((value) => value !== undefined, "is missing")
  .refine(isShallow, `is nested deeper than ${serverLimits.jsonDepth.value} levels`)
  .describe("Any JSON value");

/** A JSON object. */
export const jsonObjectSchema: z.ZodType<JsonObject> = z
  .record(
    z.string(),
    z.custom<JsonValue>((value) => value !== undefined),
  )
  .refine(isShallow, `is nested deeper than ${serverLimits.jsonDepth.value} levels`)
  .describe("A JSON object");

/** An instant in milliseconds since the Unix epoch. */
export const instantSchema = z.number().describe("Milliseconds since the Unix epoch");

/**
 * A number in a query string. An empty value is refused: Number("") is 0, and nobody who leaves
 * a field empty asks for the first instant of 1970.
 */
export function numberParameter(schema: z.ZodNumber, description?: string): z.ZodType<number> {
  const parameter = z.preprocess(toNumber, schema);
  const { $schema: _, ...words } = z.toJSONSchema(schema);
  namedSchemas.add(parameter, description === undefined ? words : { ...words, description });
  return parameter;
}

function toNumber(text: unknown): unknown {
  if (typeof text !== "string") return text;
  return text.trim() === "" ? Number.NaN : Number(text);
}

const instantNumber = z
  .number("must be milliseconds since the Unix epoch")
  .min(0)
  .max(8_640_000_000_000_000);
const instantParameter = numberParameter(instantNumber, "Milliseconds since the Unix epoch");

/** `fromMs` and `toMs` of a query string. */
export const rangeParameters = {
  fromMs: instantParameter.exactOptional(),
  toMs: instantParameter.exactOptional(),
};

/** Where a page begins of a list that is sorted by time, newest first. */
export const placeParameters = {
  beforeMs: numberParameter(
    instantNumber,
    "Only what is older than this; with beforeId, of this instant what comes after it",
  ).exactOptional(),
  beforeId: idSchema
    .exactOptional()
    .describe(
      "Only what comes after this one, the last of the page before; with beforeMs, after the " +
        "place it had on that page",
    ),
};

/** A count in a query string. */
export function countParameter(most: number = serverLimits.listItems.value): z.ZodType<number> {
  return numberParameter(
    z.number(`must be a whole number from 1 to ${most}`).int().min(1).max(most),
  );
}

/** `waitMs` of a query string: how long to wait for what is asked for. */
export function waitParameter(): z.ZodType<number> {
  const most = serverLimits.waitMs.value;
  return numberParameter(
    z.number(`must be whole milliseconds from 0 to ${most}`).int().min(0).max(most),
  );
}

/** Path parameters of a route about one agent. */
export const agentParams = z.strictObject({ id: nameSchema });

/** Path parameters of a route about one thing the server made. */
export const idParams = z.strictObject({ id: idSchema });

/** Problem details, as every error answers. */
export const problemSchema = named(
  "Problem",
  z
    .looseObject({
      type: z.string(),
      title: z.string(),
      status: z.number().int(),
      detail: z.string(),
      code: z.string().describe("Dotted code; see the errors page"),
      remedy: z.string().describe("What to do about it"),
      retryable: z.boolean(),
    })
    .describe("RFC 9457 problem details"),
);

/** Measures nesting without recursion, so that the measuring cannot overflow either. */
function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= serverLimits.jsonDepth.value; depth++) {
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === "object" && item !== null) {
        for (const member of Object.values(item)) next.push(member);
      }
    }
    if (next.length === 0) return true;
    level = next;
  }
  return false;
}
