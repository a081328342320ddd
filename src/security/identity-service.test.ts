import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ManualClock } from "../core/index.ts";
import type { Principal } from "../core/index.ts";
import { IdentityService } from "./identity-service.ts";
import type { AgentEnrolment, NameHolder } from "./identity-service.ts";
import { hashSecret } from "./secret.ts";
import { VolatileSecurityStore } from "./volatile-security-store.ts";

const DAY_MS = 86_400_000;

interface Fixture {
  readonly clock: ManualClock;
  readonly store: VolatileSecurityStore;
  readonly identities: IdentityService;
}

async function setUp(store = new VolatileSecurityStore()): Promise<Fixture> {
  const clock = new ManualClock();
  const identities = new IdentityService({}, { store, clock });
  await identities.load();
  return { clock, store, identities };
}

async function enrolmentPrincipal(identities: IdentityService): Promise<Principal> {
  const { token } = await identities.createEnrolment("default");
  return identities.authenticate(token).principal;
}

function enrolmentOf(principal: Principal, more: Partial<AgentEnrolment> = {}): AgentEnrolment {
  return {
    principal,
    namespace: "default",
    agentId: "w1",
    instanceId: "i1",
    replace: false,
    holder: () => Promise.resolve(undefined),
    register: () => Promise.resolve(),
    ...more,
  };
}

function holds(instanceId: string | null): () => Promise<NameHolder> {
  return () => Promise.resolve({ instanceId, lastHeartbeatAtMs: 5 });
}

function refuseReserved(): Promise<void> {
  return Promise.reject(new Error("reserved"));
}

describe("IdentityService.authenticate()", () => {
  test("knows admins, enrolments and agents by their secrets", async () => {
    const { identities } = await setUp();
    const admin = identities.authenticate(await identities.rotateAdminKey()).principal;
    assert.deepEqual([admin.kind, admin.via], ["admin", "key"]);
    const enrolment = await enrolmentPrincipal(identities);
    assert.equal(enrolment.kind, "enrolment");
    const key = await identities.enrolAgent(enrolmentOf(enrolment));
    const agent = identities.authenticate(key).principal;
    assert.deepEqual(agent, { kind: "agent", id: "w1", namespace: "default", via: "key" });
  });

  test("refuses an unknown secret", async () => {
    const { identities } = await setUp();
    assert.throws(() => identities.authenticate("agent_nope"), { code: "security.key_unknown" });
  });

  test("refuses an enrolment after its time, and a session after its", async () => {
    const { identities, clock } = await setUp();
    const { token } = await identities.createEnrolment("default", 3_600_000);
    const { secret } = await identities.redeemLoginCode(identities.createLoginCode().code, "::1");
    clock.advance(3_600_000);
    assert.throws(() => identities.authenticate(token), { code: "security.key_expired" });
    assert.equal(identities.authenticate(secret).principal.via, "session");
    clock.advance(7 * DAY_MS);
    assert.throws(() => identities.authenticate(secret), { code: "security.key_expired" });
  });
});

describe("IdentityService.load()", () => {
  test("brings everything back after a restart, from hashes alone", async () => {
    const first = await setUp();
    const adminKey = await first.identities.rotateAdminKey();
    const key = await first.identities.enrolAgent(
      enrolmentOf(await enrolmentPrincipal(first.identities)),
    );
    const kept = JSON.stringify(await first.store.credentials());
    assert.ok(!kept.includes(adminKey) && !kept.includes(key));
    assert.ok(kept.includes(hashSecret(key)));
    const { identities } = await setUp(first.store);
    assert.equal(identities.authenticate(adminKey).principal.kind, "admin");
    assert.equal(identities.authenticate(key).principal.id, "w1");
  });

  test("lets the newer of two keys win when a crash fell between a takeover's writes", async () => {
    const { identities, store, clock } = await setUp();
    const principal = await enrolmentPrincipal(identities);
    const older = await identities.enrolAgent(enrolmentOf(principal));
    const before = identities.authenticate(older).credential;
    clock.advance(1000);
    const newer = await identities.enrolAgent(enrolmentOf(principal));
    await store.putCredential(before); // as if its revocation had not been written
    const after = await setUp(store);
    assert.equal(after.identities.authenticate(newer).principal.id, "w1");
    assert.throws(() => after.identities.authenticate(older), { code: "security.key_replaced" });
  });
});

