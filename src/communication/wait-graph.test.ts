import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { makeMail } from "./test-support/test-bench.ts";
import { WaitGraph, requestOf } from "./wait-graph.ts";

let asked = 0;
function ask(graph: WaitGraph, from: string, to: string, sinceMs = 0): string {
  const { message, delivery } = makeMail(++asked, { senderId: from });
  graph.open(requestOf(message, { ...delivery, recipientId: to }), sinceMs);
  return message.id;
}

test("WaitGraph.cycle() names the shortest circle, starting with the agent asked about", () => {
  const graph = new WaitGraph();
  for (const pair of ["ab", "bc", "cd", "da", "ca", "xa"]) ask(graph, pair[0] ?? "", pair[1] ?? "");
  assert.deepEqual(graph.cycle("a", 0), ["a", "b", "c"]);
  assert.deepEqual(graph.cycle("c", 0), ["c", "a", "b"]);
  assert.deepEqual(graph.cycle("d", 0), ["d", "a", "b", "c"]);
  assert.deepEqual(graph.cycle("x", 0), [], "waits on a circle without being in it");
});

test("WaitGraph.cycle() leaves young waits out, nextMatureMs() says when they count", () => {
  const graph = new WaitGraph();
  ask(graph, "a", "b", 100);
  ask(graph, "b", "a", 500);
  assert.deepEqual(graph.cycle("a", 499), []);
  assert.deepEqual(graph.cycle("a", 500), ["a", "b"]);
  assert.equal(graph.nextMatureMs("b", 10, 505), 510);
  assert.equal(graph.nextMatureMs("b", 10, 510), Infinity);
});

test("WaitGraph.close() ends one wait, closeAll() all of and for an agent", () => {
  const graph = new WaitGraph();
  const first = ask(graph, "a", "b");
  ask(graph, "a", "c");
  ask(graph, "c", "b");
  graph.close(first);
  assert.deepEqual(
    graph.edges("a").map((edge) => edge.agentId),
    ["c"],
  );
  assert.deepEqual(graph.closeAll("c"), ["a"]);
  assert.equal(graph.size, 0);
  assert.equal(graph.waits("a"), false);
});

test("WaitGraph.cycle() finds a circle exactly when there is a way back", () => {
  const node = fc.constantFrom("a", "b", "c", "d", "e", "f");
  fc.assert(
    fc.property(fc.array(fc.tuple(node, node), { maxLength: 14 }), (edges) => {
      const graph = new WaitGraph();
      for (const [from, to] of edges) ask(graph, from, to);
      const reachable = new Set(edges.filter(([from]) => from === "a").map(([, to]) => to));
      for (let size = -1; size !== reachable.size;) {
        size = reachable.size;
        for (const [from, to] of edges) if (reachable.has(from)) reachable.add(to);
      }
      const cycle = graph.cycle("a", 0);
      assert.equal(cycle.length > 0, reachable.has("a"));
      for (const [index, id] of cycle.entries()) {
        const next = cycle[(index + 1) % cycle.length];
        assert.ok(edges.some(([from, to]) => from === id && to === next));
      }
    }),
  );
});
