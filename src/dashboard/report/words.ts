// Numbers and instants of the report. Instants are UTC, because a report travels.

/** "2026-11-23 17:04 UTC". */
export function instant(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** "11-23 17:04". */
export function shortInstant(atMs: number): string {
  return new Date(atMs).toISOString().slice(5, 16).replace("T", " ");
}

/** At most four significant digits: "1,204", "12.5", "0.031", "2.1M". */
export function amount(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trimmed(value / 1e9, 1)}G`;
  if (size >= 1e6) return `${trimmed(value / 1e6, 1)}M`;
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return trimmed(value, 0);
  if (size >= 1 || size === 0) return trimmed(value, size >= 10 ? 1 : 2);
  return String(Number(value.toPrecision(2)));
}

/** A value in its unit: "240 ms", "1.9 s", "62%", "38 MiB", "12 1/min". */
export function measure(value: number | null, unit: string): string {
  if (value === null) return "–";
  switch (unit) {
    case "s":
      return Math.abs(value) < 1 ? `${amount(value * 1000)} ms` : `${amount(value)} s`;
    case "ms":
      return Math.abs(value) >= 1000 ? `${amount(value / 1000)} s` : `${amount(value)} ms`;
    case "%":
      return `${amount(value)}%`;
    case "bytes":
      return bytes(value);
    case "bytes/s":
      return `${bytes(value)}/s`;
    case "1/min":
      return `${amount(value)} / min`;
    case "":
      return amount(value);
    default:
      return `${amount(value)} ${unit}`;
  }
}

/** "$1.83". */
export function dollars(usd: number | null): string {
  return usd === null ? "–" : `$${usd.toFixed(2)}`;
}

function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${trimmed(rest, rest < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`;
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
