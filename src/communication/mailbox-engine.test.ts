import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { MailboxEngine } from "./mailbox-engine.ts";
import { LANE_WEIGHTS } from "./mailbox.ts";
import type { Lease } from "./mailbox.ts";
import type { Delivery, Message, MessagePriority } from "./model.ts";
import { makeMail } from "./test-support/test-bench.ts";

const SETTINGS = {
  messageTimeoutMs: 1000,
  maxMailboxMessages: 1000,
  maxMailboxBytes: 100_000,
  maxPendingBytes: 150_000,
};

describe("MailboxEngine", () => {
  test("take() serves full lanes 8:4:2:1, first come first served in each", () => {
    const { engine, send } = build();
    for (let index = 0; index < 30; index++) {
      for (const [priority] of LANE_WEIGHTS) send({ priority });
    }
    for (let round = 0; round < 2; round++) {
      const taken = engine.take("a", 15, 0, tokens());
      const served = taken.map((lease) => lease.entry.delivery.priority);
      for (const [priority, weight] of LANE_WEIGHTS) {
        assert.equal(served.filter((one) => one === priority).length, weight, priority);
        const sequences = taken
          .filter((lease) => lease.entry.delivery.priority === priority)
          .map((lease) => lease.entry.delivery.sequence);
        assert.deepEqual(
          sequences,
          sequences.toSorted((x, y) => x - y),
        );
      }
      assert.deepEqual(
        served.slice(0, 8),
        Array.from({ length: 8 }, () => "urgent"),
      );
    }
  });

  test("take() gives the lowest lane its turn while urgent mail keeps coming", () => {
    const { engine, send } = build();
    const low = send({ priority: "low" });
    for (let turn = 0; turn < 15; turn++) {
      send({ priority: "urgent" });
      const [lease] = engine.take("a", 1, 0, tokens());
      if (lease?.entry.delivery.id === low.id) return;
    }
    assert.fail("the low message starved");
  });

  test("take() holds an orderingKey's followers until their leader is settled", () => {
    const { engine, send } = build();
    const [first, second] = [send({ orderingKey: "k" }), send({ orderingKey: "k" })];
    const other = send({});
    const taken = engine.take("a", 9, 0, tokens());
    assert.deepEqual(
      taken.map((lease) => lease.entry.delivery.id),
      [first.id, other.id],
    );
    const leader = taken[0]?.entry;
    assert.ok(leader);
    engine.delay(leader, 50, 0);
    assert.equal(engine.claimable("a"), false, "a delayed leader still holds its followers");
    engine.due(50);
    const [again] = engine.take("a", 9, 50, tokens());
    assert.equal(again?.entry, leader);
    engine.settle(leader);
    assert.equal(engine.take("a", 9, 50, tokens())[0]?.entry.delivery.id, second.id);
  });

  test("due() reports a lapsed lease once, and never one that was extended", () => {
    const { engine, send } = build();
    send({});
    const [lease] = engine.take("a", 1, 0, tokens());
    assert.ok(lease);
    engine.arm(lease, 100, 0);
    engine.arm(lease, 100, 60);
    assert.deepEqual(engine.due(120).lapsed, []);
    engine.arm(lease, 10, 130);
    assert.deepEqual(engine.due(139).lapsed, []);
    assert.deepEqual(engine.due(140).lapsed, [lease.entry]);
    assert.deepEqual(engine.due(500).lapsed, []);
  });

  test("expired() counts only time the recipient is online, and spares work in hand", () => {
    const { engine, send } = build();
    const waiting = send({});
    engine.setOnline("a", false, 400);
    engine.setOnline("a", true, 10_000);
    assert.deepEqual(engine.expired(10_599), []);
    assert.deepEqual(
      engine.expired(10_600).map((entry) => entry.delivery.id),
      [waiting.id],
    );
    engine.take("a", 1, 10_600, tokens());
    assert.deepEqual(engine.expired(99_999), []);
  });

  test("reserve() refuses beyond messages and bytes, per mailbox and in total", () => {
    const engine = new MailboxEngine({
      ...SETTINGS,
      maxMailboxMessages: 2,
      maxMailboxBytes: 100,
      maxPendingBytes: 150,
    });
    for (const agentId of ["a", "b", "c"]) engine.open(agentId, 0);
    assert.equal(engine.reserve("a", 101), "mailbox_bytes");
    assert.equal(engine.reserve("a", 60), undefined);
    assert.equal(engine.reserve("a", 40), undefined);
    assert.equal(engine.reserve("a", 0), "mailbox_messages");
    assert.equal(engine.reserve("b", 51), "pending_bytes");
    engine.release("a", 40);
    assert.equal(engine.reserve("b", 51), undefined);
  });

  test("a paused mailbox hands out nothing until it is resumed", () => {
    const { engine, send } = build();
    send({});
    engine.setPaused("a", true);
    assert.deepEqual(engine.take("a", 1, 0, tokens()), []);
    engine.setPaused("a", false);
    assert.equal(engine.take("a", 1, 0, tokens()).length, 1);
  });

  test("settle() keeps memory bounded while one old lease is held for long", () => {
    const { engine, send } = build();
    send({});
    const [held] = engine.take("a", 1, 0, tokens());
    for (let index = 0; index < 5000; index++) {
      send({});
      const [lease] = engine.take("a", 1, 0, tokens());
      assert.ok(lease);
      engine.settle(lease.entry);
    }
    assert.equal(engine.size, 1);
    assert.equal(engine.pendingBytes, held?.entry.bytes);
    assert.deepEqual(engine.counts("a").ready, { urgent: 0, high: 0, normal: 0, low: 0 });
  });

  test("holds to its model under any course of events", () => {
    fc.assert(
      fc.property(
        fc.array(eventArbitrary(), { minLength: 1, maxLength: 300, size: "max" }),
        (events) => {
          new ModelRun().play(events);
        },
      ),
      { numRuns: 300 },
    );
  });
});

