package authn

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// StepAgreement is a question that a person answers with the own passkey.
const StepAgreement StepKind = "passkey-agreement"

// agreement is what a step keeps of such a question.
type agreement struct {
	ceremony
	Statement []byte `json:"statement"` // SHA-256
}

// HasPasskey reports whether an account can be asked for a passkey.
func (p *Passkeys) HasPasskey(ctx context.Context, accountID string) (bool, error) {
	list, _, err := p.ways.List(ctx, accountID)
	for _, c := range list {
		if c.Kind == KindPasskey && c.State == CredentialActive {
			return true, err
		}
	}
	return false, err
}

// BeginAgreement asks the person of an account to confirm a statement with a passkey. The challenge is 16 random octets and the
// SHA-256 of the statement, so that the assertion itself shows to what it was given (WebAuthn Level 3, 13.4.3 wants at least 16
// random octets). The options name no credential: they tell nobody at the screen which ones the person has.
func (p *Passkeys) BeginAgreement(ctx context.Context, accountID string, screen, statement []byte) (options any, step string, err error) {
	sum := sha256.Sum256(statement)
	challenge := make([]byte, 16, 16+len(sum))
	if _, err := io.ReadFull(p.steps.rand, challenge); err != nil {
		return nil, "", fmt.Errorf("begin agreement by passkey: %w", err)
	}
	challenge = append(challenge, sum[:]...)
	assertion, session, err := p.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired), webauthn.WithChallenge(challenge))
	if err != nil {
		return nil, "", fmt.Errorf("begin agreement by passkey: %w", err)
	}
	step, err = p.steps.Begin(ctx, StepAgreement, screen, agreement{ceremony{accountID, *session}, sum[:]}, passkeyLife)
	return assertion.Response, step, err
}

// FinishAgreement judges the answer: to this statement, at this screen, by a passkey of this account, once. It is no login.
func (p *Passkeys) FinishAgreement(ctx context.Context, accountID string, screen []byte, step string, statement, response []byte) error {
	if err := p.ways.sourceOpen(ctx); err != nil {
		return err
	}
	var begun agreement
	if err := p.steps.Take(ctx, StepAgreement, screen, step, &begun); err != nil {
		return err
	}
	sum := sha256.Sum256(statement)
	if accountID == "" || begun.AccountID != accountID || subtle.ConstantTimeCompare(begun.Statement, sum[:]) != 1 {
		return fault.New(fault.StepLost) // another question was asked meanwhile
	}
	_, _, err := p.judge(ctx, begun.ceremony, response)
	return err
}
