import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { CommunicationError } from "./errors.ts";
import type { CommunicationErrorCode } from "./errors.ts";
import { makeBench, settleAll } from "./test-support/test-bench.ts";

function refuses(code: CommunicationErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof CommunicationError, String(error));
    assert.equal(error.code, code);
    assert.ok(error.remedy.length > 0);
    return true;
  };
}

const DIRECT = { senderId: "alice", recipientId: "bob", type: "direct", payload: 1 } as const;

describe("AgentCommunicationProtocol answers and tasks", () => {
  test("done() with a reply answers in the same commit and wakes who waits", async () => {
    const { comm, store } = await makeBench(["alice", "bob"]);
    const { messageId } = await comm.send({ ...DIRECT, expectsReply: true });
    const waiting = comm.waitForReply(messageId, { timeoutMs: 60_000 });
    const [claimed] = await comm.claim("bob");
    assert.equal((await comm.getPresence("alice")).state, "waiting");
    const before = store.batches.length;
    await comm.done(claimed?.token ?? "", { reply: { sum: 3 } });
    const answer = await waiting;
    assert.deepEqual(answer.payload, { sum: 3 });
    assert.equal(answer.replyToId, messageId);
    const commit = store.batches
      .slice(before)
      .find((batch) => batch.some((record) => record.kind === "message"));
    assert.ok(
      commit?.some((record) => record.kind === "delivery" && record.delivery.state === "done"),
    );
    const receipt = (await comm.getMessage(messageId))?.deliveries[0];
    assert.equal(receipt?.state, "done");
    assert.equal(receipt?.answerId, answer.id);
    assert.notEqual((await comm.getPresence("alice")).state, "waiting");
    const late = await comm.waitForReply(messageId, { timeoutMs: 1 });
    assert.equal(late.id, answer.id, "answered already");
  });

  test("reply() works by token and by id, to senders without a mailbox too", async () => {
    const { comm } = await makeBench(["bob"]);
    const first = await comm.send({ ...DIRECT, senderId: "operator", expectsReply: true });
    const second = await comm.send({ ...DIRECT, senderId: "operator" });
    const claimed = await comm.claim("bob", { max: 2 });
    assert.equal((await comm.reply(claimed[0]?.token ?? "", "one")).deliveryId, null);
    for (const one of claimed) await comm.done(one.token);
    await comm.reply(second.messageId, "two");
    for (const [sent, words] of [
      [first, "one"],
      [second, "two"],
    ] as const) {
      const answer = await comm.waitForReply(sent.messageId, { timeoutMs: 1 });
      assert.equal(answer.payload, words);
      assert.equal(answer.conversationId, sent.messageId);
    }
  });

  test("an answer is a part of its message's trace, with a span of its own", async () => {
    const { comm } = await makeBench(["alice", "bob"]);
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    const spans = new Set(["00f067aa0ba902b7", "0000000000000000"]);
    for (const how of ["done", "reply"] as const) {
      const { messageId } = await comm.send({ ...DIRECT, traceparent, expectsReply: true });
      const [claimed] = await comm.claim("bob");
      const token = claimed?.token ?? "";
      if (how === "reply") await comm.reply(token, "yes");
      await comm.done(token, how === "done" ? { reply: "yes" } : {});
      const answer = await comm.waitForReply(messageId, { timeoutMs: 1 });
      const [version, traceId, spanId = "", flags] = answer.traceparent?.split("-") ?? [];
      assert.deepEqual([version, traceId, flags], ["00", traceparent.slice(3, 35), "00"]);
      assert.match(spanId, /^[\da-f]{16}$/);
      assert.ok(!spans.has(spanId), `${spanId} is new`);
      spans.add(spanId);
    }
    const untraced = await comm.send({ ...DIRECT, expectsReply: true });
    const [claimed] = await comm.claim("bob");
    await comm.done(claimed?.token ?? "", { reply: "yes" });
    const answer = await comm.waitForReply(untraced.messageId, { timeoutMs: 1 });
    assert.equal(answer.traceparent, null);
  });

  test("waitForReply() takes the answer's copy out of the inbox, unless told otherwise", async () => {
    const { comm } = await makeBench(["alice", "bob"]);
    for (const collect of [true, false]) {
      const { messageId } = await comm.send({ ...DIRECT, expectsReply: true });
      const waiting = comm.waitForReply(messageId, { timeoutMs: 60_000, collect });
      const answer = await comm.reply(messageId, "yes");
      assert.equal((await waiting).id, answer.messageId);
      const left = (await comm.getMailbox("alice")).ready.normal;
      assert.equal(left, collect ? 0 : 1);
      const state = (await comm.getMessage(answer.messageId))?.deliveries[0]?.state;
      assert.equal(state, collect ? "done" : "ready");
    }
  });

  test("waitForReply() leaves a copy that was claimed to whoever claimed it", async () => {
    const { comm } = await makeBench(["alice", "bob"]);
    const { messageId } = await comm.send({ ...DIRECT, expectsReply: true });
    const claiming = comm.claim("alice", { waitMs: 60_000 });
    const waiting = comm.waitForReply(messageId, { timeoutMs: 60_000 });
    await comm.reply(messageId, "yes");
    await waiting;
    const [claimed] = await claiming;
    await comm.done(claimed?.token ?? "");
  });

  test("waitForReply() ends in a timeout, an abort, or the request's death", async () => {
    const { comm, clock } = await makeBench(["bob"]);
    const { messageId } = await comm.send({ ...DIRECT, expectsReply: true });
    const timely = comm.waitForReply(messageId, { timeoutMs: 1000 });
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = comm.waitForReply(messageId, { timeoutMs: 60_000, signal });
    const doomed = comm.waitForReply(messageId, { timeoutMs: 60_000 });
    const checks = Promise.all([
      assert.rejects(timely, refuses("communication.reply_timeout")),
      assert.rejects(aborted, { name: "AbortError" }),
      assert.rejects(doomed, refuses("communication.request_dead")),
    ]);
    await settleAll();
    clock.advance(1000);
    controller.abort();
    const [claimed] = await comm.claim("bob");
    await comm.deadLetter(claimed?.token ?? "", { note: "cannot" });
    await checks;
    await assert.rejects(
      comm.waitForReply(messageId, { timeoutMs: 1 }),
      refuses("communication.request_dead"),
    );
    await assert.rejects(
      comm.waitForReply("msg_none", { timeoutMs: 1 }),
      refuses("communication.message_unknown"),
    );
  });

  test("an agent's own tasks start, move and end once", async () => {
    const { comm } = await makeBench(["bob"]);
    const task = await comm.startTask("bob", { title: "index repo", expectMs: 600_000 });
    const { holds, state } = await comm.getPresence("bob");
    assert.equal(state, "working");
    assert.equal(holds[0]?.title, "index repo");
    await comm.updateTask(task.id, { state: "input-required", note: "which branch?" });
    assert.equal((await comm.getPresence("bob")).state, "waiting");
    const ended = await comm.endTask(task.id, { state: "completed", result: { files: 3 } });
    assert.equal(ended.progress, 1);
    assert.ok(ended.endedAtMs !== null);
    await assert.rejects(
      comm.endTask(task.id, { state: "failed" }),
      refuses("communication.task_ended"),
    );
    await assert.rejects(comm.updateTask("task_x", {}), refuses("communication.task_unknown"));
    assert.equal((await comm.getPresence("bob")).state, "idle");
    assert.deepEqual(await comm.getTasks({ agentId: "bob" }), [ended]);
  });

  test("tasks carry a trace: their own, or their message's", async () => {
    const { comm } = await makeBench(["alice", "bob"]);
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const own = await comm.startTask("bob", { title: "own", traceparent });
    assert.equal(own.traceparent, traceparent);
    assert.equal((await comm.getPresence("bob")).holds[0]?.traceId, traceId);
    await comm.send({ ...DIRECT, type: "task_assignment", traceparent });
    const found = await comm.getTasks({ traceId });
    assert.deepEqual(
      found.map((task) => [task.messageId === null, task.traceparent]),
      [
        [false, traceparent],
        [true, traceparent],
      ],
    );
    const wrong = { title: "own", traceparent: "00-1-2-3" };
    await assert.rejects(comm.startTask("bob", wrong), refuses("communication.argument_invalid"));
  });

  test("exportCommunicationData() writes what it returns", async () => {
    const { comm } = await makeBench(["bob"]);
    await comm.send({ ...DIRECT, task: { title: "t" } });
    const folder = await mkdtemp(join(tmpdir(), "communication-"));
    try {
      const path = join(folder, "export.json");
      const document = await comm.exportCommunicationData(path);
      assert.equal(document.messages.length, 1);
      assert.equal(document.tasks.length, 1);
      assert.deepEqual(JSON.parse(await readFile(path, "utf8")), document);
      await assert.rejects(
        comm.exportCommunicationData(join(folder, "none", "x.json")),
        refuses("communication.export_failed"),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