type Event =
  | { kind: "send"; priority: MessagePriority; orderingKey: string | null }
  | { kind: "take"; max: number }
  | { kind: "done" | "give-back"; pick: number }
  | { kind: "retry"; pick: number; delayMs: number }
  | { kind: "extend"; pick: number }
  | { kind: "time"; byMs: number }
  | { kind: "online"; online: boolean }
  | { kind: "restart" };

function eventArbitrary(): fc.Arbitrary<Event> {
  const pick = fc.nat(20);
  const priority = fc.constantFrom<MessagePriority>("urgent", "high", "normal", "low");
  const orderingKey = fc.constantFrom(null, null, "k1", "k2");
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("send" as const), priority, orderingKey }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("take" as const),
        max: fc.integer({ min: 1, max: 6 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom("done" as const, "give-back" as const), pick }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("retry" as const), pick, delayMs: fc.nat(200) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("extend" as const), pick }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("time" as const), byMs: fc.nat(300) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("online" as const), online: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  );
}

interface Modelled {
  readonly message: Message;
  readonly delivery: Delivery;
  attempts: number;
  place: "ready" | "leased" | "delayed" | "settled";
  untilMs: number;
  /** Online time used up. */
  ageMs: number;
}

/** The engine beside a model of plain lists, which says what is allowed at every step. */
class ModelRun {
  #engine = new MailboxEngine(SETTINGS);
  #nowMs = 0;
  #online = true;
  #sequence = 0;
  readonly #all: Modelled[] = [];
  #leases: Lease[] = [];
  readonly #credits = new Map(LANE_WEIGHTS.map(([lane, weight]) => [lane, weight]));

  constructor() {
    this.#engine.open("a", 0);
  }

  play(events: readonly Event[]): void {
    for (const event of events) {
      this.#apply(event);
      this.#compare();
    }
    this.#drain();
  }

