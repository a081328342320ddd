import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ManualClock, noTelemetry } from "../core/index.ts";
import type { Telemetry } from "../core/index.ts";
import { AgentCommunicationProtocol } from "./agent-communication-protocol.ts";
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

describe("AgentCommunicationProtocol sending and claiming", () => {
  test("the reference's example works without a start, and reaches the inbox", async () => {
    await using comm = new AgentCommunicationProtocol();
    const capabilities = ["monitoring", "alerting"];
    await comm.registerAgent("monitor", "System Monitor", capabilities, "http://localhost:8001");
    const messageId = await comm.sendMessage(
      "coordinator",
      "monitor",
      "task_assignment",
      { task: "monitor_system" },
      "high",
    );
    const [found] = await comm.findAgentsByCapability("monitoring");
    assert.equal(found?.id, "monitor");
    const [claimed] = await comm.claim("monitor");
    assert.equal(claimed?.message.id, messageId);
    assert.equal(claimed?.message.task?.title, "monitor_system");
    assert.equal(claimed?.attempt, 1);
    await comm.done(claimed?.token ?? "", { result: "ok" });
    const receipt = (await comm.getMessage(messageId))?.deliveries[0];
    assert.equal(receipt?.state, "done");
    assert.equal(receipt?.result, "ok");
    const task = await comm.getTask(claimed?.taskId ?? "");
    assert.equal(task?.state, "completed");
  });

  test("send() lets a message be claimed only once it is stored", async () => {
    const { comm, store } = await makeBench(["bob"]);
    const release = store.hold();
    const sending = comm.send(DIRECT);
    const claiming = comm.claim("bob", { waitMs: 60_000 });
    await settleAll();
    assert.equal((await comm.getMailbox("bob")).ready.normal, 0);
    release();
    const { messageId } = await sending;
    assert.equal((await claiming)[0]?.message.id, messageId);
  });

  test("send() rejects and leaves nothing behind when the store refuses", async () => {
    const { comm, store } = await makeBench(["bob"], { maxMailboxMessages: 1 });
    store.fail();
    const keyed = { ...DIRECT, dedupeKey: "k" };
    await assert.rejects(comm.send(keyed), refuses("communication.store_failed"));
    store.fail(false);
    assert.deepEqual(await comm.claim("bob"), []);
    const again = await comm.send(keyed);
    assert.equal(again.duplicate, false, "a failed send is no duplicate, and freed its room");
  });

  test("send() makes one message of two sends with one dedupeKey in flight", async () => {
    const { comm, store } = await makeBench(["bob"]);
    const release = store.hold();
    const both = Promise.all([
      comm.send({ ...DIRECT, dedupeKey: "k" }),
      comm.send({ ...DIRECT, dedupeKey: "k" }),
    ]);
    await settleAll();
    release();
    const [first, second] = await both;
    assert.equal(first.messageId, second.messageId);
    assert.equal(first.deliveryId, second.deliveryId);
    assert.deepEqual([first.duplicate, second.duplicate], [false, true]);
    assert.equal((await comm.claim("bob", { max: 9 })).length, 1);
  });

  test("a duplicate of a send that fails, fails with it", async () => {
    const { comm, store } = await makeBench(["bob"]);
    store.fail();
    const release = store.hold();
    const both = Promise.allSettled([
      comm.send({ ...DIRECT, dedupeKey: "k" }),
      comm.send({ ...DIRECT, dedupeKey: "k" }),
    ]);
    await settleAll();
    release();
    assert.deepEqual(
      (await both).map((one) => one.status),
      ["rejected", "rejected"],
    );
  });

  test("a dedupeKey is free again after dedupeWindow, and per sender", async () => {
    const { comm, clock } = await makeBench(["bob"], { dedupeWindow: 60 });
    await comm.send({ ...DIRECT, dedupeKey: "k" });
    assert.equal((await comm.send({ ...DIRECT, dedupeKey: "k" })).duplicate, true);
    const other = await comm.send({ ...DIRECT, senderId: "eve", dedupeKey: "k" });
    assert.equal(other.duplicate, false);
    clock.advance(60_000);
    assert.equal((await comm.send({ ...DIRECT, dedupeKey: "k" })).duplicate, false);
  });

  test("sendMany() stores all in one append and refuses one by one", async () => {
    const { comm, store } = await makeBench(["bob"]);
    const before = store.batches.length;
    const results = await comm.sendMany([
      DIRECT,
      { ...DIRECT, recipientId: "bobb" },
      { ...DIRECT, dedupeKey: "k" },
      { ...DIRECT, dedupeKey: "k" },
    ]);
    assert.equal(store.batches.length - before, 1);
    const [first, second, third, fourth] = results;
    assert.ok(first !== undefined && "messageId" in first);
    assert.ok(second !== undefined && "error" in second);
    assert.deepEqual(second.error.details["nearMatches"], ["bob"]);
    assert.ok(third !== undefined && "messageId" in third && !third.duplicate);
    assert.ok(fourth !== undefined && "messageId" in fourth && fourth.duplicate);
    assert.equal((await comm.claim("bob", { max: 9 })).length, 2);
  });

  test("bad input is refused with its code", async () => {
    const { comm } = await makeBench(["bob"], { maxPayloadBytes: 20, maxMailboxMessages: 2 });
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const cases: [Record<string, unknown>, CommunicationErrorCode][] = [
      [{ senderId: "" }, "communication.name_invalid"],
      [{ senderId: "x".repeat(129) }, "communication.name_invalid"],
      [{ senderId: "cellphone" }, "communication.name_reserved"],
      [{ type: "no good" }, "communication.name_invalid"],
      [{ type: "cellphone.secret" }, "communication.name_reserved"],
      [{ type: "delivery_failed" }, "communication.name_reserved"],
      [{ priority: "asap" }, "communication.priority_unknown"],
      [{ payload: "x".repeat(30) }, "communication.payload_too_large"],
      [{ payload: undefined }, "communication.payload_invalid"],
      [{ payload: { n: Number.NaN } }, "communication.payload_invalid"],
      [{ payload: circular }, "communication.payload_invalid"],
      [{ payload: 1n }, "communication.payload_invalid"],
      [{ recipientId: "bpb" }, "communication.recipient_unknown"],
      [{ dedupeKey: "" }, "communication.argument_invalid"],
      [{ orderingKey: "x".repeat(257) }, "communication.argument_invalid"],
      [{ traceparent: "nonsense" }, "communication.argument_invalid"],
      [{ task: { title: " " } }, "communication.argument_invalid"],
      [{ replyToId: "msg_none" }, "communication.message_unknown"],
    ];
    for (const [change, code] of cases) {
      // The types forbid what a caller without types may well send.
      const request = { ...DIRECT, ...change } as typeof DIRECT;
      await assert.rejects(comm.send(request), refuses(code), JSON.stringify(Object.keys(change)));
    }
    const { messageId: replyToId } = await comm.send({ ...DIRECT, type: "my.own-type" });
    await assert.rejects(
      comm.send({ ...DIRECT, senderId: "cellphone", replyToId }),
      refuses("communication.name_reserved"),
    );
    await comm.send(DIRECT);
    await assert.rejects(comm.send(DIRECT), refuses("communication.mailbox_full"));
    await assert.rejects(comm.claim("nobody"), refuses("communication.agent_unknown"));
    await assert.rejects(
      comm.claim("bob", { leaseMs: 0 }),
      refuses("communication.argument_invalid"),
    );
    await assert.rejects(comm.done("junk"), refuses("communication.token_invalid"));
    await assert.rejects(
      comm.registerAgent({ agentId: "cellphone" }),
      refuses("communication.name_reserved"),
    );
    await assert.rejects(
      comm.registerAgent({ agentId: "" }),
      refuses("communication.name_invalid"),
    );
  });

  test("accepted payloads do not change with the caller's object", async () => {
    const { comm } = await makeBench(["bob"]);
    const payload = { list: [1] };
    await comm.send({ ...DIRECT, payload });
    payload.list.push(2);
    assert.deepEqual((await comm.claim("bob"))[0]?.message.payload, { list: [1] });
  });

  test("broadcastMessage() reaches all but its sender, filtered by capability", async () => {
    const { comm } = await makeBench(["a", "b"]);
    await comm.registerAgent({ agentId: "c", capabilities: ["sort"] });
    const all = await comm.broadcastMessage("a", "broadcast", "hi");
    assert.deepEqual(all.recipients, ["b", "c"]);
    const some = await comm.broadcastMessage("a", "broadcast", "hi", "urgent", {
      capability: "sort",
    });
    assert.deepEqual(some.recipients, ["c"]);
    const [first] = await comm.claim("c");
    assert.equal(first?.message.id, some.messageId, "urgent first");
    assert.equal((await comm.getMessage(all.messageId))?.deliveries.length, 2);
  });
});

