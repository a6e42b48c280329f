package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// signMessage signs as keys.Signer does.
func signMessage(key crypto.Signer) func([]byte) ([]byte, error) {
	return func(message []byte) ([]byte, error) {
		if IsSM2(key.Public()) {
			return key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
		}
		sum := sha256.Sum256(message)
		return key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
}

// answered is a response of the responder about one certificate; change may be nil.
func answered(t testing.TB, oid string, certificate, issuer, responder *Certificate, sign func([]byte) ([]byte, error), change func(*OCSPTemplate)) *OCSPResponse {
	t.Helper()
	id, err := NewCertID(oid, certificate.Serial, issuer)
	if err != nil {
		t.Fatal(err)
	}
	template := OCSPTemplate{ProducedAt: middle, Include: responder != issuer, Singles: []OCSPSingle{{ID: id, State: RevocationGood, ThisUpdate: middle, NextUpdate: middle.Add(time.Hour)}}}
	if change != nil {
		change(&template)
	}
	encoded, err := MakeOCSPResponse(template, responder, sign)
	if err != nil {
		t.Fatal(err)
	}
	response, err := ParseOCSPResponse(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func checkOCSP(certificate, issuer *Certificate, now time.Time, lists []*CRL, responses ...*OCSPResponse) Revocation {
	return (&Memo{}).CheckEvidence(certificate, issuer, Evidence{CRLs: lists, OCSP: responses}, now)
}

// TestOCSPOfEveryKey: good, revoked and unknown, for each kind of key and each digest of CertID.
func TestOCSPOfEveryKey(t *testing.T) {
	keys := map[string]crypto.Signer{"SM2": newKey(t)}
	var err error
	if keys["P-256"], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	if keys["RSA"], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	for name, key := range keys {
		root := newRoot(t, "root "+name, key)
		leaf := root.issue(t, ProfileService, "leaf", &newKey(t).PublicKey)
		for _, oid := range []string{OIDSM3, OIDSHA1, OIDSHA256, OIDSHA384, OIDSHA512} {
			for _, want := range []Revocation{{State: RevocationGood}, {State: RevocationUnknown}, {State: RevocationRevoked, RevokedAt: begin, Reason: RevokedKeyCompromise}, {State: RevocationRevoked, RevokedAt: begin}} {
				response := answered(t, oid, leaf, root.certificate, root.certificate, signMessage(key), func(o *OCSPTemplate) {
					o.Singles[0].State, o.Singles[0].RevokedAt, o.Singles[0].Reason = want.State, want.RevokedAt, want.Reason
				})
				got := checkOCSP(leaf, root.certificate, middle, nil, response)
				if got.State != want.State || !got.RevokedAt.Equal(want.RevokedAt) || got.Reason != want.Reason {
					t.Errorf("%s %s: %+v, want %+v", name, oid, got, want)
				}
				if len(response.Deviations) > 0 {
					t.Errorf("deviations %v", response.Deviations)
				}
			}
		}
	}
}

// TestS16OCSPThatIsNotUsed: whatever is not the issuer's word about this certificate now leaves the state unknown.
func TestS16OCSPThatIsNotUsed(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	leaf := root.issue(t, ProfileService, "leaf", &newKey(t).PublicKey)
	other := root.issue(t, ProfileService, "other", &newKey(t).PublicKey)
	stranger := newRoot(t, "stranger", newKey(t))
	twin := newRoot(t, "root", newKey(t))           // same name, other key
	renamed := newRoot(t, "root renamed", root.key) // other name, same key
	responderKey := newKey(t)
	ocsp := func(critical bool, usages ...string) pkix.Extension {
		var list [][]byte
		for _, usage := range usages {
			list = append(list, oidOf(t, usage))
		}
		return pkix.Extension{Id: []int{2, 5, 29, 37}, Critical: critical, Value: der.EncodeSequence(list...)}
	}
	responder := func(a authority, change func(*smx509.Certificate)) *Certificate {
		return a.raw(t, "responder", &responderKey.PublicKey, func(c *smx509.Certificate) {
			c.SerialNumber = big.NewInt(99)
			c.IsCA, c.MaxPathLen, c.KeyUsage, c.ExtraExtensions = false, 0, smx509.KeyUsageDigitalSignature, []pkix.Extension{ocsp(false, OIDOCSPSigning)}
			change(c)
		})
	}
	by := func(change func(*smx509.Certificate)) *OCSPResponse {
		return answered(t, OIDSM3, leaf, root.certificate, responder(root, change), signMessage(responderKey), nil)
	}
	own := func(change func(*OCSPTemplate)) *OCSPResponse {
		return answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), change)
	}
	list := func(entries ...CRLEntry) []*CRL {
		made, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(1), ThisUpdate: middle.Add(-time.Hour), NextUpdate: middle.Add(time.Hour), Entries: entries}, root.certificate, root.key)
		if err != nil {
			t.Fatal(err)
		}
		return []*CRL{made}
	}
	revoked := func(c *Certificate) []*CRL { return list(CRLEntry{Serial: c.Serial, RevokedAt: begin}) }
	points := func(c *smx509.Certificate) { c.CRLDistributionPoints = []string{"http://crl.example/a"} }
	noCheck := func(c *smx509.Certificate) {
		points(c)
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: []int{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: der.EncodeNull()})
	}
	as := func(state RevocationState) func(*OCSPTemplate) {
		return func(o *OCSPTemplate) { o.Singles[0].State, o.Singles[0].RevokedAt = state, begin }
	}
	at := func(this, next time.Duration) func(*OCSPTemplate) {
		return func(o *OCSPTemplate) {
			o.Singles[0].ThisUpdate, o.Singles[0].NextUpdate = middle.Add(this), middle.Add(next)
			if next == 0 {
				o.Singles[0].NextUpdate = time.Time{}
			}
		}
	}
	withExtension := func(response *OCSPResponse, single bool) *OCSPResponse {
		changed := *response
		changed.Singles = slices.Clone(response.Singles)
		if single {
			changed.Singles[0].Unhandled = []string{"1.2.3"}
		} else {
			changed.Unhandled = []string{"1.2.3"}
		}
		return &changed
	}
	without := func(response *OCSPResponse) *OCSPResponse {
		changed := *response
		changed.Certificates = nil
		return &changed
	}
	broken := func(response *OCSPResponse) *OCSPResponse {
		changed := *response
		changed.RawTBS = append(bytes.Clone(response.RawTBS[:len(response.RawTBS)-1]), response.RawTBS[len(response.RawTBS)-1]^1)
		return &changed
	}
	forStranger := answered(t, OIDSM3, leaf, stranger.certificate, stranger.certificate, signMessage(stranger.key), nil)
	byTwin := answered(t, OIDSM3, leaf, root.certificate, twin.certificate, signMessage(twin.key), nil)
	for name, c := range map[string]struct {
		responses []*OCSPResponse
		lists     []*CRL
		want      RevocationState
	}{
		"nothing":                      {nil, nil, RevocationUnknown},
		"issuer's own":                 {[]*OCSPResponse{own(nil)}, nil, RevocationGood},
		"for another serial":           {[]*OCSPResponse{answered(t, OIDSM3, other, root.certificate, root.certificate, signMessage(root.key), nil)}, nil, RevocationUnknown},
		"of another issuer":            {[]*OCSPResponse{forStranger}, nil, RevocationUnknown},
		"of a namesake's key":          {[]*OCSPResponse{byTwin}, nil, RevocationUnknown},
		"signature broken":             {[]*OCSPResponse{broken(own(nil))}, nil, RevocationUnknown},
		"unknown":                      {[]*OCSPResponse{own(as(RevocationUnknown))}, nil, RevocationUnknown},
		"begins later":                 {[]*OCSPResponse{own(at(time.Second, time.Hour))}, nil, RevocationUnknown},
		"made later":                   {[]*OCSPResponse{own(func(o *OCSPTemplate) { o.ProducedAt = middle.Add(time.Second) })}, nil, RevocationUnknown},
		"ended":                        {[]*OCSPResponse{own(at(-time.Hour, -time.Second))}, nil, RevocationUnknown},
		"no nextUpdate, fresh":         {[]*OCSPResponse{own(at(-ocspWithoutNext, 0))}, nil, RevocationGood},
		"no nextUpdate, old":           {[]*OCSPResponse{own(at(-ocspWithoutNext-time.Second, 0))}, nil, RevocationUnknown},
		"critical extension":           {[]*OCSPResponse{withExtension(own(nil), false)}, nil, RevocationUnknown},
		"critical extension in answer": {[]*OCSPResponse{withExtension(own(nil), true)}, nil, RevocationUnknown},
		"delegated":                    {[]*OCSPResponse{by(func(*smx509.Certificate) {})}, nil, RevocationGood},
		"delegated, not there":         {[]*OCSPResponse{without(by(func(*smx509.Certificate) {}))}, nil, RevocationUnknown},
		"delegated, broken":            {[]*OCSPResponse{broken(by(func(*smx509.Certificate) {}))}, nil, RevocationUnknown},
		"delegated by another":         {[]*OCSPResponse{answered(t, OIDSM3, leaf, root.certificate, responder(stranger, func(*smx509.Certificate) {}), signMessage(responderKey), nil)}, nil, RevocationUnknown},
		"delegated by a namesake":      {[]*OCSPResponse{answered(t, OIDSM3, leaf, root.certificate, responder(twin, func(*smx509.Certificate) {}), signMessage(responderKey), nil)}, nil, RevocationUnknown},
		"delegated under another name": {[]*OCSPResponse{answered(t, OIDSM3, leaf, root.certificate, responder(renamed, func(*smx509.Certificate) {}), signMessage(responderKey), nil)}, nil, RevocationUnknown},
		"delegated, no purpose":        {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.ExtraExtensions = nil })}, nil, RevocationUnknown},
		"delegated, another purpose":   {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.ExtraExtensions = []pkix.Extension{ocsp(true, OIDTimeStamping)} })}, nil, RevocationUnknown},
		"delegated, any purpose":       {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.ExtraExtensions = []pkix.Extension{ocsp(true, OIDAnyUsage)} })}, nil, RevocationUnknown},
		"delegated, CA":                {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.IsCA = true })}, nil, RevocationUnknown},
		"delegated, may not sign":      {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment })}, nil, RevocationUnknown},
		"delegated, no keyUsage":       {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.KeyUsage = 0 })}, nil, RevocationGood},
		"delegated, ended":             {[]*OCSPResponse{by(func(c *smx509.Certificate) { c.NotAfter = middle.Add(-time.Second) })}, nil, RevocationUnknown},
		"delegated, critical extension": {[]*OCSPResponse{by(func(c *smx509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: []int{1, 2, 3}, Critical: true, Value: der.EncodeNull()})
		})}, nil, RevocationUnknown},
		"delegated, revocation unknown": {[]*OCSPResponse{by(points)}, nil, RevocationUnknown},
		"delegated, not revoked":        {[]*OCSPResponse{by(points)}, revoked(other), RevocationGood},
		"delegated, needs no check":     {[]*OCSPResponse{by(noCheck)}, nil, RevocationGood},
		"revoked and good":              {[]*OCSPResponse{own(nil), own(as(RevocationRevoked)), own(nil)}, nil, RevocationRevoked},
		"good here, revoked in a list":  {[]*OCSPResponse{own(nil)}, revoked(leaf), RevocationRevoked},
		"revoked here, good in a list":  {[]*OCSPResponse{own(as(RevocationRevoked))}, list(), RevocationRevoked},
		"unknown here, good in a list":  {[]*OCSPResponse{own(as(RevocationUnknown))}, list(), RevocationGood},
	} {
		t.Run(name, func(t *testing.T) {
			got := checkOCSP(leaf, root.certificate, middle, c.lists, c.responses...)
			if got.State != c.want {
				t.Errorf("%s, want %s; ignored %v", got.State, c.want, got.Ignored)
			}
		})
	}
	// Of several revocations the earliest counts, whatever the order.
	later := own(func(o *OCSPTemplate) {
		o.Singles[0].State, o.Singles[0].RevokedAt = RevocationRevoked, begin.Add(time.Hour)
	})
	for _, order := range [][]*OCSPResponse{{later, own(as(RevocationRevoked))}, {own(as(RevocationRevoked)), later}} {
		if got := checkOCSP(leaf, root.certificate, middle, nil, order...); !got.RevokedAt.Equal(begin) {
			t.Errorf("revoked at %v", got.RevokedAt)
		}
	}
	// A responder on its own issuer's list answers nothing.
	response := by(points)
	responderIsRevoked := revoked(response.Certificates[0])
	if got := checkOCSP(leaf, root.certificate, middle, responderIsRevoked, response); len(got.Ignored) != 1 || !strings.Contains(got.Ignored[0], "is revoked") {
		t.Errorf("responder revoked: %+v", got)
	}
	// The certificate must be the issuer's: an answer about the same number of another CA says nothing.
	foreign := *leaf
	foreign.Issuer = stranger.certificate.Subject
	if got := checkOCSP(&foreign, root.certificate, middle, nil, own(nil)); got.State != RevocationUnknown {
		t.Errorf("certificate of another issuer: %+v", got)
	}
	weak := *root.certificate
	weak.HasKeyUsage, weak.KeyUsage = true, UsageKeyEncipherment
	if got := checkOCSP(leaf, &weak, middle, nil, own(nil)); got.State != RevocationUnknown {
		t.Errorf("issuer that may not sign: %+v", got)
	}
}

