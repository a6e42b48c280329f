// Logs in with openid-client.
import * as client from 'openid-client'
import assert from 'node:assert/strict'
import { order, visit, finish, judge } from './peer.mjs'

const config = await client.discovery(new URL(order.issuer), order.client_id, { client_secret: order.client_secret, id_token_signed_response_alg: order.alg },
  client.ClientSecretBasic(order.client_secret), { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] })

const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = client.randomNonce()
const start = client.buildAuthorizationUrl(config, {
  redirect_uri: order.redirect_uri, scope: order.scope, state, nonce,
  code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const back = await visit(start, order.redirect_uri)
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
await assert.rejects(client.authorizationCodeGrant(config, back, { ...checks, expectedState: 'another' }), (err) => err.code === 'OAUTH_INVALID_RESPONSE')
const tokens = await client.authorizationCodeGrant(config, back, checks)
const claims = tokens.claims()

const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const next = await client.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(next.refresh_token, tokens.refresh_token)
await client.fetchUserInfo(config, next.access_token, claims.sub)
judge(tokens.id_token, claims, next.claims(), info)

assert.equal((await client.tokenIntrospection(config, next.access_token)).active, true)
await client.tokenRevocation(config, next.refresh_token)
await assert.rejects(client.refreshTokenGrant(config, next.refresh_token), (err) => err.error === 'invalid_grant')

const end = client.buildEndSessionUrl(config, { id_token_hint: next.id_token ?? tokens.id_token, post_logout_redirect_uri: order.post_logout_redirect_uri, state: 'bye' })
const out = await visit(end, order.post_logout_redirect_uri)
assert.equal(out.searchParams.get('state'), 'bye')
finish({ sub: claims.sub })
