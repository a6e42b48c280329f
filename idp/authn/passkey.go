package authn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// ByPasskey and ByHardwarePasskey are the method: a key that the authenticator gives out only after it verified the person
// (user verification is required), which makes level 2 by itself. That the key never leaves its hardware ("hwk") is said
// only where the attestation proved it against the metadata file; a synced passkey is never more than "swk".
var (
	ByPasskey         = By{"passkey", 2, []string{"swk", "user"}}
	ByHardwarePasskey = By{"passkey", 2, []string{"hwk", "user"}}
)

// Steps of passkeys: a challenge is bound to the browser, used once and 5 minutes old at most.
const (
	StepPasskey    StepKind = "passkey"
	StepPasskeyNew StepKind = "passkey-new"
	passkeyLife             = 5 * time.Minute
)

// Passkeys registers and checks passkeys (WebAuthn Level 3). This file is the one door to go-webauthn.
type Passkeys struct {
	ways     *Ways
	steps    *Steps
	accounts AccountStates
	rp       *webauthn.WebAuthn
	models   metadata.Provider // that may be registered; nil: any
}

// PasskeysConfig holds what Passkeys needs.
type PasskeysConfig struct {
	Ways     *Ways
	Steps    *Steps
	Accounts AccountStates
	Issuer   string // its host is the RP ID, its origin the only one that is accepted
	Name     string // of the platform, for the authenticator
	Metadata []byte // FIDO metadata statements as the payload of a BLOB (MDS 3.1); empty: any authenticator, no attestation
}

// AccountStates tells whether an account may sign in; idp.Accounts implements it.
type AccountStates interface {
	Account(ctx context.Context, id string) (idp.Account, error)
}

// ErrNoDomain: browsers give passkeys to names only, and the issuer is an address.
var ErrNoDomain = errors.New("authn: passkeys need an issuer with a domain name")

// NewPasskeys returns the service.
func NewPasskeys(cfg PasskeysConfig) (*Passkeys, error) {
	issuer, err := url.Parse(cfg.Issuer)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(issuer.Hostname()); err == nil || issuer.Hostname() == "" {
		return nil, ErrNoDomain
	}
	settings := &webauthn.Config{RPID: issuer.Hostname(), RPDisplayName: cfg.Name, RPOrigins: []string{issuer.Scheme + "://" + issuer.Host},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
		Timeouts:               webauthn.TimeoutsConfig{Login: webauthn.TimeoutConfig{Timeout: passkeyLife}, Registration: webauthn.TimeoutConfig{Timeout: passkeyLife}}}
	if len(cfg.Metadata) > 0 {
		if settings.MDS, err = readMetadata(cfg.Metadata); err != nil {
			return nil, err
		}
		settings.AttestationPreference = protocol.PreferDirectAttestation
	}
	rp, err := webauthn.New(settings)
	if err != nil {
		return nil, fmt.Errorf("configure passkeys: %w", err)
	}
	return &Passkeys{ways: cfg.Ways, steps: cfg.Steps, accounts: cfg.Accounts, rp: rp, models: settings.MDS}, nil
}

// readMetadata reads the local file of authenticators that may be registered. Whoever may write it decides; nothing is
// fetched. What is not in it is refused, and so is an authenticator whose status says that it was broken.
func readMetadata(content []byte) (metadata.Provider, error) {
	var payload metadata.PayloadJSON
	if err := json.Unmarshal(content, &payload); err != nil {
		return nil, fmt.Errorf("read metadata of authenticators: %w", err)
	}
	decoder, err := metadata.NewDecoder()
	if err != nil {
		return nil, err
	}
	parsed, err := decoder.Parse(&payload)
	if err != nil {
		return nil, fmt.Errorf("read metadata of authenticators: %w", err)
	}
	if len(parsed.Unparsed) > 0 {
		return nil, fmt.Errorf("read metadata of authenticators: entry %s cannot be read: %w", parsed.Unparsed[0].AaGUID, parsed.Unparsed[0].Error)
	}
	return memory.New(memory.WithMetadata(parsed.ToMap()), memory.WithValidateEntry(true), memory.WithValidateEntryPermitZeroAAGUID(false),
		memory.WithValidateTrustAnchor(true), memory.WithValidateStatus(true), memory.WithValidateAttestationTypes(true))
}

// storedKey is the sealed content of a passkey; the flags are kept as the authenticator sent them.
type storedKey struct {
	ID         []byte   `json:"id"`
	PublicKey  []byte   `json:"public_key"`
	Flags      byte     `json:"flags"`
	AAGUID     []byte   `json:"aaguid"`
	Type       string   `json:"attestation_type"`
	Format     string   `json:"attestation_format"`
	Hardware   bool     `json:"hardware"` // an attested model that keeps keys in hardware
	Transports []string `json:"transports,omitempty"`
}

func (k storedKey) credential(counter int64) webauthn.Credential {
	return webauthn.Credential{ID: k.ID, PublicKey: k.PublicKey, AttestationType: k.Type, AttestationFormat: k.Format, Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Flags)),
		Authenticator: webauthn.Authenticator{AAGUID: k.AAGUID, SignCount: uint32(counter)}} //nolint:gosec // counters of authenticators have 32 bits
}

