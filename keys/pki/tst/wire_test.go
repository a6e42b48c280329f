package tst_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

func request(t testing.TB) *tst.Request {
	t.Helper()
	imprint, err := tst.ImprintOf(pki.OIDSM3, stamped)
	if err != nil {
		t.Fatal(err)
	}
	return &tst.Request{Imprint: imprint, Policy: tsttest.Policy, Nonce: big.NewInt(42), CertReq: true}
}

func TestRequests(t *testing.T) {
	full, err := request(t).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ change func(*tst.Request) }{
		"all":    {func(*tst.Request) {}},
		"least":  {func(q *tst.Request) { q.Policy, q.Nonce, q.CertReq = "", nil, false }},
		"policy": {func(q *tst.Request) { q.Nonce, q.CertReq = nil, false }},
		"nonce":  {func(q *tst.Request) { q.Policy, q.CertReq = "", false }},
	} {
		q := request(t)
		c.change(q)
		encoded, err := q.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := tst.ParseRequest(encoded)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !read.Imprint.Equal(q.Imprint) || read.Policy != q.Policy || read.CertReq != q.CertReq || (read.Nonce == nil) != (q.Nonce == nil) || !bytes.Equal(read.Raw, encoded) {
			t.Errorf("%s: %+v", name, read)
		}
	}
	members := func(change func([][]byte) [][]byte) []byte {
		reader := &der.Reader{}
		value, err := reader.Parse(full)
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
		return der.EncodeSequence(change(list)...)
	}
	extension := der.EncodeImplicit(0, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeOctetString([]byte{5, 0})))
	read, err := tst.ParseRequest(members(func(l [][]byte) [][]byte { return append(l, extension) }))
	if err != nil || len(read.Extensions) != 1 {
		t.Errorf("extension: %v", err)
	}
	for name, input := range map[string][]byte{
		"empty":                 nil,
		"cut":                   full[:len(full)-1],
		"trailing octet":        append(bytes.Clone(full), 0),
		"version 2":             members(replacedAt(0, der.EncodeInt(2))),
		"version as ENUMERATED": members(replacedAt(0, []byte{10, 1, 1})),
		"no imprint":            members(func(l [][]byte) [][]byte { return l[:1] }),
		"certReq written out":   members(replacedAt(4, der.EncodeBoolean(false))),
		"unknown member":        members(func(l [][]byte) [][]byte { return append(l, der.EncodeNull()) }),
		"nonce before policy":   members(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }),
		"nonce of 65 octets":    members(replacedAt(3, der.EncodeInteger(new(big.Int).Lsh(big.NewInt(1), 513)))),
		"length not minimal":    append([]byte{0x30, 0x81, byte(len(full) - 2)}, full[2:]...),
		"extension twice":       members(func(l [][]byte) [][]byte { return append(l, der.EncodeImplicit(0, true, extension[2:], extension[2:])) }),
		"more than a request": members(func(l [][]byte) [][]byte {
			return append(l, der.EncodeImplicit(0, true, der.EncodeSequence(tsttest.OID(t, "1.2.3"), der.EncodeOctetString(make([]byte, tst.MaxRequest)))))
		}),
		"a response is no such": tst.EncodeGranted(full),
	} {
		if _, err := tst.ParseRequest(input); !errors.Is(err, tst.ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := (tst.Failure(1<<3 | 1)).String(); got != "badAlg,0x8" {
		t.Errorf("failure %s", got)
	}
	for name, change := range map[string]func(*tst.Request){
		"no algorithm": func(q *tst.Request) { q.Imprint.Algorithm = pki.AlgorithmIdentifier{} },
		"parameters":   func(q *tst.Request) { q.Imprint.Algorithm.Parameters = []byte{2, 1, 1} },
		"SHA-1":        func(q *tst.Request) { q.Imprint.Algorithm.OID = pki.OIDSHA1 },
		"policy":       func(q *tst.Request) { q.Policy = "x" },
	} {
		q := request(t)
		change(q)
		if _, err := q.Encode(); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

func TestResponses(t *testing.T) {
	a := newAuthority(t)
	token := tsttest.Token(t, a.tsa, stamped, genTime, tsttest.Parts{Rest: [][]byte{der.EncodeInt(42)}})
	rejected, err := tst.EncodeRejection(tst.BadAlgorithm|tst.TimeNotAvailable, "时钟 clock")
	if err != nil {
		t.Fatal(err)
	}
	r, err := tst.ParseResponse(rejected)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != tst.Rejection || r.Failure != tst.BadAlgorithm|tst.TimeNotAvailable || r.Failure.String() != "badAlg,timeNotAvailable" || !slices.Equal(r.Text, []string{"时钟 clock"}) || r.Token != nil {
		t.Errorf("%+v", r)
	}
	if err := r.Answers(request(t)); !errors.Is(err, tst.ErrRefused) || !strings.Contains(err.Error(), "timeNotAvailable") {
		t.Error(err)
	}
	if r, err = tst.ParseResponse(tst.EncodeGranted(token)); err != nil || r.Status != tst.Granted || r.Token == nil {
		t.Fatalf("%v", err)
	}
	for _, bit := range []tst.Failure{1, 1 << 7, 1 << 8, 1 << 25, 1<<25 | 1} {
		encoded, _ := tst.EncodeRejection(bit, "")
		if r, err := tst.ParseResponse(encoded); err != nil || r.Failure != bit {
			t.Errorf("bit %#x: %v", bit, err)
		}
	}
	status := func(members ...[]byte) []byte { return der.EncodeSequence(members...) }
	for name, input := range map[string][]byte{
		"empty":                    nil,
		"trailing octet":           append(tst.EncodeGranted(token), 0),
		"granted without a token":  der.EncodeSequence(status(der.EncodeInt(0))),
		"rejected with a token":    der.EncodeSequence(status(der.EncodeInt(2)), token),
		"status of 6":              der.EncodeSequence(status(der.EncodeInt(6))),
		"negative status":          der.EncodeSequence(status(der.EncodeInt(-1))),
		"no status":                der.EncodeSequence(status()),
		"unknown member of status": der.EncodeSequence(status(der.EncodeInt(2), der.EncodeNull())),
		"text that is none":        der.EncodeSequence(status(der.EncodeInt(2), der.EncodeSequence(der.EncodeNull()))),
		"too many lines":           der.EncodeSequence(status(der.EncodeInt(2), der.EncodeSequence(slices.Repeat([][]byte{{12, 1, 'a'}}, 17)...))),
		"token that is none":       der.EncodeSequence(status(der.EncodeInt(0)), der.EncodeSequence()),
		"three members":            der.EncodeSequence(status(der.EncodeInt(0)), token, token),
		"too long":                 make([]byte, tst.MaxToken+1),
	} {
		if _, err := tst.ParseResponse(input); !errors.Is(err, tst.ErrResponse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestResponseAnswersTheRequest: a token of somebody else's request is not taken.
func TestResponseAnswersTheRequest(t *testing.T) {
	a := newAuthority(t)
	respond := func(parts tsttest.Parts) *tst.Response {
		r, err := tst.ParseResponse(tst.EncodeGranted(tsttest.Token(t, a.tsa, stamped, genTime, parts)))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	nonce := [][]byte{der.EncodeInt(42)}
	for name, c := range map[string]struct {
		parts  tsttest.Parts
		change func(*tst.Request)
		want   error
	}{
		"good":                           {tsttest.Parts{Rest: nonce}, func(*tst.Request) {}, nil},
		"any policy":                     {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.Policy = "" }, nil},
		"other imprint":                  {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.Imprint.Digest = make([]byte, 32) }, tst.ErrImprint},
		"other algorithm":                {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.Imprint.Algorithm.OID = pki.OIDSHA256 }, tst.ErrImprint},
		"other nonce":                    {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.Nonce = big.NewInt(43) }, tst.ErrNonce},
		"nonce is missing":               {tsttest.Parts{}, func(*tst.Request) {}, tst.ErrNonce},
		"nonce that was not sent":        {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.Nonce = nil }, tst.ErrNonce},
		"other policy":                   {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.Policy = "1.2.3" }, tst.ErrPolicy},
		"no certificate":                 {tsttest.Parts{Rest: nonce, NoCertificates: true}, func(*tst.Request) {}, tst.ErrSignerUnknown},
		"certificate that nobody wanted": {tsttest.Parts{Rest: nonce}, func(q *tst.Request) { q.CertReq = false }, tst.ErrResponse},
		"no certificate wanted":          {tsttest.Parts{Rest: nonce, NoCertificates: true}, func(q *tst.Request) { q.CertReq = false }, nil},
	} {
		q := request(t)
		c.change(q)
		if err := respond(c.parts).Answers(q); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// opensslConfig makes a time-stamping authority of OpenSSL.
const opensslConfig = `
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[authority]
default_tsa = one
[one]
serial = serial
default_policy = 1.2.156.1.2
other_policies = 1.2.156.1.3
digests = sha256, sha384, sha512, sm3, sha1
signer_digest = %s
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = %s
`

// TestOpenSSLsTokensAreJudged: requests and responses of OpenSSL itself, of RSA and ECDSA, with every form of the
// signing-certificate attribute.
func TestOpenSSLsTokensAreJudged(t *testing.T) {
	for _, c := range []struct{ key, signer, certID, digest, oid string }{
		{"rsa:2048", "sha256", "sha256", "-sha256", pki.OIDSHA256},
		{"rsa:2048", "sha512", "sha1", "-sha384", pki.OIDSHA384},
		{"ec", "sha256", "sha384", "-sm3", pki.OIDSM3},
		{"ec", "sha384", "sha512", "-sha512", pki.OIDSHA512},
	} {
		t.Run(c.key+" "+c.signer+" "+c.certID, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range map[string]string{"c.cnf": fmt.Sprintf(opensslConfig, c.signer, c.certID), "serial": "0A1B\n", "data": string(stamped)} {
				if err := os.WriteFile(dir+"/"+name, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			in := func(name string) string { return dir + "/" + name }
			newKey := []string{"-newkey", c.key}
			if c.key == "ec" {
				newKey = append(newKey, "-pkeyopt", "ec_paramgen_curve:P-256")
			}
			must := func(arguments ...string) string {
				out, err := openssl(t, arguments...)
				if err != nil {
					t.Fatalf("openssl %v: %v\n%s", arguments, err, out)
				}
				return out
			}
			must(append([]string{"req", "-x509", "-nodes", "-keyout", in("ca.key"), "-out", in("ca.pem"), "-days", "30", "-subj", "/CN=Root", "-config", in("c.cnf"), "-extensions", "ca"}, newKey...)...)
			must(append([]string{"req", "-nodes", "-keyout", in("tsa.key"), "-out", in("tsa.csr"), "-subj", "/O=Org/CN=TSA", "-config", in("c.cnf")}, newKey...)...)
			must("x509", "-req", "-in", in("tsa.csr"), "-CA", in("ca.pem"), "-CAkey", in("ca.key"), "-set_serial", "7", "-days", "20", "-extfile", in("c.cnf"), "-extensions", "tsa", "-out", in("tsa.pem"))
			must("ts", "-query", "-data", in("data"), c.digest, "-cert", "-tspolicy", "1.2.156.1.3", "-out", in("q.tsq"))
			serial := strings.Replace(fmt.Sprintf(opensslConfig, c.signer, c.certID), "serial = serial", "serial = "+in("serial"), 1)
			if err := os.WriteFile(in("c.cnf"), []byte(serial), 0o600); err != nil {
				t.Fatal(err)
			}
			must("ts", "-reply", "-config", in("c.cnf"), "-section", "one", "-queryfile", in("q.tsq"), "-signer", in("tsa.pem"), "-inkey", in("tsa.key"), "-chain", in("ca.pem"), "-out", in("r.tsr"))
			read := func(name string) []byte {
				content, err := os.ReadFile(in(name))
				if err != nil {
					t.Fatal(err)
				}
				return content
			}
			q, err := tst.ParseRequest(read("q.tsq"))
			if err != nil {
				t.Fatal(err)
			}
			if q.Nonce == nil || !q.CertReq || q.Policy != "1.2.156.1.3" || q.Imprint.Algorithm.OID != c.oid {
				t.Errorf("%+v", q)
			}
			r, err := tst.ParseResponse(read("r.tsr"))
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Answers(q); err != nil {
				t.Fatal(err)
			}
			roots := pki.NewPool()
			if err := roots.AddFile(read("ca.pem")); err != nil {
				t.Fatal(err)
			}
			if err := r.Token.Info.Imprint.Check(stamped); err != nil {
				t.Error(err)
			}
			j := r.Token.Judge(tst.Options{Roots: roots, At: time.Now(), Tolerance: time.Minute, Nonce: q.Nonce, Policies: []string{"1.2.156.1.3"}})
			if !j.Proven() {
				t.Errorf("findings %v", j.Findings)
			}
			if !r.Token.Info.Ordering || r.Token.Info.Accuracy.Duration() != 1500100*time.Microsecond || r.Token.Info.Serial.Int64() != 0x0a1c {
				t.Errorf("%+v", r.Token.Info)
			}
			if len(j.Deviations) > 0 {
				t.Logf("deviations %v", j.Deviations)
			}
			if (c.certID == "sha1") != slices.Contains(j.Deviations, tst.CertificateIDSHA1) {
				t.Errorf("deviations %v", j.Deviations)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	a := newAuthority(f)
	f.Add(tsttest.Token(f, a.tsa, stamped, genTime, tsttest.Parts{}))
	f.Add(tsttest.Token(f, a.tsa, stamped, genTime, tsttest.Parts{Outer: pki.OIDGMSignedData, NoCertificates: true, Rest: [][]byte{der.EncodeSequence(der.EncodeInt(1)), der.EncodeInt(42)}}))
	f.Fuzz(func(t *testing.T, input []byte) {
		token, err := tst.Parse(input)
		if err != nil {
			if !errors.Is(err, tst.ErrFormat) || tst.Code(err) != "TS_FORMAT" {
				t.Fatalf("error %v", err)
			}
			return
		}
		if !bytes.Equal(token.Raw, input) || !bytes.Contains(input, token.RawInfo) && len(token.Deviations) == 0 {
			t.Fatal("octets are not those received")
		}
		for _, finding := range token.Judge(tst.Options{Roots: pki.NewPool(a.root.Cert), At: now}).Findings {
			if tst.Code(finding) == "" {
				t.Fatalf("finding without a code: %v", finding)
			}
		}
		_ = token.Info.Imprint.Check(stamped)
	})
}

func FuzzParseRequest(f *testing.F) {
	full, err := request(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Fuzz(func(t *testing.T, input []byte) {
		q, err := tst.ParseRequest(input)
		if err != nil {
			if !errors.Is(err, tst.ErrRequest) {
				t.Fatal(err)
			}
			return
		}
		if len(q.Extensions) > 0 {
			return
		}
		if again, err := q.Encode(); err == nil && !bytes.Equal(again, input) { // strict DER has one form
			t.Fatalf("%x became %x", input, again)
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	a := newAuthority(f)
	rejected, err := tst.EncodeRejection(tst.SystemFailure, "text")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rejected)
	f.Add(tst.EncodeGranted(tsttest.Token(f, a.tsa, stamped, genTime, tsttest.Parts{})))
	f.Fuzz(func(t *testing.T, input []byte) {
		r, err := tst.ParseResponse(input)
		if err == nil && (r.Token != nil) != (r.Status <= tst.GrantedWithMods) {
			t.Fatalf("%+v", r)
		}
		if err != nil && !errors.Is(err, tst.ErrResponse) {
			t.Fatal(err)
		}
	})
}
