// What ../test_sdk_node.py has set up: lamd's socket, two real llama-servers behind it, and a place for a server that the tests
// here play themselves.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, fetch as fetchBy } from "undici";

export const tiny = "tiny";
export const slow = "slow";
export const embedder = "embedder";
export const played = "played";

// The one thing that an SDK must be told: where its requests go.
const dispatcher = new Agent({ connect: { socketPath: process.env.LAMD_SOCKET } });
export const fetch = (url, options) => fetchBy(url, { ...options, dispatcher });
export const settings = { baseURL: "http://lamd/v1", apiKey: "unused", fetch };

export const ask = [{ role: "user", content: "Tell me a story." }];
export const fixed = { temperature: 0, seed: 7, max_tokens: 60 };

// The tiny model says nothing of sense; with these it begins, and ends, a call of a tool.
export const biasToCall = { 415: 65, 416: 55 };
export const weather = {
  type: "object",
  properties: { city: { type: "string", enum: ["Berlin", "Paris"] } },
  required: ["city"],
  additionalProperties: false,
};

async function until(condition, what, interval = 20) {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within 15 s: ${what}`);
    await sleep(interval);
  }
}

// How many answers the slow server works on.
async function busy() {
  const slots = await (await fetchBy(`${process.env.SLOW_URL}/slots`)).json();
  return slots.filter((slot) => slot.is_processing).length;
}

export const untilBusy = () => until(async () => (await busy()) === 1, "the server to work");
// llama-server looks for callers who have left only when it has been asked nothing for a second.
export const untilFree = () => until(async () => (await busy()) === 0, "the slot to be free", 1500);

// Plays the server at PLAYED_PORT for as long as `test` runs: `answer(request, response, number)` answers each POST.
export async function play(answer, test) {
  let asked = 0;
  const server = http.createServer((request, response) => {
    if (request.method === "GET") {
      response.writeHead(request.url === "/health" ? 200 : 404, { "Content-Type": "application/json" }).end("{}");
    } else {
      request.resume().on("end", () => answer(request, response, ++asked));
    }
  });
  await new Promise((resolve) => server.listen(Number(process.env.PLAYED_PORT), "127.0.0.1", resolve));
  try {
    await until(isUp, "lamd to find the played server");
    await test();
    return asked;
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function isUp() {
  const { paths } = await (await fetch("http://lamd/lam/v1/paths")).json();
  return paths.some((path) => path.server === played && path.state === "up");
}

export const answered = JSON.stringify({
  id: "chatcmpl-1", object: "chat.completion", created: 1, model: played,
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hi" } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

// For play(): busy for a second, then well.
export function busyOnce(request, response, number) {
  if (number === 1) {
    const error = { error: { message: "too many", type: "rate_limit_error", param: null, code: null } };
    response.writeHead(429, { "Content-Type": "application/json", "Retry-After": "1" }).end(JSON.stringify(error));
  } else {
    response.writeHead(200, { "Content-Type": "application/json" }).end(answered);
  }
}

// For play(): a streamed answer that is cut after its first word.
export function cut(request, response) {
  const choices = [{ index: 0, delta: { content: "He" }, finish_reason: null }];
  const chunk = { id: "1", object: "chat.completion.chunk", created: 1, model: played, choices };
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(chunk)}\n\n`, () => response.destroy());
}
