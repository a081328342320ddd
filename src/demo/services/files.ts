// A service of the demo: the input files, by name, streamed from the disk. Arguments: the folder.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";

import { sendJson, serve } from "./serve.ts";

const folder = process.argv[2] ?? ".";

serve(async (_request, url, response) => {
  const name = basename(url.pathname);
  const path = join(folder, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) return sendJson(response, 404, { error: `no file "${name}"` });
  const type = "text/plain; charset=utf-8";
  response.writeHead(200, { "content-type": type, "content-length": found.size });
  await pipeline(createReadStream(path), response);
});
