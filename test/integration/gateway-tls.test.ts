// A server with a certificate: agents enrol over https and call services through the gateway over
// https, with the SDKs of both languages, in processes that trust the certificate.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pathToFileURL } from "node:url";

import { makeCertificate } from "../support/certificate.ts";
import { requireDebian } from "../support/debian.ts";
import { startServer } from "../support/server.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CLIENT = pathToFileURL(path.join(ROOT, "src/client/index.ts")).href;

/** What both programs do: ask the gateway for a stream, and print where it is and what came. */
const TYPESCRIPT = `
const { connect } = await import(${JSON.stringify(CLIENT)});
const { ADMIN_KEY, SERVER_URL, SERVICE_URL } = process.env;
const headers = { authorization: "Bearer " + ADMIN_KEY, "content-type": "application/json" };
async function asAdmin(path, body) {
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return await (await fetch(SERVER_URL + path, init)).json();
}
await asAdmin("/api/v1/services", { id: "search", baseUrl: SERVICE_URL });
const { token } = await asAdmin("/api/v1/enrolments", {});
const phone = await connect({ url: SERVER_URL.replace("//", "//" + token + "@"), name: "worker" });
const answer = await phone.fetch("/v1/search/lines");
console.log(JSON.stringify([answer.url, await answer.text()]));
await phone.close({ drain: 0 });
`;

const PYTHON = `
import json, os, urllib.request
from agent_cellphone import Phone

def as_admin(path, body):
    headers = {"authorization": "Bearer " + os.environ["ADMIN_KEY"], "content-type": "application/json"}
    url = os.environ["SERVER_URL"] + path
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

as_admin("/api/v1/services", {"id": "search", "baseUrl": os.environ["SERVICE_URL"]})
token = as_admin("/api/v1/enrolments", {})["token"]
phone = Phone(name="snake", url=os.environ["SERVER_URL"].replace("//", "//" + token + "@"))
with phone.fetch("/v1/search/lines") as answer:
    print(json.dumps([line.decode() for line in answer]))
phone.close()
`;

/** Runs a program against a server with a certificate; what it printed, as JSON. */
async function runAgainstTls(t: TestContext, program: string, args: readonly string[]) {
  const certificate = makeCertificate(t);
  if (certificate === undefined) return undefined;
  const { certPath, keyPath } = certificate;
  const config = { "server.tlsCert": certPath, "server.tlsKey": keyPath, "gateway.workers": 1 };
  const server = await startServer(t, { config });
  const protos: unknown[] = [];
  const service = createServer((request, response) => {
    protos.push(request.headers["x-forwarded-proto"]);
    response.write("one\n");
    setImmediate(() => response.end("two\n"));
  });
  await once(service.listen(0, "127.0.0.1"), "listening");
  t.after(() => service.close());
  const address = service.address();
  assert.ok(typeof address === "object" && address !== null);
  const child = spawn(program, args, {
    env: {
      ...process.env,
      ADMIN_KEY: server.key,
      SERVER_URL: server.url,
      SERVICE_URL: `http://127.0.0.1:${address.port}`,
      NODE_EXTRA_CA_CERTS: certPath,
      SSL_CERT_FILE: certPath,
      PYTHONPATH: path.join(ROOT, "sdk/python"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await once(child, "close");
  assert.equal(child.exitCode, 0, said);
  assert.deepEqual(protos, ["https"]);
  const found: unknown = JSON.parse(said);
  return { found, gatewayUrl: server.switchboard.facts().gatewayUrl };
}

test("Phone.fetch() calls services over https where the server has a certificate", async (t) => {
  const args = ["--input-type=module", "-e", TYPESCRIPT];
  const ran = await runAgainstTls(t, process.execPath, args);
  if (ran === undefined) return;
  assert.match(ran.gatewayUrl ?? "", /^https:\/\/127\.0\.0\.1:\d+$/);
  const url = `${String(ran.gatewayUrl)}/v1/search/lines`;
  assert.deepEqual(ran.found, [url, "one\ntwo\n"]);
});

test("Phone.fetch() of the Python SDK does so, too", async (t) => {
  const python = requireDebian(t, "python3");
  if (python === undefined) return;
  const ran = await runAgainstTls(t, python, ["-c", PYTHON]);
  if (ran !== undefined) assert.deepEqual(ran.found, ["one\n", "two\n"]);
});
