package ca

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// ocspLife is how long an answer holds: long enough for a relying party to keep it through a short outage, and short enough that
// a revocation is seen the same hour.
const ocspLife = time.Hour

// Respond answers an encoded OCSP request (RFC 6960) from the register, with an encoded response, which it always returns. The
// CA that issued the certificates signs itself. err is the private cause when the response says internalError.
//
// A serial number that the CA never gave is "unknown", never "good"; a certificate of nobody here is "unauthorized".
func (a *Authority) Respond(ctx context.Context, input []byte) (response []byte, err error) {
	request, err := pki.ParseOCSPRequest(input)
	if err != nil || len(request.Unhandled) > 0 {
		return pki.EncodeOCSPStatus(pki.OCSPMalformed), nil
	}
	issuer := a.issuerOf(request.Asked[0])
	if issuer == nil {
		return pki.EncodeOCSPStatus(pki.OCSPUnauthorized), nil
	}
	response, err = a.respond(ctx, issuer, request)
	if err != nil {
		return pki.EncodeOCSPStatus(pki.OCSPInternal), fmt.Errorf("answer OCSP request: %w", err)
	}
	return response, nil
}

// issuerOf finds the CA that a CertID names, nil when it is none of the two.
func (a *Authority) issuerOf(id pki.CertID) *Record {
	for _, issuer := range []*Record{&a.issuing, &a.root} {
		if id.IssuedBy(issuer.Cert) {
			return issuer
		}
	}
	return nil
}

func (a *Authority) respond(ctx context.Context, issuer *Record, request *pki.OCSPRequest) ([]byte, error) {
	now := a.cfg.Now().UTC().Truncate(time.Second)
	template := pki.OCSPTemplate{ProducedAt: now, Nonce: request.Nonce}
	for _, asked := range request.Asked {
		single := pki.OCSPSingle{ID: asked, State: pki.RevocationUnknown, ThisUpdate: now, NextUpdate: now.Add(ocspLife)}
		if asked.IssuedBy(issuer.Cert) { // one response has one signer, so another CA's certificates are not known in it
			if err := a.look(ctx, issuer, &single); err != nil {
				return nil, err
			}
		}
		template.Singles = append(template.Singles, single)
	}
	signer, err := a.cfg.Provider.Signer(ctx, issuer.KeyID, keys.UsageCA)
	if err != nil {
		return nil, err
	}
	return pki.MakeOCSPResponse(template, issuer.Cert, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) })
}

// look reads the register.
func (a *Authority) look(ctx context.Context, issuer *Record, single *pki.OCSPSingle) error {
	record, err := a.cfg.Store.CertificateBySerial(ctx, issuer.ID, single.ID.Serial.Text(16))
	switch {
	case errors.Is(err, keys.ErrNotFound):
		return nil
	case err != nil:
		return err
	case record.Revoked == nil:
		single.State = pki.RevocationGood
		return nil
	}
	single.State, single.RevokedAt, single.Reason = pki.RevocationRevoked, record.Revoked.RevokedAt, record.Revoked.Reason
	return nil
}
