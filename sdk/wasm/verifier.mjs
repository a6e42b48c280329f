// The verifier for browsers (and Node). Load wasm_exec.js of the same build first; it defines the class Go.
//
//   import {load} from "./verifier.mjs";
//   const verifier = await load(fetch("verify.wasm"));
//   verifier.addTrust(new Uint8Array(await (await fetch("trust/root.pem")).arrayBuffer()), "root.pem");
//   const report = JSON.parse(verifier.verify(bytes, file.name, {locale: "en"}));
//   report.results[0].verdict    // "valid", "invalid" or "indeterminate"
//
// A page that uses it needs script-src 'wasm-unsafe-eval' in its Content-Security-Policy. Large files block the thread
// for a moment: run it in a worker.

// load starts a verifier. wasm is the response of a fetch, or the bytes of verify.wasm.
export async function load(wasm) {
  const go = new globalThis.Go();
  const source = await wasm;
  const {instance} = typeof Response !== "undefined" && source instanceof Response
    ? await WebAssembly.instantiateStreaming(source, go.importObject)
    : await WebAssembly.instantiate(source, go.importObject);
  go.run(instance); // returns when the program waits for calls
  const program = globalThis.yinxinVerifier;
  delete globalThis.yinxinVerifier;
  if (!program) throw new Error("yinxin: the verifier did not start");
  return {
    // addTrust takes a certificate, CRL, status list or key bundle. It throws when the file is none of these.
    addTrust(bytes, name) {
      const answer = program.addTrust(bytes, name);
      if (answer.error) throw new Error("yinxin: " + answer.error);
    },
    // verify judges one file or presentation code and returns the report as text. It throws on wrong arguments only.
    verify(bytes, name, options) {
      if (options !== undefined && typeof options !== "object") throw new Error("yinxin: options are an object");
      const {at, strict, locale, page_text, challenge} = options ?? {}; // read here: an exception inside the program would end it
      let answer;
      try {
        answer = program.verify(bytes, name, {at, strict, locale, page_text, challenge});
      } catch {
        return broken(name); // the program has ended, for instance for want of memory
      }
      if (answer?.error) throw new Error("yinxin: " + answer.error);
      return answer?.report ?? broken(name);
    },
  };
}

// broken is the report of a verifier that cannot judge any more: it proves nothing.
function broken(name) {
  return JSON.stringify({results: [{
    file: String(name).replaceAll("\\", "/").split("/").pop(), format: "unknown", sm3: "", verdict: "indeterminate", code: "V31",
    message: {en: "The file cannot be read", "zh-CN": "文件无法识别"},
    reasons: [{code: "internal", message: "the verifier failed on this file; please report it", clause: ""}], signatures: [],
  }]}, null, 2) + "\n";
}
