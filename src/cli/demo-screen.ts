// How the demo looks: its story as lines with the second they happened at, a line of progress
// that is drawn over, and at the end what was checked. JSON lines when nobody looks.

import type { DemoLine, DemoOutcome, DemoProgress, DemoView, ExportedFile } from "../demo/index.ts";
import type { CliContext } from "./context.ts";
import { ownCommand } from "./own-command.ts";
import { formatBytes } from "./terminal.ts";
import type { Tone } from "./terminal.ts";

const TONES: Readonly<Record<DemoLine["kind"], Tone>> = {
  started: "plain",
  cue: "accent",
  noticed: "stuck",
  acted: "plain",
  recovered: "working",
  missed: "down",
  done: "strong",
};

/** Where the demo's minutes can be looked at again. */
export interface RecordedLink {
  readonly url: string;
  /** Whether the server goes on after the demo. */
  readonly stays: boolean;
}

/** Shows a demo on the terminal. */
export class DemoScreen implements DemoView {
  readonly #context: CliContext;
  readonly #json: boolean;
  #progressShown = false;

  constructor(context: CliContext, json: boolean) {
    this.#context = context;
    this.#json = json || !context.out.interactive;
  }

  begin(link: string, started: boolean, minutes: number): void {
    if (this.#json) return this.#write("demo.begin", { link, startedServer: started, minutes });
    const { out } = this.#context;
    const title = `Demo of Agent Cellphone, ${minutes} min`;
    const server = started ? "on a server of its own" : "on the server that runs";
    out.line(`  ${out.style("strong", title.padEnd(45))}${out.style("quiet", server)}`);
    out.line(`  ${out.style("quiet", "Watch".padEnd(11))}${out.style("accent", link)}`);
    out.line();
  }

  line(line: DemoLine): void {
    if (this.#json) {
      const { kind, text, atSeconds, details } = line;
      return this.#write(`demo.${kind}`, { atSeconds: round(atSeconds), text, ...details });
    }
    this.#clearProgress();
    const { out } = this.#context;
    const after = line.details?.["afterSeconds"];
    const suffix = typeof after === "number" ? out.style("quiet", `  after ${after} s`) : "";
    const kind = out.style(TONES[line.kind], line.kind.padEnd(10));
    out.line(`  ${out.style("quiet", clock(line.atSeconds))}  ${kind}${line.text}${suffix}`);
  }

  progress(progress: DemoProgress): void {
    const { atSeconds, totalSeconds, assigned, correct } = progress;
    if (this.#json) {
      const figures = { totalSeconds: round(totalSeconds), assigned, correct };
      return this.#write("demo.progress", { atSeconds: round(atSeconds), ...figures });
    }
    const { out } = this.#context;
    const text = `${clock(atSeconds)} of ${clock(totalSeconds)}   ${correct} jobs checked, ${assigned - correct} open`;
    out.output.write(`\r\u001b[K  ${out.style("quiet", text)}`);
    this.#progressShown = true;
  }

  /** What an agent printed on standard error. */
  output(name: string, text: string): void {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    if (this.#json) {
      for (const line of lines) this.#write("demo.output", { agentId: name, text: line });
      return;
    }
    if (!this.#context.debug) return;
    this.#clearProgress();
    const { out } = this.#context;
    for (const line of lines) out.line(out.style("quiet", `        ${name}: ${line}`));
  }

  end(
    outcome: DemoOutcome,
    files: readonly ExportedFile[],
    folder: string | undefined,
    link: RecordedLink,
  ): void {
    if (this.#json) return this.#write("demo.end", { ...outcome, files, link: link.url });
    this.#clearProgress();
    const { out } = this.#context;
    out.line();
    if (files.length > 0) {
      const width = Math.max(...files.map((file) => file.name.length));
      const sizes = files.map((file) => formatBytes(file.bytes));
      const sizeWidth = Math.max(...sizes.map((size) => size.length));
      out.line(`  ${out.style("quiet", "Export")}     ${folder}`);
      for (const [index, file] of files.entries()) {
        const size = (sizes[index] ?? "").padStart(sizeWidth);
        out.line(`             ${file.name.padEnd(width)}  ${out.style("quiet", size)}`);
      }
    }
    const { command } = ownCommand(this.#context.surroundings.directory);
    // The server that was started for the demo is about to stop, and its link with it.
    const after = link.stays ? "" : out.style("quiet", `   after \`${command} start\``);
    out.line(`  ${out.style("quiet", "Recorded")}   ${out.style("accent", link.url)}${after}`);
    const noticed = outcome.cues.filter((cue) => cue.noticedAfterSeconds !== null).length;
    const verdict = outcome.passed
      ? `All ${outcome.jobs.correct} jobs were done correctly; all ${noticed} cues were noticed.`
      : `Not all is well: ${outcome.jobs.correct} of ${outcome.jobs.assigned} jobs correct, ` +
        `${noticed} of ${outcome.cues.length} cues noticed.`;
    out.line();
    out.line(`  ${out.style(outcome.passed ? "strong" : "down", verdict)}`);
  }

  keeping(): void {
    if (!this.#json) this.#context.out.line("  The server goes on; Ctrl-C stops it.");
  }

  #clearProgress(): void {
    if (this.#progressShown) this.#context.out.output.write("\r\u001b[K");
    this.#progressShown = false;
  }

  #write(event: string, fields: Readonly<Record<string, unknown>>): void {
    const at = new Date().toISOString();
    this.#context.out.line(JSON.stringify({ at, event, ...fields }));
  }
}

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
