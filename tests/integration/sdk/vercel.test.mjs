// Vercel's AI SDK with its provider for OpenAI-compatible servers, unmodified but for the socket.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, RetryError, embedMany, generateObject, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { ask, biasToCall, embedder, settings, slow, tiny, untilBusy, untilFree, weather } from "./site.mjs";
import { busyOnce, cut, play, played } from "./site.mjs";

const lamd = createOpenAICompatible({ name: "lamd", supportsStructuredOutputs: true, includeUsage: true, ...settings });
const fixed = { temperature: 0, seed: 7, maxOutputTokens: 60 };
const asked = { model: lamd(tiny), messages: ask, ...fixed };
const cities = [];
const tools = {
  weather: tool({
    description: "The weather",
    inputSchema: jsonSchema(weather),
    execute: ({ city }) => {
      cities.push(city);
      return "Rain.";
    },
  }),
};
const called = { ...asked, tools, maxOutputTokens: 500, providerOptions: { lamd: { logit_bias: biasToCall } } };

test("text, whole and streamed, says the same", async () => {
  const whole = await generateText(asked);
  assert.equal(whole.usage.outputTokens, 60);
  const streamed = streamText(asked);
  let text = "";
  for await (const part of streamed.textStream) text += part;
  assert.ok(text.length > 50);
  assert.equal(text, whole.text);
  assert.equal((await streamed.usage).outputTokens, 60);
});

test("a tool is called, and its result goes back", async () => {
  cities.length = 0;
  const made = await generateText({ ...called, stopWhen: stepCountIs(2) });
  assert.equal(made.steps.length, 2);
  assert.ok(weather.properties.city.enum.includes(cities[0]));
  assert.equal(made.steps[0].toolResults[0].output, "Rain.");
});

test("a tool is called, streamed", async () => {
  cities.length = 0;
  const streamed = streamText(called);
  await streamed.consumeStream();
  assert.equal(await streamed.finishReason, "tool-calls");
  assert.deepEqual((await streamed.toolCalls).map((call) => call.input.city), cities);
  assert.equal(cities.length, 1);
});

test("an object by a schema", async () => {
  const schema = z.object({ colour: z.enum(["red", "blue"]), sure: z.boolean() });
  const { object } = await generateObject({ ...asked, maxOutputTokens: 500, schema });
  assert.ok(schema.parse(object));
});

test("embeddings", async () => {
  const { embeddings } = await embedMany({ model: lamd.textEmbeddingModel(embedder), values: ["one", "two"] });
  assert.equal(embeddings.length, 2);
  assert.ok(embeddings[0].length > 8);
});

test("errors are told with their status", async () => {
  await assert.rejects(generateText({ ...asked, model: lamd("no-such") }), (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /no-such/);
    return true;
  });
  const messages = [{ role: "user", content: "word ".repeat(3000) }];
  await assert.rejects(generateText({ ...asked, messages }), (error) => {
    assert.equal(error.statusCode, 400);
    return true;
  });
});

test("a busy server is asked again when it said", async () => {
  const begun = Date.now();
  const times = await play(busyOnce, async () => assert.equal((await generateText({ ...asked, model: lamd(played) })).text, "Hi"));
  assert.equal(times, 2);
  assert.ok(Date.now() - begun >= 900, "Retry-After was honoured");
  await play(busyOnce, () =>
    assert.rejects(generateText({ ...asked, model: lamd(played), maxRetries: 0 }), (error) => {
      const told = RetryError.isInstance(error) ? error.lastError : error;
      assert.ok([429, 503].includes(told.statusCode), `${told.statusCode}`);
      return true;
    }),
  );
});

test("an answer that is cut is an error", async () => {
  await play(cut, async () => {
    const told = [];
    const streamed = streamText({ ...asked, model: lamd(played), onError: ({ error }) => told.push(error.message) });
    const seen = [];
    // The connection is cut behind the error, and this SDK then rejects the iteration and settles none of its promises.
    await assert.rejects(async () => {
      for await (const part of streamed.fullStream) seen.push(part);
    });
    assert.equal(seen.filter((part) => part.type === "text-delta").map((part) => part.text).join(""), "He");
    assert.ok(seen.some((part) => part.type === "error"));
    assert.ok(!seen.some((part) => part.type === "finish"));
    assert.match(told[0], /lost|cut/);
  });
});

const long = { ...asked, model: lamd(slow), maxOutputTokens: 3000 };

test("a stream that is aborted frees its slot", async () => {
  const abort = new AbortController();
  const streamed = streamText({ ...long, abortSignal: abort.signal });
  for await (const part of streamed.textStream) if (part) break;
  abort.abort();
  await untilFree();
});

test("an aborted request frees its slot", async () => {
  const abort = new AbortController();
  const asking = generateText({ ...long, abortSignal: abort.signal });
  await untilBusy();
  abort.abort();
  await assert.rejects(asking, { name: "AbortError" });
  await untilFree();
});
