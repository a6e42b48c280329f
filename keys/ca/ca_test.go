package ca_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/keysdb"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

var ctx = context.Background()

// clock is moved by the test.
type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

type world struct {
	*clock
	twin *keystest.Twin
	db   *sqldb.DB
}

func each(t *testing.T, run func(t *testing.T, w *world)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), keysdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			w := &world{clock: &clock{at: time.Date(2026, 11, 24, 9, 0, 0, 500, time.UTC)}, db: engine.Open(t)}
			w.twin = keystest.NewTwin(w.now)
			run(t, w)
		})
	}
}

func (w *world) config() ca.Config {
	return ca.Config{Provider: w.twin, Store: keysdb.New(w.db), Now: w.now, Rand: ident.System(), Name: "印信演示"}
}

func (w *world) open(t testing.TB) *ca.Authority {
	t.Helper()
	a, err := ca.New(ctx, w.config())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) issue(t testing.TB, a *ca.Authority, profile pki.Profile, label string) *pki.Certificate {
	t.Helper()
	key, err := w.twin.Create(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: label})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Issue(ctx, key, ca.Request{Profile: profile, Subject: pki.Subject{CommonName: "示例 " + label, Organization: "示例市"}, Label: label})
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func crls(t testing.TB, a *ca.Authority) []*pki.CRL {
	t.Helper()
	lists, err := a.CRLs(ctx)
	if err != nil || len(lists) != 2 {
		t.Fatalf("%d lists, %v", len(lists), err)
	}
	return lists
}

func TestEveryProfileChainsToTheRootAndServesItsUseOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		root, issuing := a.Certificates()[0], a.Certificates()[1]
		if !root.IsCA || !issuing.IsCA || root.NotAfter.Sub(root.NotBefore) < 19*365*24*time.Hour || issuing.NotAfter.After(root.NotAfter) {
			t.Errorf("root %+v, issuing %+v", root.NotAfter, issuing.NotAfter)
		}
		options := pki.ChainOptions{Roots: pki.NewPool(root), Intermediates: pki.NewPool(issuing), At: w.now()}
		for profile, seals := range map[pki.Profile]bool{pki.ProfileSealMaker: true, pki.ProfileSealSigner: true, pki.ProfileService: true, pki.ProfileTimeStamping: false} {
			cert := w.issue(t, a, profile, string(profile))
			chain, err := pki.BuildChain(cert, options)
			if err != nil || len(chain) != 3 || cert.IsCA || cert.NotBefore.After(w.now()) || !cert.NotAfter.After(w.now().Add(2*365*24*time.Hour)) {
				t.Errorf("%s: chain of %d, %v", profile, len(chain), err)
			}
			if err := pki.CheckUsage(cert, pki.SealUsage, ""); (err == nil) != seals {
				t.Errorf("%s: seals: %v", profile, err)
			}
			if err := pki.CheckUsage(cert, pki.UsageCertSign, ""); err == nil {
				t.Errorf("%s signs certificates", profile)
			}
			if found, err := a.Find(ctx, string(profile)); err != nil || !found.Cert.Equal(cert) || found.KeyID == "" || found.Revoked != nil {
				t.Errorf("%s: found %+v %v", profile, found, err)
			}
		}
		key, err := w.twin.Create(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: "sub"})
		if err != nil {
			t.Fatal(err)
		}
		for _, profile := range []pki.Profile{pki.ProfileRoot, pki.ProfileIssuingCA, "other", ""} {
			if cert, err := a.Issue(ctx, key, ca.Request{Profile: profile, Subject: pki.Subject{CommonName: "x"}, Label: "sub"}); err == nil || cert != nil {
				t.Errorf("a certificate of profile %q was issued", profile)
			}
		}
		if _, err := a.Find(ctx, "sub"); !errors.Is(err, keys.ErrNotFound) {
			t.Errorf("a refused certificate is stored: %v", err)
		}
	})
}

