// Opens a link with whatever the desktop uses for links.

import { spawn } from "node:child_process";

/** Opens a link; resolves to false when this machine has no way to. */
export function openInBrowser(url: string): Promise<boolean> {
  const command = process.platform === "darwin" ? "open" : "xdg-open";
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, [url], { stdio: "ignore", detached: true });
  child.on("error", () => resolve(false));
  child.on("spawn", () => {
    child.unref();
    resolve(true);
  });
  return promise;
}
