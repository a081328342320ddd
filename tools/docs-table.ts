/** One row of a Markdown table; pipes and line breaks in a cell are escaped. */
export function tableRow(cells: readonly string[]): string {
  const escaped = cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " "));
  return `| ${escaped.join(" | ")} |`;
}
