// How it looks. A state is a word and a sign beside its colour.

import { h, reconcile, show } from "./dom.js";
import { sparkline, timeline } from "./plot.js";

const SIGNS = { good: "●", warn: "▲", bad: "✕", idle: "○" };
const WARNING = ["degraded", "probing", "loading", "saturated", "backing_off", "draining", "connecting", "waiting", "left",
  "starting", "stopping", "held"];
const GOOD = ["up", "ready", "healthy", "running", "bound", "finished"];
const IDLE = ["unknown", "idle", "stopped"];
const TIMELINE_MS = 40 * 60 * 1000;

export const pathKey = (path) => [path.server, path.transport, path.address].join(" ");

function kind(state) {
  if (GOOD.includes(state)) return "good";
  if (WARNING.includes(state)) return "warn";
  return IDLE.includes(state) ? "idle" : "bad";
}

function badge(state) {
  return h("span", { className: "badge " + kind(state) }, SIGNS[kind(state)] + " " + state.replaceAll("_", " "));
}

function ago(time) {
  return span((Date.now() - Date.parse(time)) / 1000);
}

function clock(time) {
  return new Date(time).toLocaleTimeString();
}

function span(seconds) {
  if (seconds < 1) return "now";
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
    if (seconds >= 2 * size) return Math.floor(seconds / size) + " " + unit;
  }
  return Math.floor(seconds) + " s";
}

function bytes(count) {
  for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (count >= size) return (count / size).toFixed(1) + " " + unit;
  }
  return Math.round(count) + " B";
}

function milliseconds(value) {
  return value === null || value === undefined ? "–" : value < 10 ? value.toFixed(1) + " ms" : Math.round(value) + " ms";
}

// llama-server may call a model by its file.
function baseName(model) {
  return model.slice(model.lastIndexOf("/") + 1);
}

