/** The heartbeat for people: one page without a script or another host, light or dark as the reader's screen is. */
import type { Outcome, Status } from "../domain/status.ts";

const OUTCOMES: Outcome[] = ["sent", "failed", "suppressed", "expired"];
const CHANNELS = { sms: "SMS", email: "E-mail", push: "Push", none: "No channel left" } as const;

const STYLE = `
:root {
  color-scheme: light dark;
  --line: light-dark(#d9dde3, #343a43);
  --soft: light-dark(#f4f6f8, #1c2027);
  --muted: light-dark(#5a6370, #a3adba);
  --good: light-dark(#1a7f4b, #6fd39c);
  --bad: light-dark(#b3261e, #ff9a92);
  font: 16px / 1.5 system-ui, sans-serif;
}
* { box-sizing: border-box; }
body { margin: 0; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; padding: 0.6rem 1.2rem; background: var(--soft); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 1.15rem; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.05rem; }
main { max-width: 60rem; padding: 1.2rem; }
.verdict { font-weight: 600; }
.verdict::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.5em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); }
.bad { color: var(--bad); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 0.8rem; margin: 0; }
dl > div { padding: 0.7rem 0.9rem; border: 1px solid var(--line); border-radius: 0.5rem; }
dt, small, footer, caption { color: var(--muted); font-size: 0.875rem; }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
small { display: block; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.4rem; }
th, td { padding: 0.35rem 0.5rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { font-weight: 600; font-size: 0.875rem; }
footer { margin-top: 2rem; }
`;

export async function statusPage(status: Status): Promise<Response> {
  return new Response(render(status), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; style-src '${await STYLE_HASH}'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`,
    },
  });
}

const STYLE_HASH = crypto.subtle
  .digest("SHA-256", new TextEncoder().encode(STYLE))
  .then((digest) => `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}`);

function render(status: Status): string {
  const { at, healthy, database, last_tick_at, oldest_overdue_at, lateness, sends } = status;
  const since = (instant: string) => duration((Date.parse(at) - Date.parse(instant)) / 1000);
  const verdict = healthy
    ? "All is well"
    : database.reachable
      ? "Reminders are held up"
      : "The database is out of reach";
  const unknown = database.reachable ? "none" : "unknown";
  const figures = [
    figure(
      "Last tick",
      last_tick_at ? `${since(last_tick_at)} ago` : database.reachable ? "never" : "unknown",
      last_tick_at,
    ),
    figure("Oldest overdue reminder", oldest_overdue_at ? since(oldest_overdue_at) : unknown, oldest_overdue_at),
    figure("Lateness, half of all", lateness.p50 === null ? unknown : `${lateness.p50.toFixed(2)} s`),
    figure("Lateness, 95 of 100", lateness.p95 === null ? unknown : `${lateness.p95.toFixed(2)} s`),
    figure("Database", database.reachable ? "reachable" : "out of reach"),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="30">
<title>Torium: ${verdict.toLowerCase()}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><h1>Torium status</h1><span class="verdict ${healthy ? "good" : "bad"}" role="status">${verdict}</span></header>
<main>
<dl>
${figures.join("\n")}
</dl>
${database.reachable ? `<h2>Reminders settled</h2>\n<div class="wide">${table(sends)}</div>` : ""}
<footer>As of ${clock(at)} UTC. This page renews itself every half minute; a program that asks for JSON gets JSON.</footer>
</main>
</body>
</html>
`;
}

const figure = (name: string, value: string, instant: string | null = null) =>
  `<div><dt>${name}</dt><dd>${value}${instant ? `<small>${clock(instant)} UTC</small>` : ""}</dd></div>`;

function table({ from, to, by_channel }: Status["sends"]): string {
  const cell = (channel: string, outcome: Outcome) =>
    `<td>${by_channel.find((one) => one.channel === channel && one.outcome === outcome)?.count ?? 0}</td>`;
  const rows = Object.entries(CHANNELS).map(
    ([channel, name]) =>
      `<tr><th scope="row">${name}</th>${OUTCOMES.map((outcome) => cell(channel, outcome)).join("")}</tr>`,
  );
  return `<table>
<caption>By channel and outcome, ${clock(from)} to ${clock(to)} UTC</caption>
<thead><tr><th scope="col">Channel</th>${OUTCOMES.map((outcome) => `<th scope="col">${outcome}</th>`).join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>`;
}

const clock = (instant: string) => instant.slice(0, 19).replace("T", " ");

function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3_600)} h` : `${Math.floor(s / 86_400)} days`;
}