describe("AgentCommunicationProtocol claims", () => {
  test("two waiting claims never get the same delivery", async () => {
    const { comm } = await makeBench(["bob"]);
    const claims = [1, 2].map(() => comm.claim("bob", { max: 5, waitMs: 60_000 }));
    await settleAll();
    await Promise.all([comm.send(DIRECT), comm.send(DIRECT)]);
    const ids = (await Promise.all(claims)).flat().map((one) => one.deliveryId);
    assert.equal(ids.length, 2);
    assert.equal(new Set(ids).size, 2);
  });

  test("a claim resolves empty when waitMs is over", async () => {
    const { comm, clock } = await makeBench(["bob"]);
    const claiming = comm.claim("bob", { waitMs: 5000 });
    await settleAll();
    clock.advance(5000);
    assert.deepEqual(await claiming, []);
  });

  test("an aborted claim frees its place and takes no mail", async () => {
    const { comm } = await makeBench(["bob"]);
    const controller = new AbortController();
    const claiming = comm.claim("bob", { waitMs: 60_000, signal: controller.signal });
    await settleAll();
    controller.abort();
    await assert.rejects(claiming, { name: "AbortError" });
    await comm.send(DIRECT);
    assert.equal((await comm.claim("bob")).length, 1);
  });

  test("a claim aborted while it is being stored gives the mail back", async () => {
    const { comm, store } = await makeBench(["bob"]);
    await comm.send(DIRECT);
    const controller = new AbortController();
    const release = store.hold();
    const claiming = comm.claim("bob", { signal: controller.signal });
    await settleAll();
    controller.abort();
    release();
    await assert.rejects(claiming, { name: "AbortError" });
    assert.equal((await comm.claim("bob"))[0]?.attempt, 1, "that attempt does not count");
  });

  test("a claim the store refused leaves the mail ready", async () => {
    const { comm, store, clock } = await makeBench(["bob"]);
    await comm.send(DIRECT);
    store.fail();
    await assert.rejects(comm.claim("bob"), refuses("communication.store_failed"));
    store.fail(false);
    const [first] = await comm.claim("bob");
    assert.equal(first?.attempt, 1);
    await comm.retry(first?.token ?? "", { delayMs: 0 });
    // With another claim waiting, the next tick hands it over.
    store.fail();
    const refused = comm.claim("bob");
    const waiting = comm.claim("bob", { waitMs: 60_000 });
    await assert.rejects(refused, refuses("communication.store_failed"));
    store.fail(false);
    clock.advance(1000);
    assert.equal((await waiting)[0]?.attempt, 2);
  });

  test("stop() ends waiting claims with empty lists and refuses new calls", async () => {
    const { comm } = await makeBench(["bob"]);
    const claims = [comm.claim("bob", { waitMs: 60_000 }), comm.claim("bob", { waitMs: 60_000 })];
    await settleAll();
    await comm.stop();
    assert.deepEqual(await Promise.all(claims), [[], []]);
    await assert.rejects(comm.send(DIRECT), refuses("communication.stopped"));
    await comm.start();
    await comm.send(DIRECT);
  });

  test("at most 64 claims of one agent wait", async () => {
    const { comm } = await makeBench(["bob"]);
    const claims = Array.from({ length: 64 }, () => comm.claim("bob", { waitMs: 60_000 }));
    await settleAll();
    await assert.rejects(
      comm.claim("bob", { waitMs: 60_000 }),
      refuses("communication.claims_full"),
    );
    await comm.stop();
    await Promise.all(claims);
  });

  test("nothing is handed out while paused; resuming wakes the claim", async () => {
    const { comm } = await makeBench(["bob"]);
    await comm.pauseAgent("bob", { by: "local", reason: "test" });
    const sent = await comm.send(DIRECT);
    assert.equal(sent.recipientOnline, false);
    const claiming = comm.claim("bob", { waitMs: 60_000 });
    await settleAll();
    assert.equal((await comm.getMailbox("bob")).ready.normal, 1);
    await comm.resumeAgent("bob", { by: "local" });
    assert.equal((await claiming).length, 1);
  });
});

