// Proof of work before a password is looked at, asked for only after many wrong tries from one network. The form waits until the
// number is found, which takes a moment; without this script the page names another way.

const K = new Uint32Array(64);
const H = new Uint32Array(8);
(() => {
  // The constants of SHA-256 are the first bits of the roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3).
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    const part = (root: number): number => ((root - Math.floor(root)) * 0x100000000) | 0;
    if (found < 8) H[found] = part(Math.sqrt(n));
    K[found++] = part(Math.cbrt(n));
  }
})();

const rotate = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

// leadingZeros is the number of zero bits at the front of SHA-256 of a text of one block (ASCII, below 56 characters).
function leadingZeros(text: string): number {
  const w = new Uint32Array(64);
  for (let i = 0; i < text.length; i++) w[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  w[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  w[15] = text.length * 8;
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15], b = w[i - 2];
    w[i] = (w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = H;
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  const first = (H[0] + a) | 0;
  return first !== 0 ? Math.clz32(first) : 32;
}

function start(field: HTMLInputElement): void {
  const form = field.form!;
  const text = field.dataset.work!, bits = Number(field.dataset.bits);
  let n = 0, sending = false;
  const go = (): void => {
    for (const until = n + 20000; n < until; n++) {
      if (leadingZeros(text + ":" + n) >= bits) {
        field.value = String(n);
        if (sending) form.submit();
        return;
      }
    }
    setTimeout(go, 0);
  };
  form.addEventListener("submit", (event) => {
    if (field.value !== "") return;
    event.preventDefault();
    sending = true;
  });
  go();
}

document.querySelectorAll<HTMLInputElement>("input[data-work]").forEach(start);

export {};
