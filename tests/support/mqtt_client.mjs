// An MQTT client that does what it is told, a line of JSON each, and tells what it receives: mqtt_client.mjs MODULE URL
// VERSION FILTER... Written for mqtt.js, whose entry file MODULE is; VERSION is 4 (MQTT 3.1.1) or 5.
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [module, url, version, ...filters] = process.argv.slice(2);
const { default: mqtt } = await import(pathToFileURL(module));
const client = mqtt.connect(url, { protocolVersion: Number(version), clean: true });
const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");

client.on("message", (topic, payload) => tell([topic, payload.toString("base64")]));
client.once("connect", async () => {
  await client.subscribeAsync(filters, { qos: 1 });
  tell("ready");
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [topic, payload, qos] = JSON.parse(line);
    await client.publishAsync(topic, Buffer.from(payload, "base64"), { qos });
  }
  await client.endAsync();
});
