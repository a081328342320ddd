import assert from "node:assert/strict";
import { test } from "node:test";

import { generateIdentity, identityToRecipient } from "age-encryption";

import { seal, sealStream, unseal } from "./sealed-export.ts";

const plain = new TextEncoder().encode(JSON.stringify({ samples: "x".repeat(200_000) }));

test("seal() for a recipient opens with its identity only", async () => {
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const sealed = await seal(plain, { recipients: [recipient] });
  assert.equal(Buffer.from(sealed).subarray(0, 21).toString(), "age-encryption.org/v1");
  assert.ok(!Buffer.from(sealed).includes("samples"));
  assert.deepEqual(await unseal(sealed, { identity }), plain);
  const stranger = await generateIdentity();
  await assert.rejects(unseal(sealed, { identity: stranger }), { code: "security.seal_unopened" });
});

test("seal() with a passphrase opens with that one only, and notices damage", async () => {
  const sealed = await seal(plain, { passphrase: "seven calm otters", scryptWorkFactor: 10 });
  assert.deepEqual(await unseal(sealed, { passphrase: "seven calm otters" }), plain);
  const wrong = unseal(sealed, { passphrase: "eight calm otters" });
  await assert.rejects(wrong, { code: "security.seal_unopened" });
  const damaged = Uint8Array.from(sealed);
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
  const opened = unseal(damaged, { passphrase: "seven calm otters" });
  await assert.rejects(opened, { code: "security.seal_unopened" });
});

test("sealStream() seals as bytes pass", async () => {
  const identity = await generateIdentity();
  const recipients = [await identityToRecipient(identity)];
  const sealed = await sealStream(new Blob([plain]).stream(), { recipients });
  const bytes = new Uint8Array(await new Response(sealed).arrayBuffer());
  assert.deepEqual(await unseal(bytes, { identity }), plain);
});

test("seal() refuses what is no recipient, and no recipient at all", async () => {
  for (const recipients of [["ssh-ed25519 AAAA"], []]) {
    await assert.rejects(seal(plain, { recipients }), { code: "security.recipient_invalid" });
  }
});
