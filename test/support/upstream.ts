// A service of a test: a real HTTP server that answers as it is told.

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** A running upstream. */
export interface Upstream {
  readonly url: string;
  /** What it was asked, in order. */
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** How it answers from the next request on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Starts an upstream that answers 200 with JSON; it ends with the test. */
export async function startUpstream(t: Pick<TestContext, "after">): Promise<Upstream> {
  const upstream: Upstream = {
    url: "",
    requests: [],
    answer: (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"ok":true}');
    },
  };
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    upstream.requests.push({ method, url, headers });
    upstream.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server of TCP
  const { port } = server.address() as AddressInfo;
  return Object.assign(upstream, { url: `http://127.0.0.1:${port}` });
}
