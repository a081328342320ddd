import assert from "node:assert/strict";
import { test } from "node:test";

import { makeCertificate } from "../test/support/certificate.ts";
import { loadConfiguration } from "./configuration/index.ts";
import { noComponentLog } from "./core/index.ts";
import { createDataPlane } from "./gateway-listener.ts";

function planeOf(flags: Readonly<Record<string, unknown>>) {
  const configuration = loadConfiguration({ flags: { "gateway.workers": 1, ...flags } });
  return createDataPlane(configuration, noComponentLog);
}

test("createDataPlane() refuses to listen beyond loopback in the clear, unless told", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org"]) {
    assert.throws(() => planeOf({ "gateway.host": host }), {
      code: "server.insecure_binding",
      message: `Listening on ${host} (gateway.host) would let the network read every key`,
    });
    await planeOf({ "gateway.host": host, "server.allowInsecure": true }).close();
  }
  await planeOf({ "gateway.host": "127.0.0.1" }).close();
});

test("createDataPlane() says which certificate cannot be used", () => {
  const flags = { "server.tlsCert": "/nowhere/cert.pem", "server.tlsKey": "/nowhere/key.pem" };
  assert.throws(() => planeOf(flags), {
    code: "server.tls_unreadable",
    message: /\/nowhere\/cert\.pem/,
  });
});

test("createDataPlane() speaks TLS beyond loopback with the server's certificate", async (t) => {
  const certificate = makeCertificate(t);
  if (certificate === undefined) return;
  const plane = planeOf({
    "gateway.host": "0.0.0.0",
    "gateway.port": 0,
    "server.tlsCert": certificate.certPath,
    "server.tlsKey": certificate.keyPath,
  });
  t.after(() => plane.close(0));
  const { port, url } = await plane.listen();
  assert.equal(url, `https://127.0.0.1:${port}`);
});
