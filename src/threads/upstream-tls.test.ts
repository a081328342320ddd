// Real services behind https, called by both planes and asked by health checks, in a process that
// was started as a server is: NODE_EXTRA_CA_CERTS counts from the start only.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";

import { requireDebian } from "../../test/support/debian.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const GATEWAY = path.join(import.meta.dirname, "../gateway/index.ts");
const THREADS = path.join(import.meta.dirname, "index.ts");

/** Registers `urls`, calls and checks each through both planes, and prints what came of it. */
const CALLER = `
  import { APIGateway } from ${JSON.stringify(GATEWAY)};
  import { WorkerDataPlane } from ${JSON.stringify(THREADS)};
  const urls = JSON.parse(process.argv[2]);
  const found = {};
  for (const kind of ["thread", "workers"]) {
    const plane = kind === "workers" ? new WorkerDataPlane({ workers: 1 }) : undefined;
    const gateway = new APIGateway({ anonymous: true, port: 0 }, plane ? { plane } : {});
    const { url } = await (plane === undefined ? gateway.startGateway() : plane.listen());
    await gateway.start();
    for (const [id, baseUrl] of Object.entries(urls)) {
      await gateway.registerService({ id, baseUrl, healthCheckUrl: baseUrl });
      const answer = await fetch(url + "/v1/" + id + "/");
      const problem = await answer.json();
      const { status, reason } = await gateway.checkHealth(id);
      found[kind + " " + id] = [answer.status, problem.code ?? problem, status, reason];
    }
    await gateway.stop();
    await plane?.close();
  }
  console.log(JSON.stringify(found));
`;

/** Signs certificates, as a company's own authority does. */
class Authority {
  readonly certificate: string;
  readonly #openssl: string;
  readonly #folder: string;
  readonly #name: string;

  constructor(openssl: string, folder: string, name: string) {
    this.#openssl = openssl;
    this.#folder = folder;
    this.#name = name;
    this.certificate = path.join(folder, `${name}.pem`);
    this.#run("req", "-x509", "-subj", `/CN=${name}`, ...this.#newKey(name), "-out", `${name}.pem`);
  }

  sign(name: string, host: string): { readonly key: Buffer; readonly cert: Buffer } {
    this.#run("req", "-subj", `/CN=${name}`, ...this.#newKey(name), "-out", `${name}.csr`);
    writeFileSync(path.join(this.#folder, `${name}.ext`), `subjectAltName=DNS:${host}\n`);
    const signer = ["-CA", `${this.#name}.pem`, "-CAkey", `${this.#name}.key`, "-CAcreateserial"];
    const files = ["-in", `${name}.csr`, "-extfile", `${name}.ext`, "-out", `${name}.pem`];
    this.#run("x509", "-req", "-days", "1", ...signer, ...files);
    return { key: this.#read(`${name}.key`), cert: this.#read(`${name}.pem`) };
  }

  #newKey(name: string): string[] {
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    return ["-nodes", ...kind, "-keyout", `${name}.key`];
  }

  #run(...options: string[]): void {
    execFileSync(this.#openssl, options, { cwd: this.#folder, stdio: "ignore" });
  }

  #read(file: string): Buffer {
    return readFileSync(path.join(this.#folder, file));
  }
}

async function serve(
  t: TestContext,
  certificate: { readonly key: Buffer; readonly cert: Buffer },
): Promise<string> {
  const server = createServer(certificate, (_, response) => response.end('"here"'));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

test("A gateway trusts NODE_EXTRA_CA_CERTS in all its threads, and refuses other authorities and names", async (t) => {
  const openssl = requireDebian(t, "openssl");
  if (openssl === undefined) return;
  const folder = temporaryFolder(t);
  const ours = new Authority(openssl, folder, "ours");
  const theirs = new Authority(openssl, folder, "theirs");
  const urls = {
    good: await serve(t, ours.sign("good", "localhost")),
    misnamed: await serve(t, ours.sign("misnamed", "elsewhere.example")),
    foreign: await serve(t, theirs.sign("foreign", "localhost")),
  };
  const caller = path.join(folder, "caller.mjs");
  writeFileSync(caller, CALLER);
  const options = [caller, JSON.stringify(urls)];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ours.certificate };
  const { stdout } = await promisify(execFile)(process.execPath, options, { env });
  const good = [200, "here", "healthy", "answered 200"];
  const refused = [502, "gateway.upstream_untrusted", "unhealthy"];
  const misnamed = "TLS: its certificate is for another host";
  const foreign = "TLS: unable to verify the first certificate";
  assert.deepEqual(JSON.parse(stdout), {
    "thread good": good,
    "thread misnamed": [...refused, misnamed],
    "thread foreign": [...refused, foreign],
    "workers good": good,
    "workers misnamed": [...refused, misnamed],
    "workers foreign": [...refused, foreign],
  });
});
