// The verifier of files in a worker of its own: a large file does not stop the page, and the policy of this worker (web/static.go) lets it ask
// this site alone. It asks for two things, the program and what is trusted; neither request depends on the file.

import "./wasm_exec.js";

declare class Go {
  importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

interface Answer {
  error?: string;
  view?: string;
  page?: string;
}

interface Program {
  addTrust(bytes: Uint8Array, name: string): Answer;
  view(bytes: Uint8Array, name: string, options: { locale: string; page_text?: string; challenge?: string }): Answer;
  letters(bytes: Uint8Array, name: string): Answer;
  page(number: number, prefix: string, title: string): Answer;
}

interface Request {
  kind: "start" | "view" | "page";
  program: string;
  size: number;
  trust: string;
  letters: string;
  bytes: ArrayBuffer;
  name: string;
  locale: string;
  pageText?: string; // of the page on which a code stands
  challenge?: string; // of the request that a code answers
  number: number;
  prefix: string;
  title: string;
}

const scope = globalThis as unknown as { yinxinVerifier?: Program; postMessage(message: unknown): void; onmessage: ((event: MessageEvent<Request>) => void) | null };

// read loads an address and tells how much of it is there.
async function read(address: string, size: number): Promise<Uint8Array> {
  const response = await fetch(address, { credentials: "omit" });
  if (!response.ok || !response.body) throw new Error("status " + response.status);
  const content = new Uint8Array(size), reader = response.body.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    content.set(value, at); // fails when there is more than was said
    at += value.length;
    scope.postMessage({ kind: "progress", part: at / size });
  }
  if (at !== size) throw new Error("the program is cut");
  return content;
}

async function start(request: Request): Promise<Program> {
  const go = new Go();
  const loaded = read(request.program, request.size).then((content) => WebAssembly.instantiate(content, go.importObject));
  const trusted = fetch(request.trust, { credentials: "omit" }).then((response) => {
    if (!response.ok) throw new Error("status " + response.status);
    kept = response.headers.get("Kept") ?? undefined;
    return response.json() as Promise<{ files: { name: string; content: string }[] }>;
  });
  const [{ instance }, trust] = await Promise.all([loaded, trusted]);
  void go.run(instance); // goes on until the program waits for calls
  const program = scope.yinxinVerifier;
  if (!program) throw new Error("the verifier did not start");
  for (const file of trust.files) {
    const answer = program.addTrust(Uint8Array.from(atob(file.content), (c) => c.charCodeAt(0)), file.name);
    if (answer.error) throw new Error(answer.error);
  }
  return program;
}

// wanting tells whether a page has letters that neither the document nor the program holds.
function wanting(answer: Answer): boolean {
  const notes: { kind: string }[] = answer.page ? JSON.parse(answer.page).notes : [];
  return notes.some((note) => note.kind === "letter");
}

let program: Promise<Program> | undefined;
let kept: string | undefined; // when what is trusted was kept on this device, where it did not come from the network
let lettered = false;

scope.onmessage = async (event) => {
  const request = event.data;
  try {
    if (request.kind === "start") program = start(request);
    const verifier = await program!;
    if (request.kind === "view") {
      const begun = performance.now();
      const answer = verifier.view(new Uint8Array(request.bytes), request.name, { locale: request.locale, page_text: request.pageText, challenge: request.challenge });
      if (!answer.view) throw new Error(answer.error);
      scope.postMessage({ kind: "view", view: JSON.parse(answer.view), took: performance.now() - begun });
    } else if (request.kind === "page") {
      const draw = (): Answer => verifier.page(request.number, request.prefix, request.title);
      let answer = draw();
      if (!lettered && wanting(answer)) { // for documents that bring none they are loaded once
        lettered = true;
        const response = await fetch(request.letters, { credentials: "omit" });
        if (response.ok && !verifier.letters(new Uint8Array(await response.arrayBuffer()), "letters").error) answer = draw();
      }
      if (!answer.page) throw new Error(answer.error);
      scope.postMessage({ kind: "page", page: JSON.parse(answer.page) });
    } else scope.postMessage({ kind: "ready", kept });
  } catch (why) {
    scope.postMessage({ kind: "failed", why: String(why) });
  }
};
