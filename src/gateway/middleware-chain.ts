// Middleware, one around the other: the first one sees a call first and its answer last.

import type { GatewayRequest, GatewayResponse, Middleware } from "./call.ts";
import { GatewayError } from "./errors.ts";

/** Middleware that is imported where calls run: in every worker. */
export interface MiddlewareModule {
  /** File URL or absolute path of a module whose default export makes a {@link Middleware}. */
  readonly module: string;
  /** Handed to it. */
  readonly options?: unknown;
}

/** What a middleware module exports by default. */
export type MiddlewareFactory = (options: unknown) => Middleware | Promise<Middleware>;

/**
 * Runs a call through all of them.
 * @param last what the last one's `next` does.
 * @throws whatever a middleware throws; an Error when one calls `next` a second time.
 */
export function runMiddleware(
  chain: readonly Middleware[],
  request: GatewayRequest,
  last: (request: GatewayRequest) => Promise<GatewayResponse>,
): Promise<GatewayResponse> {
  const run = async (index: number, seen: GatewayRequest): Promise<GatewayResponse> => {
    const middleware = chain[index];
    if (middleware === undefined) return last(seen);
    let isCalled = false;
    const answer: unknown = await middleware(seen, async (changed) => {
      if (isCalled) {
        const name = middleware.name === "" ? `number ${index + 1}` : `"${middleware.name}"`;
        throw new Error(`Middleware ${name} called next() a second time: a call is sent once`);
      }
      isCalled = true;
      return run(index + 1, changed ?? seen);
    });
    if (isResponse(answer)) return answer;
    const name = middleware.name === "" ? `number ${index + 1}` : `"${middleware.name}"`;
    throw new TypeError(`Middleware ${name} returned no response: { status, headers, body }`);
  };
  return run(0, request);
}

function isResponse(value: unknown): value is GatewayResponse {
  if (typeof value !== "object" || value === null) return false;
  if (!("status" in value) || !("headers" in value)) return false;
  const { status, headers } = value;
  const isStatus = typeof status === "number" && Number.isInteger(status);
  if (!isStatus || status < 101 || status > 599 || (status > 101 && status < 200)) return false;
  return typeof headers === "object" && headers !== null;
}

/**
 * Imports middleware modules, in order.
 * @throws GatewayError `gateway.middleware_failed` naming the module that cannot be used.
 */
export async function loadMiddleware(modules: readonly MiddlewareModule[]): Promise<Middleware[]> {
  return Promise.all(modules.map(loadOne));
}

async function loadOne({ module, options }: MiddlewareModule): Promise<Middleware> {
  try {
    const loaded: { readonly default?: unknown } = await import(module);
    if (typeof loaded.default !== "function") throw new TypeError("it has no default function");
    const middleware: unknown = await loaded.default(options);
    if (typeof middleware !== "function") throw new TypeError("it made no middleware function");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only its calls can tell more
    return middleware as Middleware;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `Middleware module "${module}" cannot be used: ${reason}`;
    throw new GatewayError("gateway.middleware_failed", message, { cause });
  }
}
