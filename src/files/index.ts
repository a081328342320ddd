// Files beside the store: what exports, reports and profiles are written with.

export { WholeFileError, writeWholeFile } from "./whole-file.ts";
export type { FileContent } from "./whole-file.ts";
