// One streamed answer: asked for, followed, found again when the connection or the page is lost. Knows nothing of the page.

const BASE = "api/llm/chat";
const PATIENCE = 30_000; // how long lamd's worker keeps an answer that nobody reads

// The events of a stream of server-sent events, as they come.
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { data: "" };
      for (const line of block.split(/\r?\n/)) {
        const [, name, text] = /^([^:]*):? ?(.*)$/.exec(line);
        if (name === "data") event.data += (event.data && "\n") + text;
        else if (name) event[name] = text;
      }
      if (event.data) yield event;
    }
  }
}

export class Refused extends Error {
  constructor(message, response) {
    super(message);
    this.status = response?.status;
    this.retryAfter = Number(response?.headers.get("Retry-After")) || 0;
  }
}

async function refusal(response) {
  const error = (await response.json().catch(() => ({}))).error;
  return new Refused(error?.message ?? `The backend answered ${response.status}.`, response);
}

// `kept`: {stream, last, resumable}, which outlives the page and is all that is needed to go on; the caller keeps it.
// `told`: what to do with {text, thoughts}, with the head ({server, transport}), and with a failover.
export class Answer {
  #abort = new AbortController();
  #failovers = new AbortController();

  constructor(kept, told) {
    this.kept = kept;
    this.told = told;
  }

  // Resolves when the answer is complete; rejects with Refused, or with an AbortError after leave() or stop().
  async ask(messages) {
    const body = JSON.stringify({ messages, stream: true });
    return this.#follow(() => this.#fetch(BASE, { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  }

  async goOn() {
    return this.#follow(() => this.#again());
  }

  // The model need not work for nobody.
  async stop() {
    this.leave();
    if (this.kept.stream) await fetch(`${BASE}/stream/${this.kept.stream}`, { method: "DELETE" }).catch(() => {});
  }

  leave() {
    this.#abort.abort();
    this.#failovers.abort();
  }

  #fetch(target, options = {}) {
    return fetch(target, { ...options, signal: this.#abort.signal });
  }

  #again() {
    const headers = this.kept.last === undefined ? {} : { "Last-Event-ID": this.kept.last };
    return this.#fetch(`${BASE}/stream/${this.kept.stream}`, { headers });
  }

  async #follow(connect) {
    try {
      let lost = 0;
      for (;;) {
        const before = this.kept.last;
        const cut = await this.#read(connect);
        if (!cut) return;
        if (!this.kept.resumable) throw cut;
        if (!lost || this.kept.last !== before) lost = Date.now();
        if (Date.now() - lost > PATIENCE) throw cut;
        this.told.lost();
        await new Promise((resolve) => setTimeout(resolve, 300));
        this.#abort.signal.throwIfAborted();
        connect = () => this.#again();
      }
    } finally {
      this.#failovers.abort();
    }
  }

  // Undefined when the answer is complete, else how it was cut; rejects when that is final.
  async #read(connect) {
    try {
      const response = await connect();
      if (!response.ok) {
        const refused = await refusal(response);
        if (this.kept.resumable && response.status === 503) return refused; // lamd is being started again
        throw refused;
      }
      this.#begin(response.headers);
      for await (const event of eventsOf(response.body)) {
        if (event.data === "[DONE]") return undefined;
        this.#take(JSON.parse(event.data));
        this.kept.last = event.id ?? this.kept.last;
      }
      return new Refused("The answer was cut.");
    } catch (problem) {
      if (problem instanceof TypeError) return new Refused("The backend cannot be reached."); // what fetch() throws
      throw problem;
    }
  }

  #begin(headers) {
    const isFirst = !this.kept.stream || !this.#watches;
    this.kept.stream = headers.get("Lam-Stream") ?? this.kept.stream;
    this.kept.resumable = headers.get("Lam-Resumable") === "1";
    this.told.begun({ server: headers.get("Lam-Server"), transport: headers.get("Lam-Transport") });
    if (isFirst && this.kept.stream) this.#watch();
  }

  #take(chunk) {
    if (chunk.error) throw new Refused(chunk.error.message);
    const delta = chunk.choices?.[0]?.delta ?? {};
    this.told.more({ text: delta.content ?? "", thoughts: delta.reasoning_content ?? "" });
  }

  #watches = false;

  // Failovers are told beside the answer, whose bytes are the server's own. Without them the answer is the same.
  async #watch() {
    this.#watches = true;
    try {
      const response = await fetch(`${BASE}/stream/${this.kept.stream}/failovers`, { signal: this.#failovers.signal });
      if (response.ok) for await (const event of eventsOf(response.body)) this.told.failover(JSON.parse(event.data));
    } catch {
      // the answer has ended, or the backend is gone, which the answer itself notices
    }
    this.#watches = false;
  }
}
