import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { servicePlan } from "./data-plane-bench-contract.ts";
import type { NamespacePlan, ServicePlan } from "./data-plane.ts";
import { changedPlan, planChange } from "./plan-change.ts";

const URL = "http://127.0.0.1:8001";

function planOf(revision: number, services: readonly ServicePlan[]): NamespacePlan {
  return { namespace: "default", revision, services, held: {}, slowCallMs: 1, anonymous: true };
}

function byId({ services = [] }: Partial<NamespacePlan> = {}): ServicePlan[] {
  return services.toSorted((one, other) => one.id.localeCompare(other.id));
}

test("planChange() names what came, changed and went, and nothing else", () => {
  const [kept, gone, changed] = ["kept", "gone", "changed"].map((id) => servicePlan(id, URL));
  assert.ok(kept !== undefined && gone !== undefined && changed !== undefined);
  const before = planOf(4, [kept, gone, changed]);
  const retried = { ...changed, retries: 2 };
  const fresh = servicePlan("fresh", URL);
  const held = { rogue: "paused" } as const;
  const change = planChange(before, { ...planOf(7, [kept, retried, fresh]), held });
  assert.deepEqual(change, {
    namespace: "default",
    from: 4,
    revision: 7,
    put: [retried, fresh],
    drop: ["gone"],
    terms: { held, slowCallMs: 1, anonymous: true },
  });
  const after = changedPlan(before, structuredClone(change));
  assert.equal(after?.services[0], kept, "what did not change is the same object");
});

test("changedPlan() refuses a change that does not lead on from the plan", () => {
  const change = planChange(planOf(2, []), planOf(3, []));
  assert.equal(changedPlan(planOf(1, []), change), undefined);
  assert.equal(changedPlan(undefined, change), undefined);
  assert.equal(changedPlan(planOf(2, []), change)?.revision, 3);
});

test("changedPlan() makes of any plan and its change the plan the change was made to", () => {
  const ids = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"));
  fc.assert(
    fc.property(
      ids,
      ids,
      fc.array(fc.constantFrom("a", "b", "c", "d", "e")),
      (had, has, changed) => {
        const before = planOf(
          1,
          had.map((id) => servicePlan(id, URL)),
        );
        const after = planOf(
          2,
          has.map((id) => {
            const known = before.services.find((service) => service.id === id);
            return known === undefined || changed.includes(id)
              ? servicePlan(id, URL, { retries: 1 })
              : known;
          }),
        );
        const made = changedPlan(before, structuredClone(planChange(before, after)));
        assert.deepEqual(byId(made), byId(after));
        assert.equal(made?.revision, 2);
      },
    ),
  );
});
