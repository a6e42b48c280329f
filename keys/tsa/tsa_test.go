package tsa_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/tsa"
)

var (
	ctx   = context.Background()
	begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	end   = time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC)
	start = time.Date(2026, 11, 24, 9, 0, 0, 123_456_789, time.UTC)
	data  = []byte("signature value")
)

const policy = "1.2.156.1.1"

// world is an authority with a clock that the test moves.
type world struct {
	twin   *keystest.Twin
	root   *pki.Certificate
	mutex  sync.Mutex
	at     time.Time
	health error
	cfg    tsa.Config
}

func (w *world) now() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.at
}

func newWorld(t testing.TB, algorithm keys.Algorithm) *world {
	t.Helper()
	w := &world{at: start}
	w.twin = keystest.NewTwin(w.now)
	key, err := w.twin.Create(ctx, keys.Spec{Usage: keys.UsageTimeStamp, Algorithm: algorithm})
	if err != nil {
		t.Fatal(err)
	}
	rootKey, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if w.root, err = pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: "root"}, NotBefore: begin, NotAfter: end}, nil, rootKey); err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: pki.ProfileTimeStamping, Subject: pki.Subject{CommonName: "tsa"}, PublicKey: key.Public, NotBefore: begin, NotAfter: end}, w.root, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	w.cfg = tsa.Config{Provider: w.twin, KeyID: key.ID, Certificate: certificate, Chain: []*pki.Certificate{w.root}, Policy: policy, Policies: []string{"1.2.156.1.2"},
		Accuracy: 1500*time.Millisecond + 7*time.Microsecond, Clock: tsa.ClockFunc(func(context.Context) error { return w.health }), Now: w.now, Rand: rand.Reader}
	return w
}

