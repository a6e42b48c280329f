package verify_test

import (
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// TestTheSealOfAPersonIsToldAsSuch: it verifies like any other, and the report says what it is, of a document and of a bare seal.
func TestTheSealOfAPersonIsToldAsSuch(t *testing.T) {
	w := world()
	for kind, personal := range map[int]bool{ses.TypeOrganisation: false, ses.TypePerson: true, 0: false, 3: false, 15: false} {
		seal := w.Seal(t, func(i *ses.SealInfo) { i.Type = kind })
		r := judge(t, w.Sealed(t, ofdtest.Sealing{Parts: ofdtest.Parts{Seal: seal}}), trusting(), valid)
		bare := verify.Verify("a.esl", seal, trusting())
		for _, one := range []verify.Result{r, bare} {
			told := slices.ContainsFunc(one.Reasons, func(reason verify.Reason) bool { return reason.Code == "seal_personal" })
			if one.Verdict != verify.Valid || len(one.Signatures) != 1 || one.Signatures[0].Seal.Personal() != personal || told != personal {
				t.Errorf("type %d: %s %s %+v", kind, one.Verdict, one.Code, one.Reasons)
			}
		}
	}
	if (*verify.Seal)(nil).Personal() {
		t.Error("no seal is the seal of a person")
	}
}
