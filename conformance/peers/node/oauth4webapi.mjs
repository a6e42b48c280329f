// Logs in with oauth4webapi.
import * as oauth from 'oauth4webapi'
import assert from 'node:assert/strict'
import { order, visit, finish, judge } from './peer.mjs'

const options = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(order.issuer)
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...options }))
const client = { client_id: order.client_id, id_token_signed_response_alg: order.alg }
const secret = oauth.ClientSecretPost(order.client_secret)

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const start = new URL(server.authorization_endpoint)
start.search = new URLSearchParams({
  client_id: order.client_id, redirect_uri: order.redirect_uri, response_type: 'code', scope: order.scope, state, nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
})
const back = await visit(start, order.redirect_uri)
const parameters = oauth.validateAuthResponse(server, client, back, state) // iss of RFC 9207 among them
const response = await oauth.authorizationCodeGrantRequest(server, client, secret, parameters, order.redirect_uri, verifier, options)
const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true })
await oauth.validateApplicationLevelSignature(server, response, options)
const claims = oauth.getValidatedIdTokenClaims(tokens)

const info = await oauth.processUserInfoResponse(server, client, claims.sub, await oauth.userInfoRequest(server, client, tokens.access_token, options))
const next = await oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, secret, tokens.refresh_token, options))
judge(tokens.id_token, claims, oauth.getValidatedIdTokenClaims(next), info)

// A code that was spent gives nothing, and takes what it gave away.
const again = await oauth.authorizationCodeGrantRequest(server, client, secret, parameters, order.redirect_uri, verifier, options)
await assert.rejects(oauth.processAuthorizationCodeResponse(server, client, again), (err) => err.error === 'invalid_grant')
await assert.rejects(async () => oauth.processUserInfoResponse(server, client, claims.sub, await oauth.userInfoRequest(server, client, next.access_token, options)))

const end = new URL(server.end_session_endpoint)
end.search = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: order.post_logout_redirect_uri, state: 'bye' })
const out = await visit(end, order.post_logout_redirect_uri)
assert.equal(out.searchParams.get('state'), 'bye')
finish({ sub: claims.sub })
