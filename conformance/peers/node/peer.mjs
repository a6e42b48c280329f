// What the two relying parties share: the order they get, and the words they exchange with the test, one line each.
// A program prints {"visit": address, "until": prefix}; the test walks a browser there and answers with the address at
// which the browser came to the prefix. At the end it prints {"done": what it learned}.
import { createInterface } from 'node:readline'
import assert from 'node:assert/strict'

export const order = JSON.parse(process.env.PEER_ORDER)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

export async function visit(address, until) {
  console.log(JSON.stringify({ visit: String(address), until }))
  const { value, done } = await lines.next()
  assert(!done, 'the test gave no answer')
  return new URL(value)
}

export function finish(learned) {
  console.log(JSON.stringify({ done: learned }))
  process.exit(0)
}

// judge holds for both: the ID token is signed as registered and says the same person everywhere.
export function judge(idToken, claims, refreshed, info) {
  const header = JSON.parse(Buffer.from(idToken.split('.')[0], 'base64url'))
  assert.equal(header.alg, order.alg)
  assert.equal(claims.iss, order.issuer)
  assert.equal(info.sub, claims.sub)
  if (refreshed) assert.equal(refreshed.sub, claims.sub)
  assert.equal(info.name, order.name)
}
