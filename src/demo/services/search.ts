// A service of the demo: finds the chapters of the input folder that hold a word, with how often.
// Arguments: the folder.

import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { sendJson, serve } from "./serve.ts";

const MOST_RESULTS = 5;
const folder = process.argv[2] ?? ".";

serve(async (_request, url, response) => {
  const word = url.searchParams.get("q") ?? "";
  if (word === "") return sendJson(response, 400, { error: "search for what? ?q=word" });
  const names = (await readdir(folder)).toSorted();
  const results = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), "utf8");
      return { name, count: text.split(" ").filter((other) => other === word).length };
    }),
  );
  const best = results.toSorted((a, b) => b.count - a.count).slice(0, MOST_RESULTS);
  sendJson(response, 200, { word, results: best });
});
