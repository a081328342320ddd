import assert from "node:assert/strict";
import { test } from "node:test";

import { exampleModule } from "./doc-example-module.ts";
import { docstringExamples, markdownExamples } from "./doc-example-sources.ts";
import type { DocExample } from "./doc-example-sources.ts";

test("markdownExamples() finds ts and python blocks with their line and whether to run them", () => {
  const page = [
    "# Title",
    "```ts",
    "const a = 1;",
    "```",
    "```sh",
    "npm start",
    "```",
    "1. Step",
    "   ```ts run",
    "   const b = 2;",
    "   ```",
    "```python",
    "print(1)",
    "```",
  ].join("\n");
  const found = markdownExamples("README.md", page).map(({ language, line, code, run }) => ({
    language,
    line,
    code,
    run,
  }));
  assert.deepEqual(found, [
    { language: "ts", line: 3, code: "const a = 1;\n", run: false },
    { language: "ts", line: 10, code: "const b = 2;\n", run: true },
    { language: "python", line: 13, code: "print(1)\n", run: false },
  ]);
});

test("docstringExamples() ends an example at the next tag and knows those that need a server", () => {
  const text = [
    "/**",
    " * Sentence.",
    " * @example",
    " * const a = one();",
    " *   indented();",
    " * @throws never",
    " * @example needs a server",
    " * await call();",
    " */",
    "export const one = () => 1;",
    "// @example in a line comment is none",
  ].join("\n");
  const found = docstringExamples("src/core/one.ts", text);
  assert.deepEqual(
    found.map(({ line, code, run }) => [line, code.trim(), run]),
    [
      [4, "const a = one();\n  indented();", true],
      [8, "await call();", false],
    ],
  );
  assert.deepEqual(found[0]?.exports, [{ file: "src/core/one.ts", name: "one", typeOnly: false }]);
});

const plain: DocExample = {
  file: "src/core/one.ts",
  line: 1,
  language: "ts",
  run: true,
  code: "",
  exports: [
    { file: "src/core/one.ts", name: "one", typeOnly: false },
    { file: "src/core/one.ts", name: "One", typeOnly: true },
    { file: "src/core/index.ts", name: "one", typeOnly: false },
  ],
};

test("exampleModule() imports what the example uses of its own file, once", () => {
  const { text, addedLines } = exampleModule({ ...plain, code: "const a: One = one();" }, "/top");
  const head = 'import { one } from "/top/src/core/one.ts"; ';
  assert.equal(
    text,
    `${head}import { type One } from "/top/src/core/one.ts";\nconst a: One = one();\n`,
  );
  assert.equal(addedLines, 1);
});

test("exampleModule() does not import what the example imports, nor members and parts of words", () => {
  const code = 'import { one } from "agent-cellphone";\none(); a.One(); someOne();';
  const { text } = exampleModule({ ...plain, code }, "/top");
  assert.match(text, /^export \{\};\nimport \{ one \} from "\/top\/src\/index\.ts";/);
});

test("exampleModule() takes agent-cellphone/client from src/client", () => {
  const code = "const { Phone } = await import('agent-cellphone/client');";
  assert.match(exampleModule({ ...plain, code }, "/top").text, /"\/top\/src\/client\/index\.ts"/);
});
