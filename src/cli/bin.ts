#!/usr/bin/env node
// The installed command. This file must parse on any Node, so that an old one can be told so in
// words instead of with a SyntaxError: no syntax newer than dynamic import.

var needed = [24, 15];
var running = process.versions.node.split(".").map(Number);
var major = running[0] || 0;
var minor = running[1] || 0;

if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    "cellphone needs Node " +
      needed.join(".") +
      " or newer; this is " +
      process.versions.node +
      "." +
      "\nIn a clone, `npm ci` brings one and ./cellphone uses it; elsewhere install Node 24 " +
      "from your distribution or a version manager.",
  );
  process.exit(1);
} else {
  // In a clone a build may have come before, in this very process: "ready in" counts from here.
  performance.mark("cellphone.entry");
  // Run as TypeScript in a clone and as JavaScript from dist/: the neighbour ends as this file does.
  var ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  void import(new URL("./main" + ending, import.meta.url).href).then(function (entry) {
    return entry.main(process.argv);
  });
}
