import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { docsPage } from "./docs-page.ts";
import { serverErrors } from "./errors.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { contentSecurityPolicy } from "./static-files.ts";
import { TestServer } from "./test-support/test-server.ts";

let server: TestServer;
let document: OpenApiDocument;

before(async () => {
  server = await TestServer.start();
  document = server.controlPlane.openApi();
});
after(() => server[Symbol.asyncDispose]());

/** Every object within a value. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield { ...value };
  for (const member of Object.values(value)) yield* objectsIn(member);
}

test("buildOpenApi() describes every documented route, with unique operation ids", () => {
  const documented = server.controlPlane.routes.filter((route) => route.undocumented !== true);
  assert.ok(documented.length > 60);
  const ids = new Set<string>();
  for (const route of documented) {
    const operation = document.paths[route.path]?.[route.method.toLowerCase()];
    assert.ok(operation, `${route.method} ${route.path}`);
    assert.ok(operation.summary !== "" && operation.tags.length === 1);
    ids.add(operation.operationId);
    for (const status of Object.keys(route.responses)) assert.ok(operation.responses[status]);
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const declared = operation.parameters.filter((parameter) => parameter["in"] === "path");
    assert.deepEqual(
      declared.map((parameter) => parameter["name"]),
      inPath,
      route.path,
    );
  }
  assert.equal(ids.size, documented.length);
});

test("buildOpenApi() refers only to shapes it holds", () => {
  const known = new Set(Object.keys(document.components.schemas));
  const references = [...objectsIn(document)]
    .map((object) => object["$ref"])
    .filter((reference) => typeof reference === "string");
  assert.ok(references.length > 50);
  for (const reference of references) {
    assert.match(reference, /^#\/components\/schemas\/\w+$/);
    assert.ok(known.has(reference.replace("#/components/schemas/", "")), reference);
  }
});

test("buildOpenApi() marks what is needed and what is not", () => {
  const series = document.paths["/api/v1/metrics/series"]?.["get"]?.parameters ?? [];
  const required = series.filter((parameter) => parameter["required"] === true);
  assert.deepEqual(
    required.map((parameter) => parameter["name"]),
    ["metric"],
  );
  assert.equal(document.paths["/healthz"]?.["get"]?.security.length, 0);
  assert.equal(document.paths["/api/v1/agents"]?.["get"]?.security.length, 3);
});

test("GET /api/openapi.json serves the document", async () => {
  const answer = await server.admin("GET", "/api/openapi.json");
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, JSON.parse(JSON.stringify(document)));
});

test("GET /api/docs shows every route with a curl line, and runs under its own policy", async () => {
  const answer = await server.admin("GET", "/api/docs");
  assert.equal(answer.status, 200);
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const { operationId } of operations) assert.ok(answer.text.includes(`id="${operationId}"`));
  assert.equal(answer.text.match(/<code>curl /g)?.length, operations.length + 1);
  assert.equal(answer.headers["content-security-policy"], contentSecurityPolicy(answer.text));
  assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(answer.text), "asks nobody else");
});

test("docsPage() escapes what it shows", () => {
  const hostile = { ...document, info: { ...document.info, description: "<img onerror=x>" } };
  assert.ok(!docsPage(hostile, "http://127.0.0.1", {}).includes("<img"));
});

test("docsPage() has an anchor for the type of every problem that can be answered", () => {
  const page = docsPage(document, "http://127.0.0.1", serverErrors);
  for (const code of Object.keys(serverErrors)) assert.ok(page.includes(`id="${code}"`), code);
});
