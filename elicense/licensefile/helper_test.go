package licensefile_test

import (
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// freshCRLs are the world's CRLs as they would be at another moment.
func freshCRLs(t testing.TB, w *licensetest.World, at time.Time) []*pki.CRL {
	t.Helper()
	difference := at.Sub(w.Now())
	w.Advance(difference)
	defer w.Advance(-difference)
	return w.Options(t).CRLs
}
