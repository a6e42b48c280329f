package sealtest

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/tsa"
)

// TimeStamps opens a real time-stamping authority under the world's CA, with a clock that always vouches.
func (w *World) TimeStamps(t testing.TB) *tsa.Service {
	t.Helper()
	ctx := context.Background()
	key, err := w.Keys.Create(ctx, keys.Spec{Usage: keys.UsageTimeStamp, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := w.Issue(ctx, key, pki.ProfileTimeStamping, pki.Subject{CommonName: "示例时间戳"}, "tsa")
	if err != nil {
		t.Fatal(err)
	}
	service, err := tsa.New(ctx, tsa.Config{Provider: w.Keys, KeyID: key.ID, Certificate: certificate, Policy: "1.2.156.1.1", Accuracy: time.Second,
		Clock: tsa.ClockFunc(func(context.Context) error { return nil }), Now: w.Now, Rand: ident.System()})
	if err != nil {
		t.Fatal(err)
	}
	return service
}
