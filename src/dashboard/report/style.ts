// The report's looks: the pages' colours and sizes, for screens of both kinds and for paper.

const DARK = `
  --canvas:#0E1116;--surface:#161A21;--raised:#1E242D;--divider:#2B323D;
  --text-1:#E8EBF0;--text-2:#A9B2BF;--text-3:#8D97A6;--accent:#6CA8FF;
  --working:#3FA7D6;--idle:#66707F;--stuck:#F5BC42;--stuck-text:#F5BC42;--down:#FF5F45;
  --on-down:#0E1116;--series:#6CA8FF;`;

/** The style sheet. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;
  --canvas:#F6F7F9;--surface:#FFFFFF;--raised:#EEF1F5;--divider:#DDE2E9;
  --text-1:#14181F;--text-2:#4A5462;--text-3:#5C6775;--accent:#0B5CD5;
  --working:#0A6FB0;--idle:#7F8997;--stuck:#C27400;--stuck-text:#8A5200;--down:#A3190A;
  --on-down:#FFFFFF;--series:#0B5CD5;}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
body{margin:0;background:var(--canvas);color:var(--text-1);
  font:13px/20px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
  font-variant-numeric:tabular-nums}
main{max-width:1200px;margin:0 auto;padding:32px 24px 48px}
h1,h2,h3{font-weight:600}
h1{font-size:28px;line-height:36px;margin:0}
h2{font-size:15px;line-height:22px;margin:32px 0 12px}
h3{font-size:13px;line-height:20px;margin:0 0 8px}
p{margin:0}
a{color:var(--accent)}
.meta{color:var(--text-3);font-size:12px;line-height:16px}
.note{margin-top:8px}
.quiet{color:var(--text-2)}
.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
header{display:flex;gap:24px;align-items:flex-start;justify-content:space-between}
header .meta{margin-top:4px}
.score{text-align:right;white-space:nowrap}
.score b{font-size:28px;line-height:36px;font-weight:600}
.panel{background:var(--surface);border:1px solid var(--divider);border-radius:6px}
.grid{display:grid;gap:12px;grid-template-columns:repeat(auto-fill,minmax(220px,1fr))}
.charts{grid-template-columns:repeat(auto-fill,minmax(340px,1fr))}
.card{padding:12px 16px;break-inside:avoid}
.card b{display:block;font-size:20px;line-height:28px;font-weight:600}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}
th,td{padding:6px 12px;text-align:left;vertical-align:top;border-bottom:1px solid var(--divider)}
th{color:var(--text-3);font-size:12px;line-height:16px;font-weight:400;white-space:nowrap}
tr:last-child td{border-bottom:0}
td.number,th.number{text-align:right;white-space:nowrap;width:1%}
td.time{white-space:nowrap;width:1%;color:var(--text-2)}
td.words{overflow-wrap:break-word;min-width:120px}
thead{display:table-header-group}
tr{break-inside:avoid}
.level{white-space:nowrap}
.level svg{width:12px;height:12px;vertical-align:-1px;margin-right:6px}
.level-info{color:var(--accent)}
.level-warning{color:var(--stuck-text)}
.level-error,.level-critical{color:var(--down)}
.level-critical{background:var(--down);color:var(--on-down);padding:1px 6px;border-radius:6px}
.chart svg{display:block;width:100%;height:auto}
.chart path{fill:none;stroke:var(--series);stroke-width:1.5;stroke-linejoin:round;
  vector-effect:non-scaling-stroke}
.chart circle{fill:var(--series)}
.chart line{stroke:var(--divider);stroke-width:1}
.chart line.mark{stroke:var(--down);stroke-dasharray:2 3}
.chart text{fill:var(--text-3);font:11px system-ui,sans-serif}
.empty{padding:12px 16px;color:var(--text-2)}
footer{margin-top:32px;color:var(--text-3);font-size:12px;line-height:16px}
@media print{
  body{background:#fff}
  main{max-width:none;padding:0}
  .panel{border-color:#bbb}
  .scroll{overflow:visible}
  td.words{overflow-wrap:anywhere;min-width:96px}
  td,th{padding:4px 8px}
  h2{break-after:avoid}
  a{color:inherit;text-decoration:none}
  *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
