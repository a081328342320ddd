// Whatever is thrown becomes one problem+json (RFC 9457) with our code and remedy.

import { z } from "zod";

import { CellphoneError, nearMatches, toProblem } from "../core/index.ts";
import type { ProblemDetails } from "../core/index.ts";

import { ServerError } from "./errors.ts";
import { serverLimits } from "./limits.ts";

/** Media type of problem details. */
export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** What fastify's own errors mean in our words. */
const FASTIFY_CODES: Readonly<Record<string, ConstructorParameters<typeof ServerError>[0]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "server.body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "server.media_type_unsupported",
  FST_ERR_CTP_EMPTY_TYPE: "server.media_type_unsupported",
  FST_ERR_CTP_EMPTY_JSON_BODY: "server.json_malformed",
  FST_ERR_CTP_INVALID_JSON_BODY: "server.json_malformed",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "server.request_malformed",
  FST_ERR_BAD_URL: "server.request_malformed",
  FST_ERR_INVALID_URL: "server.request_malformed",
  FST_ERR_MAX_PARAM_LENGTH: "server.request_malformed",
  FST_ERR_REOPENED_CLOSE_SERVER: "server.closing",
};

/** The error to answer with; one we did not foresee becomes `server.internal`. */
export function toKnownError(error: unknown, requestId: string): CellphoneError {
  if (error instanceof CellphoneError) return error;
  if (error instanceof SyntaxError && "statusCode" in error && error.statusCode === 400) {
    return new ServerError("server.json_malformed", `The body is not JSON: ${error.message}`);
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = FASTIFY_CODES[code];
  if (known !== undefined && error instanceof Error) return new ServerError(known, error.message);
  return new ServerError("server.internal", `Something unforeseen went wrong (${requestId})`, {
    cause: error,
    details: { requestId },
  });
}

/** Why a body was not taken: it is no JSON, or JSON with a key that is refused. */
export function explainJson(error: Error, body: string): Error {
  try {
    JSON.parse(body.replace(/^\uFEFF/, ""));
  } catch {
    return error;
  }
  const message = 'A key "__proto__", or "constructor" with a "prototype", is refused everywhere';
  return new ServerError("server.input_invalid", message);
}

/** The body of an answer about an error. */
export function problemOf(error: CellphoneError): ProblemDetails {
  return toProblem(error);
}

/** The problem+json of one failed item of a batch. */
export function itemProblem(error: unknown): ProblemDetails {
  return toProblem(toKnownError(error, "batch"));
}

/** One field that does not fit. */
interface InputIssue {
  /** Where: `body.messages.3.priority`. */
  readonly path: string;
  readonly problem: string;
  readonly hint?: string;
}

/**
 * Parses one part of a request.
 * @param part `path`, `query` or `body`, for the message.
 * @throws ServerError `server.input_invalid` naming every field that does not fit.
 */
export function parseInput<Output>(
  schema: z.ZodType<Output>,
  value: unknown,
  part: string,
): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const most = serverLimits.inputIssues.value;
  const issues = parsed.error.issues
    .slice(0, most)
    .flatMap((issue) => describe(issue, schema, part, most))
    .slice(0, most);
  const [first] = issues;
  const others = countOf(parsed.error.issues) - 1;
  const more = others > 0 ? ` (and ${others} more)` : "";
  const hint = first?.hint === undefined ? "" : `; ${first.hint}`;
  const message = `${first?.path ?? part} ${first?.problem ?? "does not fit"}${hint}${more}`;
  throw new ServerError("server.input_invalid", message, { details: { issues } });
}

/** Problems in all: one issue may name many fields. */
function countOf(issues: readonly z.core.$ZodIssue[]): number {
  let count = 0;
  for (const issue of issues) {
    count += issue.code === "unrecognized_keys" ? issue.keys.length : 1;
  }
  return count;
}

function describe(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  part: string,
  most: number,
): InputIssue[] {
  const path = [part, ...issue.path.map(cut)].join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, most).map((key) => {
      const near = issue.path.length === 0 ? nearMatches(key, fieldsOf(schema), 1) : [];
      const problem = "is not a field of this request";
      const fieldPath = `${path}.${cut(key)}`;
      return near.length === 0
        ? { path: fieldPath, problem }
        : { path: fieldPath, problem, hint: `did you mean "${near[0]}"?` };
    });
  }
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  const message = issue.message.replace(/^Invalid input: /, "");
  return [{ path, problem: missing ? `is missing or of the wrong kind: ${message}` : message }];
}

/** A step of a path as it is told back: a key may be of any length. */
function cut(step: PropertyKey): string {
  const text = String(step);
  const most = serverLimits.inputIssueKey.value;
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function fieldsOf(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