describe("AgentCommunicationProtocol settlements", () => {
  test("done() is idempotent, and fences stale tokens", async () => {
    const { comm, clock } = await makeBench(["bob"], { leaseDuration: 10, retryDelay: 1 });
    await comm.send(DIRECT);
    const [first] = await comm.claim("bob");
    assert.ok(first);
    clock.advance(10_000);
    clock.advance(1000);
    const [second] = await comm.claim("bob");
    assert.equal(second?.attempt, 2);
    await assert.rejects(comm.done(first.token), refuses("communication.lease_lost"));
    await assert.rejects(comm.extend(first.token), refuses("communication.lease_lost"));
    const token = second?.token ?? "";
    await Promise.all([comm.done(token), comm.done(token)]);
    await comm.done(token);
    await assert.rejects(comm.retry(token), refuses("communication.lease_lost"));
  });

  test("done() that the store refused can be repeated while the lease lasts", async () => {
    const { comm, store } = await makeBench(["bob"]);
    await comm.send({ ...DIRECT, task: { title: "t" } });
    const [claimed] = await comm.claim("bob");
    store.fail();
    await assert.rejects(comm.done(claimed?.token ?? ""), refuses("communication.store_failed"));
    assert.equal((await comm.getTask(claimed?.taskId ?? ""))?.state, "working");
    store.fail(false);
    await comm.done(claimed?.token ?? "");
    assert.equal((await comm.getMessage(claimed?.message.id ?? ""))?.deliveries[0]?.state, "done");
  });

  test("deadLetter() that the store refused leaves no trace on the receipt", async () => {
    const { comm, clock, store } = await makeBench(["bob"], { leaseDuration: 10 });
    const { messageId } = await comm.send(DIRECT);
    const [claimed] = await comm.claim("bob");
    store.fail();
    const refused = comm.deadLetter(claimed?.token ?? "", { note: "no" });
    await assert.rejects(refused, refuses("communication.store_failed"));
    store.fail(false);
    clock.advance(10_000);
    await settleAll();
    const receipt = (await comm.getMessage(messageId))?.deliveries[0];
    assert.deepEqual(
      [receipt?.state, receipt?.attempts, receipt?.deadReason, receipt?.note, receipt?.settledAtMs],
      ["ready", 1, null, null, null],
    );
  });

  test("extend() and heartbeat leases keep a lease; silence loses it", async () => {
    const { comm, clock } = await makeBench(["bob"], { leaseDuration: 10 });
    await comm.send(DIRECT);
    const [claimed] = await comm.claim("bob");
    const token = claimed?.token ?? "";
    clock.advance(8000);
    assert.deepEqual(await comm.extend(token), { leaseMs: 10_000 });
    clock.advance(8000);
    const reply = await comm.heartbeat("bob", { leases: [token, "x.y.1.z"] });
    assert.deepEqual(reply.lostLeases, ["x.y.1.z"]);
    clock.advance(8000);
    await comm.progress(token, { progress: 0.5 });
    clock.advance(10_000);
    await assert.rejects(comm.done(token), refuses("communication.lease_lost"));
  });

  test("retry() backs off exponentially and ends as a dead letter", async () => {
    const { comm, clock, events } = await makeBench(["alice", "bob"], {
      maxAttempts: 3,
      retryDelay: 2,
    });
    const { messageId, deliveryId } = await comm.send({ ...DIRECT, type: "task_assignment" });
    for (const delayMs of [2000, 4000]) {
      const [claimed] = await comm.claim("bob");
      await comm.retry(claimed?.token ?? "", { note: "busy" });
      clock.advance(delayMs - 1);
      assert.deepEqual(await comm.claim("bob"), []);
      clock.advance(1);
    }
    const [last] = await comm.claim("bob");
    assert.equal(last?.attempt, 3);
    await comm.retry(last?.token ?? "");
    const [letter] = await comm.getDeadLetters({ agentId: "bob" });
    assert.equal(letter?.message.id, messageId);
    assert.equal(letter?.deliveries[0]?.deadReason, "attempts_exhausted");
    assert.equal((await comm.getTask(last?.taskId ?? ""))?.state, "failed");
    assert.ok(events.some((event) => event.kind === "message.dead"));
    assert.equal(comm.deadLetterCount().count, 1);

    const again = await comm.redrive(deliveryId);
    assert.equal(again.attempts, 0);
    assert.equal(comm.deadLetterCount().count, 0);
    await assert.rejects(comm.redrive(deliveryId), refuses("communication.delivery_not_dead"));
    assert.equal((await comm.claim("bob"))[0]?.message.id, messageId);
  });

  test("redriveAll() brings back what has a recipient, and says how many stayed and why", async () => {
    const { comm } = await makeBench(["bob", "carol"]);
    for (const recipientId of ["bob", "bob", "carol"]) {
      await comm.send({ ...DIRECT, recipientId });
      const [claimed] = await comm.claim(recipientId);
      await comm.deadLetter(claimed?.token ?? "", { note: "no" });
    }
    await comm.unregisterAgent("carol");
    assert.deepEqual(await comm.redriveAll(), {
      redriven: 2,
      stayed: { "communication.recipient_unknown": 1 },
    });
    assert.equal(comm.deadLetterCount().count, 1);
    assert.equal((await comm.claim("bob", { max: 5 })).length, 2);
  });

  test("a message expires only while its recipient is online, and its sender is told", async () => {
    const { comm, clock } = await makeBench(["alice", "bob"], {
      messageTimeout: 60,
      maxPayloadBytes: 16,
    });
    await comm.updateAgentStatus("bob", "offline");
    const { messageId } = await comm.send(DIRECT);
    clock.advance(600_000);
    assert.equal((await comm.getMailbox("bob")).ready.normal, 1);
    await comm.updateAgentStatus("bob", "online");
    clock.advance(59_000);
    assert.deepEqual(await comm.getDeadLetters(), []);
    clock.advance(2000);
    await settleAll();
    const [letter] = await comm.getDeadLetters();
    assert.equal(letter?.deliveries[0]?.deadReason, "expired");
    const [notice] = await comm.claim("alice");
    assert.equal(notice?.message.senderId, "cellphone");
    assert.equal(notice?.message.type, "delivery_failed");
    assert.deepEqual(notice?.message.payload, { messageId, recipientId: "bob", reason: "expired" });
  });

  test("what could not be stored as expired comes back", async () => {
    const { comm, clock, store } = await makeBench(["bob"], { messageTimeout: 5 });
    await comm.send(DIRECT);
    store.fail();
    clock.advance(5000);
    await settleAll();
    store.fail(false);
    assert.equal((await comm.claim("bob")).length, 1);
  });

  test("unregisterAgent() makes dead letters of unsettled mail and ends its claims", async () => {
    const { comm, store } = await makeBench(["bob"]);
    const release = store.hold();
    const racing = comm.send(DIRECT);
    const leaving = comm.unregisterAgent("bob");
    await settleAll();
    release();
    await Promise.all([racing, leaving]);
    await settleAll();
    const [letter] = await comm.getDeadLetters();
    assert.equal(letter?.deliveries[0]?.deadReason, "recipient_removed");
    assert.equal(await comm.getAgentInfo("bob"), undefined);
    await assert.rejects(comm.send(DIRECT), refuses("communication.recipient_unknown"));
  });
});

