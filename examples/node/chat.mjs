// Asks a language model through lamd's socket with OpenAI's SDK: node chat.mjs "Your question"

import OpenAI from "openai";
import { Agent, fetch } from "undici";

const socketPath = process.env.LAMD_SOCKET ?? "/run/lamd/lamd.sock";
const dispatcher = new Agent({ connect: { socketPath }, headersTimeout: 0, bodyTimeout: 0 }); // lamd has deadlines

const lamd = new OpenAI({
  baseURL: "http://lamd/v1",
  apiKey: "unused", // the socket's permissions decide
  fetch: (url, options) => fetch(url, { ...options, dispatcher }),
});

const model = process.env.MODEL ?? (await lamd.models.list()).data[0].id;
const messages = [{ role: "user", content: process.argv[2] ?? "Hello!" }];
const { data: stream, response } = await lamd.chat.completions.create({ model, messages, stream: true }).withResponse();
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
process.stdout.write(`\n(${response.headers.get("Lam-Server")} over ${response.headers.get("Lam-Transport")})\n`);
