// Command wasm is the verifier for browsers: the SDK's offline verifier behind a small JavaScript interface. Nothing that
// is verified leaves the machine.
//
//	make wasm     writes dist/verify.wasm, dist/wasm_exec.js and dist/verifier.mjs
//
// The file goflags says how it is built. What a verdict seldom waits for is not inlined there: copies of such functions are a twenty-eighth of
// what a browser loads.
//
// Pages use verifier.mjs, which documents the interface for them. Below it, the program sets one global object:
//
//	yinxinVerifier.addTrust(bytes, name)         → {} or {error}
//	yinxinVerifier.verify(bytes, name, options)  → {report} or {error}
//	yinxinVerifier.view(bytes, name, options)    → {view} or {error}: the report with what a person reads of it, and how many pages there are
//	yinxinVerifier.letters(bytes, name)          → {} or {error}: the built-in face (esign/typeface), for documents that bring no fonts
//	yinxinVerifier.page(number, prefix, title)   → {page} or {error}: a page of what was viewed last, as SVG or PNG with the places of its seals
//
// bytes is a Uint8Array, name a text, options may hold at (RFC 3339), strict, locale ("zh-CN", "en"), and for codes page_text and challenge (8 octets in base64url). report is the
// text that `yinxin verify --json` prints for the same file, trust and time, octet by octet. error is a text and means
// misuse, as exit status 3 does on the command line; whatever is wrong with a file itself is part of the report. A fault
// of the program is an indeterminate report, never an exception and never another verdict.
package main
