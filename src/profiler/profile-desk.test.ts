import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { ManualClock, nextTurn } from "../core/index.ts";
import type { ProfileRecord } from "./model.ts";
import { inlineConversion } from "./profile-conversion.ts";
import { ProfileDesk } from "./profile-desk.ts";
import type { ProfileOrder } from "./profile-request.ts";
import { VolatileProfileStore } from "./volatile-profile-store.ts";

const PROFILE = Buffer.from(
  JSON.stringify({
    nodes: [
      { id: 1, callFrame: { functionName: "(root)", url: "", lineNumber: -1 }, children: [2] },
      { id: 2, callFrame: { functionName: "work", url: "file:///w.js", lineNumber: 6 } },
    ],
    startTime: 0,
    endTime: 3000,
    samples: [2, 2, 2],
    timeDeltas: [0, 1000, 1000],
  }),
);
const WANTED = { agentId: "worker-1", kind: "cpu", seconds: 10, by: "admin" } as const;

let clock: ManualClock;
let store: VolatileProfileStore;
let alive: Set<string>;
let told: { readonly agentId: string; readonly order: ProfileOrder }[];
let desk: ProfileDesk;

function open(tell?: () => Promise<void>): ProfileDesk {
  return new ProfileDesk(
    {},
    {
      store,
      clock,
      tell: async (agentId, order) => {
        await tell?.();
        told.push({ agentId, order });
      },
      isAlive: (agentId) => alive.has(agentId),
    },
  );
}

async function stateOf(id: string): Promise<string> {
  return (await desk.get(id))?.state ?? "gone";
}

beforeEach(() => {
  clock = new ManualClock();
  store = new VolatileProfileStore();
  alive = new Set(["worker-1", "worker-2"]);
  told = [];
  desk = open();
});

