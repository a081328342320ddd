import assert from "node:assert/strict";
import { test } from "node:test";

import { findCauses, listNames } from "./causes.ts";
import { agentView } from "./test-support/agent-view.ts";

const MINUTE_MS = 60_000;

function causesOf(...agents: ReturnType<typeof agentView>[]) {
  return findCauses({
    nowMs: 20 * MINUTE_MS,
    agents,
    deadLetters: { count: 0, oldestAtMs: null },
    operatorMail: { count: 0, agentIds: [], oldestAtMs: null },
    costSince: () => null,
  });
}

test("findCauses() names a deadlock once, with both members and the later start", () => {
  const causes = causesOf(
    agentView("planner", { state: "stuck", sinceMs: 5, cycle: ["planner", "reviewer"] }),
    agentView("reviewer", { state: "stuck", sinceMs: 9, cycle: ["reviewer", "planner"] }),
  );
  assert.equal(causes.length, 1);
  assert.equal(causes[0]?.text, "planner and reviewer wait on each other");
  assert.deepEqual(causes[0]?.agentIds, ["planner", "reviewer"]);
  assert.equal(causes[0]?.sinceMs, 9);
  assert.equal(causes[0]?.actions[0]?.kind, "pause");
});

test("findCauses() spells out a longer circle of waits", () => {
  const cycle = ["a", "b", "c"];
  const causes = causesOf(...cycle.map((id) => agentView(id, { state: "stuck", cycle })));
  assert.equal(causes[0]?.text, "a waits on b, which waits on c, which waits on a");
});

test("findCauses() says what a stuck agent holds, since when it is silent and whom it awaits", () => {
  const [cause] = causesOf(
    agentView("reviewer-2", {
      state: "stuck",
      sinceMs: 7 * MINUTE_MS,
      lastOutputAtMs: 6 * MINUTE_MS,
      holds: [
        {
          kind: "delivery",
          id: "d",
          title: "review PR 7",
          sinceMs: MINUTE_MS,
          messageId: "m",
          traceId: null,
        },
      ],
      waitsOn: [{ agentId: "planner", messageId: "m", sinceMs: 0 }],
    }),
  );
  const text = 'reviewer-2 heartbeats, no output for 14 min, holds "review PR 7", waits on planner';
  assert.equal(cause?.text, text);
});

test("findCauses() makes one cause of many stuck agents of a kind", () => {
  const agents = Array.from({ length: 14 }, (_, index) =>
    agentView(`summarizer-${index}`, { state: "stuck", sinceMs: index }),
  );
  const causes = causesOf(...agents);
  assert.equal(causes.length, 1);
  assert.match(causes[0]?.text ?? "", /^14 summarizer agents are stuck: .* and 11 more$/);
  assert.equal(causes[0]?.sinceMs, 0);
});

test("findCauses() tells a crash from a silent agent from one that left well", () => {
  const causes = causesOf(
    agentView("crashed", { state: "down", exitCode: 3 }),
    agentView("silent", { state: "down", sinceMs: 9, lastHeartbeatAtMs: 19 * MINUTE_MS }),
    agentView("gone", { state: "down", exitCode: 0, left: true }, { status: "offline" }),
  );
  assert.deepEqual(causes.map((cause) => cause.text).toSorted(), [
    "crashed ended with exit code 3",
    "silent stopped answering 1 min ago",
  ]);
  const silent = causes.find((cause) => cause.agentIds.includes("silent"));
  assert.equal(silent?.sinceMs, 19 * MINUTE_MS, "the time beside the sentence is the sentence's");
});

test("findCauses() reports an agent that left while mail waits for it", () => {
  const mailbox = {
    ready: { low: 0, normal: 1, high: 0, urgent: 0 },
    leased: 0,
    delayed: 0,
    oldestReadyAtMs: 1,
  };
  const causes = causesOf(agentView("gone", { state: "down" }, { status: "offline", mailbox }));
  assert.equal(causes[0]?.text, "gone left, but mail or work waits for it");
});

test("findCauses() only reminds of paused agents: a person has them in hand", () => {
  const paused = { sinceMs: 7, by: "operator", reason: "" };
  const agents = ["a", "b"].map((id) => agentView(id, { state: "stuck" }, { paused }));
  const [reminder, ...others] = causesOf(...agents);
  assert.deepEqual(others, []);
  assert.equal(reminder?.level, "info");
  assert.equal(reminder?.text, "a and b are paused by operator");
  assert.equal(reminder?.sinceMs, 7);
  assert.deepEqual(reminder?.actions[0], { kind: "resume", agentIds: ["a", "b"] });
});

test("findCauses() reminds of quarantined agents, and of nothing else about them", () => {
  const quarantined = { sinceMs: 7, by: "ana", reason: "leaks" };
  const [reminder, ...others] = causesOf(
    agentView("a", { state: "down", exitCode: 3 }, { quarantined }),
    agentView("b", { state: "stuck" }, { quarantined, paused: quarantined }),
  );
  assert.deepEqual(others, []);
  assert.deepEqual([reminder?.kind, reminder?.level], ["quarantined", "info"]);
  assert.equal(reminder?.text, "a and b are quarantined by ana");
  assert.deepEqual(reminder?.actions[0], { kind: "release", agentIds: ["a", "b"] });
});

function failing(count: number) {
  return Array.from({ length: count }, (_, index) =>
    agentView(`w-${index}`, {}, { status: "error" }),
  );
}

test("findCauses() makes one cause of a kind's error statuses, under an id that stays", () => {
  const [one] = causesOf(...failing(1));
  const [many, ...others] = causesOf(...failing(5));
  assert.deepEqual(others, []);
  assert.equal(one?.text, "w-0 reports an error");
  assert.equal(many?.text, "5 w agents report an error: w-0, w-1, w-2 and 2 more");
  assert.equal(many?.id, one?.id);
});

test("findCauses() puts errors before warnings and adds up the cost of the agents named", () => {
  const causes = findCauses({
    nowMs: 0,
    agents: [agentView("s-1", { state: "stuck" }), agentView("d-1", { state: "down" })],
    deadLetters: { count: 2, oldestAtMs: -5 },
    operatorMail: { count: 0, agentIds: [], oldestAtMs: null },
    costSince: (agentId) => (agentId === "s-1" ? 1.5 : null),
  });
  assert.deepEqual(
    causes.map((cause) => [cause.kind, cause.level, cause.costUsd]),
    [
      ["down", "error", null],
      ["dead_letters", "warning", null],
      ["stuck", "warning", 1.5],
    ],
  );
});

function causesFor(agentIds: string[], count: number) {
  return findCauses({
    nowMs: 9,
    agents: [],
    deadLetters: { count: 0, oldestAtMs: null },
    operatorMail: { count, agentIds, oldestAtMs: 4 },
    costSince: () => null,
  });
}

test("findCauses() says who waits for a person's answer", () => {
  assert.deepEqual(causesFor([], 0), []);
  const [one] = causesFor(["planner"], 1);
  assert.equal(one?.text, "planner waits for your answer");
  assert.deepEqual([one?.kind, one?.level, one?.sinceMs], ["operator_mail", "warning", 4]);
  const [many] = causesFor(["planner", "writer"], 3);
  assert.equal(many?.text, "planner and writer wait for your answer to 3 messages");
  assert.equal(many?.id, one?.id);
});

test("listNames() joins up to three names and counts the rest", () => {
  assert.equal(listNames(["a"]), "a");
  assert.equal(listNames(["a", "b"]), "a and b");
  assert.equal(listNames(["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
});
