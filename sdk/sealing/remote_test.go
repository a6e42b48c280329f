package sealing_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/sdk/sealing"
)

func TestADocumentIsSealedWhereItLies(t *testing.T) {
	for name, document := range map[string][]byte{"OFD": sealtest.Document(t, 3), "PDF": sealtest.PDF(3)} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
			order := p.order()
			order.Places = []sealing.Place{sealing.At(2, 20, 30), {Kind: prepare.Straddle, Edge: prepare.EdgeRight}}
			sealed, use, err := p.client().SealHere(t.Context(), order, document, p.verifier())
			if err != nil {
				t.Fatal(err)
			}
			report := p.Verify(t, sealed)
			if report.Code != "V00" || len(report.Signatures) != 1 || len(report.Signatures[0].Placements) != 4 || report.Signatures[0].Seal.SealID != p.seal.Code {
				t.Errorf("%s %+v", report.Code, report.Signatures)
			}
			if !use.Remote || use.State != "stored" {
				t.Errorf("%+v", use)
			}
			// Nothing of the document went over the line.
			p.mutex.Lock()
			defer p.mutex.Unlock()
			for i, body := range p.bodies {
				if len(body) > 1000 || strings.Contains(body, base64.StdEncoding.EncodeToString(document)[:40]) || strings.Contains(body, digest.Hex(document)) {
					t.Errorf("%s sends %d octets", p.calls[i], len(body))
				}
			}
			if !slices.Equal(p.calls, []string{"GET /api/v1/seals/ID/signature-material", "POST /api/v1/seals/ID/signatures"}) {
				t.Error(p.calls)
			}
		})
	}
}

// TestPreparingAgainGivesTheSameDigest: who waits for an approval keeps the material, also as JSON, and nothing of what was prepared.
func TestPreparingAgainGivesTheSameDigest(t *testing.T) {
	p := newPlatform(t)
	p.PutRule(t, p.seal.ID, esign.Rule{When: esign.WhenAlways, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1, Remote: true})
	for name, document := range map[string][]byte{"OFD": sealtest.Document(t, 1), "PDF": sealtest.PDF(1)} {
		client, order := p.client(), p.order()
		order.Key += name
		material, err := client.Material(t.Context(), p.seal.ID)
		if err != nil {
			t.Fatal(err)
		}
		first, err := sealing.Prepare(material, document, order.Places, p.verifier())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = client.Sign(t.Context(), order, first)
		if refusal, ok := errors.AsType[*sealing.Refusal](err); !ok || refusal.Code != "YX-SEAL-442" || refusal.Status != http.StatusForbidden || sealing.Later(err) {
			t.Errorf("%s: %v", name, err)
		}
		kept, err := json.Marshal(material)
		if err != nil {
			t.Fatal(err)
		}
		u, err := p.Service.RequestUse(sealtest.As("client:dept", esign.RoleKeeper), esign.UseOrder{SealID: p.seal.ID, SM3: hex.EncodeToString(first.Digest()), Remote: true, Places: order.Places, Purpose: order.Purpose, Item: order.Item, Key: "ask-" + name})
		if err == nil {
			_, err = p.Service.DecideUse(sealtest.Approver, u.ID, esign.UseDecision{Agree: true, Digest: u.Digest})
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Advance(3 * time.Hour)
		var again sealing.Material
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(err)
		}
		prepared, err := sealing.Prepare(again, bytes.Clone(document), order.Places, p.verifier())
		if err != nil || !bytes.Equal(prepared.Digest(), first.Digest()) || prepared.Property() != first.Property() {
			t.Fatalf("%s: another digest, %v", name, err)
		}
		value, _, err := client.Sign(t.Context(), order, prepared)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := prepared.Complete(value, p.verifier()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCompleteGivesNothingThatDoesNotHold: whatever happened between the steps.
func TestCompleteGivesNothingThatDoesNotHold(t *testing.T) {
	for name, make := range map[string]func(pages int) []byte{"OFD": func(n int) []byte { return sealtest.Document(t, n) }, "PDF": func(n int) []byte { return sealtest.PDF(n) }} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
			other := p.Active(t, sealtest.SampleApplication(2))
			p.PutRule(t, other.ID, sealtest.RemoteRule)
			client, order, verifier := p.client(), p.order(), p.verifier()
			material, err := client.Material(t.Context(), p.seal.ID)
			if err != nil {
				t.Fatal(err)
			}
			document := make(2)
			prepared, err := sealing.Prepare(material, document, order.Places, verifier)
			if err != nil {
				t.Fatal(err)
			}
			value, _, err := client.Sign(t.Context(), order, prepared)
			if err != nil {
				t.Fatal(err)
			}
			refused := func(what string, prepared *sealing.Prepared, value []byte, is error) {
				t.Helper()
				sealed, err := prepared.Complete(value, verifier)
				if err == nil || sealed != nil || is != nil && !errors.Is(err, is) {
					t.Errorf("%s: %d octets, %v", what, len(sealed), err)
				}
			}
			again := func(document []byte, material sealing.Material, places []sealing.Place) *sealing.Prepared {
				t.Helper()
				prepared, err := sealing.Prepare(material, document, places, verifier)
				if err != nil {
					t.Fatal(err)
				}
				return prepared
			}
			refused("the document was exchanged", again(make(3), material, order.Places), value, sealing.ErrValue)
			refused("the seal stands elsewhere", again(document, material, []sealing.Place{sealing.At(2, 1, 1)}), value, sealing.ErrValue)
			refused("nothing", prepared, nil, sealing.ErrValue)
			flipped := bytes.Clone(value)
			flipped[len(flipped)-1] ^= 1
			refused("the value was changed", prepared, flipped, nil)
			order.SealID, order.Key = other.ID, "key-of-another-seal"
			foreign, _, err := client.Sign(t.Context(), order, prepared)
			if err != nil {
				t.Fatal(err)
			}
			refused("another seal signed the digest", prepared, foreign, sealing.ErrValue)
			// The octets that were prepared are changed in memory.
			mine := bytes.Clone(document)
			held := again(mine, material, p.order().Places)
			for i := range mine {
				mine[i] ^= 0x55
			}
			if sealed, err := held.Complete(value, verifier); err == nil {
				if _, err := prepared.Complete(value, verifier); err != nil || p.Verify(t, sealed).Code != "V00" {
					t.Error("a document was given out that does not hold")
				}
			}
			// Without trust nothing is proven, and nothing given out.
			verifier = p.verifierOfNobody()
			refused("nobody is trusted", prepared, value, nil)
			verifier = p.verifier()
			if sealed, err := prepared.Complete(value, verifier); err != nil || p.Verify(t, sealed).Code != "V00" {
				t.Errorf("in the end: %v", err)
			}
		})
	}
}

