// Random courses of sends, claims and settlements, under way at once, over a store that refuses
// now and then, with restarts in between: nothing acknowledged is lost, nothing refused appears,
// nothing settled comes back, and no delivery is in two hands.

import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { CommunicationError } from "./errors.ts";
import type { ClaimedMessage } from "./model.ts";
import { makeBench, settleAll } from "./test-support/test-bench.ts";
import type { TestBench } from "./test-support/test-bench.ts";

type Step =
  | { kind: "send"; to: string; orderingKey: boolean; dedupe: number }
  | { kind: "claim"; by: string; max: number; wait: boolean }
  | { kind: "done" | "retry" | "reply"; pick: number }
  | { kind: "advance"; byMs: number }
  | { kind: "fail"; failing: boolean }
  | { kind: "hold" | "rest" | "restart" };

const AGENTS = ["a", "b"];
const OPTIONS = { leaseDuration: 5, maxAttempts: 1000, messageTimeout: "30d", stuckAfter: "1d" };

function stepArbitrary(): fc.Arbitrary<Step> {
  const agent = fc.constantFrom(...AGENTS);
  const pick = fc.nat(30);
  const max = fc.integer({ min: 1, max: 4 });
  const dedupe = fc.nat(5);
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ kind: of("send"), to: agent, orderingKey: fc.boolean(), dedupe }),
    },
    { weight: 7, arbitrary: fc.record({ kind: of("claim"), by: agent, max, wait: fc.boolean() }) },
    {
      weight: 7,
      arbitrary: fc.record({ kind: fc.constantFrom("done", "retry", "reply"), pick }),
    },
    { weight: 3, arbitrary: fc.record({ kind: of("advance"), byMs: fc.nat(6000) }) },
    { weight: 2, arbitrary: fc.record({ kind: of("fail"), failing: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("hold", "rest", "restart") }) },
  );
}

function of<Kind extends string>(kind: Kind): fc.Arbitrary<Kind> {
  return fc.constant(kind);
}

class Chaos {
  readonly acknowledged = new Map<string, string>();
  readonly refused = new Set<unknown>();
  readonly violations: string[] = [];
  readonly settled = new Set<string>();
  readonly #hands: ClaimedMessage[] = [];
  /** Deliveries in somebody's hands, by the events alone. */
  readonly #held = new Set<string>();
  readonly #underWay = new Set<Promise<unknown>>();
  #sent = 0;
  /** Lets held appends go on. */
  #release: () => void = () => undefined;
  #bench: TestBench;

  constructor(bench: TestBench) {
    this.#bench = bench;
    this.#watch();
  }

  #watch(): void {
    this.#bench.comm.onEvent((event) => {
      if (event.kind === "message.settled") this.#held.delete(event.delivery.id);
      if (event.kind !== "message.delivered") return;
      const { id } = event.delivery;
      if (this.#held.has(id)) this.violations.push(`${id} is in two hands`);
      if (this.settled.has(id)) this.violations.push(`${id} was settled`);
      this.#held.add(id);
    });
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#apply(step);
    this.#bench.store.fail(false);
    await this.#restart();
    await this.#drain();
  }

  async #apply(step: Step): Promise<void> {
    switch (step.kind) {
      case "send":
        return this.#run(this.#send(step.to, step.orderingKey, step.dedupe));
      case "claim":
        return this.#run(this.#claim(step.by, step.max, step.wait ? 3000 : 0));
      case "advance":
        return this.#bench.clock.advance(step.byMs);
      case "fail":
        return this.#bench.store.fail(step.failing);
      case "hold":
        this.#release();
        this.#release = this.#bench.store.hold();
        return;
      case "rest":
        this.#release();
        return settleAll();
      case "restart":
        return this.#restart();
      default: {
        const claimed = this.#hands[step.pick % Math.max(1, this.#hands.length)];
        if (claimed !== undefined) this.#run(this.#settle(claimed, step.kind));
      }
    }
  }

  #run(work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => {
        if (!(error instanceof CommunicationError)) throw error;
      })
      .finally(() => this.#underWay.delete(guarded));
    this.#underWay.add(guarded);
  }

  async #send(to: string, ordered: boolean, dedupe: number): Promise<void> {
    const payload = `message ${++this.#sent}`;
    try {
      const result = await this.#bench.comm.send({
        senderId: "s",
        recipientId: to,
        type: "direct",
        payload,
        ...(ordered ? { orderingKey: "k" } : {}),
        ...(dedupe === 0 ? { dedupeKey: `key ${this.#sent % 3}` } : {}),
      });
      if (!result.duplicate) this.acknowledged.set(result.deliveryId, payload);
    } catch (error) {
      this.refused.add(payload);
      throw error;
    }
  }

  async #claim(by: string, max: number, waitMs: number): Promise<void> {
    const claims = await this.#bench.comm.claim(by, { max, waitMs });
    this.#hands.push(...claims);
  }

  async #settle(claimed: ClaimedMessage, how: "done" | "retry" | "reply"): Promise<void> {
    const { deliveryId, token } = claimed;
    const { comm } = this.#bench;
    if (how === "retry") await comm.retry(token, { delayMs: 100 });
    else await comm.done(token, how === "reply" ? { reply: "answer" } : {});
    if (how !== "retry") this.settled.add(deliveryId);
  }

  async #restart(): Promise<void> {
    const { clock, comm, store } = this.#bench;
    this.#release();
    await comm.stop();
    await Promise.all(this.#underWay);
    this.#held.clear();
    this.#bench = await makeBench([], OPTIONS, { clock, store });
    this.#watch();
  }

  async #unsettled(): Promise<number> {
    const boxes = await Promise.all(AGENTS.map((id) => this.#bench.comm.getMailbox(id)));
    return boxes
      .flatMap(({ ready, leased, delayed }) => [...Object.values(ready), leased, delayed])
      .reduce((sum, count) => sum + count, 0);
  }

  async #drain(): Promise<void> {
    const { clock, comm } = this.#bench;
    const rest = new Set<string>();
    // Mail that was returned often is delayed for up to 300 s.
    for (let round = 0; round < 600 && (await this.#unsettled()) > 0; round++) {
      const claims = (await Promise.all(AGENTS.map((id) => comm.claim(id, { max: 256 })))).flat();
      for (const { deliveryId, message, token } of claims) {
        assert.ok(!rest.has(deliveryId) && !this.settled.has(deliveryId), "once, and only then");
        rest.add(deliveryId);
        assert.ok(!this.refused.has(message.payload), "a refused message appeared");
        await comm.done(token);
      }
      clock.advance(1000);
    }
    for (const [deliveryId, payload] of this.acknowledged) {
      assert.ok(rest.has(deliveryId) || this.settled.has(deliveryId), `${payload} was lost`);
    }
    assert.equal(comm.deadLetterCount().count, 0);
    assert.deepEqual(this.violations, []);
    await comm.stop();
  }
}

test("AgentCommunicationProtocol loses, repeats and invents nothing under chaos", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stepArbitrary(), { minLength: 5, maxLength: 80, size: "max" }),
      async (steps) => {
        await new Chaos(await makeBench(AGENTS, OPTIONS)).play(steps);
      },
    ),
    { numRuns: 120 },
  );
});
