import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { Alert } from "../dashboard/index.ts";
import type { AuditEntry } from "../security/index.ts";
import type { TraceSpan, TraceView } from "../server/index.ts";
import { Terminal } from "./terminal.ts";
import { printWaterfall } from "./waterfall.ts";

function span(
  id: string,
  parentId: string | null,
  fromMs: number,
  more: Partial<TraceSpan> = {},
): TraceSpan {
  const ref: TraceSpan["ref"] = { kind: "span", id };
  const times = { fromMs, toMs: fromMs + 10 };
  const rest = { agentId: null, ok: true, detail: null, ref };
  return { id, parentId, kind: "code", name: id, ...times, ...rest, ...more };
}

function print(spans: readonly TraceSpan[], more: Partial<TraceView> = {}): string[] {
  let text = "";
  const out = new Terminal({ write: (part) => (text += part) }, {});
  const traceId = "ab".repeat(16);
  printWaterfall(out, { traceId, fromMs: 0, toMs: 100, spans, alerts: [], audit: [], ...more });
  return text.trimEnd().split("\n");
}

test("printWaterfall() puts spans under their parents, in order of their start", () => {
  const spans = [span("c", "a", 50), span("b", "a", 20), span("a", null, 0), span("d", "b", 25)];
  const names = print(spans)
    .slice(1)
    .map((line) => /^( *)\w+ (\w)/.exec(line)?.slice(1, 3));
  assert.deepEqual(names, [
    ["  ", "a"],
    ["    ", "b"],
    ["      ", "d"],
    ["    ", "c"],
  ]);
});

test("printWaterfall() draws where a span was: filled, light while it waited, open while it runs", () => {
  const [, first = "", second = "", third = ""] = print([
    span("a", null, 0, { toMs: 50 }),
    span("b", null, 50, { kind: "wait", toMs: 100 }),
    span("c", null, 90, { toMs: null, ok: null }),
  ]);
  const width = third.indexOf("▶") + 1 - first.indexOf("█");
  assert.equal(first.match(/█/g)?.length, width / 2);
  assert.equal(second.indexOf("░") - first.indexOf("█"), width / 2);
  assert.match(third, /runs +█+▶$/);
});

test("printWaterfall() says why a span failed, and shows alerts and changes", () => {
  const alert: Alert = {
    id: "alert_1",
    namespace: "default",
    key: "service_failing:search",
    rule: "service_failing",
    level: "error",
    message: "search fails",
    source: "service:search",
    labels: {},
    context: {},
    agentIds: [],
    traceId: null,
    value: null,
    threshold: null,
    state: "firing",
    startsAtMs: 5,
    updatedAtMs: 5,
    endsAtMs: null,
    count: 1,
    raised: 1,
    acknowledged: null,
    notifiedAtMs: null,
  };
  const entry: AuditEntry = {
    id: "audit_1",
    atMs: 6,
    namespace: "default",
    actor: "admin",
    via: "key",
    action: "service.limit",
    resource: "service:search",
    outcome: "done",
    reason: null,
    details: {},
    traceparent: null,
  };
  const parts = { alerts: [alert], audit: [entry] };
  const text = print([span("a", null, 0, { ok: false, detail: "answered 503" })], parts).join("\n");
  assert.match(text, /answered 503/);
  assert.match(text, /✕ error .* search fails/);
  assert.match(text, /admin service\.limit service:search: done/);
});

test("printWaterfall() prints every span once, whatever their parents are", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const parent = fc.option(fc.constantFrom(...ids, "missing"));
  fc.assert(
    fc.property(fc.array(parent, { minLength: 5, maxLength: 5 }), (parents) => {
      const lines = print(ids.map((id, index) => span(id, parents[index] ?? null, index)));
      const printed = lines.slice(1).map((line) => /\w+ (\w)/.exec(line)?.[1]);
      assert.deepEqual(printed.toSorted(byName), ids);
    }),
  );
});

function byName(a: string = "", b: string = ""): number {
  return a < b ? -1 : 1;
}
