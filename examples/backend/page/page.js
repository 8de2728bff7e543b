// The page: shows the conversation, keeps it in the tab's own storage so that it outlives a reload, and asks.
// Whatever comes from a model or a server goes into textContent only.

import { Answer } from "./answer.js";

const at = (id) => document.getElementById(id);
const log = at("log");
const question = at("question");

// What is kept: messages [{role, text, thoughts, state, ways, notes, error, kept}]; state: running, done, stopped, failed.
const messages = JSON.parse(sessionStorage.getItem("chat") ?? "[]");
let answer; // the one that runs
let saving;

function save() {
  clearTimeout(saving);
  saving = undefined;
  sessionStorage.setItem("chat", JSON.stringify(messages));
}

function saveSoon() {
  saving ??= setTimeout(save, 250);
}

// Showing

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const WAYS = { sse: "SSE", mqtt: "MQTT" };

function nameOf({ server, transport }, before) {
  const name = WAYS[transport] ?? transport;
  return server && server !== before?.server ? `${server} over ${name}` : name;
}

function wayOf({ state, ways, text, isLost }) {
  const line = element("p", "way");
  if (isLost) line.append("Connection lost, coming back … ");
  else if (state === "running" && !text) line.append("Waiting for the answer … ");
  else if (ways.length) line.append("Answered by ");
  line.append(element("b", "", ways.map((way, place) => nameOf(way, ways[place - 1])).join(" → ")));
  if (state === "stopped") line.append(ways.length ? " · " : "", element("span", "", "■ Stopped"));
  return line;
}

function show(message) {
  const shown = element("article", `${message.role} ${message.state ?? ""}`);
  shown.append(element("h2", "hidden", message.role === "user" ? "You" : "Answer"));
  if (message.thoughts) {
    const thoughts = element("details");
    thoughts.append(element("summary", "", "Thoughts"), element("span", "", message.thoughts));
    shown.append(thoughts);
  }
  shown.append(element("p", "text", message.text));
  if (message.role === "assistant") shown.append(wayOf(message));
  if (message.notes?.length) {
    const notes = element("ul", "notes");
    notes.append(...message.notes.map((note) => element("li", "", note)));
    shown.append(notes);
  }
  if (message.error) shown.append(errorOf(message));
  return shown;
}

function errorOf(message) {
  const line = element("div", "error", `⚠ ${message.error}`);
  if (message === messages.at(-1)) {
    const again = element("button", "", "Ask again");
    again.type = "button";
    again.addEventListener("click", () => {
      messages.pop();
      answerLast();
    });
    line.append(again);
  }
  if (message.why) {
    const why = element("details");
    why.append(element("summary", "", "Why"), element("span", "", message.why));
    line.append(why);
  }
  return line;
}

// Draws the last message again, or all of them; stays at the end if that is where the reader is.
function draw(isAll = false) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  if (isAll) {
    log.querySelectorAll("article").forEach((shown) => shown.remove());
    log.append(...messages.map(show));
  } else {
    const last = [...log.querySelectorAll("article")].at(-1);
    const isOpen = last.querySelector("details")?.open; // thoughts that are being read while they come
    const shown = show(messages.at(-1));
    if (isOpen) shown.querySelector("details").open = true;
    last.replaceWith(shown);
  }
  at("empty").hidden = messages.length > 0;
  at("stop").hidden = !answer;
  at("send").hidden = Boolean(answer);
  if (isAll || isAtEnd) log.scrollTop = log.scrollHeight;
}

let drawing;
function drawSoon() {
  drawing ??= requestAnimationFrame(() => {
    drawing = undefined;
    if (messages.length) draw();
  });
}

// For those who do not see the page.
function say(text) {
  at("said").textContent = text;
}

// Asking

