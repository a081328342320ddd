// What the demo's services share: an HTTP server on a free port of loopback that says over its
// process's channel where it listens, and takes from there how it should behave.

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** How a service behaves: as it should, answering 503, or late. */
export type ServiceMode = "well" | "failing" | "slow";

/** Tells the director where the service listens. */
export interface ServiceGreeting {
  readonly port: number;
}

/** Tells the service how to behave. */
export interface ServiceOrder {
  readonly mode: ServiceMode;
}

const SLOW_MS = 1500;
const MOST_BODY_BYTES = 65_536;

/** Answers requests until the director's process is gone. */
export function serve(
  answer: (request: IncomingMessage, url: URL, response: ServerResponse) => Promise<void> | void,
): void {
  let mode: ServiceMode = "well";
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(asError(error)));
  });
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (mode === "failing") return sendJson(response, 503, { error: "out of order" });
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname === "/health") return sendJson(response, 200, { status: "ok" });
    if (mode === "slow") await sleep(SLOW_MS);
    await answer(request, url, response);
  }
  process.on("message", (order: ServiceOrder) => {
    mode = order.mode;
  });
  process.on("disconnect", () => process.exit(0));
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("no port");
    const greeting: ServiceGreeting = { port: address.port };
    process.send?.(greeting);
  });
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** The request's body as JSON. @throws SyntaxError, or RangeError when it is too long. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MOST_BODY_BYTES) throw new RangeError("the body is too long");
  }
  return JSON.parse(text);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
