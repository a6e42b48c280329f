package offline

import (
	"testing"

	"github.com/yinxin-gov/yinxin/esign/verify"
)

// TestAPanicProvesNothing: a fault of ours is an indeterminate result with every field that readers expect.
func TestAPanicProvesNothing(t *testing.T) {
	r := guard(`C:\in\a.ofd`, []byte("abc"), func() verify.Result { panic("fault") })
	if r.Verdict != verify.Indeterminate || r.Code != "V31" || r.File != "a.ofd" || r.Message["zh-CN"] == "" || r.Message["en"] == "" || r.Signatures == nil ||
		r.SM3 != "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" || len(r.Reasons) != 1 || r.Reasons[0].Code != "internal" {
		t.Errorf("%+v", r)
	}
	if r := guard("a", nil, func() verify.Result { return verify.Result{Verdict: verify.Valid} }); r.Verdict != verify.Valid {
		t.Errorf("%+v", r)
	}
}
