package keysdb_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/trusted"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// register is the register of a platform with its own authority, and its clock.
func register(t *testing.T, db *sqldb.DB) (*trusted.Register, *ca.Authority, *time.Time) {
	t.Helper()
	at := time.Now().UTC().Truncate(time.Second)
	now, store, provider := func() time.Time { return at }, keysdb.New(db), soft(t, db, passphrase)
	authority, err := ca.New(context.Background(), ca.Config{Provider: provider, Store: store, Now: now, Rand: rand.Reader, Name: "示例市"})
	if err != nil {
		t.Fatal(err)
	}
	carried := [][]byte{{1}}
	r, err := trusted.New(trusted.Config{Store: store, Keys: keys.NewRing(provider), URI: "https://a.example/trust/list", Publisher: "示例市", Now: now,
		Own:     func() []*pki.Certificate { return authority.Certificates()[:1] },
		Carried: func(context.Context) ([][]byte, error) { return carried, nil },
		Chain: func(ctx context.Context, key keys.Info) ([][]byte, error) {
			record, err := authority.Find(ctx, key.ID)
			if errors.Is(err, keys.ErrNotFound) {
				cert, err := authority.Issue(ctx, key, ca.Request{Profile: pki.ProfileService, Subject: pki.Subject{Organization: "示例市", CommonName: "信任列表"}, Label: key.ID})
				if err != nil {
					return nil, err
				}
				return [][]byte{cert.Raw, authority.Certificates()[1].Raw}, nil
			}
			if err != nil {
				return nil, err
			}
			return [][]byte{record.Cert.Raw, authority.Certificates()[1].Raw}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return r, authority, &at
}

// TestTrustRegister: what the operator says is kept with its history, published at each change under a higher number, and believed by
// whoever trusts the platform's root.
func TestTrustRegister(t *testing.T) {
	vendor := ofdtest.New(t)
	each(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		r, authority, at := register(t, db)
		roots := pki.NewPool(authority.Certificates()[0])
		if _, err := r.Current(ctx); !errors.Is(err, trusted.ErrNone) {
			t.Errorf("none: %v", err)
		}
		list := func(number uint64) *trustlist.List {
			t.Helper()
			if err := r.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			p, err := r.Current(ctx)
			if err != nil {
				t.Fatal(err)
			}
			l, err := trustlist.Open(p.Content)
			if err != nil {
				t.Fatal(err)
			}
			if l.Number != number || p.Number != number || !l.NextUpdate.Equal(p.NextUpdate) || l.URI != "https://a.example/trust/list" || len(l.Carried) != 1 {
				t.Fatalf("number %d, want %d: %+v", l.Number, number, l)
			}
			return l
		}
		trusts := func(l *trustlist.List, use trustlist.Use, moment time.Time) bool {
			t.Helper()
			set := &trustlist.Set{}
			if err := set.Add(l); err != nil {
				t.Fatal(err)
			}
			anchors := set.Resolve(roots, nil, nil, *at)
			if len(anchors.Passed) != 0 {
				t.Fatalf("the list does not count: %v", anchors.Passed[0].Reason)
			}
			return anchors.Pool(use, moment).Contains(vendor.Root.Cert)
		}
		first := list(1)
		if len(first.Authorities) != 1 || !first.Authorities[0].Certificate.Equal(authority.Certificates()[0]) {
			t.Errorf("the own root is missing: %+v", first.Authorities)
		}
		list(1) // nothing changed
		apply := func(e trusted.Entry, want bool) {
			t.Helper()
			e.Certificate = vendor.Root.Cert
			if changed, err := r.Apply(ctx, []trusted.Entry{e}); err != nil || changed != want {
				t.Fatalf("changed %v, want %v: %v", changed, want, err)
			}
		}
		makes := trusted.Entry{Name: "厂商", Uses: []trustlist.Use{trustlist.SealSigner, trustlist.SealMaker}}
		apply(makes, true)
		apply(makes, false)
		began := *at
		if l := list(2); !trusts(l, trustlist.SealMaker, began) || trusts(l, trustlist.TimeStamp, began) {
			t.Error("uses are not those of the operator")
		}
		*at = at.Add(time.Hour)
		signs := trusted.Entry{Name: "厂商", Uses: []trustlist.Use{trustlist.SealSigner}}
		apply(signs, true)
		if l := list(3); !trusts(l, trustlist.SealMaker, began) || trusts(l, trustlist.SealMaker, *at) || !trusts(l, trustlist.SealSigner, *at) {
			t.Error("a use that was taken away")
		}
		*at = at.Add(time.Hour)
		ends := signs
		ends.WithdrawnAt, ends.Reason = at.Add(-time.Minute), trustlist.Ceased
		apply(ends, true)
		apply(ends, false)
		if l := list(4); trusts(l, trustlist.SealSigner, *at) || !trusts(l, trustlist.SealSigner, at.Add(-2*time.Minute)) {
			t.Error("a withdrawal")
		}
		late := ends
		late.WithdrawnAt, late.Reason, late.Certificate = began, trustlist.Compromised, vendor.Root.Cert
		if _, err := r.Apply(ctx, []trusted.Entry{late}); err == nil {
			t.Error("history is written anew")
		}
		if changed, err := r.Apply(ctx, nil); changed || err != nil {
			t.Errorf("what is no longer named stays: %v %v", changed, err)
		}
		*at = at.Add(12 * time.Hour)
		last := list(5)
		if len(last.Authorities) != 2 {
			t.Error("the vendor is gone")
		}
		if err := keysdb.New(db).PublishTrustList(ctx, trusted.Published{Number: 5, Content: []byte{1}, IssuedAt: *at, NextUpdate: *at}, record("x")); !errors.Is(err, trusted.ErrStale) {
			t.Errorf("the same number again: %v", err)
		}
	})
}

func record(id string) audit.Record {
	return audit.With(audit.Event{Type: "trust.test", At: time.Now(), Actor: "system:test", ObjectType: "trust_list", ObjectID: id})
}

// TestAnOlderListOfAPeerIsRefused on every node: the number that was seen is kept.
func TestAnOlderListOfAPeerIsRefused(t *testing.T) {
	peer := ofdtest.New(t)
	service := peer.Issue(t, pki.ProfileService, "信任列表", nil)
	octets := func(number uint64) []byte {
		l := &trustlist.List{URI: "https://b.example/trust/list", Number: number, Issued: ofdtest.Now, NextUpdate: ofdtest.Now.Add(time.Hour), Publisher: "乙市"}
		data, err := l.Sign([][]byte{service.Cert.Raw, peer.Issuing.Cert.Raw}, service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	each(t, func(t *testing.T, db *sqldb.DB) {
		r, _, _ := register(t, db)
		for _, step := range []struct {
			number uint64
			want   error
		}{{4, nil}, {4, nil}, {6, nil}, {5, trustlist.ErrOlder}, {6, nil}, {4, trustlist.ErrOlder}} {
			if l, err := r.Peer(context.Background(), octets(step.number)); !errors.Is(err, step.want) || (l == nil) != (err != nil) {
				t.Errorf("number %d: %v", step.number, err)
			}
		}
		if _, err := r.Peer(context.Background(), []byte("x")); err == nil {
			t.Error("something else is taken")
		}
	})
}

// TestVendorsFilesAreRead: PEM, DER and P7B, of authorities alone.
func TestVendorsFilesAreRead(t *testing.T) {
	w := ofdtest.New(t)
	// A P7B is SignedData without content and signers (RFC 2315 9).
	oid := func(encoded ...byte) []byte { return append([]byte{6, byte(len(encoded))}, encoded...) }
	data, signedData := oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1), oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2)
	certificates := append(append([]byte{}, w.Root.Cert.Raw...), w.Issuing.Cert.Raw...)
	tagged := func(content []byte) []byte {
		return append(der.Header(der.Context, 0, true, len(content)), content...)
	}
	p7b := der.EncodeSequence(signedData, tagged(der.EncodeSequence(der.EncodeInt(1), []byte{0x31, 0}, der.EncodeSequence(data), tagged(certificates), []byte{0x31, 0})))
	for name, c := range map[string]struct {
		content []byte
		want    int
	}{
		"DER":                    {w.Root.Cert.Raw, 1},
		"PEM, two":               {append(w.Root.Cert.EncodePEM(), w.Issuing.Cert.EncodePEM()...), 2},
		"P7B":                    {p7b, 2},
		"P7B as PEM":             {pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: p7b}), 2},
		"a signer's certificate": {w.Signer.Cert.Raw, 0},
		"text":                   {[]byte("root"), 0},
		"nothing":                {nil, 0},
	} {
		got, err := trusted.ParseAuthorities(c.content)
		if len(got) != c.want || (err == nil) != (c.want > 0) || err != nil && !errors.Is(err, trusted.ErrAuthority) {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
	}
}
