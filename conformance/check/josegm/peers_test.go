package josegm

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/jose"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Two implementations that share nothing with ours judge the same vectors, read what we make, and make what we read.
var peers = []struct {
	name string
	run  func(t testing.TB, file string) string
}{
	{"Bouncy Castle", func(t testing.TB, file string) string { return testkit.JavaPeer(t, "jose", file) }},
	{"gmalg", func(t testing.TB, file string) string { return testkit.PythonPeer(t, "josegm.py", file) }},
}

// kinds says how a peer judges the vectors of a rule. Where hostile is set it must refuse what is to be refused: those
// vectors are wrong in their cryptography or their encoding. The others are wrong against rules of ours for headers and
// keys, which a peer need not share; of those it must take what is to be accepted.
var kinds = map[string]struct {
	kind    string
	hostile bool
}{
	"jws_signature": {"jws", true}, "jws_raw": {"jws", true}, "jws_der": {"jws", true}, "jws_algorithm": {"jws", true}, "jws_kid": {"jws", true},
	"jws_header": {"jws", false}, "jwk_point": {"jws", false}, "half_hash": {"half_hash", true},
	"thumbprint_sm3": {"thumbprint_sm3", true}, "thumbprint_sha256": {"thumbprint_sha256", true},
	"jwe_content": {"jwe", true}, "jwe_key": {"jwe", true}, "jwe_key_asn1": {"jwe", true}, "jwe_header": {"jwe", false}, "jwe_nested": {"nested", false},
}

// pointCases are the hostile keys that everybody must refuse.
var pointCases = []string{"p256-point", "off-curve", "swapped", "zero", "x-too-large", "x-33", "y-31", "no-y"}

// sentCase is a line for a peer.
func sentCase(name, kind string, fields map[string][]byte) string {
	line := name + "\t" + kind
	for field, value := range fields {
		line += "\t" + field + "=" + hex.EncodeToString(value)
	}
	return line + "\n"
}

// ask runs a peer over the cases and returns its answers by name.
func ask(t *testing.T, run func(testing.TB, string) string, cases []string) map[string][]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cases")
	if err := os.WriteFile(file, []byte(strings.Join(cases, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	answers := map[string][]string{}
	for _, line := range strings.Split(run(t, file), "\n") {
		if parts := strings.Split(line, "\t"); len(parts) > 1 {
			answers[parts[0]] = parts[1:]
		}
	}
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d cases", len(answers), len(cases))
	}
	return answers
}

func TestOthersJudgeTheVectorsAlike(t *testing.T) {
	list, err := vectors.Load("jose-gm")
	if err != nil {
		t.Fatal(err)
	}
	var cases []string
	wanted, counts := map[string]string{}, map[string]int{}
	for _, vector := range list {
		rule := strings.TrimPrefix(vector.Rule, "jose-gm/")
		how, ok := kinds[rule]
		if !ok && rule != "jwe_recipient" {
			t.Errorf("nobody else judges %s", rule)
		}
		name := strings.TrimPrefix(vector.Name, "jose-gm/"+rule+"-")
		if !ok || vector.Expect == vectors.ExpectRefuse && !how.hostile && (rule != "jwk_point" || !slices.Contains(pointCases, name)) {
			continue
		}
		cases = append(cases, sentCase(vector.Name, how.kind, vector.Fields))
		wanted[vector.Name] = vector.Expect
		counts[vector.Expect]++
	}
	if counts[vectors.ExpectAccept] < 25 || counts[vectors.ExpectRefuse] < 100 {
		t.Errorf("too few cases: %v", counts)
	}
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			for name, answer := range ask(t, peer.run, cases) {
				if answer[0] != wanted[name] {
					t.Errorf("%s: want %s, %s says %v", name, wanted[name], peer.name, answer)
				}
			}
		})
	}
}

// softSigner signs with a key in memory.
type softSigner struct {
	id      string
	private []byte
}

func (s softSigner) KeyID() string { return s.id }

// SignMessage implements jose.Signer.
func (s softSigner) SignMessage(_ context.Context, message []byte) ([]byte, error) {
	key, err := sm2.NewPrivateKey(s.private)
	if err != nil {
		return nil, err
	}
	return key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
}

