// A proxy that loses answers: the request arrives and is carried out, and the caller never hears.

import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/**
 * Starts a proxy before a server; closed with the test.
 * @param loses decides, per request, whether its answer gets lost.
 * @returns its URL.
 */
export async function lossyProxy(
  t: Pick<TestContext, "after">,
  target: string,
  loses: (method: string, path: string) => boolean,
): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    const upstream = request(target + url, { method, headers }, (answer) => {
      if (loses(method, url)) {
        answer.resume().on("end", () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.destroy());
    incoming.pipe(upstream);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has one of these
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