func TestNodesThatStartAtOnceHaveOneRoot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		authorities := make([]*ca.Authority, 6)
		var group sync.WaitGroup
		for i := range authorities {
			group.Go(func() {
				cfg := w.config()
				cfg.Provider = w.twin.Reopen(w.now)
				var err error
				if authorities[i], err = ca.New(ctx, cfg); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if t.Failed() {
			return
		}
		for i, a := range authorities {
			for n := range 2 {
				if !a.Certificates()[n].Equal(authorities[0].Certificates()[n]) {
					t.Errorf("node %d has another certificate of CA %d", i, n)
				}
			}
		}
		w.issue(t, authorities[1], pki.ProfileSealSigner, "seal")
		if err := authorities[2].Revoke(ctx, "seal", w.now(), pki.RevokedKeyCompromise); err != nil {
			t.Fatal(err)
		}
		if list := crls(t, authorities[3])[1]; len(list.Entries) != 1 {
			t.Errorf("what one node revokes another does not see: %+v", list.Entries)
		}
	})
}

func TestRevocationIsOnTheNextListWithTimeAndReason(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		issuing := a.Certificates()[1]
		good, bad := w.issue(t, a, pki.ProfileSealSigner, "good"), w.issue(t, a, pki.ProfileSealSigner, "bad")
		before := crls(t, a)
		w.advance(time.Hour)
		at := w.now().Add(-30 * time.Minute).Truncate(time.Second)
		if err := a.Revoke(ctx, "bad", at, pki.RevokedKeyCompromise); err != nil {
			t.Fatal(err)
		}
		after := crls(t, a)
		if after[1].Number.Cmp(before[1].Number) <= 0 || after[0].Number.Cmp(before[0].Number) != 0 {
			t.Errorf("numbers %s to %s, root's %s to %s", before[1].Number, after[1].Number, before[0].Number, after[0].Number)
		}
		if got := pki.CheckRevocation(bad, issuing, after, w.now()); got.State != pki.RevocationRevoked || !got.RevokedAt.Equal(at) || got.Reason != pki.RevokedKeyCompromise {
			t.Errorf("revoked: %+v", got)
		}
		if got := pki.CheckRevocation(good, issuing, after, w.now()); got.State != pki.RevocationGood {
			t.Errorf("not revoked: %+v", got)
		}
		if found, err := a.Find(ctx, "bad"); err != nil || found.Revoked == nil || !found.Revoked.RevokedAt.Equal(at) {
			t.Errorf("record %+v %v", found.Revoked, err)
		}
		if err := a.Revoke(ctx, "bad", w.now(), pki.RevokedKeyCompromise); !errors.Is(err, keys.ErrState) {
			t.Errorf("revoked twice: %v", err)
		}
		if err := a.Revoke(ctx, "none", w.now(), pki.RevokedKeyCompromise); !errors.Is(err, keys.ErrNotFound) {
			t.Errorf("unknown: %v", err)
		}
		if again, err := ca.New(ctx, w.config()); err != nil || crls(t, again)[1].Number.Cmp(after[1].Number) != 0 {
			t.Errorf("a restart made another list: %v", err)
		}
	})
}

func TestRevokedIssuingCAStandsOnTheRootsList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		root, issuing := a.Certificates()[0], a.Certificates()[1]
		if err := a.Revoke(ctx, "ca:issuing", w.now(), pki.RevokedKeyCompromise); err != nil {
			t.Fatal(err)
		}
		if got := pki.CheckRevocation(issuing, root, crls(t, a), w.now()); got.State != pki.RevocationRevoked {
			t.Errorf("%+v", got)
		}
	})
}

func TestListsAreMadeAnewInTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		cert := w.issue(t, a, pki.ProfileSealSigner, "seal")
		first := crls(t, a)
		w.advance(3 * 24 * time.Hour)
		if second := crls(t, a); second[1].Number.Cmp(first[1].Number) != 0 {
			t.Error("a list was made anew though half its life is ahead")
		}
		for range 4 {
			w.advance(5 * 24 * time.Hour)
			lists := crls(t, a)
			if got := pki.CheckRevocation(cert, a.Certificates()[1], lists, w.now()); got.State != pki.RevocationGood || !lists[1].NextUpdate.After(w.now().Add(2*24*time.Hour)) {
				t.Errorf("%+v until %s", got, lists[1].NextUpdate)
			}
		}
	})
}

func TestManyNodesMakeListsWithoutAGap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		const n = 6
		for i := range n {
			w.issue(t, a, pki.ProfileSealSigner, fmt.Sprint("seal ", i))
		}
		var group sync.WaitGroup
		for i := range n {
			node := w.open(t)
			group.Go(func() {
				err := node.Revoke(ctx, fmt.Sprint("seal ", i), w.now(), pki.RevokedKeyCompromise)
				if err != nil && !errors.Is(err, keys.ErrState) { // the list lost five races; the next one holds the entry
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.advance(4 * 24 * time.Hour)
		if list := crls(t, a)[1]; len(list.Entries) != n {
			t.Errorf("%d of %d revocations are on the list", len(list.Entries), n)
		}
		if n, breaks, err := auditdb.Verify(ctx, w.db.Read()); err != nil || n == 0 || len(breaks) > 0 {
			t.Errorf("audit: %d events, %v, %v", n, breaks, err)
		}
	})
}

func TestAuthorityWithoutItsKeysIssuesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		key, err := w.twin.Create(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: "seal"})
		if err != nil {
			t.Fatal(err)
		}
		crls(t, a)
		cfg := w.config()
		cold := keystest.NewTwin(w.now)
		cold.Store = w.twin.Store
		cold.Provider = cold.Reopen(w.now)
		cold.Fail = func(string) error { return keys.ErrUnavailable }
		cfg.Provider = cold
		b, err := ca.New(ctx, cfg)
		if err != nil {
			t.Fatalf("the certificates are there; starting needs no key: %v", err)
		}
		if cert, err := b.Issue(ctx, key, ca.Request{Profile: pki.ProfileSealSigner, Subject: pki.Subject{CommonName: "x"}, Label: "seal"}); !errors.Is(err, keys.ErrUnavailable) || cert != nil {
			t.Errorf("issue: %v", err)
		}
		if _, err := b.Find(ctx, "seal"); !errors.Is(err, keys.ErrNotFound) {
			t.Errorf("stored: %v", err)
		}
		if lists := crls(t, b); len(lists) != 2 {
			t.Error("a list that holds needs no key")
		}
		w.advance(6 * 24 * time.Hour)
		if lists, err := b.CRLs(ctx); !errors.Is(err, keys.ErrUnavailable) || lists != nil {
			t.Errorf("an old list was given out: %v", err)
		}
	})
}

// ask sends an OCSP request about serial numbers of an issuer.
func ask(t *testing.T, a *ca.Authority, change func(*pki.OCSPRequest), issuer *pki.Certificate, serials ...*big.Int) (*pki.OCSPRequest, *pki.OCSPResponse, error) {
	t.Helper()
	request := &pki.OCSPRequest{Nonce: []byte("0123456789abcdef")}
	for _, serial := range serials {
		id, err := pki.NewCertID(pki.OIDSM3, serial, issuer)
		if err != nil {
			t.Fatal(err)
		}
		request.Asked = append(request.Asked, id)
	}
	if change != nil {
		change(request)
	}
	encoded, err := request.Encode()
	if err != nil {
		t.Fatal(err)
	}
	response, cause := a.Respond(ctx, encoded)
	read, err := pki.ParseOCSPResponse(response)
	if err != nil {
		t.Fatal(err)
	}
	return request, read, cause
}

