// What is read off a request and its connection, whatever the route.

import type { FastifyReply, FastifyRequest } from "fastify";

/** A header that came once; undefined otherwise. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A person's browser asking for a page rather than a program asking for data. */
export function isPageRequest(request: FastifyRequest): boolean {
  const wantsPage = request.headers.accept?.includes("text/html") === true;
  return request.method === "GET" && wantsPage && !request.url.startsWith("/api/v1/");
}

/** Aborts when the client leaves before it has its answer. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