function counted(count, what) {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function reason(of) {
  if (!of) return null;
  return h("p", { className: "reason" }, of.message, of.remedy ? h("span", { className: "remedy" }, " → " + of.remedy) : null);
}

function plot(series, key, name, format) {
  const values = series.of(key);
  const last = values.at(-1) ?? null;
  const text = last === null ? "–" : format(last);
  return h("figure", {}, h("figcaption", {}, name, " ", h("b", {}, text)), sparkline(values, `${name}: ${text}`));
}

// Two ends and what is between them, drawn as the state is: solid, dashed or broken.
function way(from, between, to, state) {
  return h("div", { className: "way " + kind(state) },
    h("span", { className: "end" }, from), h("span", { className: "line" }, h("span", {}, between)), h("span", { className: "end" }, to));
}

function drawPaths(status, history) {
  const servers = new Map(status.servers.map((server) => [server.name, server]));
  const rows = document.querySelector("#paths .rows");
  reconcile(rows, status.paths, pathKey, "article", () => String(performance.now()), (path) => {
    const server = servers.get(path.server);
    const busy = server?.slots ? `${server.in_flight} of ${server.slots} slots` : `${server?.in_flight ?? 0} running`;
    const held = path.held_until ? `another path is preferred until ${clock(path.held_until)}, since ${path.held_because}` : null;
    return [
      way("this lamd", `${path.transport} · ${path.address}`, path.server, path.state),
      h("p", { className: "line1" }, badge(path.state), " ", path.fate !== "none" && path.fate !== path.state ? path.fate.replaceAll("_", " ") + ", " : "",
        "since ", ago(path.since), " · ", busy, path.models.length ? h("span", { title: path.models.join("\n") }, " · " + path.models.map(baseName).join(", ")) : "",
        server?.draining_since ? " · draining" : ""),
      reason(path.reason), held && h("p", { className: "line1" }, held),
      h("div", { className: "plots" }, plot(history.latency, pathKey(path), "latency", milliseconds),
        plot(history.rate, pathKey(path), "tokens", (value) => value.toFixed(value < 10 ? 1 : 0) + "/s")),
    ].filter(Boolean);
  });
}

function drawTunnels(tunnels, history) {
  reconcile(document.querySelector("#tunnels .rows"), tunnels, (one) => one.name, "article", () => String(performance.now()), (tunnel) => {
    const key = "tunnel " + tunnel.name;
    const forwards = tunnel.forwards.map((one) => h("li", {}, badge(one.state), ` ${one.remote}`,
      one.bound_port ? ` (port ${one.bound_port})` : "", ` → ${one.target} · ${one.open_channels} open`, reason(one.reason)));
    return [
      way("this lamd", "ssh · " + tunnel.name, tunnel.peer, tunnel.state),
      h("p", { className: "line1" }, badge(tunnel.state), " since ", ago(tunnel.since), tunnel.state === "up" ? "" : ", " + counted(tunnel.attempts, "attempt")),
      reason(tunnel.reason), h("ul", { className: "forwards" }, forwards),
      h("div", { className: "plots" }, plot(history.latency, key, "latency", milliseconds), plot(history.rate, key, "data", (value) => bytes(value) + "/s")),
    ].filter(Boolean);
  });
}

function brokerRow(key, who, broker) {
  return { key, draw: () => [way(who, "mqtt", broker.address || "broker", broker.state),
    h("p", { className: "line1" }, badge(broker.state), " since ", ago(broker.since), " · ", milliseconds(broker.rtt_s && broker.rtt_s * 1000)), reason(broker.reason)].filter(Boolean) };
}

function drawWorker(status) {
  const rows = [];
  const worker = status.worker;
  if (worker) {
    rows.push({ key: "worker", draw: () => [way("worker " + worker.name, worker.listen, worker.server, "up"),
      h("p", { className: "line1" }, `${worker.running} running · ${worker.kept} can be resumed · journal ${bytes(worker.journal_bytes)}`)] });
    const child = worker.child;
    if (child) {
      rows.push({ key: "child", draw: () => [way("worker " + worker.name, child.pid ? "pid " + child.pid : "no process", child.program, child.state),
        h("p", { className: "line1" }, badge(child.state), " since ", ago(child.since), " · ", counted(child.starts, "start"), child.memory_bytes ? " · " + bytes(child.memory_bytes) : ""), reason(child.reason)].filter(Boolean) });
    }
    if (worker.broker) rows.push(brokerRow("worker broker", "worker " + worker.name, worker.broker));
  }
  if (status.broker) rows.push(brokerRow("broker", "this lamd", status.broker));
  show("worker", rows.length > 0);
  reconcile(document.querySelector("#worker .rows"), rows, (row) => row.key, "article", () => String(performance.now()), (row) => row.draw());
}

function drawStreams(streams, status, { role, cancel }) {
  const rows = document.querySelector("#streams .rows");
  const queue = status.queue.waiting ? ` · ${status.queue.waiting} wait, ${span(status.queue.longest_wait_s)} at most` : "";
  const totals = `${status.streams.finished} finished, ${status.streams.failed} failed, ${status.streams.cancelled} cancelled${queue}`;
  const items = [{ id: "totals", text: role === "read" ? `${status.streams.running} running · ${totals}` : totals }, ...(streams ?? [])];
  reconcile(rows, items, (one) => one.id, "div", (one) => JSON.stringify(one), (one) => {
    if (one.text) return [h("p", { className: "line1" }, one.text)];
    const stop = one.state === "finished" ? null : h("button", { type: "button", onclick: () => cancel(one.id), title: "End this answer; its caller is told" }, "end");
    return [h("p", { className: "stream" }, badge(one.state), h("span", { className: "what" }, [baseName(one.model), one.server, one.transport].filter(Boolean).join(" · ")),
      h("span", {}, counted(one.events, "event"), one.rate ? `, ${one.rate.toFixed(0)}/s` : "", one.failovers ? ", " + counted(one.failovers, "failover") : ""),
      h("span", { className: "id", title: one.id }, "…" + one.id.slice(-8)), stop)];
  });
}

function drawFailovers(failovers) {
  const last = failovers.last.map((one) => ({ ...one, at: Date.parse(one.time) }));
  show("failovers", true);
  const line = document.getElementById("timeline");
  line.replaceChildren(timeline(last, Date.now(), TIMELINE_MS, line.clientWidth));
  reconcile(document.querySelector("#failovers .rows"), last.reverse(), (one) => one.time + one.stream + one.next, "li", () => "", (one) => [
    h("time", { dateTime: one.time }, clock(one.time)), " ", h("b", {}, `${one.from} → ${one.to}`),
    ` ${one.rung}, ${milliseconds(one.gap_s * 1000)}, ${one.lost} lost, ${one.twice} twice`, h("span", { className: "reason" }, " " + one.why)]);
}

function drawVerdict(verdict) {
  const badgeElement = document.getElementById("verdict");
  badgeElement.className = "badge " + (verdict.state === "healthy" ? "good" : verdict.state === "degraded" ? "warn" : "bad");
  badgeElement.textContent = SIGNS[badgeElement.classList[1]] + " " + verdict.state;
  document.title = verdict.state === "healthy" ? "lamd" : `lamd: ${verdict.state}`;
  const reasons = [...verdict.reasons, ...verdict.notes];
  show("reasons", reasons.length > 0);
  document.querySelector("#reasons ul").replaceChildren(...reasons.map((one) => h("li", {}, reason(one))));
}

export function draw(status, streams, history, able) {
  document.body.classList.remove("lost");
  drawVerdict(status.verdict);
  for (const button of document.querySelectorAll("#mode input[type=radio]")) button.checked = button.value === status.mode;
  document.getElementById("facts").textContent = `${status.version} · up ${span(status.uptime_s)} · you may ${able.role === "admin" ? "administer" : able.role}`;
  show("paths", status.paths.length > 0);
  drawPaths(status, history);
  show("tunnels", status.tunnels.length > 0);
  drawTunnels(status.tunnels, history);
  drawWorker(status);
  show("streams", status.paths.length > 0);
  drawStreams(streams, status, able);
  drawFailovers(status.failovers);
}

export function notice(text) {
  const element = document.getElementById("notice");
  element.hidden = text === null;
  element.textContent = text ?? "";
}

// What is on the page is no longer known to be so.
export function lost(text) {
  notice(text);
  document.body.classList.add("lost");
  const element = document.getElementById("verdict");
  element.className = "badge bad";
  element.textContent = SIGNS.bad + " no answer";
}
