package verify_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestOutsideJudgesAgree: ofdrw validates the sealed document and Bouncy Castle recomputes dataHash and both signatures
// from the octets alone; both refuse the same document with one fault.
func TestOutsideJudgesAgree(t *testing.T) {
	w := world()
	good := w.Sealed(t, ofdtest.Sealing{})
	judge(t, good, trusting(), valid)
	file := func(name string, data []byte) string {
		path := filepath.Join(t.TempDir(), name+".ofd")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for command, want := range map[string]string{"validate": "pages 1", "recompute": "seals 1"} {
		if out := testkit.JavaPeer(t, command, file("good", good)); !strings.Contains(out, want) {
			t.Errorf("%s says %q, want %q", command, out, want)
		}
	}
	page := ofdtest.Edit(t, good, ofdtest.Replace(ofdtest.PageXML, "名称 甲", "名称 乙"))
	judge(t, page, trusting(), invalid("V20", "DIGEST_MISMATCH"))
	testkit.JavaPeerRefuses(t, "validate", file("page", page))
	for name, c := range map[string]struct {
		parts  ofdtest.Parts
		reason string
		says   string
	}{
		"hash":  {ofdtest.Parts{DataHash: der.EncodeBitString(make([]byte, 32))}, "DATA_HASH", "dataHash"},
		"value": {ofdtest.Parts{Sign: w.Maker.Sign}, "SIG_VALUE", "TBS_Sign"},
		"seal":  {ofdtest.Parts{Seal: w.SealBy(t, w.Maker, w.Signer.Sign, nil)}, "SEAL_SIGNATURE", "eSealInfo"},
	} {
		data := w.Sealed(t, ofdtest.Sealing{Parts: c.parts})
		judge(t, data, trusting(), invalid("V22", c.reason))
		if out := testkit.JavaPeerRefuses(t, "recompute", file(name, data)); !strings.Contains(out, c.says) {
			t.Errorf("%s: the peer says %q", name, out)
		}
	}
}
