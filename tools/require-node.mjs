// Loaded before every npm script (`node --import`). The scripts are TypeScript and the server uses
// what Node 24 brought; an older Node would only say "unknown file extension". Plain JavaScript
// that old Nodes understand, for that reason.

const wanted = [24, 15];
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < wanted[0] || (major === wanted[0] && minor < wanted[1])) {
  console.error(
    `Agent Cellphone needs Node >= ${wanted.join(".")}; this is Node ${process.versions.node} ` +
      `(${process.execPath}, ${process.platform}-${process.arch}).\n` +
      "On Linux (x64, arm64), `npm ci` brings the right one along and `npm start`, `npm test` use " +
      "it:\nrun them through npm, after `npm ci` without --omit=optional. Elsewhere install Node " +
      `${wanted[0]} first: https://nodejs.org`,
  );
  process.exit(1);
}

// The check is for this process; processes it starts elsewhere would not find the file.
const own = process.execArgv.indexOf("--import");
if (own !== -1) process.execArgv.splice(own, 2);
