package verify_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/testkit"
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

// TestNoPublicSealIsTakenForThatOfAPerson: the seals in public files are of organisations, by their names and certificates, and vendors number
// them 1, 3, 4, 6 and 15. That none has type 2 is why a seal of type 2 is a person's from every maker (docs/divergences.md): a file that
// says otherwise must be looked at.
func TestNoPublicSealIsTakenForThatOfAPerson(t *testing.T) {
	types := map[int]int{}
	err := filepath.WalkDir(testkit.Shared(t, "vectors/ofd"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range verify.Verify(filepath.Base(path), data, verify.Options{At: trusting().At}).Signatures {
			if s.Seal != nil {
				types[s.Seal.Type]++
				if s.Seal.Personal() {
					t.Errorf("%s: %s", path, s.Seal.Name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []int{1, 3, 4, 6, 15} {
		if types[kind] == 0 {
			t.Errorf("no seal of type %d: %v", kind, types)
		}
	}
}