func (w *world) open(t testing.TB) *tsa.Service {
	t.Helper()
	s, err := tsa.New(ctx, w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func encoded(t testing.TB, change func(*tst.Request)) []byte {
	t.Helper()
	imprint, err := tst.ImprintOf(pki.OIDSM3, data)
	if err != nil {
		t.Fatal(err)
	}
	q := &tst.Request{Imprint: imprint, Nonce: big.NewInt(42), CertReq: true}
	if change != nil {
		change(q)
	}
	request, err := q.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func respond(t testing.TB, s *tsa.Service, request []byte) *tst.Response {
	t.Helper()
	response, _ := s.Respond(ctx, request)
	r, err := tst.ParseResponse(response)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTokens: for every kind of key a token says what was asked for and holds.
func TestTokens(t *testing.T) {
	for _, algorithm := range []keys.Algorithm{keys.SM2, keys.P256, keys.RSA2048} {
		t.Run(string(algorithm), func(t *testing.T) {
			w := newWorld(t, algorithm)
			s := w.open(t)
			request := encoded(t, nil)
			r := respond(t, s, request)
			q, err := tst.ParseRequest(request)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Answers(q); err != nil {
				t.Fatal(err)
			}
			j := r.Token.Judge(tst.Options{Roots: pki.NewPool(w.root), At: start, Nonce: q.Nonce, Policies: []string{policy}})
			if !j.Proven() || len(j.Deviations) > 0 {
				t.Errorf("%v %v", j.Findings, j.Deviations)
			}
			info := r.Token.Info
			if !info.GenTime.Equal(start.Truncate(time.Millisecond)) || info.Accuracy.Duration() != w.cfg.Accuracy || info.Ordering || len(r.Token.Certificates) != 2 {
				t.Errorf("%+v", info)
			}
			bare := respond(t, s, encoded(t, func(q *tst.Request) { q.CertReq, q.Nonce, q.Policy = false, nil, "1.2.156.1.2" }))
			if len(bare.Token.Certificates) != 0 || bare.Token.Info.Nonce != nil || bare.Token.Info.Policy != "1.2.156.1.2" {
				t.Errorf("%+v", bare.Token.Info)
			}
		})
	}
}

func TestDigestsThatAreStamped(t *testing.T) {
	s := newWorld(t, keys.SM2).open(t)
	for _, oid := range []string{pki.OIDSM3, pki.OIDSHA256, pki.OIDSHA384, pki.OIDSHA512} {
		imprint, err := tst.ImprintOf(oid, data)
		if err != nil {
			t.Fatal(err)
		}
		if r := respond(t, s, encoded(t, func(q *tst.Request) { q.Imprint = imprint })); r.Token == nil || !r.Token.Info.Imprint.Equal(imprint) {
			t.Errorf("%s: %+v", oid, r)
		}
	}
}

// TestRefusals: what is asked wrongly is told by PKIFailureInfo, and the caller's fault is none of ours.
func TestRefusals(t *testing.T) {
	w := newWorld(t, keys.SM2)
	s := w.open(t)
	imprint := func(algorithm, digest []byte) []byte {
		return der.EncodeSequence(der.EncodeInt(1), der.EncodeSequence(algorithm, der.EncodeOctetString(digest)))
	}
	algorithm := func(oid string, parameters ...[]byte) []byte {
		encoded, err := der.EncodeOID(oid)
		if err != nil {
			t.Fatal(err)
		}
		return der.EncodeSequence(append([][]byte{encoded}, parameters...)...)
	}
	good := encoded(t, nil)
	extension := der.EncodeImplicit(0, true, der.EncodeSequence([]byte{6, 2, 0x2a, 3}, der.EncodeOctetString([]byte{5, 0})))
	for name, c := range map[string]struct {
		request []byte
		want    tst.Failure
	}{
		"nothing":             {nil, tst.BadDataFormat},
		"text":                {[]byte("time?"), tst.BadDataFormat},
		"trailing octet":      {append(bytes.Clone(good), 0), tst.BadDataFormat},
		"too long":            {make([]byte, tst.MaxRequest+1), tst.BadDataFormat},
		"SHA-1":               {imprint(algorithm(pki.OIDSHA1), make([]byte, 20)), tst.BadAlgorithm},
		"MD5":                 {imprint(algorithm("1.2.840.113549.2.5"), make([]byte, 16)), tst.BadAlgorithm},
		"second name of SM3":  {imprint(algorithm(pki.OIDSM3Plain), make([]byte, 32)), tst.BadAlgorithm},
		"odd parameters":      {imprint(algorithm(pki.OIDSM3, der.EncodeInt(1)), make([]byte, 32)), tst.BadAlgorithm},
		"digest cut":          {imprint(algorithm(pki.OIDSM3), make([]byte, 31)), tst.BadDataFormat},
		"digest of SHA-512":   {imprint(algorithm(pki.OIDSM3), make([]byte, 64)), tst.BadDataFormat},
		"policy":              {encoded(t, func(q *tst.Request) { q.Policy = "1.2.3" }), tst.UnacceptedPolicy},
		"extension":           {der.EncodeSequence(der.EncodeInt(1), imprint(algorithm(pki.OIDSM3), make([]byte, 32))[5:], extension), tst.UnacceptedExtension},
		"parameters are NULL": {imprint(algorithm(pki.OIDSM3, der.EncodeNull()), make([]byte, 32)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := s.Respond(ctx, c.request)
			r, parseErr := tst.ParseResponse(response)
			if parseErr != nil {
				t.Fatal(parseErr)
			}
			refusal, refused := errors.AsType[*tsa.Refusal](err)
			if r.Failure != c.want || refused != (c.want != 0) || refused && (refusal.Cause != nil || len(r.Text) != 1 || r.Status != tst.Rejection) {
				t.Errorf("%+v, %v; want %s", r, err, c.want)
			}
		})
	}
}

// TestClock: no token without a time that is known, and none before the one made last (RFC 3161 2.1, 1).
func TestClock(t *testing.T) {
	w := newWorld(t, keys.SM2)
	s := w.open(t)
	request := encoded(t, nil)
	at := func(moment time.Time, health error) *tst.Response {
		w.at, w.health = moment, health
		return respond(t, s, request)
	}
	if r := at(start, errors.New("not synchronised")); r.Failure != tst.TimeNotAvailable || s.Health(ctx) == nil {
		t.Errorf("clock not known: %+v", r)
	}
	first := at(start, nil)
	if first.Token == nil || s.Health(ctx) != nil {
		t.Fatalf("%+v", first)
	}
	for name, c := range map[string]struct {
		moment time.Time
		want   tst.Failure
	}{
		"same moment":     {start, 0},
		"a second back":   {start.Add(-time.Second), tst.TimeNotAvailable},
		"within its unit": {start.Truncate(time.Millisecond), 0},
		"a unit back":     {start.Add(-time.Millisecond), tst.TimeNotAvailable},
	} {
		if r := at(c.moment, nil); r.Failure != c.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := at(start.Add(time.Hour), nil); r.Token == nil || !r.Token.Info.GenTime.Equal(start.Add(time.Hour).Truncate(time.Millisecond)) {
		t.Errorf("later: %+v", r)
	}
	_, err := s.Respond(ctx, request)
	if w.at = start; err != nil {
		t.Error(err)
	}
	if _, err = s.Respond(ctx, request); !errors.Is(err, tsa.ErrClock) {
		t.Errorf("cause: %v", err)
	}
}

// TestManyAtOnce: serial numbers differ, and genTime follows the order in which tokens were begun.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, keys.SM2)
	first, second := w.open(t), w.open(t) // two nodes
	serials := sync.Map{}
	var group sync.WaitGroup
	for i := range 64 {
		s := first
		if i%2 == 0 {
			s = second
		}
		group.Go(func() {
			w.mutex.Lock()
			w.at = w.at.Add(time.Millisecond)
			w.mutex.Unlock()
			token, err := s.TimeStamp(ctx, data)
			if err != nil {
				t.Error(err)
				return
			}
			read, err := tst.ParseStrict(token)
			if err != nil {
				t.Error(err)
				return
			}
			serial := read.Info.Serial
			if _, twice := serials.LoadOrStore(serial.String(), true); twice || serial.Sign() <= 0 || serial.BitLen() != 127 {
				t.Errorf("serial %v", serial)
			}
		})
	}
	group.Wait()
}

// TestTimeStampForOtherRooms: SM3 of the octets, certificates inside.
func TestTimeStampForOtherRooms(t *testing.T) {
	w := newWorld(t, keys.SM2)
	token, err := w.open(t).TimeStamp(ctx, data)
	if err != nil {
		t.Fatal(err)
	}
	read, err := tst.ParseStrict(token)
	if err != nil {
		t.Fatal(err)
	}
	if read.Info.Imprint.Algorithm.OID != pki.OIDSM3 || read.Info.Imprint.Check(data) != nil || !read.Judge(tst.Options{Roots: pki.NewPool(w.root), At: start}).Proven() {
		t.Errorf("%+v", read.Info)
	}
	w.health = errors.New("unknown")
	s := w.open(t)
	if _, err := s.TimeStamp(ctx, data); !errors.Is(err, tsa.ErrClock) {
		t.Errorf("%v", err)
	}
}

// TestK07KeyIsAway: without a key there is no token, and what a provider answers wrongly never leaves.
func TestK07KeyIsAway(t *testing.T) {
	w := newWorld(t, keys.SM2)
	w.cfg.Provider = &wrongSigner{Provider: w.twin}
	s := w.open(t)
	wrong := w.cfg.Provider.(*wrongSigner)
	for name, set := range map[string]func(){
		"away":                func() { wrong.err, wrong.value = keys.ErrUnavailable, nil },
		"another's signature": func() { wrong.err, wrong.value = nil, []byte{0x30, 6, 2, 1, 1, 2, 1, 1} },
		"rubbish":             func() { wrong.err, wrong.value = nil, []byte("x") },
	} {
		t.Run(name, func(t *testing.T) {
			set()
			response, err := s.Respond(ctx, encoded(t, nil))
			refusal, ok := errors.AsType[*tsa.Refusal](err)
			if r, _ := tst.ParseResponse(response); !ok || refusal.Cause == nil || r == nil || r.Failure != tst.SystemFailure || r.Token != nil {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
	if w.twin.Fail = func(string) error { return keys.ErrUnavailable }; s.Health(ctx) == nil {
		t.Error("health says nothing")
	}
	w.twin.Fail = nil
	if w.at = end.Add(time.Second); s.Health(ctx) == nil {
		t.Error("health does not see that the certificate has ended")
	}
	wrong.err, wrong.value = nil, nil
	if r := respond(t, s, encoded(t, nil)); r.Failure != tst.SystemFailure {
		t.Errorf("after the certificate: %+v", r)
	}
}

// wrongSigner answers another signature when one is set.
type wrongSigner struct {
	keys.Provider
	err   error
	value []byte
}

type badSigner struct {
	keys.Signer
	p *wrongSigner
}

func (p *wrongSigner) Signer(ctx context.Context, id string, usage keys.Usage) (keys.Signer, error) {
	signer, err := p.Provider.Signer(ctx, id, usage)
	return badSigner{signer, p}, err
}

func (s badSigner) SignMessage(ctx context.Context, message []byte) ([]byte, error) {
	if s.p.err != nil || s.p.value != nil {
		return s.p.value, s.p.err
	}
	return s.Signer.SignMessage(ctx, message)
}

// TestConfiguration: what could not make a token is refused at once (K-05 for keys of another purpose).
func TestConfiguration(t *testing.T) {
	w := newWorld(t, keys.SM2)
	seal, err := w.twin.Create(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	other, err := w.twin.Prepare(ctx, keys.Spec{Usage: keys.UsageTimeStamp, Algorithm: keys.SM2})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*tsa.Config)
		want   error
	}{
		"no provider":           {func(c *tsa.Config) { c.Provider = nil }, tsa.ErrConfig},
		"no certificate":        {func(c *tsa.Config) { c.Certificate = nil }, tsa.ErrConfig},
		"no clock":              {func(c *tsa.Config) { c.Clock = nil }, tsa.ErrConfig},
		"no now":                {func(c *tsa.Config) { c.Now = nil }, tsa.ErrConfig},
		"no randomness":         {func(c *tsa.Config) { c.Rand = nil }, tsa.ErrConfig},
		"randomness fails":      {func(c *tsa.Config) { c.Rand = iotest.ErrReader(io.ErrUnexpectedEOF) }, io.ErrUnexpectedEOF},
		"no policy":             {func(c *tsa.Config) { c.Policy = "" }, tsa.ErrConfig},
		"policy is no OID":      {func(c *tsa.Config) { c.Policies = []string{"gold"} }, tst.ErrTemplate},
		"no accuracy":           {func(c *tsa.Config) { c.Accuracy = 0 }, tsa.ErrConfig},
		"accuracy of a day":     {func(c *tsa.Config) { c.Accuracy = 24 * time.Hour }, tsa.ErrConfig},
		"certificate of a CA":   {func(c *tsa.Config) { c.Certificate = w.root }, tst.ErrUsage},
		"key of another use":    {func(c *tsa.Config) { c.KeyID = seal.ID }, keys.ErrUsage},
		"key is not there":      {func(c *tsa.Config) { c.KeyID = "key_x" }, keys.ErrNotFound},
		"certificate's not key": {func(c *tsa.Config) { c.KeyID = other.ID }, tst.ErrSignature},
	} {
		cfg := w.cfg
		c.change(&cfg)
		if _, err := tsa.New(ctx, cfg); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
