// A peer of the benchmark "gateway" in a process of its own: node bench/gateway-peer.ts KIND
// UPSTREAM. Says its port over the IPC channel.

import { createServer } from "node:net";

import httpProxy from "@fastify/http-proxy";
import gateway from "fast-gateway";
import fastify from "fastify";

/** `@fastify/http-proxy` as its documentation sets it up. */
async function startHttpProxy(upstream: string): Promise<number> {
  const server = fastify({ logger: false });
  await server.register(httpProxy, { upstream, prefix: "/v1/users", rewritePrefix: "/users" });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return Number(new URL(url).port);
}

/** `fast-gateway` as its documentation sets it up. */
async function startFastGateway(upstream: string): Promise<number> {
  const port = await freePort();
  const server = gateway({ routes: [{ prefix: "/v1", target: upstream }] });
  await server.start(port, "127.0.0.1");
  return port;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const [kind, upstream = ""] = process.argv.slice(2);
const port = await (kind === "http-proxy" ? startHttpProxy(upstream) : startFastGateway(upstream));
process.on("disconnect", () => process.exit());
process.send?.(port);
