// What takes a profile: a thread beside the agent's own, because a program that blocks its event
// loop, which is the one most worth profiling, could neither stop the sampling nor send the result.
// It samples the main thread from outside (`connectToMainThread`), which Node allows even while
// that thread is in the middle of a long computation.
//
// A text, because a bundler would not find a file; plain CommonJS, as Node runs what it evaluates.

/** What the script is started with. */
export interface ProfileWorkerData {
  /** The profile's address: `http://…/api/v1/profiles/<id>`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly kind: "cpu" | "heap";
  readonly seconds: number;
  readonly runtime: string;
  /** How long a call is repeated after it has failed for the first time. */
  readonly retryForMs: number;
}

/** The script. */
export const PROFILE_WORKER = `"use strict";
const { workerData: order } = require("node:worker_threads");
const { Session } = require("node:inspector");
const { promisify } = require("node:util");
const gzip = promisify(require("node:zlib").gzip);
const { setTimeout: sleep } = require("node:timers/promises");
const BYTES_MAX = 32 * 1024 * 1024;
const FIRST_PAUSE_MS = 250;
const PASSING = new Set([429, 502, 503, 504]);
// An open inspector session alone does not keep this thread.
const alive = setInterval(() => undefined, 60_000);

// One refusal for now must not cost minutes of sampling, which nobody can repeat.
async function tell(method, what, body, headers) {
  let untilMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    const failure = await tellOnce(method, what, body, headers);
    if (failure === undefined) return;
    untilMs ??= performance.now() + order.retryForMs;
    const waitMs = Math.max(pauseMs, failure.retryAfterMs);
    if (!failure.mayPass || performance.now() + waitMs > untilMs) {
      throw new Error(method + " " + what + ": " + failure.reason);
    }
    await sleep(waitMs);
  }
}

async function tellOnce(method, what, body, headers) {
  try {
    const response = await fetch(order.url + what, {
      method,
      body,
      headers: { ...order.headers, ...headers },
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (response.ok) return undefined;
    return {
      reason: response.status + " " + text,
      mayPass: PASSING.has(response.status),
      retryAfterMs: 1000 * (Number(response.headers.get("retry-after")) || 0),
    };
  } catch (error) {
    return { reason: error.cause?.message ?? error.message, mayPass: true, retryAfterMs: 0 };
  }
}

const tellJson = (what, body) =>
  tell("POST", what, JSON.stringify(body), { "content-type": "application/json" });

async function sample(session, started) {
  const post = (method, parameters) =>
    new Promise((resolve, reject) => {
      session.post(method, parameters, (error, result) =>
        error ? reject(new Error(error.message ?? String(error))) : resolve(result),
      );
    });
  if (order.kind === "heap") {
    await post("HeapProfiler.enable");
    // Also what is collected again meanwhile: the question is where memory is asked for.
    await post("HeapProfiler.startSampling", {
      samplingInterval: 32768,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await started();
    await sleep(order.seconds * 1000);
    return (await post("HeapProfiler.stopSampling")).profile;
  }
  await post("Profiler.enable");
  await post("Profiler.setSamplingInterval", { interval: 1000 });
  await post("Profiler.start");
  // V8 does not know the name of code that was optimised in the middle of a loop before the sampling
  // began: its time would go to whoever called it. Asking for coverage makes it drop what it has
  // compiled, and compile it anew under its name. Somebody else's coverage must not end by that.
  if (!process.env.NODE_V8_COVERAGE) {
    await post("Profiler.startPreciseCoverage");
    await post("Profiler.stopPreciseCoverage");
  }
  await started();
  await sleep(order.seconds * 1000);
  const { profile } = await post("Profiler.stop");
  await post("Profiler.disable");
  return profile;
}

async function run() {
  let wanted = true;
  const started = () =>
    tellJson("/started", { runtime: order.runtime }).catch((error) => {
      wanted = false; // nobody waits for it any longer
      throw error;
    });
  const session = new Session();
  try {
    session.connectToMainThread();
    const json = JSON.stringify(await sample(session, started));
    if (json.length > BYTES_MAX) throw new Error("the profile has more than 32 MiB");
    await tell("PUT", "/data", await gzip(json), {
      "content-type": "application/json",
      "content-encoding": "gzip",
    });
  } catch (error) {
    const reason = "the agent's runtime could not take it: " + error.message;
    if (wanted) await tellJson("/failed", { reason: reason.slice(0, 500) });
  } finally {
    session.disconnect();
  }
}

run().catch(() => undefined).finally(() => clearInterval(alive));
`;