describe("IdentityService.redeemLoginCode()", () => {
  test("makes a session that is an admin, and only once", async () => {
    const { identities } = await setUp();
    const { code } = identities.createLoginCode();
    const { secret } = await identities.redeemLoginCode(code, "::1");
    assert.deepEqual(identities.authenticate(secret).principal.kind, "admin");
    const again = identities.redeemLoginCode(code, "::1");
    await assert.rejects(again, { code: "security.login_code_invalid" });
  });

  test("makes an address wait after ten failures, even with the right code", async () => {
    const { identities, clock } = await setUp();
    for (let count = 0; count < 10; count++) {
      const attempt = identities.redeemLoginCode("AAAA-AAAA", "10.0.0.1");
      await assert.rejects(attempt, { code: "security.login_code_invalid" });
    }
    const { code } = identities.createLoginCode();
    const refused = identities.redeemLoginCode(code, "10.0.0.1");
    await assert.rejects(refused, {
      code: "security.too_many_attempts",
      status: 429,
      retryAfterSeconds: 6,
    });
    clock.advance(6000);
    await identities.redeemLoginCode(code, "10.0.0.1");
  });
});

describe("IdentityService.enrolAgent()", () => {
  test("gives a name back to its own enrolment, and voids the key before", async () => {
    const { identities } = await setUp();
    const principal = await enrolmentPrincipal(identities);
    const first = await identities.enrolAgent(enrolmentOf(principal));
    const second = await identities.enrolAgent(
      enrolmentOf(principal, { instanceId: "i1", holder: holds("i1") }),
    );
    assert.equal(identities.authenticate(second).principal.id, "w1");
    assert.throws(() => identities.authenticate(first), { code: "security.key_replaced" });
  });

  test("refuses a name that another live instance holds, and names that instance", async () => {
    const { identities } = await setUp();
    const principal = await enrolmentPrincipal(identities);
    await identities.enrolAgent(enrolmentOf(principal));
    let registered = false;
    const register = (): Promise<void> => {
      registered = true;
      return Promise.resolve();
    };
    const attempt = { instanceId: "i2", holder: holds("i1"), register };
    await assert.rejects(identities.enrolAgent(enrolmentOf(principal, attempt)), {
      code: "security.name_in_use",
      details: { instance: "i1", lastHeartbeatAtMs: 5 },
    });
    assert.equal(registered, false);
    await identities.enrolAgent(enrolmentOf(principal, { ...attempt, replace: true }));
    assert.equal(registered, true);
  });

  test("refuses a name of another enrolment, even with replace; an admin may take it", async () => {
    const { identities } = await setUp();
    await identities.enrolAgent(enrolmentOf(await enrolmentPrincipal(identities)));
    const stranger = await enrolmentPrincipal(identities);
    const attempt = identities.enrolAgent(enrolmentOf(stranger, { replace: true }));
    await assert.rejects(attempt, { code: "security.name_not_yours" });
    const admin: Principal = { kind: "admin", id: "local", namespace: "default", via: "socket" };
    await identities.enrolAgent(enrolmentOf(admin));
  });

  test("frees the name when the agent is unregistered", async () => {
    const { identities } = await setUp();
    const key = await identities.enrolAgent(enrolmentOf(await enrolmentPrincipal(identities)));
    await identities.revokeAgent("default", "w1");
    assert.throws(() => identities.authenticate(key), { code: "security.key_revoked" });
    await identities.enrolAgent(enrolmentOf(await enrolmentPrincipal(identities)));
  });

  test("lets only one of two processes that ask at the same moment have the name", async () => {
    const { identities } = await setUp();
    const principal = await enrolmentPrincipal(identities);
    let held: NameHolder | undefined;
    const enrol = (instanceId: string): Promise<string> =>
      identities.enrolAgent(
        enrolmentOf(principal, {
          instanceId,
          holder: () => Promise.resolve(held),
          register: () => {
            held = { instanceId, lastHeartbeatAtMs: null };
            return Promise.resolve();
          },
        }),
      );
    const outcomes = await Promise.allSettled([enrol("a"), enrol("b"), enrol("c")]);
    const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
    assert.equal(winners.length, 1);
  });

  test("makes no key when the registration is refused", async () => {
    const { identities, store } = await setUp();
    const principal = await enrolmentPrincipal(identities);
    await assert.rejects(
      identities.enrolAgent(enrolmentOf(principal, { register: refuseReserved })),
      /reserved/,
    );
    const keys = (await store.credentials()).filter(({ kind }) => kind === "agent");
    assert.equal(keys.length, 0);
  });
});