describe("ProfileDesk.request()", () => {
  test("tells the agent, and takes its profile through every state", async () => {
    const seen: string[] = [];
    desk.onProfile((profile) => void seen.push(profile.state));
    const { id, state } = await desk.request(WANTED);
    assert.equal(state, "requested");
    assert.deepEqual(told, [
      { agentId: "worker-1", order: { profileId: id, kind: "cpu", seconds: 10 } },
    ]);
    clock.advance(2000);
    await desk.started(id, "worker-1", "node 24.21.0");
    assert.equal(await stateOf(id), "running");
    assert.equal((await desk.started(id, "worker-1", "node 24.21.0")).state, "running", "again");
    clock.advance(10_500);
    await desk.take(id, "worker-1", gzipSync(PROFILE));
    const record = await desk.get(id);
    const expected: Partial<ProfileRecord> = {
      state: "done",
      runtime: "node 24.21.0",
      samples: 3,
      by: "admin",
      startedAtMs: clock.now() - 10_500,
      endedAtMs: clock.now(),
      reason: null,
    };
    for (const [field, value] of Object.entries(expected)) {
      assert.deepEqual(Reflect.get(record ?? {}, field), value, field);
    }
    assert.ok((record?.bytes ?? 0) > 50);
    assert.deepEqual(seen, ["requested", "running", "done"]);
    assert.deepEqual(await store.profile("default", id), record);
    clock.advance(600_000);
    assert.equal(await stateOf(id), "done");
  });

  test("refuses a second profile of one agent, naming the first, and allows another agent's", async () => {
    const first = await desk.request(WANTED);
    await assert.rejects(desk.request(WANTED), {
      code: "profiler.busy",
      message: `A profile of worker-1 is already requested: ${first.id}`,
    });
    await desk.request({ ...WANTED, agentId: "worker-2" });
    await desk.fail(first.id, "worker-1", "no memory");
    await desk.request(WANTED);
  });

  test("refuses two requests made at the same instant", async () => {
    const results = await Promise.allSettled([desk.request(WANTED), desk.request(WANTED)]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
  });

  test("refuses more than 32 at once", async () => {
    for (let index = 0; index < 33; index++) alive.add(`a${index}`);
    for (let index = 0; index < 32; index++)
      await desk.request({ ...WANTED, agentId: `a${index}` });
    await assert.rejects(desk.request({ ...WANTED, agentId: "a32" }), { code: "profiler.busy" });
  });

  test("refuses an agent that shows no sign of life, and what cannot be asked", async () => {
    alive.delete("worker-1");
    await assert.rejects(desk.request(WANTED), { code: "profiler.agent_unreachable" });
    for (const wrong of [{ seconds: 0 }, { seconds: 121 }, { seconds: Number.NaN }]) {
      await assert.rejects(desk.request({ ...WANTED, ...wrong }), {
        code: "profiler.range_invalid",
      });
    }
    await assert.rejects(desk.request({ ...WANTED, agentId: "a b" }), {
      code: "profiler.name_invalid",
    });
    assert.deepEqual(told, []);
    assert.deepEqual(await desk.list(), []);
  });

  test("passes on why an agent could not be told, and leaves nothing behind", async () => {
    desk = open(() => Promise.reject(new Error("unknown agent")));
    await assert.rejects(desk.request(WANTED), /unknown agent/);
    assert.deepEqual(await desk.list(), []);
    await assert.rejects(desk.request(WANTED), /unknown agent/);
  });
});

describe("ProfileDesk fails a profile, in words,", () => {
  test("whose agent does not answer within profileTimeout", async () => {
    const { id } = await desk.request(WANTED);
    clock.advance(14_999);
    assert.equal(await stateOf(id), "requested");
    clock.advance(1);
    const record = await desk.get(id);
    assert.equal(record?.state, "failed");
    assert.equal(
      record?.reason,
      "worker-1 did not answer within 15 s: is its SDK older, or its event loop blocked?",
    );
    await assert.rejects(desk.started(id, "worker-1", "node"), {
      code: "profiler.not_expected",
      message: /is failed: worker-1 did not answer/,
    });
    await assert.rejects(desk.take(id, "worker-1", PROFILE), { code: "profiler.not_expected" });
  });

  test("whose agent began and does not deliver", async () => {
    const { id } = await desk.request(WANTED);
    clock.advance(1000);
    await desk.started(id, "worker-1", "node");
    clock.advance(24_999);
    assert.equal(await stateOf(id), "running");
    clock.advance(1);
    assert.match((await desk.get(id))?.reason ?? "", /began, and did not deliver within 25 s/);
  });

  test("whose agent vanishes, within a second or when it is said", async () => {
    const first = await desk.request(WANTED);
    const second = await desk.request({ ...WANTED, agentId: "worker-2" });
    alive.delete("worker-1");
    clock.advance(1000);
    assert.match((await desk.get(first.id))?.reason ?? "", /^worker-1 went away/);
    assert.equal(await stateOf(second.id), "requested");
    await desk.agentGone("worker-2");
    assert.equal(await stateOf(second.id), "failed");
  });

  test("whose data is none, and tells the agent why", async () => {
    const { id } = await desk.request(WANTED);
    await assert.rejects(desk.take(id, "worker-1", Buffer.from("{}")), {
      code: "profiler.data_invalid",
    });
    const record = await desk.get(id);
    assert.equal(record?.state, "failed");
    assert.match(record?.reason ?? "", /no .cpuprofile at nodes/);
    assert.deepEqual(await store.profile("default", id), record);
  });

  test("but not one that is being checked when its time is over", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    desk = new ProfileDesk(
      {},
      {
        store,
        clock,
        tell: async () => undefined,
        isAlive: (agentId) => alive.has(agentId),
        conversion: {
          ...inlineConversion,
          check: async (kind, bytes) => {
            await promise;
            return inlineConversion.check(kind, bytes);
          },
        },
      },
    );
    const { id } = await desk.request(WANTED);
    const taking = desk.take(id, "worker-1", PROFILE);
    await nextTurn();
    alive.delete("worker-1");
    clock.advance(100_000);
    const deleting = desk.delete(id);
    assert.equal(await stateOf(id), "requested");
    resolve();
    assert.equal((await taking).state, "done");
    assert.equal(await deleting, true);
    assert.equal(await stateOf(id), "gone");
  });

  test("that an earlier start of the server left unfinished", async () => {
    const first = await desk.request(WANTED);
    const second = await desk.request({ ...WANTED, agentId: "worker-2" });
    await desk.started(second.id, "worker-2", "node");
    desk = open();
    await desk.load();
    for (const { id } of [first, second]) {
      const record = await desk.get(id);
      assert.equal(record?.state, "failed");
      assert.match(record?.reason ?? "", /started anew/);
    }
    await desk.request(WANTED);
  });

  test("when the server is stopped", async () => {
    const { id } = await desk.request(WANTED);
    await desk.stop();
    assert.match((await store.profile("default", id))?.reason ?? "", /was stopped/);
  });
});

