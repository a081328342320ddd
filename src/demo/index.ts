export { DEMO_NAMESPACE, runDemo } from "./demo.ts";
export type { DemoOptions, DemoOutcome } from "./demo.ts";
export { exportFiles } from "./export-files.ts";
export type { ExportedFile, ExportWriter } from "./export-files.ts";
export type { DemoControl, DemoLine, DemoProgress, DemoView } from "./ports.ts";
