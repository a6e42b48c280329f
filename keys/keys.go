// Package keys is the contract of key custody: providers, handles bound to a purpose, and who may use which.
//
// A private or secret key never leaves its provider. Callers get a handle by key id and by the purpose they are about
// to use it for; a provider refuses a purpose that the key was not made for, so a token key cannot seal and a seal key
// cannot sign tokens (security rows K-05). Every signature is verified with the public key before it is handed out.
//
// The choice between message and digest for SM2 is taken here, once: a [Signer] takes the message, and computes
// SM3(ZA‖M) with the default user ID 1234567812345678 (GB/T 32918.2 5.5), SHA-256 for P-256 and RSA.
package keys

import (
	"context"
	"crypto"
	"errors"
	"time"
)

// Usage is the one purpose a key may serve.
type Usage string

// Purposes.
const (
	UsageToken       Usage = "token"        // ID tokens, access tokens, logout tokens
	UsageCA          Usage = "ca"           // certificates and CRLs
	UsageSealMaker   Usage = "seal_maker"   // the maker's signature in a seal (制章者)
	UsageSealSigner  Usage = "seal_signer"  // the signature of a stamp (签章者)
	UsageStatusList  Usage = "status_list"  // signed status lists and deltas
	UsagePresent     Usage = "presentation" // issuer side of presentation codes
	UsageTrustList   Usage = "trust_list"   // signed trust lists
	UsageTimeStamp   Usage = "time_stamp"   // time-stamp tokens
	UsageEvidence    Usage = "evidence"     // manifests of packages of evidence
	UsageCheckpoint  Usage = "checkpoint"   // audit and log checkpoints
	UsageHolder      Usage = "holder"       // device side of presentation codes, split-key service and sandbox wallets
	UsageFieldCipher Usage = "field_cipher" // SM4-GCM of personal fields
	UsageLookup      Usage = "lookup"       // HMAC-SM3 of identifiers, pairwise subjects, one-time values
)

// Algorithm of a key.
type Algorithm string

// Algorithms. RSA exists for RS256 and PS256 only, and a key pads in one way (RFC 4055 1.2).
const (
	SM2     Algorithm = "SM2"
	P256    Algorithm = "P-256"
	Ed25519 Algorithm = "Ed25519" // RFC 8032, for checkpoints that witnesses of other countries read
	RSA2048 Algorithm = "RSA-2048"
	RSAPSS  Algorithm = "RSA-2048-PSS"
	SM4     Algorithm = "SM4"      // 128-bit, GCM
	HMACSM3 Algorithm = "HMAC-SM3" // 256-bit
)

// State of a key in its life. States only move forward.
type State string

// States. A next key is published but does not sign yet; a previous one is published and verifies only.
const (
	Next      State = "next"
	Current   State = "current"
	Previous  State = "previous"
	Destroyed State = "destroyed"
)

// Spec asks for a new key.
type Spec struct {
	Usage     Usage
	Algorithm Algorithm
	Label     string // who or what it belongs to: "seal:seal_…", "ca:root", empty for the platform's own
}

// Info describes a key without its secret.
type Info struct {
	ID        string
	Spec      Spec
	State     State
	CreatedAt time.Time
	StateAt   time.Time        // when it came into its state
	Public    crypto.PublicKey // *ecdsa.PublicKey (SM2 on the SM2 curve), *rsa.PublicKey or ed25519.PublicKey; nil for secret keys
}

// Signer signs with one key for one purpose.
//
// As a crypto.Signer it serves certificate libraries: for an SM2 key Sign takes the message when opts ask for SM2 with
// a user ID (as gmsm's smx509 does), and refuses a bare digest; for an Ed25519 key it takes the message with crypto.Hash(0).
type Signer interface {
	crypto.Signer
	KeyID() string
	Algorithm() Algorithm
	// SignMessage signs the message and verifies the result before it returns: ASN.1 DER {r,s} for SM2 and P-256,
	// PKCS #1 v1.5 for RSA-2048, PSS with SHA-256 and a salt of its length for RSA-2048-PSS, 64 octets for Ed25519.
	SignMessage(ctx context.Context, message []byte) ([]byte, error)
}

// Cipher encrypts fields with SM4-GCM. The associated data binds a ciphertext to its place (table, column, row).
type Cipher interface {
	KeyID() string
	Seal(ctx context.Context, plaintext, associatedData []byte) ([]byte, error)
	Open(ctx context.Context, ciphertext, associatedData []byte) ([]byte, error)
}

// MAC computes HMAC-SM3 over the length-prefixed parts, so that no two lists of parts give the same input.
type MAC interface {
	KeyID() string
	Sum(ctx context.Context, parts ...[]byte) ([]byte, error)
}

// Provider keeps keys. Implementations: softkeys (encrypted file), vault (Vault/OpenBao). keystest.Run is the contract.
type Provider interface {
	Name() string
	// Create makes the current key of a purpose; when there is one already, that one is returned.
	Create(ctx context.Context, spec Spec) (Info, error)
	// Prepare makes the next key of a purpose; when there is one already, that one is returned.
	Prepare(ctx context.Context, spec Spec) (Info, error)
	// Promote makes a next key the current one and the current one, if any, the previous one, in one change; ErrState when
	// the key is not a next one.
	Promote(ctx context.Context, id string) error
	Find(ctx context.Context, id string) (Info, error)
	// List returns the keys of a usage, newest first; label filters when not empty.
	List(ctx context.Context, usage Usage, label string) ([]Info, error)
	// SetState moves a key forward; ErrState when the move is not allowed.
	SetState(ctx context.Context, id string, state State) error
	// Destroy forgets the secret for good and keeps the record.
	Destroy(ctx context.Context, id string) error
	Signer(ctx context.Context, id string, usage Usage) (Signer, error)
	Cipher(ctx context.Context, id string, usage Usage) (Cipher, error)
	MAC(ctx context.Context, id string, usage Usage) (MAC, error)
	// Health reports why the provider cannot serve, nil when it can.
	Health(ctx context.Context) error
}

// Errors of providers; callers turn them into faults.
var (
	ErrNotFound    = errors.New("keys: no such key")
	ErrUsage       = errors.New("keys: key was made for another purpose")
	ErrState       = errors.New("keys: state of the key does not allow this")
	ErrDestroyed   = errors.New("keys: key is destroyed")
	ErrUnavailable = errors.New("keys: provider is unavailable")
	ErrSelfCheck   = errors.New("keys: signature does not verify with the key's public half")
	ErrUnwrap      = errors.New("keys: wrapped key cannot be opened")
)