describe("AgentCommunicationProtocol telemetry and callbacks", () => {
  test("it measures sends, latency, settlements, tasks and health per agent", async () => {
    const clock = new ManualClock();
    const values = new Map<string, number[]>();
    const telemetry: Telemetry = {
      ...noTelemetry,
      series: ({ metric, agentId }) => ({
        record: (value) => {
          const key = `${agentId}/${metric}`;
          values.set(key, [...(values.get(key) ?? []), value]);
        },
        recordBatch: () => assert.fail("a message is measured when it happens"),
      }),
    };
    await using comm = new AgentCommunicationProtocol({}, { clock, telemetry });
    await comm.registerAgent({ agentId: "alice" });
    await comm.registerAgent({ agentId: "bob" });
    await comm.send({ ...DIRECT, type: "task_assignment" });
    clock.advance(2000);
    const [claimed] = await comm.claim("bob");
    clock.advance(500);
    await comm.done(claimed?.token ?? "");
    assert.deepEqual(values.get("alice/messages_sent"), [1]);
    assert.deepEqual(values.get("bob/delivery_latency"), [2]);
    assert.deepEqual(values.get("bob/messages_settled"), [1]);
    assert.deepEqual(values.get("bob/task_completion"), [1]);
    assert.deepEqual(values.get("bob/task_duration"), [0.5]);
    assert.deepEqual(values.get("bob/response_time"), [0.5]);
    const process = { cpuPercent: 12.5, memoryBytes: 4096, processes: 2 };
    await comm.heartbeat("bob", { process });
    assert.deepEqual(values.get("bob/cpu_usage"), [12.5]);
    assert.deepEqual(values.get("bob/memory_usage"), [4096]);
    await comm.heartbeat("bob", { left: true });
    assert.equal(values.get("bob/agent_health")?.at(-1), 0);
  });

  test("it measures one response_time per message: to its answer, or to its settlement", async () => {
    const clock = new ManualClock();
    const values: number[] = [];
    const telemetry: Telemetry = {
      ...noTelemetry,
      series: ({ metric }) => ({
        record: (value) => void (metric === "response_time" && values.push(value)),
        recordBatch: () => assert.fail("a message is measured when it happens"),
      }),
    };
    await using comm = new AgentCommunicationProtocol({}, { clock, telemetry });
    for (const agentId of ["alice", "bob"]) await comm.registerAgent({ agentId });
    const handle = async (agentId: string, end: (token: string) => Promise<unknown>) => {
      clock.advance(5000); // how long it waits in the inbox is no part of it
      const [claimed] = await comm.claim(agentId);
      clock.advance(1000);
      await end(claimed?.token ?? "");
    };
    await comm.send(DIRECT);
    await handle("bob", (token) => comm.retry(token, { delayMs: 0 }));
    assert.deepEqual(values, [], "not settled yet");
    await handle("bob", (token) => comm.done(token));
    assert.deepEqual(values.splice(0), [7], "from the first time it was handed out");
    await comm.send({ ...DIRECT, expectsReply: true });
    await handle("bob", (token) => comm.done(token, { reply: "yes" }));
    await handle("alice", (token) => comm.done(token)); // the answer itself
    assert.deepEqual(values.splice(0), [1]);
    await comm.send({ ...DIRECT, expectsReply: true });
    await handle("bob", async (token) => {
      await comm.reply(token, "early");
      clock.advance(9000);
      await comm.done(token);
    });
    assert.deepEqual(values, [1]);
  });

  test("a telemetry that throws undoes no message", async () => {
    const telemetry: Telemetry = {
      ...noTelemetry,
      series: () => {
        throw new RangeError("too many series");
      },
    };
    await using comm = new AgentCommunicationProtocol({}, { telemetry });
    await comm.registerAgent({ agentId: "bob" });
    await comm.send(DIRECT);
    const [claimed] = await comm.claim("bob");
    await comm.done(claimed?.token ?? "");
  });

  test("callbacks hear of messages and states until disposed", async () => {
    const { comm } = await makeBench(["bob"]);
    const heard: unknown[] = [];
    const onMessage = comm.addMessageCallback((message) => heard.push(message.payload));
    const onState = comm.addStateCallback(({ agent, previous }) => {
      heard.push(`${agent.id}: ${previous} to ${agent.presence.state}`);
    });
    await comm.send(DIRECT);
    await comm.heartbeat("bob", { left: true });
    onMessage[Symbol.dispose]();
    onState[Symbol.dispose]();
    await comm.send(DIRECT);
    assert.deepEqual(heard, [1, "bob: idle to down"]);
  });
});

test("claim() hands out 8 MiB at once, then the rest", async () => {
  const { comm } = await makeBench(["bob"]);
  const payload = "x".repeat(1_000_000);
  for (let index = 0; index < 12; index++) await comm.send({ ...DIRECT, payload });
  assert.equal((await comm.claim("bob", { max: 256 })).length, 9, "up to the one that reaches it");
  assert.equal((await comm.claim("bob", { max: 256 })).length, 3);
  await comm.stop();
});
