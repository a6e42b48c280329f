package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/tsa"
	"github.com/yinxin-gov/yinxin/keys/tsa/systemclock"
)

// stampsLeft is how long the certificate of the authority must still hold at a start, else another one is issued: verifiers judge a
// token by the certificate that it names, so the old tokens keep theirs.
const stampsLeft = 365 * 24 * time.Hour

// openTimeStamps opens the time-stamping authority under the instance's own CA; without a policy there is none.
func (a *App) openTimeStamps(ctx context.Context) error {
	policy := a.cfg.TimeStamps.Policy
	if policy == "" {
		return nil
	}
	key, err := a.ring.Ensure(ctx, keys.Spec{Usage: keys.UsageTimeStamp, Algorithm: keys.SM2})
	if err != nil {
		return fmt.Errorf("time-stamp key: %w", err)
	}
	certificate, err := a.stampCertificate(ctx, key)
	if err != nil {
		return fmt.Errorf("time-stamp certificate: %w", err)
	}
	var clock tsa.Clock = systemclock.Clock{MaxError: time.Second}
	if a.cfg.TimeStamps.Clock == "unchecked" {
		clock = tsa.ClockFunc(func(context.Context) error { return nil })
	}
	a.stamps, err = tsa.New(ctx, tsa.Config{Provider: a.ring.Provider(), KeyID: key.ID, Certificate: certificate, Chain: a.ca.Certificates()[1:], Policy: policy,
		Accuracy: time.Second, Clock: clock, Now: a.opts.Now, Rand: a.opts.Rand})
	return err
}

func (a *App) stampCertificate(ctx context.Context, key keys.Info) (*pki.Certificate, error) {
	label := "tsa:" + key.ID
	record, err := a.ca.Find(ctx, label)
	switch {
	case err == nil && record.Cert.NotAfter.Sub(a.opts.Now()) > stampsLeft:
		return record.Cert, nil
	case err != nil && !errors.Is(err, keys.ErrNotFound):
		return nil, err
	}
	name := a.cfg.Operator.Name
	return a.ca.Issue(ctx, key, ca.Request{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{Organization: name, CommonName: name + " 时间戳 TSA"}, Label: label})
}