// mended is a response whose members were changed, signed again by the issuer.
func mended(t testing.TB, response *OCSPResponse, key crypto.Signer, data func([][]byte) [][]byte, outer func([][]byte) [][]byte) []byte {
	t.Helper()
	split := func(input []byte) [][]byte {
		reader := &der.Reader{}
		value, err := reader.Parse(input)
		if err != nil {
			t.Fatal(err)
		}
		fields, err := reader.Sequence(value)
		if err != nil {
			t.Fatal(err)
		}
		var list [][]byte
		for _, field := range fields {
			list = append(list, field.Raw)
		}
		return list
	}
	tbs := der.EncodeSequence(data(split(response.RawTBS))...)
	value, err := signMessage(key)(tbs)
	if err != nil {
		t.Fatal(err)
	}
	basic := outer([][]byte{tbs, der.EncodeSequence(oidOf(t, OIDSM2WithSM3)), der.EncodeBitString(value)})
	return der.EncodeSequence([]byte{10, 1, 0}, der.EncodeExplicit(0, der.EncodeSequence(oidOf(t, oidOCSPBasic), der.EncodeOctetString(der.EncodeSequence(basic...)))))
}

// TestOCSPForms: shapes that are refused, and forms of real responders that are read under a name.
func TestOCSPForms(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	leaf := root.issue(t, ProfileService, "leaf", &newKey(t).PublicKey)
	good := answered(t, OIDSHA1, leaf, root.certificate, root.certificate, signMessage(root.key), func(o *OCSPTemplate) { o.Nonce = []byte{1, 2, 3} })
	keep := func(list [][]byte) [][]byte { return list }
	put := func(place int, value []byte) func([][]byte) [][]byte {
		return func(list [][]byte) [][]byte { list[place] = value; return list }
	}
	key, err := root.certificate.keyOctets()
	if err != nil {
		t.Fatal(err)
	}
	first, third := sha1.Sum(key), sm3.Sum(key)
	single := func(members ...[]byte) []byte { return der.EncodeSequence(der.EncodeSequence(members...)) }
	id, _ := good.Singles[0].ID.encode()
	moment := func(at time.Time) []byte { encoded, _ := der.EncodeGeneralizedTime(at); return encoded }
	this, next := moment(middle), der.EncodeExplicit(0, moment(middle.Add(time.Hour)))
	nonce := func(value []byte) []byte {
		return der.EncodeExplicit(1, der.EncodeSequence(der.EncodeSequence(oidOf(t, oidOCSPNonce), der.EncodeOctetString(value))))
	}
	extension := func(critical ...[]byte) []byte {
		return der.EncodeExplicit(1, der.EncodeSequence(der.EncodeSequence(append(append([][]byte{oidOf(t, "1.2.3")}, critical...), der.EncodeOctetString(der.EncodeNull()))...)))
	}
	yes := der.EncodeBoolean(true)
	null := der.EncodeImplicit(0, false)
	for name, c := range map[string]struct {
		data, outer func([][]byte) [][]byte
		state       RevocationState // empty: refused
		deviation   Deviation
	}{
		"good":                       {keep, keep, RevocationGood, ""},
		"responder by key":           {put(0, der.EncodeExplicit(2, der.EncodeOctetString(first[:]))), keep, RevocationGood, ""},
		"responder by SM3 of key":    {put(0, der.EncodeExplicit(2, der.EncodeOctetString(third[:]))), keep, RevocationGood, OCSPKeyIDSM3},
		"responder by another key":   {put(0, der.EncodeExplicit(2, der.EncodeOctetString(make([]byte, 20)))), keep, RevocationUnknown, ""},
		"responder by 21 octets":     {put(0, der.EncodeExplicit(2, der.EncodeOctetString(make([]byte, 21)))), keep, "", ""},
		"responder of another tag":   {put(0, der.EncodeExplicit(3, der.EncodeOctetString(first[:]))), keep, "", ""},
		"responder's name is none":   {put(0, der.EncodeExplicit(1, der.EncodeNull())), keep, "", ""},
		"version written out":        {func(l [][]byte) [][]byte { return append([][]byte{der.EncodeExplicit(0, der.EncodeInt(0))}, l...) }, keep, RevocationGood, der.DefaultEncoded},
		"version 2":                  {func(l [][]byte) [][]byte { return append([][]byte{der.EncodeExplicit(0, der.EncodeInt(1))}, l...) }, keep, "", ""},
		"producedAt as UTCTime":      {put(1, append([]byte{23, 13}, "310101000000Z"...)), keep, "", ""},
		"no answers":                 {put(2, der.EncodeSequence()), keep, RevocationUnknown, ""},
		"too many answers":           {put(2, der.EncodeSequence(slices.Repeat([][]byte{der.EncodeSequence(id, null, this, next)}, maxOCSPSingles+1)...)), keep, "", ""},
		"answer of two members":      {put(2, single(id, null)), keep, "", ""},
		"answer of an unknown kind":  {put(2, single(id, der.EncodeImplicit(3, false), this, next)), keep, "", ""},
		"good is no NULL":            {put(2, single(id, der.EncodeImplicit(0, false, []byte{0}), this, next)), keep, RevocationGood, OCSPGoodOdd},
		"thisUpdate as UTCTime":      {put(2, single(id, null, append([]byte{23, 13}, "310101000000Z"...), next)), keep, "", ""},
		"unknown member of answer":   {put(2, single(id, null, this, next, der.EncodeNull())), keep, "", ""},
		"extension of answer":        {put(2, single(id, null, this, next, extension())), keep, RevocationGood, ""},
		"critical one of answer":     {put(2, single(id, null, this, next, extension(yes))), keep, RevocationUnknown, ""},
		"revoked without a time":     {put(2, single(id, der.EncodeImplicit(1, true), this, next)), keep, "", ""},
		"revoked, reason 11":         {put(2, single(id, der.EncodeImplicit(1, true, this, der.EncodeExplicit(0, []byte{10, 1, 11})), this, next)), keep, "", ""},
		"revoked, reason as INTEGER": {put(2, single(id, der.EncodeImplicit(1, true, this, der.EncodeExplicit(0, der.EncodeInt(1))), this, next)), keep, "", ""},
		"revoked, reason in [1]":     {put(2, single(id, der.EncodeImplicit(1, true, this, der.EncodeExplicit(1, []byte{10, 1, 1})), this, next)), keep, "", ""},
		"serial of 65 octets":        {put(2, single(der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDSM3)), der.EncodeOctetString(nil), der.EncodeOctetString(nil), der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 515))), null, this, next)), keep, "", ""},
		"CertID of three members":    {put(2, single(der.EncodeSequence(der.EncodeSequence(oidOf(t, OIDSM3)), der.EncodeOctetString(nil), der.EncodeInt(1)), null, this, next)), keep, "", ""},
		"CertID by MD5":              {put(2, single(der.EncodeSequence(der.EncodeSequence(oidOf(t, "1.2.840.113549.2.5")), der.EncodeOctetString(nil), der.EncodeOctetString(nil), der.EncodeInteger(leaf.Serial)), null, this, next)), keep, RevocationUnknown, ""},
		"nonce without its inside":   {put(3, nonce([]byte{9, 9})), keep, RevocationGood, OCSPNonceBare},
		"empty nonce":                {put(3, nonce(der.EncodeOctetString(nil))), keep, "", ""},
		"nonce of 129 octets":        {put(3, nonce(der.EncodeOctetString(make([]byte, 129)))), keep, "", ""},
		"extension":                  {put(3, extension()), keep, RevocationGood, ""},
		"critical extension":         {put(3, extension(yes)), keep, RevocationUnknown, ""},
		"extensions in [2]":          {put(3, der.EncodeExplicit(2, der.EncodeSequence())), keep, "", ""},
		"unknown member":             {func(l [][]byte) [][]byte { return append(l, der.EncodeNull()) }, keep, "", ""},
		"certificates in [1]":        {keep, func(l [][]byte) [][]byte { return append(l, der.EncodeExplicit(1, der.EncodeSequence())) }, "", ""},
		"too many certificates": {keep, func(l [][]byte) [][]byte {
			return append(l, der.EncodeExplicit(0, der.EncodeSequence(slices.Repeat([][]byte{leaf.Raw}, maxOCSPCerts+1)...)))
		}, "", ""},
		"certificate that is none": {keep, func(l [][]byte) [][]byte {
			return append(l, der.EncodeExplicit(0, der.EncodeSequence(der.EncodeNull())))
		}, "", ""},
		"two members":            {keep, func(l [][]byte) [][]byte { return l[:2] }, "", ""},
		"S-07 another algorithm": {keep, put(1, der.EncodeSequence(oidOf(t, OIDECDSAWithSHA256))), RevocationUnknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			encoded := mended(t, good, root.key, c.data, c.outer)
			response, err := ParseOCSPResponse(encoded)
			if c.state == "" {
				if !errors.Is(err, ErrOCSP) {
					t.Errorf("read: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := checkOCSP(leaf, root.certificate, middle, nil, response); got.State != c.state {
				t.Errorf("%+v, want %s", got, c.state)
			}
			if c.deviation != "" && !slices.Equal(response.Deviations, []Deviation{c.deviation}) || c.deviation == "" && len(response.Deviations) > 0 {
				t.Errorf("deviations %v", response.Deviations)
			}
		})
	}
	for status, readable := range map[OCSPStatus]bool{1: true, 2: true, 3: true, 4: false, 5: true, 6: true, 7: false} {
		r, err := ParseOCSPResponse(EncodeOCSPStatus(status))
		if (err == nil) != readable || err == nil && (r.Status != status || checkOCSP(leaf, root.certificate, middle, nil, r).State != RevocationUnknown) {
			t.Errorf("status %d: %v", status, err)
		}
	}
	for name, input := range map[string][]byte{"empty": nil, "trailing octet": append(bytes.Clone(good.Raw), 0), "successful without octets": EncodeOCSPStatus(0), "too long": make([]byte, MaxOCSP+1),
		"status as INTEGER": der.EncodeSequence(der.EncodeInt(1)), "octets of another kind": der.EncodeSequence([]byte{10, 1, 0}, der.EncodeExplicit(0, der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeOctetString(nil)))),
		"refused with octets": der.EncodeSequence([]byte{10, 1, 1}, der.EncodeExplicit(0, der.EncodeSequence(oidOf(t, oidOCSPBasic), der.EncodeOctetString(nil))))} {
		if _, err := ParseOCSPResponse(input); !errors.Is(err, ErrOCSP) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOCSPRequests(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	template := root.template(ProfileService, "leaf", &newKey(t).PublicKey)
	template.OCSPURLs = []string{"http://ocsp.example/ocsp"}
	leaf, err := MakeCertificate(rand.Reader, template, root.certificate, root.key)
	if err != nil || !leaf.NamesEvidence() || root.certificate.NamesEvidence() {
		t.Fatalf("certificate with the responder's address: %v", err)
	}
	id, err := NewCertID(OIDSM3, leaf.Serial, root.certificate)
	if err != nil {
		t.Fatal(err)
	}
	q := &OCSPRequest{Asked: []CertID{id}, Nonce: []byte{1, 2, 3}}
	encoded, err := q.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseOCSPRequest(encoded)
	if err != nil || len(read.Asked) != 1 || !read.Asked[0].equal(id) || !bytes.Equal(read.Nonce, q.Nonce) || !read.Asked[0].IssuedBy(root.certificate) {
		t.Fatalf("%+v %v", read, err)
	}
	respond := func(change func(*OCSPTemplate)) *OCSPResponse {
		return answered(t, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), change)
	}
	for name, c := range map[string]struct {
		response *OCSPResponse
		want     error
	}{
		"good":           {respond(func(o *OCSPTemplate) { o.Nonce = q.Nonce }), nil},
		"no nonce":       {respond(nil), ErrOCSPAnswers},
		"another nonce":  {respond(func(o *OCSPTemplate) { o.Nonce = []byte{1, 2, 4} }), ErrOCSPAnswers},
		"another serial": {respond(func(o *OCSPTemplate) { o.Nonce, o.Singles[0].ID.Serial = q.Nonce, big.NewInt(5) }), ErrOCSPAnswers},
		"try later":      {&OCSPResponse{Status: OCSPTryLater, Nonce: q.Nonce}, ErrOCSPAnswers},
	} {
		if err := c.response.Answers(q); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	idOctets, _ := id.encode()
	asked := der.EncodeSequence(idOctets)
	extensions := func(tag int, critical ...[]byte) []byte {
		return der.EncodeExplicit(tag, der.EncodeSequence(der.EncodeSequence(append(append([][]byte{oidOf(t, "1.2.3")}, critical...), der.EncodeOctetString(der.EncodeNull()))...)))
	}
	request := func(members ...[]byte) []byte { return der.EncodeSequence(der.EncodeSequence(members...)) }
	signature := der.EncodeExplicit(0, der.EncodeSequence())
	longID, err := NewCertID(OIDSM3, leaf.Serial, root.certificate)
	if err != nil {
		t.Fatal(err)
	}
	long, _ := longID.encode()
	for name, c := range map[string]struct {
		input     []byte
		readable  bool
		unhandled int
	}{
		"least":                   {request(der.EncodeSequence(asked)), true, 0},
		"version written out":     {request(der.EncodeExplicit(0, der.EncodeInt(0)), der.EncodeSequence(asked)), true, 0},
		"version 2":               {request(der.EncodeExplicit(0, der.EncodeInt(1)), der.EncodeSequence(asked)), false, 0},
		"name of who asks":        {request(der.EncodeExplicit(1, der.EncodeExplicit(4, leaf.Subject.Raw)), der.EncodeSequence(asked)), true, 0},
		"signed":                  {der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(asked)), signature), true, 0},
		"signature in [1]":        {der.EncodeSequence(der.EncodeSequence(der.EncodeSequence(asked)), der.EncodeExplicit(1, der.EncodeSequence())), false, 0},
		"nothing asked":           {request(der.EncodeSequence()), false, 0},
		"too much asked":          {request(der.EncodeSequence(slices.Repeat([][]byte{asked}, MaxOCSPAsked+1)...)), false, 0},
		"as much as may be":       {request(der.EncodeSequence(slices.Repeat([][]byte{asked}, MaxOCSPAsked)...)), true, 0},
		"extension":               {request(der.EncodeSequence(asked), extensions(2)), true, 0},
		"critical extension":      {request(der.EncodeSequence(asked), extensions(2, der.EncodeBoolean(true))), true, 1},
		"extensions in [1]":       {request(der.EncodeSequence(asked), extensions(1)), false, 0},
		"extension of one":        {request(der.EncodeSequence(der.EncodeSequence(idOctets, extensions(0)))), true, 0},
		"critical one of one":     {request(der.EncodeSequence(der.EncodeSequence(idOctets, extensions(0, der.EncodeBoolean(true))))), true, 1},
		"extensions of one, [1]":  {request(der.EncodeSequence(der.EncodeSequence(idOctets, extensions(1)))), false, 0},
		"CertID not in DER":       {request(der.EncodeSequence(der.EncodeSequence(append([]byte{0x30, 0x81, byte(len(long) - 2)}, long[2:]...)))), false, 0},
		"three members":           {request(der.EncodeSequence(asked), extensions(2), der.EncodeNull()), false, 0},
		"trailing octet":          {append(bytes.Clone(encoded), 0), false, 0},
		"empty":                   {nil, false, 0},
		"more octets than may be": {request(der.EncodeSequence(asked), der.EncodeExplicit(2, der.EncodeSequence(der.EncodeSequence(oidOf(t, "1.2.3"), der.EncodeOctetString(make([]byte, MaxOCSPRequest)))))), false, 0},
	} {
		read, err := ParseOCSPRequest(c.input)
		if (err == nil) != c.readable || err != nil && !errors.Is(err, ErrOCSP) || err == nil && len(read.Unhandled) != c.unhandled {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, template := range map[string]OCSPTemplate{
		"no answer":         {ProducedAt: middle},
		"no state":          {ProducedAt: middle, Singles: []OCSPSingle{{ID: id, ThisUpdate: middle}}},
		"next before this":  {ProducedAt: middle, Singles: []OCSPSingle{{ID: id, State: RevocationGood, ThisUpdate: middle, NextUpdate: middle}}},
		"nonce is too long": {ProducedAt: middle, Nonce: make([]byte, 129), Singles: []OCSPSingle{{ID: id, State: RevocationGood, ThisUpdate: middle}}},
	} {
		if _, err := MakeOCSPResponse(template, root.certificate, signMessage(root.key)); !errors.Is(err, ErrTemplate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fine := OCSPTemplate{ProducedAt: middle, Singles: []OCSPSingle{{ID: id, State: RevocationGood, ThisUpdate: middle}}}
	if _, err := MakeOCSPResponse(fine, root.certificate, signMessage(newKey(t))); Code(err) != CodeValue {
		t.Errorf("another key: %v", err)
	}
}

func FuzzParseOCSPResponse(f *testing.F) {
	root := newRoot(f, "root", newKey(f))
	leaf := root.issue(f, ProfileService, "leaf", &newKey(f).PublicKey)
	f.Add(answered(f, OIDSM3, leaf, root.certificate, root.certificate, signMessage(root.key), func(o *OCSPTemplate) { o.Nonce, o.Include = []byte{1}, true }).Raw)
	f.Add(EncodeOCSPStatus(OCSPTryLater))
	f.Fuzz(func(t *testing.T, input []byte) {
		response, err := ParseOCSPResponse(input)
		if err != nil {
			if !errors.Is(err, ErrOCSP) && !errors.Is(err, ErrCertificate) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(response.Raw, input) {
			t.Fatal("octets are not those received")
		}
		checkOCSP(leaf, root.certificate, middle, nil, response)
	})
}

func FuzzParseOCSPRequest(f *testing.F) {
	root := newRoot(f, "root", newKey(f))
	id, err := NewCertID(OIDSHA1, big.NewInt(7), root.certificate)
	if err != nil {
		f.Fatal(err)
	}
	encoded, err := (&OCSPRequest{Asked: []CertID{id}, Nonce: []byte{1}}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, input []byte) {
		request, err := ParseOCSPRequest(input)
		if err != nil && !errors.Is(err, ErrOCSP) {
			t.Fatal(err)
		}
		if err == nil && (len(request.Asked) == 0 || len(request.Asked) > MaxOCSPAsked) {
			t.Fatalf("%d asked", len(request.Asked))
		}
	})
}
