import assert from "node:assert/strict";
import { test } from "node:test";
import { SNIPPET_LANGUAGES, freeName, snippetSteps, tokenOf } from "./snippets.ts";

const origin = "http://127.0.0.1:2355";
const name = "worker-7";
const enrolmentUrl = "http://enrol_abc@127.0.0.1:2355";

test("snippetSteps() carries the enrolment string exactly where a step is marked secret", () => {
  for (const language of SNIPPET_LANGUAGES) {
    const steps = snippetSteps(language, { origin, enrolmentUrl, name });
    assert.ok(steps.some((step) => step.secret));
    for (const step of steps) {
      assert.equal(step.code.includes("enrol_abc"), step.secret, `${language}: ${step.title}`);
    }
  }
});

test("snippetSteps() names this server and no other", () => {
  for (const language of SNIPPET_LANGUAGES) {
    const code = snippetSteps(language, { origin: "http://box:99", enrolmentUrl: undefined, name })
      .map((step) => step.code)
      .join("\n");
    assert.match(code, /box:99/u);
    assert.doesNotMatch(code, /127\.0\.0\.1/u);
  }
});

test("tokenOf() reads the user part of an enrolment URL", () => {
  assert.equal(tokenOf(enrolmentUrl), "enrol_abc");
});

test("freeName() skips names that are taken", () => {
  assert.equal(freeName(new Set()), "worker-1");
  assert.equal(freeName(new Set(["worker-1", "worker-2", "worker-4"])), "worker-3");
});