// holder is an account as the library wants it.
type holder struct {
	handle      []byte
	name        string
	credentials []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return h.handle }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// handle is what the authenticator keeps of the account: a keyed hash, so that two platforms cannot compare.
func (p *Passkeys) handle(ctx context.Context, accountID string) ([]byte, error) {
	return p.ways.lookup(ctx, []byte("passkey-handle"), []byte(accountID))
}

func (p *Passkeys) lookup(ctx context.Context, id []byte) ([]byte, error) {
	return p.ways.lookup(ctx, []byte(KindPasskey), id)
}

// ceremony is what a step keeps of a challenge.
type ceremony struct {
	AccountID string               `json:"account_id,omitempty"`
	Session   webauthn.SessionData `json:"session"`
}

// BeginRegistration gives the options for navigator.credentials.create and the handle of the step. name is a masked name
// of the account, for the list of the authenticator.
func (p *Passkeys) BeginRegistration(ctx context.Context, accountID string, browser []byte, name string) (options any, step string, err error) {
	h := holder{name: name}
	if h.handle, err = p.handle(ctx, accountID); err != nil {
		return nil, "", err
	}
	known, err := p.keysOf(ctx, accountID)
	if err != nil {
		return nil, "", err
	}
	var exclude []protocol.CredentialDescriptor
	for _, k := range known {
		exclude = append(exclude, k.Descriptor())
	}
	creation, session, err := p.rp.BeginRegistration(h, webauthn.WithExclusions(exclude), webauthn.WithCredentialParameters(webauthn.CredentialParametersRecommendedL3()))
	if err != nil {
		return nil, "", fmt.Errorf("begin registration of passkey: %w", err)
	}
	step, err = p.steps.Begin(ctx, StepPasskeyNew, browser, ceremony{accountID, *session}, passkeyLife)
	return creation.Response, step, err
}

func (p *Passkeys) keysOf(ctx context.Context, accountID string) (all []webauthn.Credential, err error) {
	list, _, err := p.ways.List(ctx, accountID)
	for _, c := range list {
		if c.Kind != KindPasskey {
			continue
		}
		k, err := p.key(ctx, c)
		if err != nil {
			return nil, err
		}
		all = append(all, k.credential(c.Counter))
	}
	return all, err
}

func (p *Passkeys) key(ctx context.Context, c Credential) (k storedKey, err error) {
	plaintext, err := p.ways.open(ctx, c)
	if err != nil {
		return k, err
	}
	return k, json.Unmarshal(plaintext, &k)
}

// FinishRegistration judges what the authenticator answered and stores the passkey. codes are recovery codes if these are
// the account's first.
func (p *Passkeys) FinishRegistration(ctx context.Context, accountID string, browser []byte, step, name string, response []byte) (codes []string, err error) {
	name, err = cleanName(name, "Passkey")
	if err != nil {
		return nil, err
	}
	var begun ceremony
	if err := p.steps.Take(ctx, StepPasskeyNew, browser, step, &begun); err != nil {
		return nil, err
	}
	if begun.AccountID != accountID {
		return nil, fault.New(fault.StepLost)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, p.refuse(ctx, accountID, err)
	}
	h := holder{}
	if h.handle, err = p.handle(ctx, accountID); err != nil {
		return nil, err
	}
	made, err := p.rp.CreateCredential(h, begun.Session, parsed)
	if err != nil {
		return nil, p.refuse(ctx, accountID, err)
	}
	hardware, err := p.model(ctx, made)
	if err != nil {
		return nil, p.refuse(ctx, accountID, err)
	}
	c := p.ways.newCredential(accountID, KindPasskey, name, CredentialActive)
	c.Counter = int64(made.Authenticator.SignCount)
	if c.Lookup, err = p.lookup(ctx, made.ID); err != nil {
		return nil, err
	}
	kept := storedKey{ID: made.ID, PublicKey: made.PublicKey, Flags: byte(made.Flags.ProtocolValue()), AAGUID: made.Authenticator.AAGUID, Type: made.AttestationType, Format: made.AttestationFormat, Hardware: hardware}
	for _, transport := range made.Transport {
		kept.Transports = append(kept.Transports, string(transport))
	}
	plaintext, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	if err := p.ways.secret(ctx, &c, plaintext); err != nil {
		return nil, err
	}
	codes, hashes, err := p.ways.firstCodes(ctx, accountID)
	if err != nil {
		return nil, err
	}
	record, err := p.ways.record(ctx, "credential.added", NoticeAdded, c)
	if err != nil {
		return nil, err
	}
	return codes, missing(p.ways.store.PutCredential(ctx, c, hashes, record))
}

