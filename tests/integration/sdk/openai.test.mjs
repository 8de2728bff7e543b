// OpenAI's SDK for Node, unmodified but for the socket.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { ask, biasToCall, embedder, fixed, settings, slow, tiny, untilBusy, untilFree, weather } from "./site.mjs";
import { busyOnce, cut, play, played } from "./site.mjs";

const client = new OpenAI(settings);
const asked = { model: tiny, messages: ask, ...fixed };
const tools = [{ type: "function", function: { name: "weather", description: "The weather", parameters: weather } }];
const called = { ...asked, tools, logit_bias: biasToCall, max_tokens: 500 };

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

test("models", async () => {
  const names = (await collect(await client.models.list())).map((model) => model.id);
  assert.deepEqual(names.filter((name) => [tiny, slow, embedder].includes(name)).sort(), [embedder, slow, tiny]);
  assert.equal((await client.models.retrieve(tiny)).id, tiny);
  await assert.rejects(client.models.retrieve("no/such"), OpenAI.NotFoundError);
});

test("chat, whole and streamed, says the same", async () => {
  const { data, response } = await client.chat.completions.create(asked).withResponse();
  assert.equal(data.usage.completion_tokens, 60);
  assert.equal(response.headers.get("Lam-Server"), "tiny");
  const streamed = { ...asked, stream: true, stream_options: { include_usage: true } };
  const chunks = await collect(await client.chat.completions.create(streamed));
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
  assert.ok(text.length > 50);
  assert.equal(text, data.choices[0].message.content);
  assert.equal(chunks.at(-1).usage.completion_tokens, 60);
  assert.equal(await client.chat.completions.stream(asked).finalContent(), text);
});

test("completions", async () => {
  const made = await client.completions.create({ model: tiny, prompt: "Once upon a time", ...fixed });
  assert.ok(made.choices[0].text.length > 20);
});

test("a tool is called, and its result goes back", async () => {
  const { message } = (await client.chat.completions.create(called)).choices[0];
  const [call] = message.tool_calls;
  assert.equal(call.function.name, "weather");
  assert.ok(weather.properties.city.enum.includes(JSON.parse(call.function.arguments).city));
  const messages = [...ask, message, { role: "tool", tool_call_id: call.id, content: "Rain." }];
  const answer = await client.chat.completions.create({ ...asked, messages, tools });
  assert.equal(answer.choices[0].message.role, "assistant");
});

test("a tool is called, streamed", async () => {
  const whole = (await client.chat.completions.create(called)).choices[0];
  const streamed = await client.chat.completions.stream(called).finalChatCompletion();
  assert.equal(streamed.choices[0].finish_reason, "tool_calls");
  const functions = (choice) => choice.message.tool_calls.map((call) => [call.function.name, call.function.arguments]);
  assert.deepEqual(functions(streamed.choices[0]), functions(whole));
});

test("JSON by a schema", async () => {
  const schema = z.object({ colour: z.enum(["red", "blue"]), sure: z.boolean() });
  const format = zodResponseFormat(schema, "answer");
  const made = await client.chat.completions.parse({ ...asked, max_tokens: 500, response_format: format });
  assert.ok(schema.parse(made.choices[0].message.parsed));
});

test("embeddings, as floats and as the SDK's own base64", async () => {
  const input = ["one", "two"];
  const encoded = await client.embeddings.create({ model: embedder, input });
  const floats = await client.embeddings.create({ model: embedder, input, encoding_format: "float" });
  assert.equal(encoded.data.length, 2);
  assert.ok(encoded.data[0].embedding.length > 8);
  for (const [place, { embedding }] of floats.data.entries()) {
    embedding.forEach((value, index) => assert.ok(Math.abs(value - encoded.data[place].embedding[index]) < 1e-4));
  }
});

test("errors are OpenAI's", async () => {
  await assert.rejects(client.chat.completions.create({ ...asked, messages: "none" }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.ok(error.message.length > 10);
    assert.ok(error.requestID);
    return true;
  });
  await assert.rejects(client.chat.completions.create({ ...asked, model: "no-such" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError);
    assert.equal(error.code, "model_not_found");
    return true;
  });
});

test("a busy server is asked again when it said", async () => {
  const begun = Date.now();
  const times = await play(busyOnce, async () => {
    const made = await client.chat.completions.create({ ...asked, model: played });
    assert.equal(made.choices[0].message.content, "Hi");
  });
  assert.equal(times, 2);
  assert.ok(Date.now() - begun >= 900, "Retry-After was honoured");
});

test("without retries the refusal and its Retry-After are told", async () => {
  await play(busyOnce, () =>
    assert.rejects(client.chat.completions.create({ ...asked, model: played }, { maxRetries: 0 }), (error) => {
      assert.ok([429, 503].includes(error.status), `${error.status}`);
      assert.equal(error.headers.get("Retry-After"), "1");
      return true;
    }),
  );
});

test("an answer that is cut is an error", async () => {
  await play(cut, async () => {
    const stream = await client.chat.completions.create({ ...asked, model: played, stream: true });
    let seen = "";
    await assert.rejects(async () => {
      for await (const chunk of stream) seen += chunk.choices[0].delta.content;
    }, OpenAI.APIError);
    assert.equal(seen, "He");
  });
});

const long = { ...asked, model: slow, max_tokens: 3000 };

test("a stream that is left frees its slot", async () => {
  const stream = await client.chat.completions.create({ ...long, stream: true });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  await untilFree();
});

test("an aborted request frees its slot", async () => {
  const abort = new AbortController();
  const asking = client.chat.completions.create(long, { signal: abort.signal });
  await untilBusy();
  abort.abort();
  await assert.rejects(asking, OpenAI.APIUserAbortError);
  await untilFree();
});

test("a request that takes too long frees its slot", async () => {
  await assert.rejects(client.chat.completions.create(long, { timeout: 1000, maxRetries: 0 }), OpenAI.APIConnectionTimeoutError);
  await untilFree();
});