describe("ProfileDesk", () => {
  test("takes a profile from the agent that was asked only, and once", async () => {
    const { id } = await desk.request(WANTED);
    for (const call of [
      () => desk.started(id, "worker-2", "node"),
      () => desk.take(id, "worker-2", PROFILE),
      () => desk.fail(id, "worker-2", "mine"),
      () => desk.take("prof_none", "worker-1", PROFILE),
    ]) {
      await assert.rejects(call, { code: "profiler.profile_unknown" });
    }
    const twice = await Promise.allSettled([
      desk.take(id, "worker-1", PROFILE),
      desk.take(id, "worker-1", PROFILE),
    ]);
    assert.deepEqual(
      twice.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    assert.equal(await stateOf(id), "done");
    await assert.rejects(desk.take(id, "worker-1", PROFILE), { code: "profiler.not_expected" });
  });

  test("get() waits until the profile settles, the wait is over, or the signal aborts", async () => {
    const { id } = await desk.request(WANTED);
    const waiting = desk.get(id, { waitMs: 60_000 });
    await desk.take(id, "worker-1", PROFILE);
    assert.equal((await waiting)?.state, "done");
    assert.equal((await desk.get(id, { waitMs: 60_000 }))?.state, "done");

    const other = await desk.request(WANTED);
    const short = desk.get(other.id, { waitMs: 500 });
    clock.advance(500);
    assert.equal((await short)?.state, "requested");
    const stop = new AbortController();
    const broken = desk.get(other.id, { waitMs: 60_000, signal: stop.signal });
    await nextTurn();
    stop.abort();
    assert.equal((await broken)?.state, "requested");
    const late = await desk.get(other.id, { waitMs: 60_000, signal: stop.signal });
    assert.equal(late?.state, "requested");
    assert.equal(await desk.get("prof_none"), undefined);
  });

  test("data() and tree() give what is done, and say why there is none", async () => {
    const { id } = await desk.request(WANTED);
    await assert.rejects(desk.data(id, "pprof"), {
      code: "profiler.not_done",
      message: /it is requested/,
    });
    await desk.take(id, "worker-1", PROFILE);
    const raw = await desk.data(id, "cpuprofile");
    assert.deepEqual(JSON.parse(Buffer.from(raw.bytes).toString()), JSON.parse(PROFILE.toString()));
    assert.equal(raw.name, `worker-1-cpu-${id}.cpuprofile`);
    const pprof = await desk.data(id, "pprof");
    assert.equal(pprof.name, `worker-1-cpu-${id}.pb.gz`);
    assert.deepEqual([...pprof.bytes.subarray(0, 2)], [0x1f, 0x8b]);
    const folded = await desk.data(id, "folded");
    assert.equal(Buffer.from(folded.bytes).toString(), "work (/w.js:7) 3000\n");
    const { root, unit, total } = await desk.tree(id);
    assert.deepEqual([root.children[0]?.name, unit, total], ["work", "microseconds", 3000]);
    await assert.rejects(desk.tree("prof_none"), { code: "profiler.profile_unknown" });
  });

  test("delete() removes a profile, and gives up one that is not done", async () => {
    const { id } = await desk.request(WANTED);
    assert.equal(await desk.delete(id), true);
    assert.equal(await desk.get(id), undefined);
    assert.equal(await desk.delete(id), false);
    const [next] = [await desk.request(WANTED)];
    await desk.take(next.id, "worker-1", PROFILE);
    assert.equal(await desk.delete(next.id), true);
    await assert.rejects(desk.tree(next.id), { code: "profiler.profile_unknown" });
  });

  test("a delivery may be tried again after the store did not take it", async () => {
    let isBroken = true;
    class MoodyStore extends VolatileProfileStore {
      override async putProfile(...given: Parameters<VolatileProfileStore["putProfile"]>) {
        if (given[1] !== undefined && isBroken) throw new Error("disk full");
        await super.putProfile(...given);
      }
    }
    store = new MoodyStore();
    desk = open();
    const { id } = await desk.request(WANTED);
    await assert.rejects(desk.take(id, "worker-1", PROFILE), {
      code: "profiler.store_unavailable",
    });
    assert.equal(await stateOf(id), "requested");
    isBroken = false;
    await desk.take(id, "worker-1", PROFILE);
    assert.equal(await stateOf(id), "done");
  });

  test("keeps no more than maxProfiles, in memory and in a store that is its own", async () => {
    const failed = async (count: number): Promise<number> => {
      for (let index = 0; index < count; index++) {
        const { id } = await desk.request(WANTED);
        await desk.fail(id, "worker-1", "no profiler");
        clock.advance(1);
      }
      await desk.stop();
      return (await desk.list({ limit: 1000 })).length;
    };
    const dependencies = { clock, tell: async () => undefined, isAlive: () => true };
    desk = new ProfileDesk({ maxProfiles: 5 }, dependencies);
    assert.equal(await failed(12), 5);
    desk = new ProfileDesk({ maxProfiles: 5 }, { ...dependencies, store });
    assert.equal(await failed(12), 5);
    desk = new ProfileDesk({ maxProfiles: 5, profileRetentionDays: 1 }, { ...dependencies, store });
    clock.advance(90_000_000);
    assert.equal(await failed(1), 1);
  });

  test("profiles this very process for agentId null", async () => {
    desk = new ProfileDesk({}, { store, tell: async () => undefined, isAlive: () => false });
    const { id } = await desk.request({ ...WANTED, agentId: null, seconds: 1 });
    await assert.rejects(desk.request({ ...WANTED, agentId: null }), {
      code: "profiler.busy",
      message: /this server is already/,
    });
    const record = await desk.get(id, { waitMs: 20_000 });
    assert.deepEqual([record?.state, record?.reason], ["done", null]);
    assert.match(record?.runtime ?? "", /^node 2/);
    assert.ok((record?.samples ?? 0) > 100);
    assert.equal((await desk.data(id, "cpuprofile")).name, `server-cpu-${id}.cpuprofile`);
    const other = await desk.request({ ...WANTED, agentId: null, seconds: 100 });
    await desk.stop();
    assert.match((await desk.get(other.id))?.reason ?? "", /was stopped/);
  });
});