// model holds the new passkey against the metadata file, if there is one: its model must stand there and must have attested
// itself. The library judges the attestation that came; that none came is judged here.
func (p *Passkeys) model(ctx context.Context, made *webauthn.Credential) (hardware bool, err error) {
	if p.models == nil {
		return false, nil
	}
	id, err := uuid.FromBytes(made.Authenticator.AAGUID)
	if err != nil {
		return false, err
	}
	entry, err := p.models.GetEntry(ctx, id)
	if err != nil {
		return false, err
	}
	if entry == nil || made.AttestationFormat == string(protocol.AttestationFormatNone) {
		return false, errors.New("the model of the authenticator is not in the metadata file, or not attested")
	}
	self := made.AttestationType == string(metadata.BasicSurrogate)
	return !self && slices.Contains(entry.MetadataStatement.KeyProtection, "hardware"), nil
}

// BeginLogin gives the options for navigator.credentials.get, also with conditional mediation. They are the same for
// everybody, so that they tell nobody who has an account.
func (p *Passkeys) BeginLogin(ctx context.Context, browser []byte) (options any, step string, err error) {
	assertion, session, err := p.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("begin login by passkey: %w", err)
	}
	step, err = p.steps.Begin(ctx, StepPasskey, browser, ceremony{Session: *session}, passkeyLife)
	return assertion.Response, step, err
}

// FinishLogin judges an assertion. Every refusal is one fault and an audit record; a counter that fell or stayed flags the
// passkey, because somebody may hold a copy.
func (p *Passkeys) FinishLogin(ctx context.Context, browser []byte, step string, response []byte) (idp.Login, error) {
	if err := p.ways.sourceOpen(ctx); err != nil {
		return idp.Login{}, err
	}
	var begun ceremony
	if err := p.steps.Take(ctx, StepPasskey, browser, step, &begun); err != nil {
		return idp.Login{}, err
	}
	c, k, err := p.judge(ctx, begun, response)
	if err != nil {
		return idp.Login{}, err
	}
	by := ByPasskey
	if k.Hardware && !webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Flags)).BackupEligible {
		by = ByHardwarePasskey
	}
	return idp.Login{AccountID: c.AccountID, AAL: by.AAL(), Methods: by.AMR(), At: p.ways.now().UTC()}, nil
}

// judge checks an assertion of a discoverable passkey and notes its counter.
func (p *Passkeys) judge(ctx context.Context, begun ceremony, response []byte) (c Credential, k storedKey, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return c, k, p.refuse(ctx, "unknown", err)
	}
	lookup, err := p.lookup(ctx, parsed.RawID)
	if err != nil {
		return c, k, err
	}
	c, err = p.ways.store.CredentialByLookup(ctx, lookup)
	if errors.Is(err, idp.ErrNotFound) || err == nil && c.Kind != KindPasskey {
		return c, k, p.refuse(ctx, "unknown", errors.New("no such passkey"))
	}
	if err != nil {
		return c, k, fault.Wrap(err, fault.Unavailable)
	}
	k, err = p.key(ctx, c)
	if err != nil {
		return c, k, err
	}
	h := holder{credentials: []webauthn.Credential{k.credential(c.Counter)}}
	if h.handle, err = p.handle(ctx, c.AccountID); err != nil {
		return c, k, err
	}
	find := func(_, userHandle []byte) (webauthn.User, error) {
		if !bytes.Equal(userHandle, h.handle) {
			return nil, errors.New("the handle is another account's")
		}
		return h, nil
	}
	if _, _, err := p.rp.ValidatePasskeyLogin(find, begun.Session, parsed); err != nil {
		return c, k, p.refuse(ctx, c.AccountID, err)
	}
	if begun.AccountID != "" && c.AccountID != begun.AccountID {
		return c, k, p.refuse(ctx, c.AccountID, errors.New("the passkey is another account's"))
	}
	account, err := p.accounts.Account(ctx, c.AccountID)
	if err != nil {
		return c, k, err
	}
	if account.State != idp.AccountActive || c.State != CredentialActive {
		return c, k, p.refuse(ctx, c.AccountID, errors.New("account or passkey is not active"))
	}
	if err := p.use(ctx, c, int64(parsed.Response.AuthenticatorData.Counter)); err != nil {
		return c, k, err
	}
	return c, k, nil
}

// use notes the counter of a valid assertion.
func (p *Passkeys) use(ctx context.Context, c Credential, counter int64) error {
	err := p.ways.store.UseCredential(ctx, c.ID, counter, p.ways.now().UTC())
	if err == nil {
		return nil
	}
	if !errors.Is(err, idp.ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	record, err := p.ways.record(ctx, "credential.flagged", NoticeFlagged, c)
	if err != nil {
		return err
	}
	if err := p.ways.store.FlagCredential(ctx, c.ID, record); err != nil && !errors.Is(err, idp.ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	return fault.New(fault.PasskeyCloned)
}

// refuse notes a refused ceremony; the cause goes no further than the log.
func (p *Passkeys) refuse(ctx context.Context, accountID string, cause error) error {
	e := idp.Event(ctx, p.ways.now().UTC(), resultWrong, p.ways.realm.Object, accountID, map[string]string{"method": ByPasskey.Word})
	if err := p.ways.sourceWrong(ctx, e); err != nil {
		return err
	}
	return fault.Wrap(cause, fault.PasskeyRefused)
}
