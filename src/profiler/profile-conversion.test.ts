import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";

import fc from "fast-check";
import { Profile } from "pprof-format";

import { readCpuProfile } from "./cpu-profile.ts";
import { encodeFolded } from "./folded-stacks.ts";
import { flameTree } from "./flame-tree.ts";
import { readHeapProfile } from "./heap-profile.ts";
import type { FlameNode } from "./model.ts";
import { encodePprof } from "./pprof-export.ts";
import { inlineConversion, readProfile } from "./profile-conversion.ts";

const START = { startedAtMs: 1_700_000_000_000 };

function frame(functionName: string, url = "", lineNumber = -1): object {
  return { functionName, scriptId: "1", url, lineNumber, columnNumber: 4 };
}

/** main calls parse and render; render calls parse again; some of the time nothing runs. */
const CPU = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), hitCount: 0, children: [2, 6] },
    { id: 2, callFrame: frame("main", "file:///app/main.js", 9), children: [3, 4] },
    { id: 3, callFrame: frame("parse", "file:///app/parse.js", 0) },
    { id: 4, callFrame: frame("", "node:internal/render", 41), children: [5] },
    { id: 5, callFrame: frame("parse", "file:///app/parse.js", 0) },
    { id: 6, callFrame: frame("(idle)") },
  ],
  startTime: 1000,
  endTime: 12_000,
  samples: [2, 3, 6, 5, 5],
  timeDeltas: [1000, 2000, 5000, 1500, -3],
};

const HEAP = {
  head: {
    callFrame: frame("(root)"),
    selfSize: 0,
    id: 1,
    children: [
      { callFrame: frame("load", "file:///a%20b.js", 2), selfSize: 8192, id: 2, children: [] },
    ],
  },
  samples: [
    { size: 1024, nodeId: 2, ordinal: 1 },
    { size: 1024, nodeId: 2, ordinal: 2 },
    { size: 64, nodeId: 9, ordinal: 3 },
  ],
};

interface DecodedSample {
  readonly stack: string[];
  readonly values: number[];
}

/** A pprof file as a reader of the format sees it. */
function decode(bytes: Uint8Array): {
  profile: Profile;
  types: string[];
  samples: DecodedSample[];
} {
  const profile = Profile.decode(gunzipSync(bytes));
  const text = (at: number | bigint | undefined): string =>
    profile.stringTable.strings[Number(at)] ?? "?";
  const functions = new Map(profile.function.map((one) => [Number(one.id), one]));
  const locations = new Map(profile.location.map((one) => [Number(one.id), one]));
  const shown = (id: number | bigint): string => {
    const line = locations.get(Number(id))?.line[0];
    const fn = functions.get(Number(line?.functionId));
    return `${text(fn?.name)} ${text(fn?.filename)}:${Number(line?.line)}`;
  };
  return {
    profile,
    types: profile.sampleType.map((one) => `${text(one.type)}/${text(one.unit)}`),
    samples: profile.sample.map(({ locationId, value }) => ({
      stack: locationId.map(shown),
      values: value.map(Number),
    })),
  };
}