  #apply(event: Event): void {
    switch (event.kind) {
      case "send":
        return this.#send(event.priority, event.orderingKey);
      case "take":
        return this.#take(event.max);
      case "time":
        return this.#advance(event.byMs);
      case "online":
        this.#online = event.online;
        return this.#engine.setOnline("a", event.online, this.#nowMs);
      case "restart":
        return this.#restart();
      default:
        return this.#end(event);
    }
  }

  #send(priority: MessagePriority, orderingKey: string | null): void {
    const { message, delivery } = makeMail(++this.#sequence, { priority, orderingKey });
    assert.equal(this.#engine.reserve("a", 10), undefined);
    this.#engine.admit(message, delivery, 10, this.#nowMs);
    this.#all.push({ message, delivery, attempts: 0, place: "ready", untilMs: 0, ageMs: 0 });
  }

  #take(max: number): void {
    const leases = this.#engine.take("a", max, this.#nowMs, tokens());
    for (const lease of leases) {
      const expected = this.#next();
      assert.equal(lease.entry.delivery.id, expected?.delivery.id, "the next by weight and age");
      if (expected === undefined) return;
      assert.equal(this.#held(expected), false, "no second live lease");
      expected.place = "leased";
      expected.untilMs = this.#nowMs + 100;
      expected.attempts++;
      this.#engine.arm(lease, 100, this.#nowMs);
      this.#leases.push(lease);
    }
    if (leases.length < max) assert.equal(this.#next(), undefined, "nothing claimable is left");
  }

  /** Weighted round robin over plain lists. */
  #next(): Modelled | undefined {
    const ready = this.#all.filter((one) => one.place === "ready" && !this.#blocked(one));
    for (let round = 0; round < 2; round++) {
      for (const [lane, weight] of LANE_WEIGHTS) {
        const credit = this.#credits.get(lane) ?? weight;
        const [first] = ready
          .filter((one) => one.delivery.priority === lane)
          .toSorted((a, b) => a.delivery.sequence - b.delivery.sequence);
        if (credit === 0 || first === undefined) continue;
        this.#credits.set(lane, credit - 1);
        return first;
      }
      for (const [lane, weight] of LANE_WEIGHTS) this.#credits.set(lane, weight);
    }
    return undefined;
  }

  /** Behind an earlier unsettled message of its orderingKey. */
  #blocked(one: Modelled): boolean {
    const key = one.message.orderingKey;
    if (key === null) return false;
    return this.#all.some(
      (other) =>
        other.message.orderingKey === key &&
        other.place !== "settled" &&
        other.delivery.sequence < one.delivery.sequence,
    );
  }

  #end(event: Exclude<Event, { kind: "send" | "take" | "time" | "online" | "restart" }>): void {
    const lease = this.#leases[event.pick % Math.max(1, this.#leases.length)];
    if (lease === undefined) return;
    const model = this.#modelOf(lease);
    if (event.kind === "extend") {
      this.#engine.arm(lease, 100, this.#nowMs);
      model.untilMs = this.#nowMs + 100;
      return;
    }
    this.#drop(lease);
    if (event.kind === "done") {
      this.#engine.settle(lease.entry);
      model.place = "settled";
    } else if (event.kind === "retry" && event.delayMs > 0) {
      this.#engine.delay(lease.entry, this.#nowMs + event.delayMs, this.#nowMs);
      model.place = "delayed";
      model.untilMs = this.#nowMs + event.delayMs;
    } else {
      this.#engine.giveBack(lease.entry, this.#nowMs);
      model.place = "ready";
    }
  }

  #advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const one of this.#all) if (this.#online) one.ageMs += byMs;
    const due = this.#engine.due(this.#nowMs);
    const lapsed = new Set(due.lapsed.map((entry) => entry.delivery.id));
    for (const one of this.#all) {
      const ends = one.untilMs <= this.#nowMs;
      assert.equal(lapsed.has(one.delivery.id), one.place === "leased" && ends, "lapsed on time");
      if (one.place === "delayed" && ends) one.place = "ready";
    }
    for (const entry of due.lapsed) {
      const lease = entry.lease;
      assert.ok(lease);
      this.#drop(lease);
      this.#modelOf(lease).place = "ready";
      this.#engine.giveBack(entry, this.#nowMs);
    }
    const expired = new Set(this.#engine.expired(this.#nowMs));
    const ids = new Set([...expired].map((entry) => entry.delivery.id));
    for (const one of this.#all) {
      const over = one.ageMs >= SETTINGS.messageTimeoutMs && this.#online;
      const loose = one.place === "ready" || one.place === "delayed";
      assert.equal(ids.has(one.delivery.id), over && loose, "expired on time");
      if (over && loose) one.place = "settled";
    }
    for (const entry of expired) this.#engine.settle(entry);
  }

  /** What a store would hand back: unsettled deliveries by sequence, leases void. */
  #restart(): void {
    this.#engine = new MailboxEngine(SETTINGS);
    this.#engine.open("a", this.#nowMs);
    this.#engine.setOnline("a", this.#online, this.#nowMs);
    this.#leases = [];
    for (const [lane, weight] of LANE_WEIGHTS) this.#credits.set(lane, weight);
    for (const one of this.#all) {
      if (one.place === "settled") continue;
      one.ageMs = 0;
      if (one.place === "leased") one.place = "ready";
      const delayMs = one.place === "delayed" ? one.untilMs - this.#nowMs : 0;
      const { message } = one;
      const delivery: Delivery = { ...one.delivery, attempts: one.attempts };
      this.#engine.restore(message, delivery, 10, this.#nowMs, delayMs);
    }
  }

  /** Nothing is lost: what is left can be taken and settled, to the last. */
  #drain(): void {
    for (const lease of this.#leases) {
      this.#engine.settle(lease.entry);
      this.#modelOf(lease).place = "settled";
    }
    this.#leases = [];
    this.#nowMs += 1000;
    this.#engine.due(this.#nowMs);
    for (;;) {
      const [lease] = this.#engine.take("a", 1, this.#nowMs, tokens());
      if (lease === undefined) break;
      this.#modelOf(lease).place = "settled";
      this.#engine.settle(lease.entry);
    }
    assert.deepEqual(
      this.#all.filter((one) => one.place !== "settled"),
      [],
    );
    assert.equal(this.#engine.size, 0);
    assert.equal(this.#engine.pendingBytes, 0);
  }

  #compare(): void {
    const open = this.#all.filter((one) => one.place !== "settled");
    const counts = this.#engine.counts("a");
    const ready = Object.values(counts.ready).reduce((sum, count) => sum + count, 0);
    // A follower that is not its key's turn counts as ready mail whatever it was before.
    const delayed = open.filter((one) => one.place === "delayed").length;
    assert.equal(counts.leased, open.filter((one) => one.place === "leased").length);
    assert.equal(ready + counts.delayed + counts.leased, open.length);
    assert.equal(counts.delayed, delayed);
    assert.equal(this.#engine.pendingBytes, open.length * 10);
  }

  #held(one: Modelled): boolean {
    return this.#leases.some((lease) => lease.entry.delivery.id === one.delivery.id);
  }

  #drop(lease: Lease): void {
    this.#leases = this.#leases.filter((other) => other !== lease);
  }

  #modelOf(lease: Lease): Modelled {
    const found = this.#all.find((one) => one.delivery.id === lease.entry.delivery.id);
    assert.ok(found);
    return found;
  }
}

function build(): {
  engine: MailboxEngine;
  send: (changes: Partial<Message>) => Delivery;
} {
  const engine = new MailboxEngine(SETTINGS);
  engine.open("a", 0);
  let sequence = 0;
  return {
    engine,
    send: (changes) => {
      const { message, delivery } = makeMail(++sequence, changes);
      assert.equal(engine.reserve("a", 10), undefined);
      engine.admit(message, delivery, 10, 0);
      return delivery;
    },
  };
}

let tokenCount = 0;
function tokens(): () => string {
  return () => `token-${++tokenCount}`;
}
