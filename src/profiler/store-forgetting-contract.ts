// What every ProfileStore must forget, as a part of its contract suite.
// Imported by its own path, never through index.ts: it pulls in node:test.

import assert from "node:assert/strict";
import { test } from "node:test";

import { KEEP_ALL, profileOf, spanOf, START_MS } from "./test-support/profile-rows.ts";
import type { ProfileStore } from "./store.ts";

/** What pruneProfiles() must do. */
export function profileStoreForgetting(current: () => ProfileStore): void {
  test("pruneProfiles() removes spans that ended before, then all but the newest", async () => {
    const spans = Array.from({ length: 10 }, (_, index) => spanOf(index * 10, { durationMs: 15 }));
    await current().appendSpans("default", spans);
    const byAge = await current().pruneProfiles("default", {
      ...KEEP_ALL,
      spansBeforeMs: START_MS + 35,
    });
    assert.deepEqual(byAge, { spans: 2, profiles: 0 });
    const byCount = await current().pruneProfiles("default", { ...KEEP_ALL, keepSpans: 3 });
    assert.deepEqual(byCount, { spans: 5, profiles: 0 });
    const left = (await current().spans("default", {})).map((span) => span.startMs - START_MS);
    assert.deepEqual(left, [90, 80, 70]);
    const rest = await current().pruneProfiles("default", { ...KEEP_ALL, keepSpans: 0 });
    assert.equal(rest.spans, 3);
  });

  test("pruneProfiles() removes profiles asked for before, then the oldest by bytes", async () => {
    for (let index = 0; index < 6; index++) {
      await current().putProfile(profileOf(index, { bytes: 100 }), new Uint8Array(100));
    }
    const byAge = await current().pruneProfiles("default", {
      ...KEEP_ALL,
      profilesBeforeMs: START_MS + 2,
    });
    assert.deepEqual(byAge, { spans: 0, profiles: 2 });
    const bySize = await current().pruneProfiles("default", { ...KEEP_ALL, profileBytes: 250 });
    assert.deepEqual(bySize, { spans: 0, profiles: 2 });
    const left = (await current().profiles("default", {})).map((record) => record.id);
    assert.deepEqual(left, ["prof_5", "prof_4"]);
    assert.equal(await current().profileData("default", "prof_3"), undefined);
    assert.equal((await current().profileData("default", "prof_4"))?.length, 100);
  });

  test("pruneProfiles() removes the oldest settled profiles beyond a number, open ones never", async () => {
    const states = ["running", "done", "failed", "requested", "failed", "done", "running"] as const;
    for (const [index, state] of states.entries()) {
      const bytes = state === "done" ? 100 : 0;
      await current().putProfile(profileOf(index, { state, bytes }));
    }
    await current().appendSpans("default", [spanOf(0)]);
    const { profilesBeforeMs, profileBytes } = KEEP_ALL;
    const left = async (keepProfiles: number): Promise<string> => {
      const retention = { profilesBeforeMs, keepProfiles, profileBytes };
      await current().pruneProfiles("default", retention);
      const kept = await current().profiles("default", {});
      return kept.map(({ id }) => id.slice(5)).join(" ");
    };
    assert.equal(await left(7), "6 5 4 3 2 1 0");
    assert.equal(await left(5), "6 5 4 3 0");
    assert.equal(await left(2), "6 3 0");
    assert.equal((await current().spans("default", {})).length, 1);
  });

  test("pruneProfiles() touches its own namespace only, and an unknown one is no error", async () => {
    await current().appendSpans("default", [spanOf(0)]);
    await current().putProfile(profileOf(0), Uint8Array.of(1));
    const everything = {
      spansBeforeMs: Number.MAX_SAFE_INTEGER,
      keepSpans: 0,
      profilesBeforeMs: Number.MAX_SAFE_INTEGER,
      keepProfiles: 0,
      profileBytes: 0,
    };
    const pruned = await current().pruneProfiles("demo", everything);
    assert.deepEqual(pruned, { spans: 0, profiles: 0 });
    assert.equal((await current().spans("default", {})).length, 1);
    assert.equal((await current().profiles("default", {})).length, 1);
  });
}
