import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";

import { makeCertificate } from "../../test/support/certificate.ts";
import { AuditLog, IdentityService, VolatileSecurityStore } from "../security/index.ts";
import type { ServerOptions } from "./config.ts";
import { createControlPlane } from "./control-plane.ts";
import type { ControlPlane } from "./control-plane.ts";
import { serverLimits } from "./limits.ts";
import { DrainableServer, isLoopback, listenOnPort, readTlsFiles } from "./listeners.ts";
import { TestFleet } from "./test-support/test-fleet.ts";

/** Planes of the test under way; closed even when it fails, or the process would never end. */
const planes: ControlPlane[] = [];

afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
});

function controlPlane(options: ServerOptions): ControlPlane {
  const store = new VolatileSecurityStore();
  const identities = new IdentityService({}, { store });
  const audit = new AuditLog({ store });
  const dependencies = { fleet: new TestFleet(), identities, audit };
  const plane = createControlPlane({ port: 0, ...options }, dependencies);
  planes.push(plane);
  return plane;
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "cellphone-listen-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("ControlPlane.listen() names a taken port and the remedy, and can be tried again", async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, "127.0.0.1", () => {
      const address = other.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const refused = controlPlane({ port });
  await assert.rejects(refused.listen(), {
    code: "server.port_taken",
    message: `Port ${port} on 127.0.0.1 is taken by another program`,
    details: { host: "127.0.0.1", port },
  });
  await new Promise((resolve) => other.close(resolve));
  assert.equal((await refused.listen()).port, port);
  await refused.close();
});

test("ControlPlane.listen() names an address that is not this machine's", async () => {
  const elsewhere = controlPlane({ host: "192.0.2.1", allowInsecure: true });
  await assert.rejects(elsewhere.listen(), { code: "server.address_unavailable" });
});

test("createControlPlane() refuses to listen beyond loopback in the clear, unless told", () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org"]) {
    assert.throws(() => controlPlane({ host }), { code: "server.insecure_binding" }, host);
    controlPlane({ host, allowInsecure: true });
  }
  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) {
    assert.ok(isLoopback(host), host);
    controlPlane({ host });
  }
});

test("createControlPlane() says which certificate cannot be used", () => {
  const options = { host: "0.0.0.0", tlsCert: "/nowhere/cert.pem", tlsKey: "/nowhere/key.pem" };
  assert.throws(() => controlPlane(options), {
    code: "server.tls_unreadable",
    message: /\/nowhere\/cert\.pem/,
  });
});

test("ControlPlane.listen() speaks TLS with the given files, and makes its cookies Secure", async (t) => {
  const certificate = makeCertificate(t);
  if (certificate === undefined) return;
  const { cert: ca, certPath: tlsCert, keyPath: tlsKey } = certificate;
  const plane = controlPlane({ host: "0.0.0.0", tlsCert, tlsKey });
  const { url, port } = await plane.listen();
  assert.equal(url, `https://127.0.0.1:${port}`);
  const status = await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/healthz", ca, agent: false as const };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
  assert.equal(status, 200);
  await plane.close();
});

test("readTlsFiles() refuses a certificate and a key that do not belong together", (t) => {
  const [one, other] = [makeCertificate(t), makeCertificate(t)];
  if (one === undefined || other === undefined) return;
  assert.throws(() => readTlsFiles(one.certPath, other.keyPath), {
    code: "server.tls_unreadable",
    message: /mismatch/,
  });
  assert.throws(() => readTlsFiles(one.certPath, ""), { code: "server.tls_unreadable" });
  assert.equal(readTlsFiles("", ""), undefined);
});

test("ControlPlane.listen() makes the socket for this user only, over one left behind", async () => {
  await inFolder(async (folder) => {
    const socketPath = join(folder, "control.sock");
    await writeFile(socketPath, "left behind");
    const plane = controlPlane({ socketPath });
    await plane.listen();
    const facts = await stat(socketPath);
    assert.ok(facts.isSocket());
    assert.equal(facts.mode & 0o777, 0o600);
    const second = controlPlane({ socketPath });
    await assert.rejects(second.listen(), { code: "server.socket_taken" });
    await plane.close();
  });
});

test("ControlPlane.listen() refuses a socket path that is too long, in words", async () => {
  const plane = controlPlane({ socketPath: `/tmp/${"x".repeat(120)}/control.sock` });
  await assert.rejects(plane.listen(), { code: "server.socket_unusable", message: /107 bytes/ });
});

test("ControlPlane.close() does not wait for sockets opened ahead of any request", async () => {
  const plane = controlPlane({});
  const { port } = await plane.listen();
  const ahead = connect(port, "127.0.0.1");
  await once(ahead, "connect");
  const ended = once(ahead, "close");
  // A request on another socket makes sure that the server has seen the first one.
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  await plane.close();
  await ended;
});

test("DrainableServer closes connections on which nothing moves", async () => {
  const server = new DrainableServer((_, response) => void response.writeHead(200), undefined);
  assert.equal(server.http.timeout, serverLimits.stillMs.value);
  server.http.setTimeout(100);
  const port = await listenOnPort(server.http, "127.0.0.1", 0);
  const answer = fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5000) });
  await assert.rejects(answer, (error) => error instanceof TypeError);
  await server.drain();
});
