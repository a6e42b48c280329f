// Runs a job of the Go test: argv = wasm_exec.js, verify.wasm, verifier.mjs, and the files of the job and of
// the answers.
import {readFileSync, writeFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [exec, wasm, module, jobFile, answerFile] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobFile));
await import(pathToFileURL(exec));
const {load} = await import(pathToFileURL(module));
const verifier = await load(readFileSync(wasm));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const attempt = (act) => {
  try {
    return {value: act()};
  } catch (error) {
    return {error: String(error)};
  }
};

const trust = (job.trust ?? []).map((file) => attempt(() => verifier.addTrust(bytes(file.content), file.name)));
const reports = (job.files ?? []).map((file) => attempt(() => verifier.verify(bytes(file.content), file.name, file.options)));
const wrong = {
  "no arguments": attempt(() => verifier.verify()),
  "text as bytes": attempt(() => verifier.verify("abc", "a")),
  "buffer as bytes": attempt(() => verifier.verify(new ArrayBuffer(3), "a")),
  "number as name": attempt(() => verifier.verify(new Uint8Array(3), 7)),
  "text as options": attempt(() => verifier.verify(new Uint8Array(3), "a", "strict")),
  "time that is none": attempt(() => verifier.verify(new Uint8Array(3), "a", {at: "noon"})),
  "number as time": attempt(() => verifier.verify(new Uint8Array(3), "a", {at: 5})),
  "text as strict": attempt(() => verifier.verify(new Uint8Array(3), "a", {strict: "no"})),
  "other language": attempt(() => verifier.verify(new Uint8Array(3), "a", {locale: "fr"})),
  "number as text of a page": attempt(() => verifier.verify(new Uint8Array(3), "a", {page_text: 5})),
  "long text of a page": attempt(() => verifier.verify(new Uint8Array(3), "a", {page_text: "文".repeat(16385)})),
  "short challenge": attempt(() => verifier.verify(new Uint8Array(3), "a", {challenge: "AAAA"})),
  "challenge that is no base64url": attempt(() => verifier.verify(new Uint8Array(3), "a", {challenge: "AAAAAAAAAA="})),
  "no trust": attempt(() => verifier.addTrust()),
};
wrong["options that throw"] = attempt(() => verifier.verify(new Uint8Array(3), "a", {get strict() { throw new Error("boom"); }}));
const after = attempt(() => verifier.verify(new Uint8Array([1, 2, 3]), "after.ofd"));

// A program that ends while it judges, and one that has ended, answer with a report all the same.
globalThis.Go = class {
  importObject = {};
  run() { globalThis.yinxinVerifier = {addTrust: () => ({}), verify: () => { throw new Error("Go program has already exited"); }}; }
};
const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const ended = await load(empty);
const dead = attempt(() => ended.verify(new Uint8Array(3), "in\\a.ofd"));
writeFileSync(answerFile, JSON.stringify({trust, reports, wrong, after, dead}));
process.exit(0); // the program still waits for calls
