import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import { CliError } from "../errors.ts";
import { ChildProgram, findProgram, GroupGuard } from "./child-program.ts";

const identity = { CELLPHONE_KEY: "agent_x y'\"$", CELLPHONE_NAME: "w" };

function start(t: { after(fn: () => void): void }, script: string): ChildProgram {
  const guard = new GroupGuard();
  t.after(() => guard.dismiss());
  return new ChildProgram(["/bin/sh", "-c", script], { PATH: process.env["PATH"] }, guard);
}

test("ChildProgram.admit() hands over variables as they are, under the same process id", async (t) => {
  const child = start(t, 'printf "%s|%s|%s" "$CELLPHONE_KEY" "$CELLPHONE_NAME" $$');
  child.admit(identity);
  assert.equal(await text(child.stdout), `agent_x y'"$|w|${child.pid}`);
  assert.deepEqual(await child.exited, { code: 0, signal: null });
});

test("ChildProgram.turnAway() ends the program before its first line", async (t) => {
  const child = start(t, "echo ran");
  child.turnAway();
  assert.equal(await text(child.stdout), "");
  assert.equal((await child.exited).code, 125);
});

test("ChildProgram.exited gives the exit code, and 128 + n for a signal", async (t) => {
  const failing = start(t, "exit 7");
  failing.admit(identity);
  assert.deepEqual(await failing.exited, { code: 7, signal: null });
  const killed = start(t, "kill -KILL $$");
  killed.admit(identity);
  assert.deepEqual(await killed.exited, { code: 137, signal: "SIGKILL" });
});

test("ChildProgram.exited ends what the program left running", async (t) => {
  const child = start(t, "sleep 300 & echo $!");
  child.admit(identity);
  const [pid] = String((await once(child.stdout, "data"))[0]).split("\n");
  await child.exited;
  assert.throws(() => process.kill(Number(pid), 0), { code: "ESRCH" });
});

test("findProgram() says whether a name or a path is wrong", () => {
  assert.match(findProgram("sh", process.env["PATH"] ?? ""), /\/sh$/);
  assert.throws(
    () => findProgram("no-such-program", "/usr/bin:/bin"),
    (error) => error instanceof CliError && /"no-such-program" is not in PATH/.test(error.message),
  );
  assert.throws(() => findProgram("./nowhere", ""), /is no file that can be run/);
  assert.throws(() => findProgram("/tmp", ""), /is no file that can be run/);
});

test("GroupGuard ends the program when the wrapper is killed with SIGKILL", async () => {
  const module = JSON.stringify(new URL("child-program.ts", import.meta.url).href);
  const wrapper = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import { ChildProgram, GroupGuard } from ${module};
       const child = new ChildProgram(["sleep", "300"], process.env, new GroupGuard());
       child.admit({});
       console.log(child.pid);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const pid = Number((await once(wrapper.stdout, "data"))[0]);
  assert.equal(process.kill(pid, 0), true);
  wrapper.kill("SIGKILL");
  await once(wrapper, "exit");
  const deadlineMs = performance.now() + 10_000;
  const alive = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (alive() && performance.now() < deadlineMs)
    await new Promise((next) => setTimeout(next, 10));
  assert.equal(alive(), false);
});
