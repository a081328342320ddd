import assert from "node:assert/strict";
import { test } from "node:test";

import { Listeners } from "./emitter.ts";

test("Listeners.emit() calls every callback in order of registration", () => {
  const listeners = new Listeners<number>();
  const calls: string[] = [];
  listeners.add((value) => calls.push(`first ${value}`));
  listeners.add((value) => calls.push(`second ${value}`));
  listeners.emit(7);
  assert.deepEqual(calls, ["first 7", "second 7"]);
});

test("Listeners.add() registers the same callback twice when asked twice", () => {
  const listeners = new Listeners<null>();
  let calls = 0;
  const callback = (): void => void calls++;
  const first = listeners.add(callback);
  listeners.add(callback);
  listeners.emit(null);
  assert.equal(calls, 2);
  first[Symbol.dispose]();
  listeners.emit(null);
  assert.equal(calls, 3);
});

test("Listeners.add()'s handle removes the callback and may be disposed again", () => {
  const listeners = new Listeners<null>();
  {
    using handle = listeners.add(() => assert.fail("called after removal"));
    assert.equal(listeners.size, 1);
    handle[Symbol.dispose]();
  }
  assert.equal(listeners.size, 0);
  listeners.emit(null);
});

test("Listeners.emit() goes on after a callback that throws, and reports it", () => {
  const errors: unknown[] = [];
  const listeners = new Listeners<null>((error) => errors.push(error));
  const thrown = new Error("broken callback");
  let reached = false;
  listeners.add(() => {
    throw thrown;
  });
  listeners.add(() => void (reached = true));
  listeners.emit(null);
  assert.deepEqual(errors, [thrown]);
  assert.ok(reached);
});

test("Listeners.emit() reports the rejection of an async callback", async () => {
  const thrown = new Error("broken later");
  const reported = new Promise<unknown>((resolve) => {
    const listeners = new Listeners<null>(resolve);
    listeners.add((): unknown => Promise.reject(thrown));
    listeners.emit(null);
  });
  assert.equal(await reported, thrown);
});

test("Listeners.emit() leaves out a callback that an earlier one removed", () => {
  const listeners = new Listeners<null>();
  const handles: Disposable[] = [];
  listeners.add(() => handles[0]?.[Symbol.dispose]());
  handles.push(listeners.add(() => assert.fail("called after removal")));
  listeners.emit(null);
  assert.equal(listeners.size, 1);
});

test("Listeners.emit() does not call a callback that was added during the emit", () => {
  const listeners = new Listeners<null>();
  let calls = 0;
  listeners.add(() => void listeners.add(() => void calls++));
  listeners.emit(null);
  assert.equal(calls, 0);
  listeners.emit(null);
  assert.equal(calls, 1);
});

test("Listeners reports by a warning unless told otherwise", (t) => {
  const warn = t.mock.method(console, "warn", () => undefined);
  const listeners = new Listeners<null>();
  listeners.add(() => {
    throw new Error("said aloud");
  });
  listeners.emit(null);
  assert.equal(warn.mock.callCount(), 1);
  assert.match(String(warn.mock.calls[0]?.arguments), /said aloud/);
});