// TestWhatIsNotPrepared is told before anything is asked.
func TestWhatIsNotPrepared(t *testing.T) {
	p := newPlatform(t)
	p.PutRule(t, p.seal.ID, sealtest.RemoteRule)
	material, err := p.client().Material(t.Context(), p.seal.ID)
	if err != nil {
		t.Fatal(err)
	}
	place := p.order().Places
	sealed, _, err := p.client().SealHere(t.Context(), p.order(), sealtest.Document(t, 1), p.verifier())
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(sealed, []byte("SignedValue.dat"), []byte("SignedValue.dax"), 1)
	for name, test := range map[string]struct {
		document []byte
		places   []sealing.Place
		reason   prepare.Reason
	}{
		"nothing":                {nil, place, prepare.Refused},
		"no document":            {[]byte("text"), place, prepare.Refused},
		"half a package":         {sealed[:len(sealed)/2], place, prepare.Refused},
		"a name is changed":      {altered, place, ""},
		"a page that is none":    {sealtest.Document(t, 1), []sealing.Place{sealing.At(2, 1, 1)}, prepare.PlaceWrong},
		"beside the page":        {sealtest.PDF(1), []sealing.Place{sealing.At(1, 200, 1)}, prepare.PlaceWrong},
		"a text of a PDF":        {sealtest.PDF(1), []sealing.Place{{Kind: prepare.Keyword, Text: "Page"}}, prepare.TextInPDF},
		"a text that is not":     {sealtest.Document(t, 1), []sealing.Place{{Kind: prepare.Keyword, Text: "没有"}}, prepare.TextWrong},
		"one page to straddle":   {sealtest.Document(t, 1), []sealing.Place{{Kind: prepare.Straddle, Edge: prepare.EdgeRight}}, prepare.PagesTooFew},
		"too many places":        {sealtest.Document(t, 1), slices.Repeat(place, 11), prepare.PlaceWrong},
		"a member of other kind": {sealtest.Document(t, 1), []sealing.Place{{Kind: prepare.OnPages, Pages: "1", Nth: 1}}, prepare.PlaceWrong},
	} {
		prepared, err := sealing.Prepare(material, test.document, test.places, p.verifier())
		refusal, ok := errors.AsType[*prepare.Error](err)
		if err == nil || prepared != nil || test.reason != "" && (!ok || refusal.Reason != test.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sealing.Prepare(material, make([]byte, sealing.MaxDocument+1), place, p.verifier()); err == nil {
		t.Error("a document that is too large")
	}
}

func TestTheClientTriesAgainOnAWeakNetwork(t *testing.T) {
	p := newPlatform(t)
	document := sealtest.Document(t, 1)
	faults := []func(w http.ResponseWriter){
		func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, // the line breaks
		func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway); _, _ = w.Write([]byte("<html>")) },
	}
	p.faulty(func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > len(faults) {
			return false
		}
		faults[n-1](w)
		return true
	})
	sealed, _, err := p.client().Stamp(t.Context(), p.order(), document)
	if err != nil || p.Verify(t, sealed).Code != "V00" {
		t.Fatal(err)
	}
	if want := []time.Duration{time.Second, 7 * time.Second, 4 * time.Second}; !slices.Equal(p.slept, want) {
		t.Errorf("waited %v", p.slept)
	}
	// The answer is lost after the document was sealed: the next try gets the same octets.
	lost := false
	p.faulty(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if lost {
			return false
		}
		lost = true
		if _, _, err := p.Service.Stamp(sealtest.As("client:dept", esign.RoleKeeper), esign.StampRequest{SealID: p.seal.ID, Document: document, Places: p.order().Places, Purpose: p.order().Purpose, Item: p.order().Item, Key: "key-lost"}); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	})
	order := p.order()
	order.Key = "key-lost"
	if _, _, err := p.client().Stamp(t.Context(), order, document); err != nil {
		t.Fatal(err)
	}
	if all, _, err := p.Service.Stamps(sealtest.Keeper, p.seal.ID, "", "", 10); err != nil || len(all) != 2 {
		t.Errorf("%d uses", len(all))
	}
	// It gives up, and says that the same may succeed later.
	p.faulty(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	before := len(p.seen(0))
	if _, err := p.client().Material(t.Context(), p.seal.ID); !sealing.Later(err) || len(p.seen(before)) != 5 {
		t.Errorf("%v after %d tries", err, len(p.seen(before)))
	}
	// What is refused is asked once.
	p.faulty(nil)
	before = len(p.seen(0))
	if _, err := p.client().Material(t.Context(), p.seal.ID); err == nil || sealing.Later(err) || len(p.seen(before)) != 1 {
		t.Errorf("%v after %d tries", err, len(p.seen(before)))
	}
}

func TestTokensAreRenewed(t *testing.T) {
	p := newPlatform(t)
	client := p.client()
	try := func() {
		t.Helper()
		if n, err := client.Try(t.Context(), p.order(), sealtest.Document(t, 1)); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	}
	try()
	try()
	if p.tokens != 1 {
		t.Errorf("%d tokens for two calls", p.tokens)
	}
	p.Advance(10 * time.Minute)
	try()
	p.ended = true // withdrawn before its time
	try()
	if p.tokens != 3 {
		t.Errorf("%d tokens", p.tokens)
	}
	cfg := p.config()
	cfg.Secret = "another"
	wrong, err := sealing.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = wrong.Material(t.Context(), p.seal.ID)
	if refusal, ok := errors.AsType[*sealing.Refusal](err); !ok || refusal.Status != http.StatusUnauthorized {
		t.Errorf("%v", err)
	}
	for name, change := range map[string]func(*sealing.Config){
		"an open wire": func(c *sealing.Config) { c.Server = "http://id.example.gov.cn" }, "no address": func(c *sealing.Config) { c.Server = "id" }, "no secret": func(c *sealing.Config) { c.Secret = "" },
	} {
		cfg := p.config()
		change(&cfg)
		if _, err := sealing.New(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
