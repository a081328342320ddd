// Bodies, parsed or handed on as bytes. Gzipped bytes are inflated off the main thread and never
// beyond their bound, so that a small bomb stays small.

import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import type { FastifyInstance, FastifyRequest } from "fastify";

import { ServerError } from "./errors.ts";
import { serverLimits } from "./limits.ts";
import { parseInput } from "./problem.ts";
import type { Route } from "./route.ts";

const inflate = promisify(gunzip);

/** Makes routes of this scope take any body as bytes. */
export function takeBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, body);
  });
}

/** The body as its route wants it: parsed, as bytes, or none. */
export async function bodyOf(route: Route, request: FastifyRequest): Promise<unknown> {
  if (route.rawBody !== undefined) return inflated(request, route.bodyBytesMax);
  return route.body === undefined ? undefined : parseInput(route.body, request.body ?? {}, "body");
}

/**
 * The bytes of a body.
 * @param bytesMax bound of what it inflates to.
 * @throws ServerError `server.input_invalid`, `server.body_too_large`,
 *   `server.media_type_unsupported`.
 */
async function inflated(
  request: FastifyRequest,
  bytesMax: number = serverLimits.bodyBytes.value,
): Promise<Uint8Array> {
  const { body, headers } = request;
  if (!(body instanceof Uint8Array) || body.length === 0) {
    throw new ServerError("server.input_invalid", "The body is empty");
  }
  const encoding = headers["content-encoding"]?.toLowerCase() ?? "identity";
  if (encoding === "identity") return body;
  if (encoding !== "gzip") {
    const message = `The content-encoding "${encoding}" is not supported: send gzip, or none`;
    throw new ServerError("server.media_type_unsupported", message);
  }
  try {
    return await inflate(body, { maxOutputLength: bytesMax });
  } catch (cause) {
    if (cause instanceof RangeError) {
      const message = `The body inflates to more than ${bytesMax} bytes`;
      throw new ServerError("server.body_too_large", message, { cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError("server.input_invalid", `The body is not gzip: ${reason}`, { cause });
  }
}