func TestOthersAndWeReadEachOther(t *testing.T) {
	ctx := context.Background()
	signing, wrapping := bytes.Repeat([]byte{0x11}, 32), bytes.Repeat([]byte{0x22}, 32)
	half, err1 := jose.NewDecrypter("sig-1", signing)
	holder, err2 := jose.NewDecrypter("enc-1", wrapping)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	set, err := jose.NewKeySet(jose.Key{ID: "sig-1", Algorithm: jose.SM2SM3, Public: half.Public().Public})
	if err != nil {
		t.Fatal(err)
	}
	published, err := set.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	point, err := pki.EncodeSM2Key(holder.Public().Public)
	if err != nil {
		t.Fatal(err)
	}
	const header, encrypted = `{"alg":"SGD_SM3_SM2","typ":"JWT","kid":"sig-1"}`, `{"alg":"SGD_SM2_3","enc":"SGD_SM4_GCM","kid":"enc-1","cty":"JWT"}`
	const payload = `{"iss":"https://id.example.gov.cn","sub":"中文","iat":1796000000}`
	signatures := []jose.SignatureEncoding{jose.SignatureRaw, jose.SignatureDER}
	wraps := []jose.KeyEncoding{jose.KeyRaw, jose.KeyASN1}
	policy := func(encoding jose.SignatureEncoding) jose.Policy {
		return jose.Policy{Algorithms: []jose.Algorithm{jose.SM2SM3}, NoExpiry: true, Now: judgedAt, SM2Encoding: encoding}
	}
	const rounds = 12 // numbers with leading zero octets come up
	var cases []string
	for round := range rounds {
		for _, encoding := range signatures {
			token, err := jose.SignAs(ctx, softSigner{"sig-1", signing}, jose.SM2SM3, encoding, "JWT", []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases,
				sentCase(fmt.Sprintf("read-%s-%d", encoding, round), "jws", map[string][]byte{"keys": published, "token": []byte(token), "encoding": []byte(encoding)}),
				sentCase(fmt.Sprintf("sign-%s-%d", encoding, round), "sign", map[string][]byte{"private_key": signing, "header": []byte(header), "payload": []byte(payload), "encoding": []byte(encoding)}))
		}
		for _, encoding := range wraps {
			token, err := jose.Encrypt(rand.Reader, holder.Public(), jose.EncryptOptions{KeyEncoding: encoding}, []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			inner, err := jose.Sign(ctx, softSigner{"sig-1", signing}, jose.SM2SM3, "JWT", []byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases,
				sentCase(fmt.Sprintf("open-%s-%d", encoding, round), "jwe", map[string][]byte{"private_key": wrapping, "kid": []byte("enc-1"), "token": []byte(token), "plaintext": []byte(payload), "encoding": []byte(encoding)}),
				sentCase(fmt.Sprintf("encrypt-%s-%d", encoding, round), "encrypt", map[string][]byte{"public_key": point, "header": []byte(encrypted), "plaintext": []byte(inner), "encoding": []byte(encoding)}))
		}
	}
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			answers := ask(t, peer.run, cases)
			for round := range rounds {
				for _, encoding := range signatures {
					if answer := answers[fmt.Sprintf("read-%s-%d", encoding, round)]; answer[0] != "accept" {
						t.Errorf("our token with %s: %v", encoding, answer)
					}
					answer := answers[fmt.Sprintf("sign-%s-%d", encoding, round)]
					if answer[0] != "made" {
						t.Fatalf("signs nothing: %v", answer)
					}
					got, err := jose.Verify(answer[1], set, policy(encoding))
					if err != nil || string(got.Payload) != payload {
						t.Errorf("its token with %s: %v\n%s", encoding, err, answer[1])
					}
				}
				for _, encoding := range wraps {
					if answer := answers[fmt.Sprintf("open-%s-%d", encoding, round)]; answer[0] != "accept" {
						t.Errorf("our encrypted token with %s: %v", encoding, answer)
					}
					answer := answers[fmt.Sprintf("encrypt-%s-%d", encoding, round)]
					if answer[0] != "made" {
						t.Fatalf("encrypts nothing: %v", answer)
					}
					got, err := jose.Decrypt(ctx, answer[1], []jose.Decrypter{holder}, jose.DecryptPolicy{Nested: true, KeyEncoding: encoding})
					if err != nil {
						t.Errorf("its encrypted token with %s: %v\n%s", encoding, err, answer[1])
						continue
					}
					if _, err := jose.Verify(string(got.Plaintext), set, policy(jose.SignatureRaw)); err != nil {
						t.Errorf("the token inside: %v", err)
					}
				}
			}
		})
	}
}