function follow(message, begin) {
  const changed = () => {
    saveSoon();
    drawSoon();
  };
  const note = (text) => {
    if (message.notes.includes(text)) return;
    message.notes.push(text);
    say(text);
    changed();
  };
  const way = (next) => {
    const last = message.ways.at(-1);
    if (next.transport && (last?.server !== next.server || last?.transport !== next.transport)) message.ways.push(next);
    changed();
  };
  const told = {
    begun(head) {
      if (message.isLost) note("⇄ The connection to this page was lost; the answer went on where it was.");
      message.isLost = false;
      way(head);
    },
    more({ text, thoughts }) {
      message.text += text;
      message.thoughts += thoughts;
      changed();
    },
    lost() {
      message.isLost = true;
      changed();
    },
    failover(failover) {
      note(describe(failover));
      if (failover.rung === "path") way({ server: failover.server, transport: failover.to.split(" ")[0] });
    },
  };
  const mine = new Answer(message.kept, told);
  answer = mine;
  say("The model is answering.");
  return begin(mine)
    .then(() => {
      message.state = "done";
      say(`Answer: ${message.text}`);
    })
    .catch((problem) => {
      message.state = problem.name === "AbortError" ? "stopped" : "failed";
      message.isLost = false;
      if (message.state === "failed") [message.error, message.why] = reasonOf(problem);
      say(message.error ?? "Stopped.");
    })
    .finally(() => {
      if (answer === mine) answer = undefined;
      save();
      draw(true);
      look();
      if (document.activeElement === document.body) question.focus(); // the stop button had it, and is gone
    });
}

// What to do, and what was wrong.
function reasonOf({ message, status, retryAfter }) {
  return status === 503 ? [`No model can answer now. Try again in ${retryAfter || 1} s.`, message] : [message];
}

function describe({ rung, from, to, gap_s: gap, lost, next }) {
  const took = gap < 0.05 ? "at once" : `after ${gap.toFixed(1)} s`;
  const [before, after] = [from, to].map((path) => WAYS[path.split(" ")[0]] ?? path);
  const whole = lost ? `${lost} events are missing.` : "Nothing is missing.";
  if (rung !== "path") return `⇄ ${to} goes on for ${from}, ${took}.`;
  return `⇄ The way over ${before} was lost; the answer went on over ${after} ${took}, at event ${next}. ${whole}`;
}

function answerLast() {
  const history = messages.map(({ role, text }) => ({ role, content: text }));
  const message = { role: "assistant", text: "", thoughts: "", state: "running", ways: [], notes: [], kept: {} };
  messages.push(message);
  const followed = follow(message, (begun) => begun.ask(history));
  save();
  draw(true);
  return followed;
}

function ask() {
  const text = question.value.trim();
  if (!text || answer) return;
  messages.push({ role: "user", text });
  question.value = "";
  fit();
  answerLast();
}

// A page that was loaded again goes on where it was.
function comeBack() {
  const last = messages.at(-1);
  if (last?.state !== "running") return;
  if (last.kept.resumable) {
    follow(last, (begun) => begun.goOn());
  } else {
    last.state = "failed";
    last.error = "This answer was left when the page was loaded again.";
  }
}

// The state of lamd

const NAMES = { healthy: "Healthy", degraded: "Degraded", down: "Down" };

async function look() {
  const get = async (what) => (await fetch(`api/llm/${what}`)).json();
  let [state, reasons] = ["No backend", [{ message: "The backend cannot be reached." }]];
  try {
    const [health, { mode }] = await Promise.all([get("health"), get("mode")]);
    state = health.error ? "No lamd" : `${NAMES[health.state] ?? health.state} · ${mode}`;
    reasons = health.reasons ?? [health.error];
  } catch {
    // said already
  }
  const isGood = state.startsWith(NAMES.healthy);
  const shown = at("health");
  shown.className = isGood ? "good" : "bad";
  shown.querySelector(".sign").textContent = isGood ? "✓" : "⚠";
  shown.querySelector(".state").textContent = state;
  const told = reasons.length ? reasons.map(({ message }) => message) : ["Nothing is wrong."];
  shown.querySelector(".reasons").replaceChildren(...told.map((reason) => element("li", "", reason)));
}

// What people do

function fit() {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight + 2}px`;
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
question.addEventListener("input", fit);
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ask();
  }
});
at("stop").addEventListener("click", () => answer?.stop());
at("new").addEventListener("click", () => {
  answer?.stop();
  messages.length = 0;
  save();
  draw(true);
  question.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") answer?.stop();
});
addEventListener("pagehide", save);
document.addEventListener("visibilitychange", () => document.hidden || look());

comeBack();
draw(true);
look();
setInterval(() => document.hidden || look(), 10_000);
question.focus();
