// What lamd says of itself, asked every two seconds and whenever an event says that something has changed.

import { Rates, Series } from "./plot.js";
import * as view from "./view.js";

const PERIOD_MS = 2000;
const history = { latency: new Series(), rate: new Series() };
const rates = new Rates();
let role = "read";
let events = null;
let timer = null;
let isAsking = false;

async function ask(path, options) {
  const response = await fetch(path, { cache: "no-store", ...options });
  const text = await response.text();
  if (response.ok) return text ? JSON.parse(text) : null;
  let message = response.status + " " + response.statusText;
  try {
    message = JSON.parse(text).error.message;
  } catch { /* not lamd's own answer: the status says it */ }
  throw Object.assign(new Error(message), { status: response.status });
}

function remember(status, streams, now) {
  rates.keep();
  history.rate.keep();
  for (const path of status.paths) {
    const key = view.pathKey(path);
    history.latency.add(key, path.state === "up" ? path.rtt_s * 1000 : null);
    history.rate.add(key, rates.of(key, path.events, now));
  }
  for (const tunnel of status.tunnels) {
    const bytes = tunnel.forwards.reduce((sum, one) => sum + one.received_bytes + one.sent_bytes, 0);
    history.latency.add("tunnel " + tunnel.name, tunnel.state === "up" ? tunnel.rtt_s * 1000 : null);
    history.rate.add("tunnel " + tunnel.name, rates.of("tunnel " + tunnel.name, bytes, now));
  }
  for (const stream of streams) history.rate.add(stream.id, rates.of(stream.id, stream.events, now));
}

// A point of the plots each period, however often something changes between.
async function refresh(isPoint) {
  if (isAsking) return;
  isAsking = true;
  try {
    const [status, list] = await Promise.all([ask("/lam/v1/status"), role === "read" ? null : ask("/lam/v1/streams")]);
    if (isPoint) remember(status, list?.streams ?? [], performance.now());
    for (const stream of list?.streams ?? []) stream.rate = history.rate.of(stream.id).at(-1);
    view.notice(null);
    view.draw(status, list?.streams, history, { role, cancel });
  } catch (problem) {
    view.lost(problem.status ? problem.message : "lamd does not answer; trying again");
  } finally {
    isAsking = false;
  }
}

async function act(what) {
  try {
    await what();
    view.notice(null);
  } catch (problem) {
    view.notice(problem.message);
  }
  await refresh(false);
}

function cancel(id) {
  return act(() => ask("/lam/v1/streams/" + encodeURIComponent(id), { method: "DELETE" }));
}

function switchMode(mode) {
  const now = document.getElementById("now").checked;
  return act(() => ask("/lam/v1/mode", { method: "PUT", body: JSON.stringify({ mode, now }) }));
}

// A page that nobody sees asks nothing.
function follow() {
  events?.close();
  clearInterval(timer);
  if (document.hidden) return;
  let isDue = false;
  events = new EventSource("/lam/v1/events");
  for (const kind of ["snapshot", "tunnel", "path", "server", "child", "stream", "failover", "config", "verdict"]) {
    events.addEventListener(kind, () => {
      if (isDue) return;
      isDue = true; // a storm of events is one refresh
      setTimeout(() => {
        isDue = false;
        refresh(false);
      }, 100);
    });
  }
  timer = setInterval(() => refresh(true), PERIOD_MS);
  refresh(true);
}

async function begin() {
  try {
    role = (await ask("/lam/v1/whoami")).role;
  } catch (problem) {
    view.lost(problem.message);
  }
  document.getElementById("mode").disabled = role !== "admin";
  for (const button of document.querySelectorAll("#mode input[type=radio]")) {
    button.addEventListener("change", () => switchMode(button.value));
  }
  document.addEventListener("visibilitychange", follow);
  follow();
}

begin();