describe("readCpuProfile()", () => {
  test("gives each frame the time until the next sample or the end, and idle time to none", () => {
    const tree = readCpuProfile(CPU);
    const used = tree.nodes.map(({ name, count, amount }) => [name, count, amount]);
    assert.deepEqual(used.sort((a, b) => Number(b[2]) - Number(a[2])).slice(0, 3), [
      ["parse", 1, 5000],
      ["main", 1, 2000],
      ["parse", 2, 1500],
    ]);
    assert.equal(tree.idleUs, 1500);
    assert.equal(tree.samples, 5);
    assert.equal(tree.durationUs, 11_000);
  });

  test("gives out the time from the first sample to the end, whatever the clock did", () => {
    const deltas = fc.array(fc.integer({ min: -500, max: 5000 }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(deltas, fc.nat(3), (timeDeltas, node) => {
        const samples = timeDeltas.map((_, at) => 2 + ((at + node) % 5));
        const [firstUs = 0] = timeDeltas;
        const { nodes, idleUs, durationUs } = readCpuProfile({
          ...CPU,
          samples,
          timeDeltas,
          endTime: CPU.startTime + timeDeltas.reduce((sum, delta) => sum + Math.max(0, delta), 0),
        });
        const usedUs = nodes.reduce((sum, { amount }) => sum + amount, idleUs);
        assert.equal(usedUs, durationUs - Math.max(0, firstUs));
      }),
    );
  });

  test("has a duration no shorter than what its frames took, when the end is said too early", () => {
    const { nodes, idleUs, durationUs } = readCpuProfile({ ...CPU, endTime: CPU.startTime });
    assert.equal(durationUs, 9500);
    assert.equal(
      nodes.reduce((sum, { amount }) => sum + amount, idleUs),
      8500,
    );
  });

  const root = { id: 1, callFrame: frame("(root)"), children: [2] };
  const wrong: Readonly<Record<string, unknown>> = {
    "no object": 7,
    "no nodes": { ...CPU, nodes: [] },
    "no samples": { ...CPU, samples: undefined },
    "a sample of no node": { ...CPU, samples: [2, 3, 6, 5, 99] },
    "a time delta that is no number a clock can show": {
      ...CPU,
      timeDeltas: [1, 2, 3, 4, Number.POSITIVE_INFINITY],
    },
    "fewer deltas than samples": { ...CPU, timeDeltas: [1] },
    "two nodes of one id": { ...CPU, nodes: [root, { ...root, id: 2, children: [] }, root] },
    "a circle beside the root": {
      ...CPU,
      nodes: [
        { ...root, children: [] },
        { ...root, id: 2, children: [3] },
        { ...root, id: 3, children: [2] },
      ],
    },
    "two roots": {
      ...CPU,
      nodes: [
        { ...root, children: [] },
        { ...root, id: 2, children: [] },
      ],
    },
    "a child that is not there": { ...CPU, nodes: [root] },
    "a node called twice": {
      ...CPU,
      nodes: [
        { ...root, children: [2, 3] },
        { ...root, id: 2, children: [3] },
        { ...root, id: 3, children: [] },
      ],
    },
    "calls nested without end": {
      ...CPU,
      nodes: Array.from({ length: 3000 }, (_, index) => ({
        ...root,
        id: index,
        children: index === 2999 ? [] : [index + 1],
      })),
    },
    "a name of 5000 characters": {
      ...CPU,
      nodes: [{ ...root, callFrame: frame("x".repeat(5000)), children: [] }],
    },
  };
  for (const [name, json] of Object.entries(wrong)) {
    test(`refuses ${name}`, () => {
      assert.throws(() => readCpuProfile(json), {
        code: "profiler.data_invalid",
        message: /^The profile cannot be used: ./,
      });
    });
  }

  test("refuses lists beyond every bound by their length, not by what stands in them", () => {
    const many = Array.from({ length: 10_000_000 }, () => "");
    for (const field of ["nodes", "samples", "timeDeltas"]) {
      assert.throws(() => readCpuProfile({ ...CPU, [field]: many }), {
        code: "profiler.data_invalid",
        message: /is no list of at most \d+ (nodes|numbers)$/,
      });
    }
    const nodes = [{ ...root, children: many }];
    assert.throws(() => readCpuProfile({ ...CPU, nodes }), /at children: is no list of at most/);
    const callers = Array.from({ length: 2000 }, (_, index) => ({
      ...root,
      id: index,
      children: Array.from({ length: 101 }, (_none, at) => index + at),
    }));
    assert.throws(() => readCpuProfile({ ...CPU, nodes: callers }), /call more than 200000 others/);
  });

  test("never fails in another way, whatever the JSON is", () => {
    const tree = fc.array(fc.nat(), { minLength: 1, maxLength: 20 }).map((drawn) => ({
      ...CPU,
      nodes: drawn.map((_, id) => ({
        id,
        callFrame: frame("f", "u", 1),
        children: drawn.flatMap((at, child) => (child > 0 && at % child === id ? [child] : [])),
      })),
      samples: drawn.map((at) => at % drawn.length),
      timeDeltas: drawn,
    }));
    // A good profile, or one with a field of anything in it, or anything.
    const spoiled = fc
      .tuple(tree, fc.constantFrom("nodes", "samples", "timeDeltas", "startTime"), fc.jsonValue())
      .map(([profile, field, value]) => ({ ...profile, [field]: value }));
    const anything = fc.oneof(tree, spoiled, fc.jsonValue());
    let accepted = 0;
    fc.assert(
      fc.property(anything, (json) => {
        try {
          const { nodes } = readCpuProfile(json);
          accepted += 1;
          for (const [index, node] of nodes.entries()) assert.ok(node.parent < index);
        } catch (error) {
          if (!(error instanceof Error && "code" in error)) throw error;
          assert.equal(error.code, "profiler.data_invalid");
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(accepted > 500, `${accepted} of them are profiles`);
  });
});

describe("readHeapProfile()", () => {
  test("has the bytes V8 says, and samples: V8 does not tell to how many objects it scaled", () => {
    const tree = readHeapProfile(HEAP);
    assert.deepEqual(
      tree.nodes.map(({ name, file, line, count, amount }) => [name, file, line, count, amount]),
      [
        ["(root)", null, null, 0, 0],
        ["load", "/a b.js", 3, 2, 8192],
      ],
    );
    assert.equal(tree.samples, 3);
    assert.equal(tree.counts, "samples");
  });

  test("has the objects of a writer that counts them, and none when one sample does not", () => {
    const counted = HEAP.samples.map((sample, at) => ({ ...sample, count: at * 10 }));
    const tree = readHeapProfile({ ...HEAP, samples: counted });
    assert.deepEqual([tree.counts, tree.nodes[1]?.count], ["objects", 10]);
    const partly = readHeapProfile({ ...HEAP, samples: [...counted, HEAP.samples[0]] });
    assert.deepEqual([partly.counts, partly.nodes[1]?.count], ["samples", 3]);
    for (const count of [-1, 0.5, "7"]) {
      const wrong = { ...HEAP, samples: [{ ...HEAP.samples[0], count }] };
      assert.throws(() => readHeapProfile(wrong), { code: "profiler.data_invalid" });
    }
  });

  test("refuses lists beyond every bound by their length, not by what stands in them", () => {
    const many = Array.from({ length: 10_000_000 }, () => "");
    const wide = { ...HEAP.head, children: many };
    assert.throws(() => readHeapProfile({ head: wide }), /at children: is no list of at most/);
    assert.throws(() => readHeapProfile({ ...HEAP, samples: many }), /at samples: is no list/);
    const half: unknown[] = many.slice(0, 150_000);
    const nested = { ...HEAP.head, children: [...half, { ...HEAP.head, id: 2, children: half }] };
    assert.throws(() => readHeapProfile({ head: nested }), /more than 200000 nodes/);
  });

  test("refuses what is none, however deep it is", () => {
    let deep: unknown = { callFrame: frame("leaf"), selfSize: 1, id: 0, children: [] };
    for (let id = 1; id < 5000; id++) {
      deep = { callFrame: frame("f"), selfSize: 1, id, children: [deep] };
    }
    const same = { ...HEAP.head, children: [HEAP.head] };
    for (const json of [null, [], {}, { head: 7 }, { head: deep }, { head: same }, CPU]) {
      assert.throws(() => readHeapProfile(json), { code: "profiler.data_invalid" });
    }
  });
});

describe("encodePprof()", () => {
  test("writes CPU as samples and nanoseconds, the leaf first, decoded by another's reader", async () => {
    const { profile, types, samples } = decode(await encodePprof(readCpuProfile(CPU), START));
    assert.deepEqual(types, ["samples/count", "cpu/nanoseconds"]);
    assert.deepEqual(
      samples.toSorted((a, b) => Number(b.values[1]) - Number(a.values[1])),
      [
        { stack: ["parse /app/parse.js:1", "main /app/main.js:10"], values: [1, 5_000_000] },
        { stack: ["main /app/main.js:10"], values: [1, 2_000_000] },
        {
          stack: [
            "parse /app/parse.js:1",
            "(anonymous) node:internal/render:42",
            "main /app/main.js:10",
          ],
          values: [2, 1_500_000],
        },
      ],
    );
    assert.equal(profile.stringTable.strings[0], "");
    assert.equal(profile.timeNanos, 1_700_000_000_000_000_000n);
    assert.equal(Number(profile.durationNanos), 11_000_000);
    assert.ok(profile.function.every((one) => Number(one.id) > 0));
    assert.ok(profile.location.every((one) => Number(one.id) > 0));
  });

  test("writes heap as samples and bytes in use, of a writer that counts as objects", async () => {
    const { types, samples } = decode(await encodePprof(readHeapProfile(HEAP), START));
    assert.deepEqual(types, ["samples/count", "inuse_space/bytes"]);
    assert.deepEqual(samples, [{ stack: ["load /a b.js:3"], values: [2, 8192] }]);
    const counted = HEAP.samples.map((sample) => ({ ...sample, count: 500 }));
    const objects = readHeapProfile({ ...HEAP, samples: counted });
    const written = decode(await encodePprof(objects, START));
    assert.deepEqual(written.types, ["inuse_objects/count", "inuse_space/bytes"]);
    assert.deepEqual(written.samples, [{ stack: ["load /a b.js:3"], values: [1000, 8192] }]);
  });
});

test("encodeFolded() writes one line a stack, largest first, separators kept out of names", () => {
  const odd = structuredClone(CPU);
  Object.assign(odd.nodes[1] ?? {}, { callFrame: frame("ma;in\nloop", "file:///app/main.js", 9) });
  assert.equal(
    encodeFolded(readCpuProfile(odd)),
    "ma:in loop (/app/main.js:10);parse (/app/parse.js:1) 5000\n" +
      "ma:in loop (/app/main.js:10) 2000\n" +
      "ma:in loop (/app/main.js:10);(anonymous) (node:internal/render:42);parse (/app/parse.js:1) 1500\n",
  );
});

describe("flameTree()", () => {
  test("sums up what each frame called, largest first, and says what was idle", () => {
    const { root, unit, total, idle } = flameTree(readCpuProfile(CPU));
    assert.deepEqual(
      [unit, total, idle, root.total, root.self],
      ["microseconds", 8500, 1500, 8500, 0],
    );
    const [main] = root.children;
    assert.deepEqual([main?.name, main?.line, main?.self, main?.total], ["main", 10, 2000, 8500]);
    assert.deepEqual(
      main?.children.map((one) => [one.name, one.total]),
      [
        ["parse", 5000],
        ["(anonymous)", 1500],
      ],
    );
  });

  test("folds the smallest frames, and every total stays right", () => {
    const shape = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(1000)), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(shape, fc.integer({ min: 1, max: 100 }), (drawn, most) => {
        const nodes = drawn.map(([at, amount], index) => ({
          name: `f${index}`,
          file: null,
          line: null,
          parent: index === 0 ? -1 : Math.floor(at * (index - 1)),
          count: 1,
          amount,
        }));
        const tree = {
          kind: "cpu" as const,
          nodes,
          counts: "samples" as const,
          samples: 1,
          durationUs: 1,
          idleUs: 0,
        };
        const { root, total } = flameTree(tree, most);
        assert.equal(
          total,
          drawn.reduce((sum, [, amount]) => sum + amount, 0),
        );
        let frames = 0;
        const check = (node: FlameNode): void => {
          frames += 1;
          const below = node.children.reduce((sum, child) => sum + child.total, 0);
          assert.equal(node.total, node.self + below);
          for (const child of node.children) check(child);
        };
        check(root);
        assert.ok(frames <= Math.max(2, most), `${frames} frames, at most ${most}`);
      }),
      { numRuns: 300 },
    );
  });
});

describe("inlineConversion", () => {
  const json = Buffer.from(JSON.stringify(CPU));

  test("check() takes JSON and gzipped JSON, and stores it gzipped", async () => {
    for (const delivered of [json, gzipSync(json)]) {
      const { data, samples } = await inlineConversion.check("cpu", delivered);
      assert.equal(samples, 5);
      assert.deepEqual(JSON.parse(gunzipSync(data).toString()), CPU);
      const back = await inlineConversion.convert("cpu", data, "cpuprofile", START);
      assert.deepEqual(JSON.parse(Buffer.from(back).toString()), CPU);
      const folded = await inlineConversion.convert("cpu", data, "folded", START);
      assert.match(Buffer.from(folded).toString(), /main .*;parse/);
      assert.equal((await inlineConversion.tree("cpu", data)).root.total, 8500);
    }
  });

  test("check() refuses damaged gzip, text that is no JSON, and the other kind", async () => {
    const damaged = gzipSync(json).subarray(0, 60);
    for (const delivered of [damaged, Buffer.from("{"), Buffer.from([0xff, 0xfe, 0x00])]) {
      await assert.rejects(inlineConversion.check("cpu", delivered), {
        code: "profiler.data_invalid",
      });
    }
    await assert.rejects(inlineConversion.check("heap", json), { code: "profiler.data_invalid" });
  });

  test("check() refuses more than 32 MiB, before and after inflating", async () => {
    const zeros = Buffer.alloc(33 * 1024 * 1024, 0x20);
    for (const delivered of [zeros, gzipSync(zeros)]) {
      await assert.rejects(inlineConversion.check("cpu", delivered), {
        code: "profiler.data_too_large",
      });
    }
  });
});

test("readProfile() does not follow __proto__ in hostile JSON", () => {
  const hostile = JSON.stringify(CPU).replace('"nodes"', '"__proto__":{"polluted":1},"nodes"');
  readProfile("cpu", Buffer.from(hostile));
  assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
});
