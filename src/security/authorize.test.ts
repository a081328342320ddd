import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import type { Principal } from "../core/index.ts";
import { actionTable, authorize, isAgentAction } from "./authorize.ts";
import type { Access, Action, Resource } from "./authorize.ts";

const admin: Principal = { kind: "admin", id: "key_1", namespace: "default", via: "key" };
const agent: Principal = { kind: "agent", id: "w1", namespace: "default", via: "key" };
const enrolment: Principal = { kind: "enrolment", id: "enr_1", namespace: "default", via: "key" };
const nobody: Principal = { kind: "anonymous", id: "::1", namespace: "default", via: "none" };

const own: Resource = { namespace: "default", kind: "inbox", id: "w1", agentIds: ["w1"] };
const others: Resource = { namespace: "default", kind: "inbox", id: "w2", agentIds: ["w2"] };
const ownerless: Resource = { namespace: "default", kind: "server", id: "x" };

/** Who may take an action of each access on: its own, another agent's, nobody's thing. */
const matrix: Readonly<Record<Access, Readonly<Record<string, readonly boolean[]>>>> = {
  public: {
    admin: [true, true, true],
    agent: [true, true, true],
    enrol: [true, true, true],
    nobody: [true, true, true],
  },
  known: {
    admin: [true, true, true],
    agent: [true, true, true],
    enrol: [true, true, true],
    nobody: [false, false, false],
  },
  enrol: {
    admin: [true, true, true],
    agent: [false, false, false],
    enrol: [true, true, true],
    nobody: [false, false, false],
  },
  agent: {
    admin: [true, true, true],
    agent: [true, true, true],
    enrol: [false, false, false],
    nobody: [false, false, false],
  },
  self: {
    admin: [true, true, true],
    agent: [true, false, false],
    enrol: [false, false, false],
    nobody: [false, false, false],
  },
  admin: {
    admin: [true, true, true],
    agent: [false, false, false],
    enrol: [false, false, false],
    nobody: [false, false, false],
  },
};
const callers: Readonly<Record<string, Principal>> = { admin, agent, enrol: enrolment, nobody };
const actions = Object.keys(actionTable)
  .filter(isAction)
  .map((action): { action: Action; access: Access } => ({ action, access: actionTable[action] }));

function isAction(text: string): text is Action {
  return text in actionTable;
}

for (const { action, access } of actions) {
  test(`authorize() lets ${action} (${access}) be taken by whom the matrix says`, () => {
    for (const [name, principal] of Object.entries(callers)) {
      const allowed = [own, others, ownerless].map(
        (resource) => authorize(principal, action, resource).allowed,
      );
      assert.deepEqual(allowed, matrix[access][name], name);
    }
  });
}

test("authorize() keeps agents and enrolments within their namespace, whatever the action", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...actions.filter(({ access }) => access !== "public")),
      fc.constantFrom(agent, enrolment),
      fc.string({ minLength: 1 }).filter((name) => name !== "default"),
      ({ action }, principal, namespace) => {
        const elsewhere = { ...own, namespace };
        assert.equal(authorize(principal, action, elsewhere).allowed, false);
      },
    ),
  );
});

test("authorize() gives refusals a reason that names the caller or its namespace", () => {
  const result = authorize(agent, "inbox.claim", others);
  assert.equal(result.allowed, false);
  assert.match(result.allowed ? "" : result.reason, /"w1".*inbox\.claim.*inbox "w2"/);
});

test("isAgentAction() is false exactly for what no agent may ever do", () => {
  for (const { action } of actions) {
    assert.equal(isAgentAction(action), authorize(agent, action, own).allowed, action);
  }
});