// TestOCSPFromTheRegister: good, revoked and unknown, as the register says at that moment.
func TestOCSPFromTheRegister(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		root, issuing := a.Certificates()[0], a.Certificates()[1]
		good, revoked := w.issue(t, a, pki.ProfileService, "good"), w.issue(t, a, pki.ProfileService, "revoked")
		at := w.now().Add(-time.Hour).UTC().Truncate(time.Second)
		if err := a.Revoke(ctx, "revoked", at, pki.RevokedKeyCompromise); err != nil {
			t.Fatal(err)
		}
		never := new(big.Int).Add(good.Serial, big.NewInt(1))
		q, r, err := ask(t, a, nil, issuing, good.Serial, revoked.Serial, never)
		if err != nil || r.Answers(q) != nil {
			t.Fatalf("%v %v", err, r.Answers(q))
		}
		state := func(c *pki.Certificate, issuer *pki.Certificate, r *pki.OCSPResponse, now time.Time) pki.Revocation {
			return (&pki.Memo{}).CheckEvidence(c, issuer, pki.Evidence{OCSP: []*pki.OCSPResponse{r}}, now)
		}
		if got := state(good, issuing, r, w.now()); got.State != pki.RevocationGood {
			t.Errorf("good: %+v", got)
		}
		if got := state(revoked, issuing, r, w.now()); got.State != pki.RevocationRevoked || !got.RevokedAt.Equal(at) || got.Reason != pki.RevokedKeyCompromise {
			t.Errorf("revoked: %+v", got)
		}
		if got := state(&pki.Certificate{Issuer: issuing.Subject, Serial: never}, issuing, r, w.now()); got.State != pki.RevocationUnknown || len(got.Ignored) != 1 {
			t.Errorf("never given: %+v", got)
		}
		if got := state(good, issuing, r, w.now().Add(time.Hour+time.Second)); got.State != pki.RevocationUnknown {
			t.Errorf("later: %+v", got)
		}
		// The root answers for the issuing CA, and a mixed request knows only the first one's certificates.
		_, r, _ = ask(t, a, nil, root, issuing.Serial)
		if got := state(issuing, root, r, w.now()); got.State != pki.RevocationGood {
			t.Errorf("issuing CA: %+v", got)
		}
		mixed := func(q *pki.OCSPRequest) {
			id, err := pki.NewCertID(pki.OIDSHA1, issuing.Serial, root)
			if err != nil {
				t.Fatal(err)
			}
			q.Asked = append(q.Asked, id)
		}
		if _, r, _ = ask(t, a, mixed, issuing, good.Serial); len(r.Singles) != 2 || r.Singles[0].State != pki.RevocationGood || r.Singles[1].State != pki.RevocationUnknown {
			t.Errorf("mixed: %+v", r.Singles)
		}
	})
}

func TestOCSPRefusals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.open(t)
		issuing := a.Certificates()[1]
		leaf := w.issue(t, a, pki.ProfileService, "leaf")
		if _, r, err := ask(t, a, nil, leaf, leaf.Serial); r.Status != pki.OCSPUnauthorized || err != nil {
			t.Errorf("another's certificate: %+v %v", r, err)
		}
		for name, input := range map[string][]byte{"nothing": nil, "text": []byte("x")} {
			response, err := a.Respond(ctx, input)
			if r, _ := pki.ParseOCSPResponse(response); r == nil || r.Status != pki.OCSPMalformed || err != nil {
				t.Errorf("%s: %+v %v", name, r, err)
			}
		}
		wrong := w.config()
		wrong.Store = away{wrong.Store}
		broken, err := ca.New(ctx, wrong)
		if err != nil {
			t.Fatal(err)
		}
		if _, r, err := ask(t, broken, nil, issuing, leaf.Serial); r.Status != pki.OCSPInternal || !errors.Is(err, errAway) {
			t.Errorf("register is away: %+v %v", r, err)
		}
	})
}

var errAway = errors.New("away")

// away is a store that finds no serial number.
type away struct{ ca.Store }

func (away) CertificateBySerial(context.Context, string, string) (ca.Record, error) {
	return ca.Record{}, errAway
}