describe("IdentityService.rotateAdminKey()", () => {
  test("voids the old key and other sessions, and says so to who watches", async () => {
    const { identities } = await setUp();
    const old = await identities.rotateAdminKey();
    const mine = await identities.redeemLoginCode(identities.createLoginCode().code, "::1");
    const theirs = await identities.redeemLoginCode(identities.createLoginCode().code, "::1");
    const revoked: string[] = [];
    identities.onRevoked(({ kind }) => revoked.push(kind));
    const key = await identities.rotateAdminKey(mine.credential.id);
    assert.equal(identities.authenticate(key).principal.kind, "admin");
    assert.equal(identities.authenticate(mine.secret).principal.via, "session");
    for (const secret of [old, theirs.secret]) {
      assert.throws(() => identities.authenticate(secret), { code: "security.key_revoked" });
    }
    assert.deepEqual(revoked.sort(), ["admin", "session"]);
    assert.equal(identities.isInForce(theirs.credential.id), false);
  });
});

describe("IdentityService.enrolments()", () => {
  test("lists those of a namespace that still work, with their notes", async () => {
    const { identities, clock } = await setUp();
    const gone = await identities.createEnrolment("default", 60_000);
    const kept = await identities.createEnrolment("default", undefined, "night run");
    await identities.createEnrolment("other");
    const deleted = await identities.createEnrolment("default");
    await identities.deleteEnrolment("default", deleted.credential.id);
    clock.advance(60_000);
    const list = identities.enrolments("default");
    assert.deepEqual(
      list.map(({ id, note }) => [id, note]),
      [[kept.credential.id, "night run"]],
    );
    assert.throws(() => identities.authenticate(gone.token), { code: "security.key_expired" });
    assert.throws(() => identities.authenticate(deleted.token), { code: "security.key_revoked" });
  });

  test("deleteEnrolment() knows nothing of another namespace's", async () => {
    const { identities } = await setUp();
    const { credential } = await identities.createEnrolment("other");
    await assert.rejects(identities.deleteEnrolment("default", credential.id), {
      code: "security.enrolment_unknown",
    });
  });
});

test("IdentityService.forgetNamespace() voids its agents' keys at once", async () => {
  const { identities } = await setUp();
  const principal = await enrolmentPrincipal(identities);
  const key = await identities.enrolAgent(enrolmentOf(principal));
  const adminKey = await identities.rotateAdminKey();
  await identities.forgetNamespace("default");
  assert.throws(() => identities.authenticate(key), { code: "security.key_unknown" });
  assert.equal(identities.authenticate(adminKey).principal.kind, "admin");
});

test("IdentityService publishes keys before they are given out, and their end before it is answered", async () => {
  const seen: string[] = [];
  const identities = new IdentityService(
    {},
    {
      store: new VolatileSecurityStore(),
      clock: new ManualClock(),
      publish: async ({ kind, secretHash, revokedAtMs }) => {
        await Promise.resolve();
        seen.push(`${kind} ${secretHash} ${revokedAtMs === null ? "counts" : "ended"}`);
      },
    },
  );
  await identities.load();
  const { token } = await identities.createEnrolment("default");
  const { principal } = identities.authenticate(token);
  const key = await identities.enrolAgent(enrolmentOf(principal));
  assert.equal(seen.at(-1), `agent ${hashSecret(key)} counts`);
  const inForce = identities.credentialsInForce().map(({ kind }) => kind);
  assert.deepEqual(inForce, ["enrolment", "agent"]);
  await identities.revokeAgent("default", "w1");
  assert.equal(seen.at(-1), `agent ${hashSecret(key)} ended`);
  const other = await identities.enrolAgent(enrolmentOf(principal));
  await identities.forgetNamespace("default");
  assert.ok(seen.includes(`agent ${hashSecret(other)} ended`));
  assert.deepEqual(identities.credentialsInForce(), []);
});
