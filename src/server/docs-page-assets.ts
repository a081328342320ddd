// Style and script of the API page; tokens are the design system's.

export const docsStyle = `
:root{--canvas:#0E1116;--surface:#161A21;--raised:#1E242D;--divider:#2B323D;--control:#6F7A8A;
--text1:#E8EBF0;--text2:#A9B2BF;--text3:#8D97A6;--accent:#6CA8FF;--accent-text:#0E1116}
@media (prefers-color-scheme:light){:root{--canvas:#F6F7F9;--surface:#FFFFFF;--raised:#EEF1F5;
--divider:#DDE2E9;--control:#7A8594;--text1:#14181F;--text2:#4A5462;--text3:#5C6775;
--accent:#0B5CD5;--accent-text:#FFFFFF}}
*{box-sizing:border-box}
html{scroll-padding-top:16px}
body{margin:0;display:grid;grid-template-columns:200px minmax(0,1fr);max-width:1600px;
background:var(--canvas);color:var(--text1);font:400 13px/20px system-ui,sans-serif}
nav{position:sticky;top:0;align-self:start;height:100vh;overflow:auto;padding:16px;
border-right:1px solid var(--divider)}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:block;padding:4px 8px;border-radius:6px;color:var(--text2);text-decoration:none}
nav li a:hover{background:var(--raised);color:var(--text1)}
.home{margin:0 0 16px;font-weight:600}
.home a{color:var(--text1);text-decoration:none;padding:4px 8px}
main{padding:24px 32px 48px;min-width:0}
header{max-width:720px}
h1{font-size:28px;line-height:36px;font-weight:600;margin:0 0 8px}
h2{font-size:20px;line-height:28px;font-weight:600;margin:32px 0 8px}
h3{font-size:12px;line-height:16px;font-weight:600;color:var(--text2);margin:16px 0 4px}
p{margin:0 0 8px;max-width:720px}
a{color:var(--accent)}
code,pre{font-family:ui-monospace,monospace;font-size:12px}
.meta{color:var(--text3);font-size:12px;line-height:16px}
.search{display:block;margin-top:16px;color:var(--text2)}
input{font:inherit;color:var(--text1);background:var(--surface);border:1px solid var(--control);
border-radius:6px;padding:4px 8px;width:320px;max-width:100%}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.route{background:var(--surface);border:1px solid var(--divider);border-radius:6px;margin:0 0 4px}
summary{display:flex;gap:12px;align-items:baseline;padding:6px 12px;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary:hover{background:var(--raised)}
.method{flex:0 0 56px;font-weight:600;font-size:12px}
.what{color:var(--text2);flex:1;overflow:hidden;text-overflow:ellipsis}
.access{color:var(--text3);font-size:12px}
.body{padding:8px 12px 12px;border-top:1px solid var(--divider)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:4px 12px 4px 0;font-weight:400;
border-top:1px solid var(--divider);overflow-wrap:anywhere}
tr:first-child>*{border-top:0}
th{width:200px}td:nth-child(2){width:36%;color:var(--text2)}
.code{position:relative;background:var(--raised);border-radius:6px}
pre{margin:0;padding:12px 72px 12px 12px;overflow:auto}
.copy{position:absolute;top:8px;right:8px;font:inherit;color:var(--accent-text);
background:var(--accent);border:0;border-radius:6px;padding:2px 8px;cursor:pointer}
@media (max-width:800px){body{display:block}nav{position:static;height:auto;border:0}
summary{flex-wrap:wrap}main{padding:16px}}
`;

export const docsScript = `
const routes = [...document.querySelectorAll(".route")];
const search = document.getElementById("search");
const count = document.getElementById("count");
function filter() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const route of routes) {
    route.hidden = !words.every((word) => route.dataset.words.includes(word));
    if (!route.hidden) shown += 1;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = section.querySelector(".route:not([hidden])") === null;
  }
  count.textContent = words.length === 0 ? "" : shown + " of " + routes.length;
  document.getElementById("none").hidden = shown > 0;
}
search.addEventListener("input", filter);
document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (button === null) return;
  const text = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});
function openTarget() {
  const target = location.hash === "" ? null : document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
`;
